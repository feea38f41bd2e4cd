//! Words of an office for what the program calls otherwise. The code name stands behind, for whoever looks into a log.

use bridge_app::base::problem::Code;
use bridge_app::state::receivers::State as Receiver;
use bridge_core::checks::failed_in_words;
use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;

/// Where an SMS failed.
pub(crate) fn failed_at(code: &str) -> String {
    FailedAt::from_word(code).map_or_else(|| code.to_owned(), |at| failed_in_words(at).to_owned())
}

/// How an onboarding stands.
pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Pending => "waits for its SMS",
        State::Superseded => "replaced by a newer one",
        State::Validated | State::Expired | State::Cancelled => state.as_str(),
    }
}

/// Why a registration was refused.
pub(crate) fn refused(code: &str) -> String {
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    known.map_or_else(|| code.to_owned(), |known| known.title().to_owned())
}

/// How a receiver is.
pub(crate) fn receiver(state: Receiver) -> &'static str {
    match state {
        Receiver::Ok => "works",
        Receiver::NeverSeen => "not heard of yet",
        Receiver::WrongSecret => "wrong secret",
        Receiver::Silent | Receiver::Paused => state.word(),
    }
}
