//! One honest SMS in facts, and the shorthand that each check's own table is written in.

use uuid::Uuid;

use super::{CHECKS, CheckId, Facts, SenderFacts, Standing, evaluate};
use crate::message::find_hashes;
use crate::onboarding::{Applicant, Onboarding, State};
use crate::phone::{Mobile, PhoneError};
use crate::settings::Settings;
use crate::sms::InboundSms;
use crate::time::{Span, Timestamp};
use crate::verdict::Verdict;

pub(crate) const HASH: &str = "a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66abcd";
pub(crate) const REQUESTED: Timestamp = Timestamp(1_769_860_800_000);
pub(crate) const DEADLINE: Timestamp = Timestamp(1_769_861_100_000);

/// What may vary between judgements. The default passes every check.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) sender: Result<Mobile, PhoneError>,
    pub(crate) text: String,
    pub(crate) received: Timestamp,
    pub(crate) stamped: bool,
    pub(crate) arrived: Timestamp,
    pub(crate) judged: Timestamp,
    pub(crate) state: Option<State>,
    pub(crate) pair_validated: bool,
    /// Another onboarding of the number is open.
    pub(crate) another_open: bool,
    pub(crate) sms_in_window: i64,
    pub(crate) blacklisted: bool,
    pub(crate) settings: Settings,
}

impl Default for Sample {
    fn default() -> Sample {
        let soon = REQUESTED + Span(20_000);
        Sample {
            sender: Ok(mobile()),
            text: format!("ONBOARD:{HASH}"),
            received: soon,
            stamped: true,
            arrived: soon,
            judged: soon,
            state: Some(State::Pending),
            pair_validated: false,
            another_open: false,
            sms_in_window: 1,
            blacklisted: false,
            settings: Settings::default(),
        }
    }
}

fn mobile() -> Mobile {
    Mobile::from_e164("+919876543210").unwrap()
}

impl Sample {
    pub(crate) fn verdict(&self) -> Verdict {
        self.with_facts(|facts| evaluate(facts, &self.settings))
    }

    pub(crate) fn with_facts<T>(&self, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
        let opened = |device: &str| {
            let who =
                Applicant { mobile: mobile(), email: None, device_id: Some(device.into()), client: None };
            Onboarding::open(who, "ONBOARD", Uuid::nil(), &[0; 16], REQUESTED, &Settings::default())
        };
        let onboarding = self.state.map(|state| Onboarding { hash: HASH.into(), state, ..opened("d1") });
        let other = Standing { onboarding: opened("d2"), pair_validated: false };
        let known = SenderFacts {
            others: onboarding.iter().filter(|_| self.another_open).map(|_| other.clone()).collect(),
            onboarding,
            pair_validated: self.pair_validated,
            sms_in_window: self.sms_in_window,
            blacklisted: self.blacklisted,
        };
        let sms = InboundSms {
            sms_id: Uuid::nil(),
            sender_raw: String::new(),
            sender: self.sender.clone(),
            text: self.text.clone(),
            received_timestamp: self.received,
            stamped: self.stamped,
            stamp_raw: None,
            clock_not_set: None,
            server_received_at: self.arrived,
            receiver_id: "default".into(),
            format: "generic".into(),
            line: None,
            delivery_id: None,
            clock_skew: Span(0),
            part: None,
        };
        let found = find_hashes(&sms.text, &self.settings.permitted_headers);
        ask(&Facts { sms: &sms, found: &found, sender: &known, now: self.judged })
    }
}

/// Runs one check alone and compares its reason for failing.
#[expect(clippy::needless_pass_by_value, reason = "a table of samples reads better without ampersands")]
pub(crate) fn check(name: &str, sample: Sample, expected: Option<&str>) {
    let id = CheckId::from_name(name).unwrap();
    let reason = sample.with_facts(|facts| (CHECKS[id.index()].run)(facts, &sample.settings).err());
    let reason = reason.map(|reason| reason.word);
    assert_eq!(reason, expected, "{name} on {sample:?}");
}
