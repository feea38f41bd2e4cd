//! The time that a sender wrote on its SMS: read in every shape and script that phones write, settled once it is known
//! whose clock it was (decisions.md D40). Not what a stamp decides: that is `time_window_check`.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::script;
use crate::time::{DAY, Span, Timestamp};

/// How far back a stamp is believed; phones whose clock was lost say 1970 or 2012.
pub const BACK: Span = Span(400 * DAY.0);
/// How far ahead a stamp is believed.
pub const AHEAD: Span = DAY;
/// What is kept of a stamp that cannot be used.
const KEPT_CHARS: usize = 64;

/// A stamp as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// A point in time.
    Moment(Timestamp),
    /// A date and a time of a clock whose zone it does not name.
    Civil {
        /// As it was written.
        raw: String,
        /// What it says.
        at: DateTime,
        /// The format's document says that it is UTC.
        is_utc: bool,
    },
    /// Nothing that can be read as a time.
    Unreadable(String),
}

/// What a stamp came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// When the phone or its network received the SMS. None: it counts as unstamped.
    pub at: Option<Timestamp>,
    /// The stamp as it was written, where it is not a usable point in time by itself: it stays part of what the SMS is
    /// recognised by, whichever zone the operator gives later.
    pub raw: Option<String>,
}

impl From<Timestamp> for Stamp {
    fn from(at: Timestamp) -> Stamp {
        Stamp::Moment(at)
    }
}

impl Stamp {
    /// Reads what stands where a time is expected. None where nothing stands there.
    #[must_use]
    pub fn read(text: &str) -> Option<Stamp> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if let Ok(at) = Timestamp::parse(text)
            && !looks_like_a_date(text)
        {
            return Some(Stamp::Moment(at));
        }
        Some(read_any(text).unwrap_or_else(|| Stamp::Unreadable(kept(text))))
    }

    /// The same stamp of a format whose document says that a time without zone is UTC.
    #[must_use]
    pub fn or_utc(self) -> Stamp {
        match self {
            Stamp::Civil { raw, at, .. } => Stamp::Civil { raw, at, is_utc: true },
            known => known,
        }
    }

    /// The point in time it means, where the receiver's clock runs in that zone and it is `now`.
    #[must_use]
    pub fn settle(&self, zone: Option<&Zone>, now: Timestamp) -> Settled {
        self.settle_between(zone, now - BACK, now + AHEAD)
    }

    /// The same for a row of a list: a phone keeps its SMS for years.
    #[must_use]
    pub fn settle_of_list(&self, zone: Option<&Zone>, now: Timestamp) -> Settled {
        self.settle_between(zone, Timestamp(1), now + AHEAD)
    }

    /// The same while nobody knows what time it is, but that it was `known` once: whoever waits for the time may have lost
    /// the zone by then. What lies too far from it is held against the time once that is known.
    #[must_use]
    pub fn settle_without_clock(&self, zone: Option<&Zone>, known: Timestamp) -> Settled {
        self.settle_between(zone, known - BACK, known + BACK)
    }

    fn settle_between(&self, zone: Option<&Zone>, first: Timestamp, last: Timestamp) -> Settled {
        let at = self.moment(zone).filter(|at| (first..=last).contains(at));
        let raw = match self {
            Stamp::Moment(_) if at.is_some() => None,
            Stamp::Moment(at) => Some(at.to_string()),
            Stamp::Civil { raw, .. } | Stamp::Unreadable(raw) => Some(raw.clone()),
        };
        Settled { at, raw }
    }

    /// The point in time it means, however far away.
    #[must_use]
    pub fn moment(&self, zone: Option<&Zone>) -> Option<Timestamp> {
        match self {
            Stamp::Moment(at) => Some(*at),
            Stamp::Civil { at, is_utc, .. } => match zone {
                Some(zone) => zone.of(*at),
                None if *is_utc => Zone::utc().of(*at),
                None => None,
            },
            Stamp::Unreadable(_) => None,
        }
    }
}

