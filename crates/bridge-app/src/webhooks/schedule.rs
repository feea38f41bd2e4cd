//! What comes after a try: pure decisions. Time and randomness are arguments.

use bridge_core::time::DAY;
use bridge_core::{Span, Timestamp};
use bridge_store::audit::{Next, Outcome, Webhook};
use bridge_store::events::EventKind;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// How long is waited before each further try, as Standard Webhooks suggest.
const DELAYS: [Span; 9] = [
    Span(5 * SECOND),
    Span(5 * MINUTE),
    Span(30 * MINUTE),
    Span(2 * HOUR),
    Span(5 * HOUR),
    Span(10 * HOUR),
    Span(14 * HOUR),
    Span(20 * HOUR),
    Span(24 * HOUR),
];
/// A delay is up to so much longer, so that what failed together does not come back together.
const JITTER: f64 = 0.1;
/// A webhook that takes nothing for so long is switched off.
const FAILS_FOR: Span = Span(5 * DAY.0);
/// It is gone for good.
const GONE: u16 = 410;

/// Was it taken?
fn is_taken(outcome: &Outcome) -> bool {
    outcome.status.is_some_and(|status| (200..300).contains(&status))
}

/// What comes after a try, given how many were made before it. `fraction` is between 0 and 1.
pub(super) fn next(tries_before: u32, outcome: &Outcome, fraction: f64) -> Next {
    if is_taken(outcome) {
        return Next::Delivered;
    }
    let ended = outcome.at + Span(outcome.took_ms);
    let delay = usize::try_from(tries_before).ok().and_then(|place| DELAYS.get(place));
    match delay {
        Some(delay) => Next::Again(ended + *delay + longer(*delay, fraction)),
        None => Next::GivenUp,
    }
}

/// What comes after a try that failed while the operator changed the webhook: it says nothing of the webhook as it is now,
/// so the next one is due already.
pub(super) fn next_of_changed(outcome: &Outcome) -> Next {
    Next::Again(outcome.at)
}

/// Did the operator change it? What the bridge notes of its tries is no change.
pub(super) fn is_changed(before: &Webhook, now: &Webhook) -> bool {
    fn asked(webhook: &Webhook) -> (&str, &[EventKind], &str, bool, &str) {
        let Webhook { url, events, description, enabled, secret, .. } = webhook;
        (url, events, description, *enabled, secret)
    }
    asked(before) != asked(now)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a share of a few hours")]
fn longer(delay: Span, fraction: f64) -> Span {
    Span((delay.0 as f64 * JITTER * fraction.clamp(0.0, 1.0)) as i64)
}

/// Why a webhook is switched off after these tries. None: it is not.
pub(super) fn switched_off<'a>(
    webhook: &Webhook,
    now: Timestamp,
    outcomes: impl Iterator<Item = &'a Outcome>,
) -> Option<String> {
    for outcome in outcomes {
        if outcome.status == Some(GONE) {
            return Some("it answered 410: it is gone for good".to_owned());
        }
    }
    let since = webhook.failing_since?;
    (now - since >= FAILS_FOR).then(|| "it took nothing for five days".to_owned())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const T0: Timestamp = Timestamp(1_769_860_800_000);

    fn outcome(status: Option<u16>) -> Outcome {
        Outcome { at: T0, took_ms: 15_000, status, answer: String::new(), error: None }
    }

    #[test]
    fn only_2xx_is_taken() {
        for status in [200, 202, 204, 299] {
            assert_eq!(next(3, &outcome(Some(status)), 0.0), Next::Delivered, "{status}");
        }
        for status in
            [None, Some(100), Some(301), Some(304), Some(400), Some(404), Some(410), Some(429), Some(500)]
        {
            assert!(matches!(next(0, &outcome(status), 0.0), Next::Again(_)), "{status:?}");
        }
    }

    #[test]
    fn waits_longer_and_longer_from_the_end_of_a_try_and_gives_up() {
        let ended = T0 + Span(15_000);
        let seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (tries, delay) in (0..).zip(seconds) {
            let delay = Span(delay * SECOND);
            assert_eq!(next(tries, &outcome(None), 0.0), Next::Again(ended + delay));
            assert_eq!(next(tries, &outcome(None), 1.0), Next::Again(ended + delay + Span(delay.0 / 10)));
        }
        assert_eq!(next(9, &outcome(None), 0.5), Next::GivenUp);
        assert_eq!(next(u32::MAX, &outcome(None), 0.5), Next::GivenUp);
    }

    fn webhook(failing_since: Option<Timestamp>) -> Webhook {
        Webhook {
            id: Uuid::from_u128(1),
            url: "https://app.example/".to_owned(),
            events: Vec::new(),
            description: String::new(),
            enabled: true,
            secret: String::new(),
            previous_secret: None,
            previous_until: None,
            created_at: T0,
            failing_since,
            disabled_reason: None,
        }
    }

    #[test]
    fn what_the_operator_changes_is_a_change_and_what_tries_came_to_is_none() {
        let before = webhook(None);
        assert!(!is_changed(&before, &before));
        assert!(!is_changed(&before, &webhook(Some(T0))));
        for now in [
            Webhook { url: "https://other.example/".to_owned(), ..before.clone() },
            Webhook { events: vec![EventKind::SmsJudged], ..before.clone() },
            Webhook { description: "it is mended".to_owned(), ..before.clone() },
            Webhook { enabled: false, ..before.clone() },
            Webhook { secret: "whsec_".to_owned(), ..before.clone() },
        ] {
            assert!(is_changed(&before, &now), "{now:?}");
        }
        assert_eq!(next_of_changed(&outcome(Some(500))), Next::Again(T0));
    }

    #[test]
    fn one_that_is_gone_or_fails_for_five_days_is_switched_off() {
        let off = |since, now, status| {
            let outcomes = [outcome(Some(status)), outcome(Some(500))];
            switched_off(&webhook(since), now, outcomes.iter()).is_some()
        };
        assert!(off(None, T0, 410));
        assert!(!off(None, T0, 404));
        assert!(!off(Some(T0), T0 + FAILS_FOR - Span(1), 500));
        assert!(off(Some(T0), T0 + FAILS_FOR, 500));
    }
}
