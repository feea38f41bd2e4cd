//! A judged SMS, looked at again long after: what its stored row tells of the facts it was judged by. What the row
//! does not tell is unknown, and never guessed. Not how other settings would judge it: that is `rejudge`.

use uuid::Uuid;

use crate::check_id::CheckId;
use crate::onboarding::Onboarding;
use crate::sms::InboundSms;
use crate::time::Timestamp;
use crate::verdict::{Code, Verdict};

/// What an SMS was judged against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedOnboarding<'a> {
    /// Its sender had no onboarding.
    None,
    /// The one of its sender that it was judged by, as it is kept now.
    Kept(&'a Onboarding),
    /// It had one, which is not kept any more.
    NotKept(Uuid),
}

/// One judged SMS as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct JudgedRecord<'a> {
    /// The SMS.
    pub sms: &'a InboundSms,
    /// How it was judged.
    pub verdict: &'a Verdict,
    /// When it was judged.
    pub judged_at: Timestamp,
    /// Which SMS of its sender in 24 hours it was; 0 if it was not counted.
    pub sms_in_window: i64,
    /// What it was judged against.
    pub matched: MatchedOnboarding<'a>,
}

impl JudgedRecord<'_> {
    /// What it was judged against, where that is kept.
    #[must_use]
    pub fn onboarding(&self) -> Option<&Onboarding> {
        match self.matched {
            MatchedOnboarding::Kept(onboarding) => Some(onboarding),
            MatchedOnboarding::None | MatchedOnboarding::NotKept(_) => None,
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::Sample;

    /// A check that ran tells the fact it looked at; one that did not run tells nothing.
    #[test]
    fn what_a_check_said_is_what_it_looked_for() {
        let sample = Sample::default();
        let told = |name: &str, code| {
            let mut verdict = sample.verdict();
            verdict.codes.0[CheckId::from_name(name).unwrap().index()] = code;
            sample.with_facts(|facts| {
                let record = JudgedRecord {
                    sms: facts.sms,
                    verdict: &verdict,
                    judged_at: facts.now,
                    sms_in_window: 1,
                    matched: MatchedOnboarding::NotKept(Uuid::nil()),
                };
                assert_eq!(record.onboarding(), None);
                (record.pair_validated(), record.blacklisted())
            })
        };
        for (code, fact) in [
            (Code::Pass, Some(false)),
            (Code::Fail, Some(true)),
            (Code::Disabled, None),
            (Code::NotApplicable, None),
        ] {
            assert_eq!(told("duplicate_check", code), (fact, Some(false)));
            assert_eq!(told("blacklist_check", code), (Some(false), fact));
        }
    }
}