/// The clock of a receiver: a name of the tz database like `Asia/Kolkata`, or a distance from UTC like `+05:30`.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Reads a zone's name.
    #[must_use]
    pub fn named(name: &str) -> Option<Zone> {
        let name = name.trim();
        if name.eq_ignore_ascii_case("utc") || name.eq_ignore_ascii_case("z") {
            return Some(Zone::utc());
        }
        if let Some(offset) = offset(name) {
            return Some(Zone { name: name.to_owned(), zone: TimeZone::fixed(offset) });
        }
        let zone = TimeZone::get(name).ok()?;
        // As the database spells it, whatever case it was asked in.
        let name = zone.iana_name().map_or_else(|| name.to_owned(), str::to_owned);
        Some(Zone { name, zone })
    }

    /// UTC.
    #[must_use]
    pub fn utc() -> Zone {
        Zone { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A time as its clocks show it: RFC 3339 with the distance from UTC, `2026-01-31T17:30:00+05:30`.
    #[must_use]
    pub fn written(&self, at: Timestamp) -> String {
        self.formatted(at, "%Y-%m-%dT%H:%M:%S%:z")
    }

    /// The same in words, with the name of the zone: `2026-01-31 17:30:00 IST`.
    #[must_use]
    pub fn shown(&self, at: Timestamp) -> String {
        self.formatted(at, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// The same as the field of a form takes it: `2026-01-31T17:30`.
    #[must_use]
    pub fn field(&self, at: Timestamp) -> String {
        self.formatted(at, "%Y-%m-%dT%H:%M")
    }

    /// The minute of the day that its clocks show: 0 to 1,439.
    #[must_use]
    pub fn minute_of_day(&self, at: Timestamp) -> u16 {
        let Ok(moment) = jiff::Timestamp::from_millisecond(at.0) else { return 0 };
        let there = moment.to_zoned(self.zone.clone());
        u16::from(there.hour().unsigned_abs()) * 60 + u16::from(there.minute().unsigned_abs())
    }

    fn formatted(&self, at: Timestamp, how: &str) -> String {
        match jiff::Timestamp::from_millisecond(at.0) {
            Ok(moment) => moment.to_zoned(self.zone.clone()).strftime(how).to_string(),
            Err(_) => at.to_string(),
        }
    }

    /// The point in time that the field of a form means, `2026-01-31T17:30`, with or without seconds; or any text that
    /// says its zone itself.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        match text.parse::<DateTime>() {
            Ok(at) if matches!(text.len(), 10 | 16 | 19) => self.of(at),
            _ => Timestamp::parse(text).ok(),
        }
    }

    /// The point in time at which its clocks showed this; the earlier one of an hour that they showed twice.
    fn of(&self, at: DateTime) -> Option<Timestamp> {
        let moment = self.zone.to_timestamp(at).ok()?;
        Some(Timestamp(moment.as_millisecond()))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        Zone::named(&name).ok_or_else(|| serde::de::Error::custom(format!("{name:?} is no time zone")))
    }
}

/// `+05:30`, `-0800`, `+3`.
fn offset(text: &str) -> Option<jiff::tz::Offset> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if digits.len() > 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(digits.len() - if digits.len() > 2 { 2 } else { 0 });
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().unwrap_or(0));
    (minutes < 60).then(|| jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok())?
}

/// A number of twelve or fourteen digits that make a date: as milliseconds it would be a year in which no SMS was sent.
fn looks_like_a_date(text: &str) -> bool {
    matches!(text.len(), 12 | 14) && text.bytes().all(|b| b.is_ascii_digit()) && compact(text).is_some()
}

/// `20261129101500`, `202611291015`.
fn compact(digits: &str) -> Option<DateTime> {
    let shape = if digits.len() == 14 { "%Y%m%d%H%M%S" } else { "%Y%m%d%H%M" };
    let at = DateTime::strptime(shape, digits).ok()?;
    (1990..2100).contains(&at.year()).then_some(at)
}

