//! The phone received the SMS between registration and deadline (D8). It is the phone's stamp that
//! counts: an SMS that a power cut kept back is judged by when it was sent in, not by when it arrived.

use super::{Check, Facts, Outcome, refused_as_late};
use crate::settings::Settings;

pub(super) const CHECK: Check =
    Check { name: "time_window_check", about: "It was received between registration and deadline", run };

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    let received = facts.sms.received_at();
    let tolerance = settings.tolerance();
    if received > facts.sms.server_received_at + tolerance {
        return Err("received_in_the_future");
    }
    // Without an onboarding there is no window; the match that follows the checks refuses it (D7).
    let Some(onboarding) = &facts.known.onboarding else { return Ok(()) };
    if received < onboarding.request_timestamp - tolerance {
        Err("before_registration")
    } else if received > onboarding.user_deadline + tolerance {
        Err("after_deadline")
    } else if refused_as_late(facts, settings) {
        Err("late_delivery")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{DEADLINE, REQUESTED, Sample, check};
    use crate::settings::{LatePolicy, Settings};
    use crate::time::{Span, Timestamp};

    #[test]
    fn time_window() {
        let at = |received: Timestamp| Sample { received, judged: received, ..Sample::default() };
        let ms = Span(1);
        let minute = Span(60_000);
        check("time_window_check", at(REQUESTED - minute), None);
        check("time_window_check", at(REQUESTED - minute - ms), Some("before_registration"));
        check("time_window_check", at(DEADLINE + minute), None);
        check("time_window_check", at(DEADLINE + minute + ms), Some("after_deadline"));
        let ahead = |by: Span| Sample { received: DEADLINE, judged: DEADLINE - by, ..Sample::default() };
        check("time_window_check", ahead(minute), None);
        check("time_window_check", ahead(Span(minute.0 + 1)), Some("received_in_the_future"));
    }

    #[test]
    fn late_but_honest() {
        let late = Sample { received: DEADLINE, judged: DEADLINE + Span(9_000_000), ..Sample::default() };
        check("time_window_check", late.clone(), None);
        assert!(late.verdict().late_delivery);
        let strict = Settings { late_delivery_policy: LatePolicy::Reject, ..Settings::default() };
        check("time_window_check", Sample { settings: strict, ..late }, Some("late_delivery"));
    }
}
