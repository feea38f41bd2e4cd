//! Where an SMS lies in time against an onboarding: it was sent no later than it arrived, and no earlier than its hash
//! was made (decisions.md D39). Not what the settings make of a late one: that is `time_window_check`.

use crate::onboarding::Onboarding;
use crate::sms::InboundSms;
use crate::time::Span;

/// What the times of an SMS say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    /// It arrived by the deadline, so it was sent by then, whatever its stamp says.
    Arrived,
    /// It arrived later, but a stamp that can be believed lies before the deadline.
    SentInTime,
    /// It arrived later, and nothing says when it was sent.
    TimeUnknown,
    /// It arrived later, and its stamp lies after its arrival.
    InTheFuture,
    /// Its stamp lies before the registration, and either it arrived late or no hash says that it cannot.
    BeforeRegistration,
    /// It arrived later, and was sent later.
    AfterDeadline,
}

impl Window {
    /// Looks at the times. `hash_is_asked`: header_hash_check makes sure that the text holds a hash, which nobody could
    /// send before it was made.
    pub(super) fn of(
        sms: &InboundSms,
        onboarding: &Onboarding,
        tolerance: Span,
        hash_is_asked: bool,
    ) -> Window {
        let end = onboarding.user_deadline + tolerance;
        let is_early = sms.stamped && sms.received_at() < onboarding.request_timestamp - tolerance;
        if sms.server_received_at <= end {
            return if is_early && !hash_is_asked { Window::BeforeRegistration } else { Window::Arrived };
        }
        if !sms.stamped {
            Window::TimeUnknown
        } else if sms.received_at() > sms.server_received_at + tolerance {
            Window::InTheFuture
        } else if is_early {
            Window::BeforeRegistration
        } else if sms.received_at() > end {
            Window::AfterDeadline
        } else {
            Window::SentInTime
        }
    }

    /// It was sent while the onboarding could be answered.
    pub(super) fn is_in_time(self) -> bool {
        matches!(self, Window::Arrived | Window::SentInTime)
    }
}