fn read_any(text: &str) -> Option<Stamp> {
    if text.chars().count() > KEPT_CHARS {
        return None;
    }
    let plain = plain(text);
    if looks_like_a_date(&plain) {
        let at = compact(&plain)?;
        return Some(Stamp::Civil { raw: kept(text), at, is_utc: false });
    }
    if plain.bytes().all(|b| b.is_ascii_digit()) {
        return number(&plain).map(Stamp::Moment);
    }
    if let Ok(at) = Timestamp::parse(&plain) {
        return Some(Stamp::Moment(at));
    }
    let plain = with_year_in_date(without_weekday(&plain));
    let (clock, zone) = zone_behind(&plain);
    // Where nothing is left of the time, what looked like a zone is its day: `10:15:00 2026-11-05`.
    match zone.zip(civil(clock)) {
        Some((zone, at)) => zone.of(at).map(Stamp::Moment),
        None => civil(&plain).map(|at| Stamp::Civil { raw: kept(text), at, is_utc: false }),
    }
}

/// With the digits of ASCII, single plain spaces, no marks of direction, no commas.
fn plain(text: &str) -> String {
    let colon = |c| if matches!(c, '\u{ff1a}' | '\u{2236}') { ':' } else { c };
    let plain: String = script::plain(text).chars().map(colon).collect();
    let words = plain.split([' ', ',', '\u{60c}']).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Microseconds and nanoseconds since 1970 too, which some programs write.
fn number(digits: &str) -> Option<Timestamp> {
    let number: i64 = digits.parse().ok()?;
    // Zeros in front make nothing longer.
    let number = match digits.trim_start_matches('0').len() {
        16 => number / 1_000,
        19 => number / 1_000_000,
        _ => number,
    };
    Timestamp::from_epoch(number).ok()
}

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Without `Sunday` or `Sun` before the date.
fn without_weekday(text: &str) -> &str {
    let Some((first, rest)) = text.split_once(' ') else { return text };
    let lower = first.trim_end_matches('.').to_ascii_lowercase();
    let is_weekday = lower.is_ascii() && lower.len() >= 3 && WEEKDAYS.contains(&&lower[..3]);
    if is_weekday { rest } else { text }
}

/// `Nov 29 10:15:00 GMT 2026` of Java and C with its year in the date.
fn with_year_in_date(text: &str) -> Cow<'_, str> {
    let words: Vec<&str> = text.split(' ').collect();
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit());
    match words[..] {
        [month, day, time, year] if time.contains(':') && is_year(year) => {
            Cow::Owned(format!("{month} {day} {year} {time}"))
        }
        [month, day, time, zone, year] | [month, day, time, year, zone]
            if time.contains(':') && is_year(year) =>
        {
            Cow::Owned(format!("{month} {day} {year} {time} {zone}"))
        }
        _ => Cow::Borrowed(text),
    }
}

/// The zone that stands behind a time. An abbreviation like `IST` is three zones: it makes the stamp
/// unreadable rather than wrong.
fn zone_behind(text: &str) -> (&str, Option<Zone>) {
    for name in ["Z", "UTC", "GMT"] {
        if let Some(clock) = text.strip_suffix(name) {
            return (clock.trim_end(), Some(Zone::utc()));
        }
    }
    let sign = text.rfind(['+', '-']).filter(|at| text[..*at].contains(':'));
    if let Some(at) = sign
        && let Some(offset) = offset(&text[at..])
    {
        let clock = text[..at].trim_end();
        let clock = ["GMT", "UTC"].into_iter().find_map(|name| clock.strip_suffix(name)).unwrap_or(clock);
        let zone = Zone { name: text[at..].to_owned(), zone: TimeZone::fixed(offset) };
        return (clock.trim_end(), Some(zone));
    }
    (text, None)
}

