//! The phone received the SMS between registration and deadline (D8). It is the phone's stamp that
//! counts: an SMS that a power cut kept back is judged by when it was sent in, not by when it arrived.

use super::check::{Check, Facts, Outcome};
use super::reason::Reason;
use crate::settings::{LatePolicy, Settings};

pub(super) const CHECK: Check = Check {
    name: "time_window_check",
    about: "It was received between registration and deadline",
    run,
    reasons: &[IN_THE_FUTURE, BEFORE_REGISTRATION, AFTER_DEADLINE, LATE_DELIVERY],
    off: Some("An SMS validates its number however long after the deadline it was sent."),
    rule: |settings| {
        let late = match settings.late_delivery_policy {
            LatePolicy::Accept => "one that reaches the bridge later passes",
            LatePolicy::Reject => "and must reach the bridge by then too",
        };
        format!(
            "It must be received between the registration and the deadline, give or take {} \
             (clock_skew_tolerance_seconds); {late} (late_delivery_policy).",
            settings.tolerance()
        )
    },
    fact: |record, _| {
        let received = record.sms.received_at();
        match record.onboarding() {
            Some(o) => format!(
                "It was registered at {}, the deadline was {}, and the SMS was received at {received}.",
                o.request_timestamp, o.user_deadline
            ),
            None => format!("The SMS was received at {received}."),
        }
    },
};

const IN_THE_FUTURE: Reason = Reason {
    word: "received_in_the_future",
    remedy: |record, settings| {
        format!(
            "Its stamp lies {} after the time at which it reached the bridge: the clock of the receiver must be set right \
             (up to {} are tolerated).",
            record.sms.received_at() - record.sms.server_received_at,
            settings.tolerance()
        )
    },
};

const BEFORE_REGISTRATION: Reason = Reason {
    word: "before_registration",
    remedy: |record, settings| {
        let tolerance = settings.tolerance();
        let by = record.onboarding().map(|o| {
            let first = o.request_timestamp;
            let early = first - tolerance - record.sms.received_at();
            format!(
                "It was received {early} before the registration at {first} and the {tolerance} tolerance"
            )
        });
        format!(
            "{}: it must be sent after registering.",
            by.unwrap_or_else(|| no_times("before its registration"))
        )
    },
};

const AFTER_DEADLINE: Reason = Reason {
    word: "after_deadline",
    remedy: |record, settings| {
        let tolerance = settings.tolerance();
        let by = record.onboarding().map(|o| {
            let last = o.user_deadline;
            let late = record.sms.received_at() - (last + tolerance);
            format!("It came {late} after the deadline of {last} and the {tolerance} tolerance")
        });
        format!(
            "{}: it must be sent before, or the number registered again.",
            by.unwrap_or_else(|| no_times("after its deadline"))
        )
    },
};

const LATE_DELIVERY: Reason = Reason {
    word: "late_delivery",
    remedy: |record, settings| {
        let by = record.onboarding().map(|o| {
            let last = o.user_deadline + settings.tolerance();
            format!(
                "It was received in time, but reached the bridge {} after {last}",
                record.judged_at - last
            )
        });
        format!(
            "{}: with late_delivery_policy accept it would have passed.",
            by.unwrap_or_else(|| "It was received in time, but reached the bridge too late".to_owned())
        )
    },
};

fn no_times(when: &str) -> String {
    format!("It was received {when}, which is not kept any more")
}

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    let received = facts.sms.received_at();
    let tolerance = settings.tolerance();
    if received > facts.sms.server_received_at + tolerance {
        return Err(IN_THE_FUTURE);
    }
    // Without an onboarding there is no window; the match that follows the checks refuses it (D7).
    let Some(onboarding) = &facts.sender.onboarding else { return Ok(()) };
    if received < onboarding.request_timestamp - tolerance {
        Err(BEFORE_REGISTRATION)
    } else if received > onboarding.user_deadline + tolerance {
        Err(AFTER_DEADLINE)
    } else if refused_as_late(facts, settings) {
        Err(LATE_DELIVERY)
    } else {
        Ok(())
    }
}

/// True when this SMS is late and the policy refuses late ones.
fn refused_as_late(facts: &Facts<'_>, settings: &Settings) -> bool {
    settings.late_delivery_policy == LatePolicy::Reject && facts.is_late(settings.tolerance())
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
