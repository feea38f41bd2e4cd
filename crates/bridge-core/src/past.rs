//! A judged SMS, looked at again long after: what its stored row tells of the facts it was judged by, and how
//! it would be judged by other settings. What the row does not tell is unknown, and never guessed.

use uuid::Uuid;

use crate::check_id::CheckId;
use crate::checks::{Facts, Known, evaluate, state_told};
use crate::message::{Found, find_hashes};
use crate::onboarding::{Onboarding, State};
use crate::settings::Settings;
use crate::sms::InboundSms;
use crate::time::{Span, Timestamp};
use crate::verdict::{Code, FailedAt, Verdict};

/// What an SMS was judged against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against<'a> {
    /// Its sender had no onboarding.
    Nobody,
    /// The newest of its sender then, as it is kept now.
    Onboarding(&'a Onboarding),
    /// It had one, which is not kept any more.
    Gone(Uuid),
}

/// One judged SMS as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct Past<'a> {
    /// The SMS.
    pub sms: &'a InboundSms,
    /// How it was judged.
    pub verdict: &'a Verdict,
    /// When.
    pub judged_at: Timestamp,
    /// Which SMS of its sender in 24 hours it was; 0 if it was not counted.
    pub sms_in_window: i64,
    /// What it was judged against.
    pub against: Against<'a>,
}

/// A fact that a stored row does not tell, because the check that asks for it did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Whether number and device were validated before.
    PairValidated,
    /// Whether the sender was blacklisted.
    Blacklisted,
    /// How its onboarding stood.
    State,
    /// What its onboarding was.
    Onboarding,
}

impl Fact {
    /// What is not known, as the end of a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Fact::PairValidated => "whether the number was validated on this device before",
            Fact::Blacklisted => "whether the sender was blacklisted",
            Fact::State => "how its onboarding stood",
            Fact::Onboarding => "what its onboarding was, which is not kept any more",
        }
    }
}

/// How an SMS would have been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejudged {
    /// So.
    Verdict(Verdict),
    /// It depends on these facts, which are not known.
    Unknown(Vec<Fact>),
}

/// The clocks of two bridges of a group may differ by this: what happened nearer together happened in an order
/// that their times do not tell.
const CLOCKS_APART: Span = Span(1_000);

impl Past<'_> {
    /// What it was judged against, where that is kept.
    #[must_use]
    pub fn onboarding(&self) -> Option<&Onboarding> {
        match self.against {
            Against::Onboarding(onboarding) => Some(onboarding),
            Against::Nobody | Against::Gone(_) => None,
        }
    }

    /// Was its number validated on its device before? As far as duplicate_check tells.
    #[must_use]
    pub fn pair_validated(&self) -> Option<bool> {
        self.told_by("duplicate_check")
    }

    /// Was its sender blacklisted? As far as blacklist_check tells.
    #[must_use]
    pub fn blacklisted(&self) -> Option<bool> {
        self.told_by("blacklist_check")
    }

    /// Some(true): the check of that name failed, so what it looks for was so.
    fn told_by(&self, check: &str) -> Option<bool> {
        match self.verdict.codes.of(CheckId::from_name(check)?) {
            Code::Pass => Some(false),
            Code::Fail => Some(true),
            Code::Disabled | Code::NotApplicable => None,
        }
    }

    /// In which states the onboarding may have been: one where it is known. Pending stands for expired too, which
    /// no check tells apart.
    #[must_use]
    pub fn states(&self, onboarding: &Onboarding) -> Vec<State> {
        if self.verdict.passed() {
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

    /// How it would have been judged by these settings at the time it was judged: the verdict if it is the same
    /// whatever the facts were that are not known.
    #[must_use]
    pub fn rejudge(&self, settings: &Settings) -> Rejudged {
        let onboardings = match self.against {
            Against::Gone(_) => return Rejudged::Unknown(vec![Fact::Onboarding]),
            Against::Nobody => vec![None],
            Against::Onboarding(onboarding) => self
                .states(onboarding)
                .into_iter()
                .map(|state| Some(Onboarding { state, ..onboarding.clone() }))
                .collect(),
        };
        let found = find_hashes(&self.sms.text, &settings.permitted_headers);
        let mut worlds = Vec::new();
        for onboarding in onboardings {
            for pair_validated in either(self.pair_validated()) {
                for blacklisted in either(self.blacklisted()) {
                    let known = Known {
                        onboarding: onboarding.clone(),
                        pair_validated,
                        sms_in_window: self.sms_in_window,
                        blacklisted,
                    };
                    worlds.push((self.judge(&found, &known, settings), known));
                }
            }
        }
        unanimous(worlds)
    }

    fn judge(&self, found: &Found, known: &Known, settings: &Settings) -> Verdict {
        evaluate(&Facts { sms: self.sms, found, known, now: self.judged_at }, settings)
    }
}

fn either(known: Option<bool>) -> Vec<bool> {
    known.map_or(vec![false, true], |known| vec![known])
}

/// The verdict that all possible facts give, or the facts that it depends on: those of which another value alone
/// gives another verdict.
fn unanimous(worlds: Vec<(Verdict, Known)>) -> Rejudged {
    let mut open = Vec::new();
    for (fact, only) in DIFFERENCES {
        let depends = worlds.iter().any(|(verdict, known)| {
            worlds.iter().any(|(other, facts)| verdict != other && only(known, facts))
        });
        if depends {
            open.push(fact);
        }
    }
    match worlds.into_iter().next() {
        Some((verdict, _)) if open.is_empty() => Rejudged::Verdict(verdict),
        _ => Rejudged::Unknown(open),
    }
}

/// Do two sets of facts differ in this one alone?
type Differs = fn(&Known, &Known) -> bool;
const DIFFERENCES: [(Fact, Differs); 3] = [
    (Fact::PairValidated, |a, b| a.onboarding == b.onboarding && a.blacklisted == b.blacklisted),
    (Fact::Blacklisted, |a, b| a.onboarding == b.onboarding && a.pair_validated == b.pair_validated),
    (Fact::State, |a, b| a.pair_validated == b.pair_validated && a.blacklisted == b.blacklisted),
];

#[cfg(test)]
mod tests;