/// Every order in which dates are written. One that can be read in two of them is read in none.
const DATES: &[&str] = &[
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d %Y", "%B %d %Y", "%Y %b %d",
];
const TIMES: &[&str] =
    &["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p", "%H.%M.%S", "%H%M%S"];

fn civil(text: &str) -> Option<DateTime> {
    let text = with_half_of_day(text);
    if let Ok(at) = text.parse::<DateTime>()
        && text.contains(':')
    {
        return Some(at);
    }
    let mut found: Option<DateTime> = None;
    let shapes = DATES.iter().flat_map(|date| {
        TIMES.iter().flat_map(move |time| {
            [format!("{date} {time}"), format!("{date}T{time}"), format!("{time} {date}")]
        })
    });
    for shape in shapes {
        let Ok(read) = BrokenDownTime::parse(&shape, text.as_bytes()).and_then(|read| read.to_datetime())
        else {
            continue;
        };
        match found {
            Some(other) if other != read => return None,
            _ => found = Some(read),
        }
    }
    found
}

/// `a. m.`, `p.m.` as `AM`, `PM`.
fn with_half_of_day(text: &str) -> Cow<'_, str> {
    let lower = text.to_lowercase();
    for (written, means) in
        [("a. m.", "AM"), ("p. m.", "PM"), ("a.m.", "AM"), ("p.m.", "PM"), ("a m", "AM"), ("p m", "PM")]
    {
        if let Some(clock) = lower.strip_suffix(written) {
            return Cow::Owned(format!("{clock}{means}"));
        }
    }
    Cow::Borrowed(text)
}

