//! The SMS was sent between registration and deadline (D8, D39). What arrived by the deadline was; for what arrives
//! later it is the stamp that counts: an SMS that a power cut kept back is judged by when it was sent.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::Reason;
use super::window::Window;
use crate::settings::{LatePolicy, Settings};

pub(super) const CHECK: Check = Check {
    name: "time_window_check",
    about: "It was sent between registration and deadline",
    to_sender: ToSender::Late,
    may_be_waived: true,
    run,
    reasons: &[IN_THE_FUTURE, BEFORE_REGISTRATION, AFTER_DEADLINE, LATE_DELIVERY, STAMP_UNUSABLE],
    off: Some("An SMS validates its number however long after the deadline it was sent."),
    rule: |settings| {
        let late = match settings.late_delivery_policy {
            LatePolicy::Accept => "passes if its stamp says that it was received by then",
            LatePolicy::Reject => "fails, even if its stamp says that it was received by then",
        };
        format!(
            "It must reach the bridge by the deadline, give or take {} (clock_skew_tolerance_seconds); one that comes later \
             {late} (late_delivery_policy).",
            settings.tolerance()
        )
    },
    fact: |record, _| {
        let sms = record.sms;
        let stamp = match (sms.stamped, sms.unusable_stamp()) {
            (true, _) => format!("its stamp says {}", sms.received_at()),
            (false, Some(raw)) => format!("its stamp {raw:?} cannot be used"),
            (false, None) => "it carries no stamp".to_owned(),
        };
        let came = format!("the SMS reached the bridge at {}, and {stamp}", sms.server_received_at);
        match record.onboarding() {
            Some(o) => format!(
                "It was registered at {}, the deadline was {}; {came}.",
                o.request_timestamp, o.user_deadline
            ),
            None => format!("{}.", came.replacen("the SMS", "The SMS", 1)),
        }
    },
};

const IN_THE_FUTURE: Reason = Reason {
    word: "received_in_the_future",
    remedy: |record, settings| {
        format!(
            "It reached the bridge after the deadline, and its stamp lies {} after that: the clock of the receiver must be \
             set right (up to {} are tolerated), or an operator may accept the SMS.",
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

const STAMP_UNUSABLE: Reason = Reason {
    word: "stamp_unusable",
    remedy: |record, settings| {
        let by = record.onboarding().map(|o| {
            let last = o.user_deadline + settings.tolerance();
            format!("It reached the bridge {} after {last}", record.sms.server_received_at - last)
        });
        let stamp = match record.sms.unusable_stamp() {
            Some(raw) => format!("its stamp {raw:?} does not say when it was sent"),
            None => "no stamp says when it was sent".to_owned(),
        };
        format!(
            "{}, and {stamp}: the number must be registered again, or an operator may accept the SMS.",
            by.unwrap_or_else(|| "It reached the bridge after its deadline".to_owned())
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
    // Without an onboarding there is no window; the match that follows the checks refuses it (D7).
    let Some(onboarding) = &facts.sender.onboarding else { return Ok(()) };
    match facts.window(onboarding, settings) {
        Window::SentInTime if settings.late_delivery_policy == LatePolicy::Reject => Err(LATE_DELIVERY),
        Window::Arrived | Window::SentInTime => Ok(()),
        Window::TimeUnknown => Err(STAMP_UNUSABLE),
        Window::InTheFuture => Err(IN_THE_FUTURE),
        Window::BeforeRegistration => Err(BEFORE_REGISTRATION),
        Window::AfterDeadline => Err(AFTER_DEADLINE),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{DEADLINE, REQUESTED, Sample, check};
    use crate::settings::{LatePolicy, Settings};
    use crate::time::{DAY, Span, Timestamp};

    const MINUTE: Span = Span(60_000);
    const MS: Span = Span(1);

    fn sample(received: Timestamp, arrived: Timestamp) -> Sample {
        Sample { received, arrived, judged: arrived, ..Sample::default() }
    }

    #[test]
    fn what_arrives_by_the_deadline_is_in_time_whatever_its_stamp_says() {
        for arrived in [REQUESTED, DEADLINE, DEADLINE + MINUTE] {
            for stamp in
                [Timestamp(0), REQUESTED - DAY, arrived - DAY, arrived, arrived + DAY, DEADLINE + DAY]
            {
                check("time_window_check", sample(stamp, arrived), None);
                assert!(!sample(stamp, arrived).verdict().late_delivery);
            }
        }
    }

    #[test]
    fn of_what_arrives_later_the_stamp_decides() {
        let late = DEADLINE + MINUTE + MS;
        for (stamp, reason) in [
            (REQUESTED - MINUTE - MS, Some("before_registration")),
            (REQUESTED - MINUTE, None),
            (DEADLINE + MINUTE, None),
            (DEADLINE + MINUTE + MS, Some("after_deadline")),
            (late + MINUTE, Some("after_deadline")),
            (late + MINUTE + MS, Some("received_in_the_future")),
        ] {
            check("time_window_check", sample(stamp, late), reason);
        }
        let unstamped = Sample { stamped: false, ..sample(late, late) };
        check("time_window_check", unstamped, Some("stamp_unusable"));
    }

    #[test]
    fn late_but_honest() {
        let late = sample(DEADLINE, DEADLINE + Span(9_000_000));
        check("time_window_check", late.clone(), None);
        assert!(late.verdict().late_delivery);
        let strict = Settings { late_delivery_policy: LatePolicy::Reject, ..Settings::default() };
        check("time_window_check", Sample { settings: strict.clone(), ..late }, Some("late_delivery"));
        // The bridge kept it back, not its sender: it arrived in time.
        let kept = Sample { judged: DEADLINE + DAY, ..sample(DEADLINE, DEADLINE) };
        assert!(kept.verdict().late_delivery);
        check("time_window_check", Sample { settings: strict, ..kept }, None);
    }
}
