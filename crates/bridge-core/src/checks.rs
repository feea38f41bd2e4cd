//! The seven checks of 003: one file each, one list, one evaluation with early exit.
//!
//! A check is a pure function from one snapshot of facts to a result: it cannot ask a store, and it can
//! run twice. To add one: write its file and add its line to `checks!` below; its toggle, its place in
//! `check_sequence`, its field in the API, its column in `input_sms` and its line in every trace follow from
//! the list.

mod onboarding_match;
mod reason;

use crate::message::Found;
use crate::onboarding::Onboarding;
use crate::past::Past;
use crate::phone::{Mobile, PhoneError};
use crate::settings::{LatePolicy, Settings};
use crate::sms::InboundSms;
use crate::time::{Span, Timestamp};
use crate::verdict::{Code, Codes, FailedAt, Verdict};
pub(crate) use onboarding_match::{MATCH, state_told};
use reason::Reason;

macro_rules! checks {
    ($($module:ident)*) => {
        $(mod $module;)*
        /// The one list, in 003's order: results are always reported in it.
        pub static CHECKS: [Check; [$(stringify!($module)),*].len()] = [$($module::CHECK),*];
        /// The setting that switches each of them, in the same order.
        pub(crate) static TOGGLES: [&str; CHECKS.len()] = [$(concat!(stringify!($module), "_enabled")),*];
    };
}

checks! {
    mobile_check
    duplicate_check
    header_hash_check
    count_check
    foreign_number_check
    blacklist_check
    time_window_check
}

/// One check: its name in settings, tables and answers, what it asks in words, and the question itself.
pub struct Check {
    /// `mobile_check`; its toggle is `mobile_check_enabled`.
    pub name: &'static str,
    /// What it makes sure of, for people.
    pub about: &'static str,
    run: fn(&Facts<'_>, &Settings) -> Outcome,
    reasons: &'static [Reason],
    off: Option<&'static str>,
    rule: fn(&Settings) -> String,
    fact: fn(&Past<'_>, &Settings) -> String,
}

impl Check {
    /// What may happen while it is switched off, where that is dangerous.
    #[must_use]
    pub fn danger_when_off(&self) -> Option<&'static str> {
        self.off
    }

    /// Its rule in words, with the values that hold.
    #[must_use]
    pub fn rule(&self, settings: &Settings) -> String {
        (self.rule)(settings)
    }

    /// What it found, or would have found, as far as the stored SMS tells.
    #[must_use]
    pub fn fact(&self, past: &Past<'_>, settings: &Settings) -> String {
        (self.fact)(past, settings)
    }

    /// What would have made an SMS pass that failed here for that reason. None: the check knows no such reason.
    #[must_use]
    pub fn mend(&self, reason: &str, past: &Past<'_>, settings: &Settings) -> Option<String> {
        let reason = self.reasons.iter().find(|known| known.word == reason)?;
        Some((reason.mend)(past, settings))
    }
}

/// What a check says when it runs: pass, or fail with a reason.
type Outcome = Result<(), Reason>;

/// One check of [`CHECKS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId(u8);

impl CheckId {
    /// All of them in 003's order.
    pub fn all() -> impl ExactSizeIterator<Item = CheckId> + Clone {
        (0..u8::try_from(CHECKS.len()).unwrap_or(u8::MAX)).map(CheckId)
    }

    /// Its place in [`CHECKS`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its name: `mobile_check`.
    #[must_use]
    pub fn name(self) -> &'static str {
        CHECKS[self.index()].name
    }

    /// The check of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<CheckId> {
        CheckId::all().find(|check| check.name() == name)
    }
}

/// What a store knows about the sender of one SMS, read in one atomic step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The newest onboarding of the sender, in any state (D7).
    pub onboarding: Option<Onboarding>,
    /// The pair of sender and that onboarding's device is in `Queue_validated_mobiles`.
    pub pair_validated: bool,
    /// Distinct SMS of this sender in 24 h, this one included; 0 if it is not counted (D3).
    pub sms_in_window: i64,
    /// The sender is in `blacklist_mobiles`.
    pub blacklisted: bool,
}

/// Everything the checks may look at: the SMS itself, what the store knows, and the time.
pub struct Facts<'a> {
    /// The SMS.
    pub sms: &'a InboundSms,
    /// The hashes in its text.
    pub found: &'a Found,
    /// What the store knows.
    pub known: &'a Known,
    /// When it is judged.
    pub now: Timestamp,
}

impl Facts<'_> {
    fn sender(&self) -> Result<&Mobile, PhoneError> {
        self.sms.sender.as_ref().map_err(|e| *e)
    }

    /// Received before the deadline, judged after it.
    fn is_late(&self, tolerance: Span) -> bool {
        self.known.onboarding.as_ref().is_some_and(|o| {
            let end = o.user_deadline + tolerance;
            self.now > end && self.sms.received_at() <= end
        })
    }
}

/// Judges one SMS: runs the enabled checks in `check_sequence` until one fails, then the match that no
/// toggle can remove (D1, D2, D6, D7).
#[must_use]
pub fn evaluate(facts: &Facts<'_>, settings: &Settings) -> Verdict {
    let mut codes = [Code::NotApplicable; CHECKS.len()];
    let mut failed: Option<(FailedAt, &'static str)> = None;
    for &id in &settings.check_sequence {
        let enabled = settings.is_enabled(id);
        codes[id.index()] = match (enabled, failed) {
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
    let failed = failed.or_else(|| {
        (MATCH.run)(facts, settings).err().map(|reason| (FailedAt::OnboardingMatch, reason.word))
    });
    Verdict {
        codes: Codes(codes),
        failed_at: failed.map(|(at, _)| at),
        reason: failed.map(|(_, reason)| reason.to_owned()),
        late_delivery: facts.is_late(settings.tolerance()),
    }
}

/// True when this SMS is late and the policy refuses late ones.
fn refused_as_late(facts: &Facts<'_>, settings: &Settings) -> bool {
    settings.late_delivery_policy == LatePolicy::Reject && facts.is_late(settings.tolerance())
}

#[cfg(test)]
pub(crate) mod properties;
#[cfg(test)]
pub(crate) mod samples;
