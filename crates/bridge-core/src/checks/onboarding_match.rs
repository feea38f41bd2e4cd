//! What follows the checks and no toggle removes (D7): whatever is switched off, an SMS validates only an
//! onboarding of its own sender that can still be validated, and never a pair twice.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::{NO_ONBOARDING, Reason, SENDERS};
use crate::judged_record::{JudgedRecord, MatchedOnboarding};
use crate::message::Found;
use crate::onboarding::{Onboarding, State};
use crate::settings::Settings;
use crate::time::Span;
use crate::verdict::FailedAt;

pub(crate) const MATCH: Check = Check {
    name: "onboarding_match",
    about: "The number has an onboarding that can still be validated",
    to_sender: ToSender::NotMatched,
    may_be_waived: false,
    run,
    reasons: &[
        NO_ONBOARDING,
        ALREADY_VALIDATED,
        CANCELLED,
        SUPERSEDED,
        AMBIGUOUS,
        SENDERS[0],
        SENDERS[1],
        SENDERS[2],
        SENDERS[3],
        SENDERS[4],
        SENDERS[5],
        SENDERS[6],
    ],
    off: None,
    rule: |_| "The sender must have an onboarding that is pending or expired.".to_owned(),
    fact: |record, _| match record.matched {
        MatchedOnboarding::None => "The sender had no onboarding.".to_owned(),
        MatchedOnboarding::NotKept(id) => format!("The onboarding {id} is not kept any more."),
        MatchedOnboarding::Kept(onboarding) => match record.states(onboarding)[..] {
            [State::Pending] => "The onboarding of the sender could be validated.".to_owned(),
            [state] => format!("The onboarding of the sender was {}.", state.as_str()),
            _ => format!(
                "The onboarding of the sender is {} now; how it stood then is not known.",
                onboarding.state.as_str()
            ),
        },
    },
};

const ALREADY_VALIDATED: Reason = Reason {
    word: "already_validated",
    remedy: |_, _| "Nothing was missing: the onboarding was validated by an earlier SMS.".to_owned(),
};

const CANCELLED: Reason = Reason {
    word: "onboarding_cancelled",
    remedy: |_, _| {
        "The onboarding was cancelled: the number must be registered again, and the SMS carry the new hash."
            .to_owned()
    },
};

const SUPERSEDED: Reason = Reason {
    word: "onboarding_superseded",
    remedy: |_, _| {
        "A newer registration of the same person took its place, or too many were open: the SMS must carry the hash of one that is open.".to_owned()
    },
};

/// Its text names none of them: only header_hash_check off lets it come so far (D51).
const AMBIGUOUS: Reason = Reason {
    word: "ambiguous",
    remedy: |_, _| {
        "Several registrations of the number were open, and the text did not say which one was meant: it must carry the \
         hash of one of them."
            .to_owned()
    },
};

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    facts.mobile().map_err(Reason::of_sender)?;
    let onboarding = facts.sender.onboarding.as_ref().ok_or(NO_ONBOARDING)?;
    if let Some(closed) = closed(onboarding.state) {
        return Err(closed);
    }
    let is_named = facts.found.holds(&onboarding.hash, onboarding.asked.short);
    let another_was_open =
        || facts.sender.others.iter().any(|other| facts.was_open(&other.onboarding, settings));
    if !is_named && another_was_open() { Err(AMBIGUOUS) } else { Ok(()) }
}

/// Why an onboarding in that state cannot be validated any more.
fn closed(state: State) -> Option<Reason> {
    match state {
        State::Pending | State::Expired => None,
        State::Validated => Some(ALREADY_VALIDATED),
        State::Cancelled => Some(CANCELLED),
        State::Superseded => Some(SUPERSEDED),
    }
}

/// The state that a failure at the match for that reason tells.
fn state_told(reason: &str) -> Option<State> {
    [State::Validated, State::Cancelled, State::Superseded]
        .into_iter()
        .find(|state| closed(*state).is_some_and(|known| known.word == reason))
}

/// The clocks of two bridges of a group may differ by this: what happened nearer together happened in an order
/// that their times do not tell.
const CLOCKS_APART: Span = Span(1_000);

impl JudgedRecord<'_> {
    /// Was another onboarding of its sender open, whose text has these hashes? As far as the match tells.
    #[must_use]
    pub fn another_was_open(&self, found: &Found) -> Option<bool> {
        if self.is_ambiguous() {
            return Some(true);
        }
        let is_named =
            self.onboarding().is_some_and(|onboarding| found.holds(&onboarding.hash, onboarding.asked.short));
        // The match asks only where the text names none of them.
        (self.verdict.passed() && !is_named).then_some(false)
    }

    fn is_ambiguous(&self) -> bool {
        self.verdict.failed_at == Some(FailedAt::OnboardingMatch)
            && self.verdict.reason.as_deref() == Some(AMBIGUOUS.word)
    }

    /// In which states the onboarding may have been: one where it is known. Pending stands for expired too, which
    /// no check tells apart.
    #[must_use]
    pub fn states(&self, onboarding: &Onboarding) -> Vec<State> {
        if self.verdict.passed() || self.is_ambiguous() {
            return vec![State::Pending];
        }
        if self.verdict.failed_at == Some(FailedAt::OnboardingMatch)
            && let Some(state) = self.verdict.reason.as_deref().and_then(state_told)
        {
            return vec![state];
        }
        match onboarding.state {
            // What is not final now was not final then.
            State::Pending | State::Expired => vec![State::Pending],
            State::Validated => match onboarding.validated_at {
                // Validating a number notes its pair in the same step.
                _ if self.pair_validated() == Some(false) => vec![State::Pending],
                Some(at) if at + CLOCKS_APART < self.judged_at => vec![State::Validated],
                Some(at) if self.judged_at + CLOCKS_APART < at => vec![State::Pending],
                _ => vec![State::Pending, State::Validated],
            },
            State::Cancelled => vec![State::Pending, State::Cancelled],
            // The hot store shows no superseded one as the newest, unless it was brought back from the archive.
            State::Superseded if self.judged_at <= onboarding.expires_at => vec![State::Pending],
            State::Superseded => vec![State::Pending, State::Superseded],
        }
    }
}
