//! The seven checks of 003: one file each, one list, one evaluation with early exit.
//!
//! A check is a pure function from one snapshot of facts to a result: it cannot ask a store, and it can
//! run twice. To add one: write its file and add its line to `each_check!` in `check_id`; its toggle, its place in
//! `check_sequence`, its field in the API, its column in `input_sms` and its line in every trace follow from
//! the list.

mod check;
mod onboarding_match;
mod reason;
mod window;

pub use crate::check_id::CheckId;
use crate::check_id::each_check;
use crate::settings::Settings;
use crate::verdict::{Code, Codes, FailedAt, Verdict};
pub use check::{Check, Facts, SenderFacts, Standing, ToSender};
pub(crate) use onboarding_match::MATCH;

macro_rules! list {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// The one list, in the order of [`CheckId`]: results are always reported in it.
        pub static CHECKS: [Check; CheckId::COUNT] = [$($module::CHECK),*];
    };
}

each_check!(list);

/// That an SMS failed there, in a few words of an office.
#[must_use]
pub fn failed_in_words(at: FailedAt) -> &'static str {
    match at {
        FailedAt::Check(id) => CHECKS[id.index()].failed,
        FailedAt::OnboardingMatch => MATCH.failed,
    }
}

/// Judges one SMS: runs the enabled checks in `check_sequence` until one fails, then the match that no
/// toggle can remove (D1, D2, D6, D7).
#[must_use]
pub fn evaluate(facts: &Facts<'_>, settings: &Settings) -> Verdict {
    let mut codes = [Code::NotApplicable; CheckId::COUNT];
    let mut failed: Option<(FailedAt, &'static str)> = None;
    for &id in &settings.check_sequence {
        let enabled = settings.is_enabled(id);
        codes[id.index()] = match (enabled, failed) {
            // Also behind a failure: every row shows what was switched off when its SMS was judged.
            (false, _) => Code::Disabled,
            (true, Some(_)) => Code::NotApplicable,
            (true, None) => match (CHECKS[id.index()].run)(facts, settings) {
                Ok(()) => Code::Pass,
                Err(reason) => {
                    failed = Some((FailedAt::Check(id), reason.word));
                    Code::Fail
                }
            },
        };
    }
    // Last, so that a check names what is wrong before the match says only that nothing fits.
    let failed = failed.or_else(|| {
        (MATCH.run)(facts, settings).err().map(|reason| (FailedAt::OnboardingMatch, reason.word))
    });
    Verdict {
        codes: Codes(codes),
        failed_at: failed.map(|(at, _)| at),
        reason: failed.map(|(_, reason)| reason.to_owned()),
        late_delivery: facts.is_late(settings),
    }
}

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
pub(crate) mod samples;
