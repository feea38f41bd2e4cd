//! What was seen of each receiver: on this bridge since it was last written down, and by the whole group before. A
//! worker writes the one and reads the other.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::phone::NumberStyle;
use bridge_core::{Span, Timestamp};
use bridge_formats::{EventKind, Report};
use bridge_store::audit::Sighting;

use crate::state::receivers::rhythm::Rhythm;
use crate::state::receivers::skew::Skew;

/// So much of a word is kept that an app says of itself.
pub const REPORT_MAX_CHARS: usize = 100;

/// What is known of one receiver.
#[derive(Debug, Default)]
struct Seen {
    /// What was written down, by all bridges.
    noted: Sighting,
    /// What happened here since.
    fresh: Sighting,
    skew: Skew,
    rhythm: Rhythm,
    /// Bodies of it that went from quarantine for want of room, and when the last did; here alone.
    let_go: Option<(u64, Timestamp)>,
    /// Stamps of it that could not be used; here alone.
    unusable_stamps: Option<UnusableStamps>,
}

/// Stamps of one receiver that could not be used.
#[derive(Clone, Debug)]
pub(super) struct UnusableStamps {
    /// How many since the bridge started.
    pub(super) count: u64,
    /// The last one, as it was written.
    pub(super) example: String,
    /// When it came.
    pub(super) last: Timestamp,
}

/// All receivers that were heard of.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<BTreeMap<String, Seen>>);