fn kept(text: &str) -> String {
    crate::message::storable(text).chars().take(KEPT_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-29T10:15:00Z.
    const AT: Timestamp = Timestamp(1_795_947_300_000);

    fn read(text: &str) -> Stamp {
        Stamp::read(text).unwrap()
    }

    #[test]
    fn a_point_in_time_is_read_in_every_shape() {
        for text in [
            "2026-11-29T10:15:00Z",
            "2026-11-29T15:45:00+05:30",
            "2026-11-29T10:15:00.000+0000",
            "2026-11-29 10:15:00 UTC",
            "2026-11-29 10:15 GMT",
            "2026-11-29 15:45:00 +0530",
            "29/11/2026 10:15:00 Z",
            "Sun, 29 Nov 2026 15:45:00 +0530",
            "Sun Nov 29 10:15:00 GMT 2026",
            "1795947300",
            "1795947300000",
            "1795947300000000",
            "1795947300000000000",
            "1795947300.000",
            "১৭৯৫৯৪৭৩০০",
            "0001795947300000",
            "०००१७९५९४७३०००००",
            "২০২৬-১১-২৯T১০:১৫:০০Z",
            "٢٠٢٦-١١-٢٩T١٠:١٥:٠٠Z",
            "\u{200e}2026-11-29T10:15:00Z\u{200f}",
            "2026\u{2011}11\u{2011}29\u{202f}10:15:00Z",
        ] {
            assert_eq!(read(text), Stamp::Moment(AT), "{text}");
        }
    }

    #[test]
    fn a_time_is_shown_as_the_clocks_of_a_zone_show_it() {
        let kolkata = Zone::named("Asia/Kolkata").unwrap();
        assert_eq!(kolkata.written(AT), "2026-11-29T15:45:00+05:30");
        assert_eq!(kolkata.shown(AT), "2026-11-29 15:45:00 IST");
        assert_eq!(kolkata.field(AT), "2026-11-29T15:45");
        assert_eq!((kolkata.minute_of_day(AT), Zone::utc().minute_of_day(AT)), (945, 615));
        let never = Timestamp(i64::MAX);
        assert_eq!((kolkata.shown(never), kolkata.minute_of_day(never)), (never.to_string(), 0));
    }

    #[test]
    fn what_a_form_says_is_of_the_zone_unless_it_says_its_own() {
        let kolkata = Zone::named("Asia/Kolkata").unwrap();
        for text in
            ["2026-11-29T15:45", " 2026-11-29T15:45:00 ", "2026-11-29T10:15:00Z", "2026-11-29T10:15:00.000Z"]
        {
            assert_eq!(kolkata.read(text), Some(AT), "{text}");
        }
        assert_eq!(kolkata.read("2026-11-29"), kolkata.read("2026-11-29T00:00"));
        assert_eq!(Zone::utc().read("2026-11-29T10:15"), Some(AT));
        // A fraction belongs to what says its zone.
        for none in ["", "tomorrow", "15:45", "2026-11-29T15:45:00.5"] {
            assert_eq!(kolkata.read(none), None, "{none}");
        }
    }

    #[test]
    fn a_time_without_zone_is_of_the_receivers_clock() {
        let kolkata = Zone::named("asia/kolkata").unwrap();
        assert_eq!(kolkata.name(), "Asia/Kolkata");
        for text in [
            "20261129154500",
            "202611291545",
            "2026-11-29 15:45:00",
            "2026-11-29T15:45",
            "2026/11/29 15:45",
            "29.11.2026 15:45:00",
            "29/11/2026 15:45",
            "11/29/2026 3:45 PM",
            "29-11-2026 03:45 p. m.",
            "29-Nov-2026 15:45:00",
            "Nov 29, 2026, 3:45:00\u{202f}PM",
            "29 November 2026 15:45",
            "Sunday, November 29, 2026 3:45 pm",
            "15:45:00 2026-11-29",
            "२०२६-११-२९ १५:४५:००",
        ] {
            let stamp = read(text);
            let settled = stamp.settle(Some(&kolkata), AT);
            assert_eq!(
                settled,
                Settled { at: Some(AT), raw: Some(text.trim().to_owned()) },
                "{text}: {stamp:?}"
            );
            assert_eq!(stamp.settle(None, AT).at, None, "{text}: nobody says whose clock");
            let utc = stamp.or_utc().settle(None, AT).at;
            assert_eq!(utc, Some(AT + Span(5 * 3_600_000 + 1_800_000)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_or_cannot_be_counts_as_unstamped() {
        for text in [
            "soon",
            "%T",
            "{{time}}",
            "undefined",
            "null",
            "NaN",
            "0000-00-00",
            "2026-11-29 24:05",
            "2026-13-40 10:00",
            "11:05 PM",
            "2026-11-29",
            "03/04/2026 10:00",
            "29 Nov 2026 10:15 IST",
            "-1",
            "0",
            "1969-12-31T23:59:59Z",
            "2612-01-17T00:00:00Z",
            "9223372036854775807",
            "99999999999999",
            "1e400",
            "２０２６年",
            "-9223372036854775808",
        ] {
            let settled = read(text).settle(Some(&Zone::utc()), AT);
            assert_eq!(settled.at, None, "{text}: {:?}", read(text));
            assert!(settled.raw.is_some(), "{text}");
        }
        assert_eq!(Stamp::read("  "), None);
        let long = "9".repeat(5_000);
        assert_eq!(read(&long).settle(None, AT).raw.unwrap().len(), KEPT_CHARS);
    }

    #[test]
    fn is_believed_from_400_days_back_to_a_day_ahead() {
        assert_eq!((BACK, AHEAD), (Span(34_560_000_000), Span(86_400_000)));
        let at = |stamp: Timestamp| Stamp::Moment(stamp).settle(None, AT).at;
        for near in [AT - BACK, AT, AT + AHEAD] {
            assert_eq!(at(near), Some(near));
        }
        for far in [AT - BACK - Span(1), AT + AHEAD + Span(1)] {
            assert_eq!(at(far), None);
        }
        assert_eq!(Stamp::Moment(AT).settle(None, AT), Settled { at: Some(AT), raw: None });
        let far = AT + AHEAD + Span(1);
        for settled in [Stamp::Moment(far).settle(None, AT), Stamp::Moment(far).settle_of_list(None, AT)] {
            assert_eq!(settled, Settled { at: None, raw: Some(far.to_string()) });
        }
        assert_eq!(Stamp::Moment(AT + AHEAD).settle_of_list(None, AT).at, Some(AT + AHEAD));
        assert_eq!(Stamp::Moment(Timestamp(1)).settle_of_list(None, AT).at, Some(Timestamp(1)));
        let years = Stamp::Moment(AT - BACK - BACK);
        assert_eq!(
            years.settle_of_list(None, AT).at,
            Some(AT - BACK - BACK),
            "a phone keeps its SMS for years"
        );
        assert_eq!(Stamp::Moment(Timestamp(0)).settle_of_list(None, AT).at, None);
    }

    #[test]
    fn zones_are_names_or_distances() {
        for name in ["Asia/Kolkata", "Europe/Berlin", "UTC", "+05:30", "-0800", "+3"] {
            let zone = Zone::named(name).unwrap();
            assert_eq!(
                serde_json::from_value::<Zone>(serde_json::to_value(&zone).unwrap()).unwrap(),
                zone,
                "{name}"
            );
        }
        for name in ["", "Mars/Olympus", "IST2", "+5:99", "+123456", "../../etc/passwd"] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
        // In the hour that is shown twice, the first.
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let twice = read("2026-10-25 02:30:00").settle(Some(&berlin), AT).at;
        assert_eq!(twice.unwrap().to_string(), "2026-10-25T00:30:00Z");
    }

    /// A day behind the time looks like a distance from UTC: `-05` of `2026-11-05`.
    #[test]
    fn a_date_behind_the_time_is_no_zone() {
        let utc = Zone::utc();
        for day in 1..=28 {
            for text in [
                format!("10:15:00 2026-11-{day:02}"),
                format!("10:15 {day:02}-11-2026"),
                format!("10:15:00 {day:02}.11.2026"),
            ] {
                // A day that may be a month is read in neither way.
                let either = text.contains("-11-2026") && day <= 12 && day != 11;
                let at = read(&text).settle(Some(&utc), AT).at;
                let expected = format!("2026-11-{day:02}T10:15:00Z");
                assert_eq!(at.map(|at| at.to_string()), (!either).then_some(expected), "{text}");
            }
        }
        let zoned = read("10:15:00 -0530 2026-11-05").settle(Some(&utc), AT).at;
        assert_eq!(zoned, None, "a zone in the middle is none of ours");
    }

    #[test]
    fn halves_of_the_day_and_colons_of_every_keyboard() {
        let at = |text: &str| read(text).settle(Some(&Zone::utc()), AT).at.map(|at| at.to_string());
        for (text, expected) in [
            ("29-11-2026 12:05 a.m.", "2026-11-29T00:05:00Z"),
            ("29-11-2026 12:05 P.M.", "2026-11-29T12:05:00Z"),
            ("29-11-2026 03:45 a. m.", "2026-11-29T03:45:00Z"),
            ("29-11-2026 03:45 p m", "2026-11-29T15:45:00Z"),
            ("29-11-2026 03:45 a m", "2026-11-29T03:45:00Z"),
            ("29-11-2026 03:45:10pm", "2026-11-29T15:45:10Z"),
            ("2026-11-29 10\u{ff1a}15\u{2236}00", "2026-11-29T10:15:00Z"),
            ("\u{0968}\u{0966}\u{0968}\u{096c}-11-29 10\u{ff1a}15", "2026-11-29T10:15:00Z"),
            ("Sun. 29 Nov 2026 10:15", "2026-11-29T10:15:00Z"),
            ("sunday 29 Nov 2026 10:15", "2026-11-29T10:15:00Z"),
            ("11/11/2026 10:15", "2026-11-11T10:15:00Z"),
            ("Nov 29 10:15:00 2026", "2026-11-29T10:15:00Z"),
            ("Nov 29 10:15:00 2026 GMT", "2026-11-29T10:15:00Z"),
            ("Sun Nov 29 10:15:00 +0530 2026", "2026-11-29T04:45:00Z"),
            ("29 Nov 2026 03:45 PM UTC", "2026-11-29T15:45:00Z"),
            ("2026-11-29 10:15 GMT+05:30", "2026-11-29T04:45:00Z"),
            ("2026-11-29 10:15 UTC-8", "2026-11-29T18:15:00Z"),
            ("2026-11-29 10:15 -0800", "2026-11-29T18:15:00Z"),
        ] {
            assert_eq!(at(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "S\u{f8}n 29 Nov 2026 10:15",
            "Nov 29 10:15:00 26",
            "Su 29 Nov 2026 10:15",
            "29 Nov 2026 10:15 XYZ",
        ] {
            assert!(matches!(read(text), Stamp::Unreadable(_)), "{text}: {:?}", read(text));
        }
    }

    /// Twelve or fourteen digits are a date only if they make one of our times.
    #[test]
    fn digits_that_make_no_date_are_a_number() {
        for text in ["199001010000", "209912312359", "20261129101500"] {
            assert!(matches!(read(text), Stamp::Civil { .. }), "{text}");
        }
        for text in ["198912312359", "210001010000", "202613291015", "20261129101561", "99999999999999"] {
            assert!(matches!(read(text), Stamp::Moment(_)), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn a_longer_text_is_no_stamp() {
        let padded = |chars: usize| format!("2026-11-29{}10:15:00 UTC", " ".repeat(chars - 22));
        assert_eq!(read(&padded(KEPT_CHARS)), Stamp::Moment(AT));
        let Stamp::Unreadable(raw) = read(&padded(KEPT_CHARS + 1)) else { panic!() };
        assert_eq!(raw.chars().count(), KEPT_CHARS);
    }

    #[test]
    fn a_zone_is_known_by_its_name() {
        for (name, known) in
            [("utc", "UTC"), ("Z", "UTC"), (" europe/berlin ", "Europe/Berlin"), ("+05:30", "+05:30")]
        {
            let zone = Zone::named(name).unwrap();
            assert_eq!((zone.name(), format!("{zone:?}")), (known, known.to_owned()), "{name}");
        }
        for (name, hours) in [("+00:00", 0), ("+3", 3), ("-08", -8), ("+2359", 24), ("-08:00", -8)] {
            let minutes = if name == "+2359" { -1 } else { 0 };
            let stamp = read("2026-11-29 10:15:00");
            let away = AT - stamp.moment(Zone::named(name).as_ref()).unwrap();
            assert_eq!(away, Span(hours * 3_600_000 + minutes * 60_000), "{name}");
        }
        for name in [
            "+", "-", "+:", "+05:60", "+12345", "+2600", "05:30", "+a", "+1a", "+-5", "++5", "+05-3",
            "+00123",
        ] {
            assert_eq!(Zone::named(name), None, "{name}");
        }
    }

    proptest::proptest! {
        /// Decimal digits of any script are digits (D40): the same stamp in them is the same time.
        #[test]
        fn digits_of_every_script_say_the_same(
            text in "[0-9]{1,4}[-/. ,][0-9]{1,2}[-/. ][0-9]{1,4}[T ,]{1,2}[0-9]{1,2}[:.][0-9]{2}(:[0-9]{2})?( ?[AaPp][. ]?[Mm]| ?Z| UTC| [+-][0-9]{2}:?[0-9]{2})?|[0-9.-]{1,20}",
            zero in proptest::sample::select(vec![0x660_u32, 0x966, 0x9e6, 0xff10, 0x1d7ce]),
        ) {
            let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(zero + digit)).unwrap_or(c);
            let other: String = text.chars().map(digit).collect();
            let moment = |text: &str| Stamp::read(text).map(|stamp| stamp.moment(Some(&Zone::utc())));
            proptest::prop_assert_eq!(moment(&other), moment(&text), "{} as {}", text, other);
        }
    }
}
