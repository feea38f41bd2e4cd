//! The sender is a mobile number in E.164.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::{Reason, SENDERS};
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "mobile_check",
    about: "The sender is a mobile number, not a name or a short code",
    to_sender: ToSender::NotMatched,
    may_be_waived: false,
    run,
    reasons: &SENDERS,
    off: None,
    rule: |_| "The sender must be a mobile number of 10 to 15 digits with its calling code.".to_owned(),
    fact: |record, _| match &record.sms.sender {
        Ok(mobile) => format!("The sender was {}.", mobile.e164()),
        Err(why) => format!("The sender was {:?}, which {why}.", record.sms.sender_raw),
    },
};

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    facts.mobile().map(|_| ()).map_err(Reason::of_sender)
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{Sample, check};
    use crate::phone::PhoneError;

    #[test]
    fn mobile() {
        check("mobile_check", Sample::default(), None);
        let alphanumeric = Sample { sender: Err(PhoneError::Alphanumeric), ..Sample::default() };
        check("mobile_check", alphanumeric, Some("sender_alphanumeric"));
        let short = Sample { sender: Err(PhoneError::TooShort), ..Sample::default() };
        check("mobile_check", short, Some("sender_too_short"));
    }
}
