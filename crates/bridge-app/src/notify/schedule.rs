//! When somebody is told: not while it is quiet, but for the worst; and when again after it failed. Pure decisions.

use bridge_core::time::DAY;
use bridge_core::{Span, Timestamp};
use bridge_store::troubles::{TroubleKind, Urgency};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// How long is waited before each further try; then as long as the last.
const DELAYS: [Span; 6] = [
    Span(10 * SECOND),
    Span(MINUTE),
    Span(5 * MINUTE),
    Span(15 * MINUTE),
    Span(30 * MINUTE),
    Span(60 * MINUTE),
];
/// A delay is up to so much longer.
const JITTER: f64 = 0.1;
/// What could not be told for so long is no news any more.
const OLD: Span = Span(3 * DAY.0);

/// Is it quiet at that minute of the day?
pub(crate) fn is_quiet(quiet: Option<(u16, u16)>, minute: u16) -> bool {
    match quiet {
        None => false,
        Some((from, until)) if from <= until => from <= minute && minute < until,
        // Over midnight.
        Some((from, until)) => from <= minute || minute < until,
    }
}

/// What is told while it is quiet, or while it is not.
pub(crate) fn kinds(is_quiet: bool) -> Vec<TroubleKind> {
    let all = TroubleKind::ALL.iter().copied();
    all.filter(|kind| !is_quiet || kind.urgency() == Urgency::Now).collect()
}

/// When it is tried again, after so many failures before this one. `fraction` is between 0 and 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a share of an hour")]
pub(crate) fn again(now: Timestamp, failures: u32, fraction: f64) -> Timestamp {
    let place = usize::try_from(failures).unwrap_or(usize::MAX).min(DELAYS.len() - 1);
    let delay = DELAYS[place];
    now + Span(delay.0 + (delay.0 as f64 * JITTER * fraction.clamp(0.0, 1.0)) as i64)
}

/// What happened before this is not tried any more.
pub(crate) fn give_up_before(now: Timestamp) -> Timestamp {
    now - OLD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_go_over_midnight() {
        let night = Some((22 * 60, 7 * 60));
        for (hour, quiet) in [(21, false), (22, true), (0, true), (6, true), (7, false), (12, false)] {
            assert_eq!(is_quiet(night, hour * 60), quiet, "{hour}");
        }
        let noon = Some((12 * 60, 13 * 60));
        assert!(is_quiet(noon, 12 * 60) && is_quiet(noon, 13 * 60 - 1));
        assert!(!is_quiet(noon, 13 * 60) && !is_quiet(noon, 0) && !is_quiet(None, 0));
        assert!(kinds(true).contains(&TroubleKind::Paused) && !kinds(true).contains(&TroubleKind::Backup));
        assert_eq!(kinds(false), TroubleKind::ALL);
    }

    #[test]
    fn it_is_tried_again_later_and_later_and_never_less_than_hourly() {
        let at = |failures| (again(Timestamp(0), failures, 0.0).0) / SECOND;
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 4_000_000_000].map(at),
            [10, 60, 300, 900, 1_800, 3_600, 3_600, 3_600]
        );
        assert_eq!(again(Timestamp(0), 0, 1.0), Timestamp(11 * SECOND));
    }
}
