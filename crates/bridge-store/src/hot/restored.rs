//! What a restored part changes in what is there (D28): the rules, for backends that can follow them in
//! this language. Not the storing.

use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, Span, State, Timestamp};

use crate::judged::QueuedSms;

/// How often, until the window ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many it counted.
    pub count: i64,
    /// When it ends.
    pub until: Timestamp,
}

impl Window {
    /// A registration made at that time counts as one more.
    pub fn with_registration(there: Option<Window>, at: Timestamp, length: Span) -> Window {
        match there.filter(|window| window.until > at) {
            Some(window) => Window { count: window.count + 1, ..window },
            None => Window { count: 1, until: at + length },
        }
    }

    /// An SMS that was the nth of its window was counted at that time. Copies may have been counted out of
    /// their order, and newer ones already: the count is never less than what one of them says.
    pub fn with_sms(there: Option<Window>, nth: i64, at: Timestamp, length: Span) -> Window {
        match there.filter(|window| window.until > at) {
            None => Window { count: nth, until: at + length },
            // It was over before the window that is there began.
            Some(window) if at + length <= window.until - length => window,
            Some(window) => {
                let is_first = nth == 1 && window.until - length <= at;
                let until = if is_first { at + length } else { window.until };
                Window { count: window.count.max(nth), until }
            }
        }
    }
}

/// Whether a restored onboarding was registered after the one that is there as the newest of its number. Of
/// two in the same millisecond, the one that was not superseded.
pub fn is_newer(restored: &Onboarding, newest: &Onboarding) -> bool {
    match restored.request_timestamp.cmp(&newest.request_timestamp) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => restored.state != State::Superseded,
    }
}

/// The onboarding that is there, with what a newer version of it knows. None: nothing new.
pub fn updated(there: &Onboarding, restored: &Onboarding) -> Option<Onboarding> {
    let turns_back = !there.state.can_be_validated() && restored.state.can_be_validated();
    (restored.version > there.version && !turns_back).then(|| Onboarding {
        state: restored.state,
        validated_at: restored.validated_at,
        version: restored.version,
        ..there.clone()
    })
}

/// The onboarding with what a judged SMS made of it; true if its state is another. None: nothing new.
pub fn told(there: &Onboarding, sms: &QueuedSms) -> Option<(Onboarding, bool)> {
    let last_sms = Some(LastSms { id: sms.id, judged_at: sms.judged_at, verdict: sms.verdict.clone() });
    let shows_pass = there.last_sms.as_ref().is_some_and(|last| last.verdict.passed());
    // It passed while it was the newest: superseded it can only be because its validation was not known when a
    // later registration came back.
    let was_open = there.state.can_be_validated() || there.state == State::Superseded;
    if sms.verdict.passed() && was_open {
        let (state, validated_at) = (State::Validated, Some(sms.judged_at));
        return Some((Onboarding { state, validated_at, last_sms, ..there.clone() }, true));
    }
    let came_after = there.validated_at.is_some_and(|at| sms.judged_at > at);
    let is_newest = there.last_sms.as_ref().is_none_or(|last| last.id < sms.id);
    let shown = !shows_pass && (sms.verdict.passed() || is_newest && !came_after);
    shown.then(|| (Onboarding { last_sms, ..there.clone() }, false))
}
