//! How a judged SMS would be judged by other settings, as far as its stored row tells the facts. It guesses nothing:
//! every value that an unknown fact may have had is tried, and where they disagree the answer is unknown.

use crate::checks::{Facts, SenderFacts, Standing, evaluate};
use crate::judged_record::{JudgedRecord, MatchedOnboarding};
use crate::message::{Found, find_hashes};
use crate::onboarding::{Onboarding, State};
use crate::settings::Settings;
use crate::verdict::Verdict;

/// A fact that a stored row does not tell, because the check that asks for it did not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Whether number and device were validated before.
    PairValidated,
    /// Whether the sender was blacklisted.
    Blacklisted,
    /// How its onboarding stood.
    State,
    /// Whether another onboarding of its sender was open.
    Others,
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
            Fact::Others => "whether another registration of the number was open",
            Fact::Onboarding => "what its onboarding was, which is not kept any more",
        }
    }
}

/// How an SMS would have been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejudged {
    /// This is the verdict, whatever the facts were that are not known.
    Verdict(Verdict),
    /// The verdict depends on these facts, which are not known.
    Unknown(Vec<Fact>),
}

impl JudgedRecord<'_> {
    /// How it would have been judged by these settings at the time it was judged: the verdict if it is the same
    /// whatever the facts were that are not known.
    #[must_use]
    pub fn rejudge(&self, settings: &Settings) -> Rejudged {
        let onboardings = match self.matched {
            MatchedOnboarding::NotKept(_) => return Rejudged::Unknown(vec![Fact::Onboarding]),
            MatchedOnboarding::None => vec![None],
            MatchedOnboarding::Kept(onboarding) => self
                .states(onboarding)
                .into_iter()
                .map(|state| Some(Onboarding { state, ..onboarding.clone() }))
                .collect(),
        };
        let found = find_hashes(&self.sms.text, &settings.permitted_headers);
        // At most sixteen: two onboardings, two answers each of three questions. Trying them all is simpler than reasoning
        // about which check looks at which fact, and it stays right when a check changes.
        let mut worlds = Vec::new();
        for onboarding in onboardings {
            for pair_validated in either(self.pair_validated()) {
                for blacklisted in either(self.blacklisted()) {
                    for another_was_open in either(self.another_was_open(&found)) {
                        let known = SenderFacts {
                            onboarding: onboarding.clone(),
                            pair_validated,
                            others: self.others(another_was_open),
                            sms_in_window: self.sms_in_window,
                            blacklisted,
                        };
                        worlds.push((self.judge(&found, &known, settings), known));
                    }
                }
            }
        }
        unanimous(worlds)
    }

    /// Another onboarding that was open when it came, or none. Whose it was makes no difference.
    fn others(&self, another_was_open: bool) -> Vec<Standing> {
        let open = self.onboarding().filter(|_| another_was_open).map(|onboarding| Onboarding {
            hash: String::new(),
            state: State::Pending,
            request_timestamp: self.sms.received_at().min(self.sms.server_received_at),
            user_deadline: self.sms.server_received_at,
            ..onboarding.clone()
        });
        open.map(|onboarding| Standing { onboarding, pair_validated: false }).into_iter().collect()
    }

    fn judge(&self, found: &Found, known: &SenderFacts, settings: &Settings) -> Verdict {
        let facts = Facts { sms: self.sms, found, sender: known, now: self.judged_at };
        if self.sms.accepts().is_some() {
            return evaluate(&facts, &settings.accepting()).by_operator();
        }
        evaluate(&facts, settings)
    }
}

/// The values that a fact may have had.
fn either(known: Option<bool>) -> Vec<bool> {
    known.map_or(vec![false, true], |known| vec![known])
}

/// The verdict that all possible facts give, or the facts that it depends on: those of which another value alone
/// gives another verdict.
fn unanimous(worlds: Vec<(Verdict, SenderFacts)>) -> Rejudged {
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
type Differs = fn(&SenderFacts, &SenderFacts) -> bool;
const DIFFERENCES: [(Fact, Differs); 4] = [
    (Fact::PairValidated, |a, b| {
        a.onboarding == b.onboarding && a.others == b.others && a.blacklisted == b.blacklisted
    }),
    (Fact::Blacklisted, |a, b| {
        a.onboarding == b.onboarding && a.others == b.others && a.pair_validated == b.pair_validated
    }),
    (Fact::State, |a, b| {
        a.others == b.others && a.pair_validated == b.pair_validated && a.blacklisted == b.blacklisted
    }),
    (Fact::Others, |a, b| {
        a.onboarding == b.onboarding && a.pair_validated == b.pair_validated && a.blacklisted == b.blacklisted
    }),
];

#[cfg(test)]
mod tests;