impl Sightings {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, name: &str, change: impl FnOnce(&mut Seen)) {
        let mut all = self.lock();
        match all.get_mut(name) {
            Some(seen) => change(seen),
            None => change(all.entry(name.to_owned()).or_default()),
        }
    }

    /// It was heard of.
    pub fn mark_seen(&self, name: &str, now: Timestamp) {
        self.note(name, |seen| {
            seen.fresh.first_seen_at.get_or_insert(now);
            seen.fresh.last_seen_at = Some(now);
        });
    }

    /// What was seen of it here is forgotten: it stands for phones that have nothing to do with each other.
    pub fn forget(&self, name: &str) {
        self.lock().remove(name);
    }

    /// Somebody who says it is this receiver came with a wrong secret or signature.
    pub fn wrong_secret(&self, name: &str, now: Timestamp) {
        self.note(name, |seen| {
            seen.fresh.wrong_secret_at = Some(now);
            seen.fresh.rejected += 1;
        });
    }

    /// It delivered an SMS, or one that came before.
    pub fn delivered(&self, name: &str, again: bool) {
        self.note(name, |seen| {
            if again {
                seen.fresh.redelivered += 1;
            } else {
                seen.fresh.delivered += 1;
            }
        });
    }

    /// It sent something that is no SMS.
    pub fn told(&self, name: &str, kind: EventKind) {
        self.note(name, |seen| match seen.fresh.events.get_mut(kind.word()) {
            Some(count) => *count += 1,
            None => drop(seen.fresh.events.insert(kind.word().to_owned(), 1)),
        });
    }

    /// It made an unusable delivery.
    pub fn unusable(&self, name: &str) {
        self.note(name, |seen| seen.fresh.rejected += 1);
    }

    /// So many of its bodies went from quarantine, because it has room for so many.
    pub fn let_go(&self, name: &str, bodies: u64, now: Timestamp) {
        self.note(name, |seen| {
            let before = seen.let_go.map_or(0, |(bodies, _)| bodies);
            seen.let_go = Some((before.saturating_add(bodies), now));
        });
    }

    /// It wrote a stamp that cannot be used (D40).
    pub fn unusable_stamp(&self, name: &str, raw: &str, now: Timestamp) {
        self.note(name, |seen| {
            let count = seen.unusable_stamps.as_ref().map_or(0, |before| before.count) + 1;
            seen.unusable_stamps = Some(UnusableStamps { count, example: raw.to_owned(), last: now });
        });
    }

    /// Its stamps that could not be used.
    pub(super) fn unusable_stamps(&self, name: &str) -> Option<UnusableStamps> {
        self.lock().get(name)?.unusable_stamps.clone()
    }

    /// How many did since the bridge started, and when the last one did.
    #[must_use]
    pub(super) fn were_let_go(&self, name: &str) -> Option<(u64, Timestamp)> {
        self.lock().get(name)?.let_go
    }

    /// Of a delivery that nobody could use: it named two senders, texts, times or ids.
    pub fn contradictory(&self, name: &str) {
        self.note(name, |seen| seen.fresh.contradictory += 1);
    }

    /// It wrote a sender that is a number both with a calling code and without one.
    pub fn ambiguous(&self, name: &str) {
        self.note(name, |seen| seen.fresh.ambiguous += 1);
    }

    /// It wrote a sender that can be read in this one way only.
    pub fn wrote(&self, name: &str, style: NumberStyle) {
        self.note(name, |seen| {
            *match style {
                NumberStyle::E164 => &mut seen.fresh.wrote_e164,
                NumberStyle::International => &mut seen.fresh.wrote_international,
                NumberStyle::National => &mut seen.fresh.wrote_national,
            } += 1;
        });
    }

    /// An SMS came live with a stamp: the receiver's clock is measured by it.
    pub fn stamped(&self, name: &str, stamp: Timestamp, arrived: Timestamp, tolerance: Span) {
        self.note(name, |seen| {
            seen.skew.add(stamp, arrived);
            if let Some(skew) = seen.skew.measured(tolerance) {
                seen.fresh.clock_skew = skew;
                seen.fresh.skew_measured_at = Some(arrived);
            }
        });
    }

    /// It said how it is.
    pub fn reported(&self, name: &str, report: Report, now: Timestamp) {
        self.note(name, |seen| {
            let fresh = &mut seen.fresh;
            for (known, said) in
                [(&mut fresh.network, report.network), (&mut fresh.app_version, report.app_version)]
            {
                if let Some(said) = said {
                    *known = Some(said.chars().take(REPORT_MAX_CHARS).collect());
                }
            }
            fresh.battery = report.battery.or(fresh.battery);
            fresh.charging = report.charging.or(fresh.charging);
            fresh.reported_at = Some(now);
        });
    }

    /// The clock was set. Gaps between pings are no longer for that, and what was measured of clocks was measured by
    /// another one: it is not held against an SMS.
    pub(super) fn clock_was_set(&self, now: Timestamp, by: Span) {
        for seen in self.lock().values_mut() {
            seen.rhythm.clock_was_set(by);
            seen.skew = Skew::default();
            let newest = seen.fresh.skew_measured_at.max(seen.noted.skew_measured_at);
            if let Some(newest) = newest {
                seen.fresh.clock_skew = Span(0);
                seen.fresh.skew_measured_at = Some(newest.max(now));
            }
        }
    }

    /// It said that it lives, and brought no SMS.
    pub fn pinged(&self, name: &str, now: Timestamp) {
        self.note(name, |seen| {
            seen.rhythm.ping(now);
            if let Some(gap) = seen.rhythm.gap() {
                seen.fresh.ping_gap = Some(gap);
                seen.fresh.ping_measured_at = Some(now);
            }
        });
    }

    /// SMS that ever came, from all of them.
    #[must_use]
    pub(super) fn delivered_in_all(&self) -> i64 {
        let all = self.lock();
        all.values().map(|seen| seen.noted.delivered.saturating_add(seen.fresh.delivered)).sum()
    }

    /// What is known of one now.
    #[must_use]
    pub fn of(&self, name: &str) -> Sighting {
        self.lock().get(name).map_or_else(|| nothing(name), |seen| together(name, &seen.noted, &seen.fresh))
    }

    /// What is known of all.
    pub(super) fn all(&self) -> BTreeMap<String, Sighting> {
        let view = |(name, seen): (&String, &Seen)| (name.clone(), together(name, &seen.noted, &seen.fresh));
        self.lock().iter().map(view).collect()
    }

    /// What is to be written down; it counts as noted from here on, unless it is given back.
    pub(super) fn take_fresh(&self) -> Vec<Sighting> {
        let mut all = self.lock();
        let take = |(name, seen): (&String, &mut Seen)| {
            if seen.fresh == Sighting::default() {
                return None;
            }
            let fresh = Sighting { name: name.clone(), ..std::mem::take(&mut seen.fresh) };
            seen.noted = together(name, &seen.noted, &fresh);
            Some(fresh)
        };
        all.iter_mut().filter_map(take).collect()
    }

    /// It could not be written down.
    pub(super) fn give_back(&self, taken: Vec<Sighting>) {
        for sighting in taken {
            self.note(&sighting.name.clone(), |seen| {
                let name = std::mem::take(&mut seen.fresh.name);
                seen.fresh = together(&name, &sighting, &seen.fresh);
                // Counted in `noted` as well since it was taken.
                seen.noted.delivered -= sighting.delivered;
                seen.noted.redelivered -= sighting.redelivered;
                seen.noted.rejected -= sighting.rejected;
                seen.noted.contradictory -= sighting.contradictory;
                seen.noted.ambiguous -= sighting.ambiguous;
                seen.noted.wrote_e164 -= sighting.wrote_e164;
                seen.noted.wrote_international -= sighting.wrote_international;
                seen.noted.wrote_national -= sighting.wrote_national;
                for (kind, count) in &sighting.events {
                    seen.noted.events.entry(kind.clone()).and_modify(|noted| *noted -= count);
                }
                seen.fresh.name = String::new();
            });
        }
    }

    /// What the group had written down.
    pub(super) fn learn(&self, noted: Vec<Sighting>) {
        for sighting in noted {
            self.note(&sighting.name.clone(), |seen| seen.noted = sighting);
        }
    }

    /// By how much its stamps are steadily ahead (D8), as it was last measured.
    #[must_use]
    pub fn skew(&self, name: &str) -> Span {
        self.lock().get(name).map_or(Span(0), |seen| {
            if seen.fresh.skew_measured_at >= seen.noted.skew_measured_at {
                seen.fresh.clock_skew
            } else {
                seen.noted.clock_skew
            }
        })
    }
}

