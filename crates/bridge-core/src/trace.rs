//! Why a stored SMS was judged as it was: a line for each check and for the match, in the order in which they ran,
//! each with its rule in words, what it found, and, where it failed, what would have made the SMS pass.
//! Not a judgement: the results are the stored ones.

use crate::checks::{CHECKS, Check, MATCH};
use crate::judged_record::JudgedRecord;
use crate::settings::Settings;
use crate::verdict::{Code, FailedAt};

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `mobile_check`, …, `onboarding_match`.
    pub check: &'static str,
    /// What it makes sure of.
    pub about: &'static str,
    /// What it said.
    pub result: Code,
    /// The word for why it failed.
    pub reason: Option<String>,
    /// Its rule, with the values of the settings.
    pub rule: String,
    /// What it found, or would have found, as far as that is known.
    pub fact: String,
    /// Where it failed: what would have made the SMS pass.
    pub remedy: Option<String>,
}

/// The trace of one SMS. The settings should be those it was judged by: they give the order and the words.
#[must_use]
pub fn trace(record: &JudgedRecord<'_>, settings: &Settings) -> Vec<Step> {
    let checks = settings.check_sequence.iter().map(|id| {
        step(&CHECKS[id.index()], FailedAt::Check(*id), record.verdict.codes.of(*id), record, settings)
    });
    let at_the_match = match record.verdict.failed_at {
        None => Code::Pass,
        Some(FailedAt::OnboardingMatch) => Code::Fail,
        Some(FailedAt::Check(_)) => Code::NotApplicable,
    };
    checks.chain([step(&MATCH, FailedAt::OnboardingMatch, at_the_match, record, settings)]).collect()
}

fn step(
    check: &Check,
    place: FailedAt,
    result: Code,
    record: &JudgedRecord<'_>,
    settings: &Settings,
) -> Step {
    let reason = record.verdict.reason.clone().filter(|_| record.verdict.failed_at == Some(place));
    let mut fact = check.fact(record, settings);
    if check.may_be_waived && record.verdict.is_by_operator() {
        fact.push_str(" An operator accepted the SMS, so this check was left out.");
    }
    Step {
        check: check.name,
        about: check.about,
        result,
        rule: check.rule(settings),
        fact,
        remedy: reason.as_deref().map(|word| {
            check.remedy(word, record, settings).unwrap_or_else(|| {
                format!("It was judged by another version of the bridge, whose reason {word:?} this one does not know.")
            })
        }),
        reason,
    }
}
