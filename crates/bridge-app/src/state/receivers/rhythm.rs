//! How often a receiver says that it lives (decisions.md D50), measured from its pings and heartbeats. SMS are no
//! rhythm: nobody may write for a night. Pure: no clock, no store.

use std::collections::VecDeque;

use bridge_core::{Span, Timestamp};

/// So many pings are a habit: one gap less.
const PINGS: usize = 6;
/// Gaps that are remembered.
const GAPS: usize = 64;
/// Pings nearer together are one: an app that starts says so several times.
const ONE_PING: Span = Span(1_000);

/// The last gaps between the pings of one receiver.
#[derive(Clone, Debug, Default)]
pub(super) struct Rhythm {
    last: Option<Timestamp>,
    gaps: VecDeque<Span>,
}

impl Rhythm {
    /// It pinged.
    pub(super) fn ping(&mut self, now: Timestamp) {
        let gap = self.last.map(|last| now - last).filter(|gap| *gap >= ONE_PING);
        if let Some(gap) = gap {
            if self.gaps.len() == GAPS {
                self.gaps.pop_front();
            }
            self.gaps.push_back(gap);
        }
        self.last = Some(now);
    }

    /// The clock was set: the last ping is as long ago as before.
    pub(super) fn clock_was_set(&mut self, by: Span) {
        self.last = self.last.map(|last| last + by);
    }

    /// The gap that nineteen of twenty are not longer than. None: it has no habit yet.
    pub(super) fn gap(&self) -> Option<Span> {
        if self.gaps.len() + 1 < PINGS {
            return None;
        }
        let mut gaps: Vec<Span> = self.gaps.iter().copied().collect();
        gaps.sort_unstable();
        gaps.get((gaps.len() * 95).div_ceil(100) - 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinged(gaps: impl IntoIterator<Item = i64>) -> Rhythm {
        let mut rhythm = Rhythm::default();
        let mut now = Timestamp(0);
        rhythm.ping(now);
        for gap in gaps {
            now = now + Span(gap);
            rhythm.ping(now);
        }
        rhythm
    }

    #[test]
    fn six_pings_are_a_habit() {
        assert_eq!(pinged([60_000; 4]).gap(), None);
        assert_eq!(pinged([60_000; 5]).gap(), Some(Span(60_000)));
        assert_eq!(pinged([10; 500]).gap(), None, "a burst is one ping");
    }

    #[test]
    fn one_long_gap_of_many_is_no_habit() {
        let mut gaps = vec![60_000; 40];
        gaps[7] = 3_600_000;
        assert_eq!(pinged(gaps).gap(), Some(Span(60_000)));
        assert_eq!(pinged([60_000, 60_000, 60_000, 60_000, 900_000]).gap(), Some(Span(900_000)));
        // A phone that saves power slows down: the new habit takes the place of the old.
        assert_eq!(pinged([60_000; 64].into_iter().chain([900_000; 16])).gap(), Some(Span(900_000)));
    }

    #[test]
    fn a_clock_that_is_set_makes_no_gap() {
        for by in [172_800_000, -172_800_000] {
            let mut rhythm = pinged([60_000; 5]);
            rhythm.clock_was_set(Span(by));
            rhythm.ping(Timestamp(300_000 + by + 70_000));
            assert_eq!(rhythm.gap(), Some(Span(70_000)), "{by}");
        }
    }

    #[test]
    fn a_clock_that_is_put_back_makes_no_gap() {
        let mut rhythm = pinged([60_000; 5]);
        rhythm.ping(Timestamp(0));
        assert_eq!(rhythm.gap(), Some(Span(60_000)));
    }
}