fn nothing(name: &str) -> Sighting {
    Sighting { name: name.to_owned(), ..Sighting::default() }
}

/// Both, one after the other, as the store puts them together.
fn together(name: &str, before: &Sighting, after: &Sighting) -> Sighting {
    let mut both = Sighting { name: name.to_owned(), ..before.clone() };
    both.add(after);
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_and_given_back_is_counted_once() {
        let seen = Sightings::default();
        seen.mark_seen("hall", Timestamp(1));
        seen.delivered("hall", false);
        seen.delivered("hall", true);
        seen.told("hall", EventKind::Mms);
        let taken = seen.take_fresh();
        assert_eq!((taken[0].delivered, taken[0].redelivered), (1, 1));
        assert!(seen.take_fresh().is_empty());
        assert_eq!(seen.of("hall").delivered, 1, "noted");
        seen.delivered("hall", false);
        seen.give_back(taken);
        assert_eq!((seen.of("hall").delivered, seen.of("hall").events["mms"]), (2, 1));
        assert_eq!(seen.take_fresh()[0].delivered, 2);
    }

    #[test]
    fn what_was_measured_by_a_clock_that_was_set_is_held_against_nobody() {
        let seen = Sightings::default();
        let (hour, tolerance) = (Span(3_600_000), Span(60_000));
        let ahead = |at: Timestamp| {
            for _ in 0..5 {
                seen.stamped("hall", at + hour, at, tolerance);
            }
        };
        ahead(Timestamp(9_000_000_000));
        seen.learn(vec![Sighting { name: "hall".into(), ..seen.of("hall") }]);
        assert_eq!(seen.skew("hall"), hour);
        seen.clock_was_set(Timestamp(5_000_000_000), Span(-4_000_000_000));
        assert_eq!(seen.skew("hall"), Span(0));
        let before = Timestamp(9_000_000_001);
        ahead(before);
        assert_eq!(seen.skew("hall"), hour, "measured anew");
    }

    #[test]
    fn what_others_wrote_down_adds_up_with_what_is_fresh() {
        let seen = Sightings::default();
        seen.mark_seen("hall", Timestamp(5));
        seen.delivered("hall", false);
        let noted = Sighting {
            name: "hall".into(),
            first_seen_at: Some(Timestamp(1)),
            last_seen_at: Some(Timestamp(9)),
            delivered: 10,
            battery: Some(80),
            reported_at: Some(Timestamp(2)),
            ..Sighting::default()
        };
        seen.learn(vec![noted]);
        seen.reported("hall", Report { network: Some("wifi".into()), ..Report::default() }, Timestamp(3));
        let all = seen.of("hall");
        assert_eq!((all.first_seen_at, all.last_seen_at), (Some(Timestamp(1)), Some(Timestamp(9))));
        assert_eq!((all.delivered, all.battery, all.network.as_deref()), (11, Some(80), Some("wifi")));
    }
}
