//! How far a receiver's stamps are off (decisions.md D8), measured from what it delivers. Some phone apps stamp the
//! carrier's clock. Pure: no clock, no store.
//!
//! A delay only ever makes a stamp look older, so the youngest of several is nearest to the truth. An old stamp may
//! come from a delay or from a slow clock; when it arrives tells which: a backlog comes in one burst, and a slow clock
//! is as slow an hour later. A stamp from the future is never a delay.

use std::collections::VecDeque;

use bridge_core::{Span, Timestamp};

/// Arrivals within this are one burst: the youngest of them speaks for it.
const BURST: Span = Span(60_000);
/// Bursts that are remembered.
const BURSTS: usize = 16;
/// So many must agree before a slow clock is believed.
const BURSTS_MIN: usize = 5;
/// And lie this far apart.
const SLOW_OVER: Span = Span(600_000);
/// Stamps from the future need no bursts, only so many of them in a row.
const AHEAD_MIN: usize = 5;

/// One burst.
#[derive(Clone, Copy, Debug)]
struct Burst {
    began: Timestamp,
    /// Stamp minus arrival of the youngest.
    ahead: Span,
}

/// What is measured of one receiver.
#[derive(Clone, Debug, Default)]
pub(super) struct Skew {
    bursts: VecDeque<Burst>,
    /// Stamp minus arrival of the last few SMS.
    last: VecDeque<Span>,
}

impl Skew {
    /// An SMS came in live.
    pub(super) fn add(&mut self, stamp: Timestamp, arrived: Timestamp) {
        let ahead = stamp - arrived;
        if self.last.len() == AHEAD_MIN {
            self.last.pop_front();
        }
        self.last.push_back(ahead);
        match self.bursts.back_mut() {
            Some(burst) if arrived - burst.began < BURST => burst.ahead = burst.ahead.max(ahead),
            _ => {
                if self.bursts.len() == BURSTS {
                    self.bursts.pop_front();
                }
                self.bursts.push_back(Burst { began: arrived, ahead });
            }
        }
    }

    /// By how much its stamps are steadily ahead (behind: negative); zero where that is no more than `tolerance`,
    /// or not steady. None: too little is known to say.
    pub(super) fn measured(&self, tolerance: Span) -> Option<Span> {
        if self.last.len() == AHEAD_MIN && self.last.iter().all(|ahead| *ahead > tolerance) {
            return Some(steady(self.last.iter().copied(), tolerance));
        }
        let recent = || self.bursts.iter().rev().take(BURSTS_MIN);
        let (newest, oldest) = (recent().next()?, recent().next_back()?);
        if recent().count() < BURSTS_MIN || newest.began - oldest.began < SLOW_OVER {
            return None;
        }
        Some(steady(recent().map(|burst| burst.ahead), tolerance))
    }
}

/// The youngest of them, if they agree and are off.
fn steady(ahead: impl Iterator<Item = Span> + Clone, tolerance: Span) -> Span {
    let (Some(least), Some(most)) = (ahead.clone().min(), ahead.max()) else { return Span(0) };
    if most.0 - least.0 > tolerance.0 || most.0.abs() <= tolerance.0 {
        return Span(0);
    }
    Span(most.0 / 1000 * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: Span = Span(60_000);
    const HOUR: i64 = 3_600_000;

    /// Each SMS as (minute of arrival, milliseconds that its stamp is ahead).
    fn measured(sms: impl IntoIterator<Item = (i64, i64)>) -> Option<Span> {
        let mut skew = Skew::default();
        for (minute, ahead) in sms {
            let arrived = Timestamp(1_790_000_000_000 + minute * 60_000);
            skew.add(arrived + Span(ahead), arrived);
        }
        skew.measured(TOLERANCE)
    }

    #[test]
    fn a_clock_that_is_ahead_is_known_after_a_few_sms() {
        assert_eq!(measured((0..4).map(|_| (0, HOUR))), None);
        assert_eq!(measured((0..5).map(|n| (0, HOUR - n * 1_700))), Some(Span(HOUR)));
        assert_eq!(measured([(0, HOUR), (0, HOUR), (0, -5_000), (0, HOUR), (0, HOUR)]), None, "not steady");
    }

    #[test]
    fn a_slow_clock_is_known_after_ten_minutes() {
        assert_eq!(measured((0..5).map(|n| (n * 3, -HOUR - n * 1_000))), Some(Span(-HOUR)));
        assert_eq!(measured((0..5).map(|n| (n, -HOUR))), None, "within ten minutes it may be a backlog");
    }

    #[test]
    fn a_backlog_is_no_slow_clock() {
        assert_eq!(measured((0..100).map(|n| (0, -HOUR + n))), None, "all of it at once");
        let trickle = (0..10).map(|n| (n * 5, -10 * HOUR + n * HOUR));
        assert_eq!(measured(trickle), Some(Span(0)), "less and less late: kept back, not slow");
    }

    #[test]
    fn a_clock_that_was_set_right_is_believed_again() {
        let wrong = (0..5).map(|n| (n * 3, -HOUR));
        let right = (5..10).map(|n| (n * 3, -2_000));
        assert_eq!(measured(wrong.chain(right)), Some(Span(0)));
        assert_eq!(measured((0..20).map(|n| (n * 3, -2_000))), Some(Span(0)), "an ordinary phone");
    }
}
