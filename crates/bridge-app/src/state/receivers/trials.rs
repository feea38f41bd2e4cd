//! Registrations that are let through while every receiver is silent (decisions.md D50), so that such a pause can always
//! end by itself: at growing intervals, at most one a number. Not whether it is paused: that is `liveness`.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};

/// The first is let through so long after somebody was first refused: whoever it was comes again.
const FIRST: Span = Span(30_000);
/// Each waits twice as long as the one before, at most so long.
const LONGEST: Span = Span(900_000);
/// Numbers that are remembered in one pause: at the longest interval, more than a week of them.
const NUMBERS_MAX: usize = 1_000;

/// The trials of one pause.
#[derive(Debug, Default)]
pub(super) struct Trials(Mutex<Pause>);

#[derive(Debug, Default)]
struct Pause {
    since: Timestamp,
    next: Timestamp,
    interval: Span,
    numbers: BTreeSet<String>,
}

impl Trials {
    /// May this number try, in the pause that began then? Asking is trying.
    pub(super) fn let_through(&self, since: Timestamp, number: &str, now: Timestamp) -> bool {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pause.since != since {
            *pause = Pause { since, next: now + FIRST, interval: FIRST, numbers: BTreeSet::new() };
        }
        if now < pause.next || pause.numbers.contains(number) {
            return false;
        }
        pause.interval = Span((pause.interval.0 * 2).min(LONGEST.0));
        pause.next = now + pause.interval;
        if pause.numbers.len() == NUMBERS_MAX {
            pause.numbers.clear();
        }
        pause.numbers.insert(number.to_owned())
    }

    /// When the next one is let through.
    pub(super) fn next(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_growing_intervals_and_one_a_number() {
        let trials = Trials::default();
        let since = Timestamp(1_000_000);
        let mut let_through = Vec::new();
        for second in 0..4_000 {
            let now = since + Span(second * 1_000);
            if trials.let_through(since, &format!("+91{second}"), now) {
                let_through.push(second);
                assert_eq!(trials.next(), now + Span((60_000 << (let_through.len() - 1)).min(900_000)));
            }
        }
        assert_eq!(let_through, [30, 90, 210, 450, 930, 1_830, 2_730, 3_630]);
        let later = since + Span(9_000_000);
        assert!(trials.let_through(since, "+91a", later));
        let later = later + LONGEST;
        assert!(!trials.let_through(since, "+91a", later), "one a number");
        assert!(trials.let_through(since, "+91b", later));
        assert!(!trials.let_through(later, "+91a", later), "another pause begins anew");
        assert!(trials.let_through(later, "+91a", later + FIRST));
    }
}
