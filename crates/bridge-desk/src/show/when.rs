//! A time as people read it: how long ago, with the exact time behind it, in the zone of the page.

use bridge_core::{Span, Timestamp};

use super::zone;

/// A time on a page.
#[derive(Clone, Debug, Default)]
pub(crate) struct When {
    /// RFC 3339 in UTC, for machines and for `desk.js`, which adds the time where the browser is.
    pub(crate) iso: String,
    /// `2026-11-21 22:27:41 IST`: the zone is named.
    pub(crate) exact: String,
    /// `3 min ago`.
    pub(crate) ago: String,
}

impl When {
    /// As seen from `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> When {
        let iso = at.to_string();
        let exact = zone::now().shown(at);
        let ago = match (now - at).0 {
            0..1_000 => "now".to_owned(),
            past @ 1_000.. => format!("{} ago", lasting(Span(past))),
            ahead => format!("in {}", lasting(Span(-ahead))),
        };
        When { iso, exact, ago }
    }

    /// The time of day: `16:57`.
    pub(crate) fn clock(&self) -> &str {
        self.exact.get(11..16).unwrap_or_default()
    }

    /// The day and the time of day: `11-21 16:57`.
    pub(crate) fn day_and_clock(&self) -> &str {
        self.exact.get(5..16).unwrap_or_default()
    }

    /// The day: `2026-11-21`.
    pub(crate) fn day(&self) -> &str {
        self.exact.get(..10).unwrap_or_default()
    }
}

/// A length of time in its largest unit: `45 s`, `3 min`, `5 h`, `12 d`.
pub(crate) fn lasting(span: Span) -> String {
    let seconds = span.0.unsigned_abs() / 1000;
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", (seconds + 43_200) / 86_400),
    }
}

/// Whole minutes, hours or days, where it is some of these and nothing else: as the settings' page says seconds.
pub(crate) fn whole(seconds: i64) -> Option<String> {
    let units = [("d", 86_400), ("h", 3_600), ("min", 60)];
    let (unit, length) = units.into_iter().find(|(_, length)| seconds >= *length && seconds % length == 0)?;
    Some(format!("{} {unit}", seconds / length))
}

/// The same, in milliseconds where it is less than a second.
pub(crate) fn short(span: Span) -> String {
    if span.0 < 1_000 { format!("{} ms", span.0) } else { lasting(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_said_as_people_say_them() {
        let said = [300, 90, 7_200, 86_400, 59, 0].map(whole);
        let said: Vec<&str> = said.iter().map(|words| words.as_deref().unwrap_or("")).collect();
        assert_eq!(said, ["5 min", "", "2 h", "1 d", "", ""]);
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp(1_800_000_000_000);
        let ago = |ms| When::new(now - Span(ms), now).ago;
        assert_eq!(ago(0), "now");
        assert_eq!(ago(45_000), "45 s ago");
        assert_eq!(ago(170_000), "3 min ago");
        assert_eq!(ago(7_200_000), "2 h ago");
        assert_eq!(ago(3 * 86_400_000), "3 d ago");
        assert_eq!(ago(-60_000), "in 60 s");
        let when = When::new(now, now);
        assert_eq!((when.exact.as_str(), when.clock()), ("2027-01-15 08:00:00 UTC", "08:00"));
        let there = bridge_core::Zone::named("Asia/Kolkata").unwrap();
        let when = zone::within_now(there, || When::new(now, now));
        assert_eq!((when.exact.as_str(), when.clock()), ("2027-01-15 13:30:00 IST", "13:30"));
        assert_eq!((when.iso.as_str(), when.day()), ("2027-01-15T08:00:00Z", "2027-01-15"));
    }
}
