//! The sender's country is allowed, compared by calling code: +1 is both Canada and the Bahamas (D5).

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::{Reason, SENDERS};
use crate::phone::Mobile;
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "foreign_number_check",
    about: "The number belongs to an allowed country",
    to_sender: ToSender::Refused,
    may_be_waived: false,
    run,
    reasons: &[
        COUNTRY_NOT_ALLOWED,
        SENDERS[0],
        SENDERS[1],
        SENDERS[2],
        SENDERS[3],
        SENDERS[4],
        SENDERS[5],
        SENDERS[6],
    ],
    off: Some("Numbers of every country register and are validated."),
    rule: |settings| {
        format!("The calling code of the sender must be {} (allowed_country_codes).", allowed(settings))
    },
    fact: |record, _| match &record.sms.sender {
        Ok(mobile) => format!("{} has the calling code +{}.", mobile.e164(), mobile.calling_code()),
        Err(_) => format!("The sender is no number: {:?}.", record.sms.sender_raw),
    },
};

const COUNTRY_NOT_ALLOWED: Reason = Reason {
    word: "country_not_allowed",
    remedy: |record, settings| {
        let code = record.sms.sender.as_ref().map_or("", Mobile::calling_code);
        format!(
            "The SMS must come from a number with the calling code {}; this one has +{code}.",
            allowed(settings)
        )
    },
};

fn allowed(settings: &Settings) -> String {
    let codes: Vec<String> = settings.allowed_country_codes.iter().map(|code| format!("+{code}")).collect();
    codes.join(" or ")
}

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    let sender = facts.mobile().map_err(Reason::of_sender)?;
    if settings.allows_country(sender) { Ok(()) } else { Err(COUNTRY_NOT_ALLOWED) }
}

#[cfg(test)]
mod tests {
    use crate::Mobile;
    use crate::checks::samples::{Sample, check};
    use crate::phone::PhoneError;

    #[test]
    fn foreign_number() {
        check("foreign_number_check", Sample::default(), None);
        let british = Mobile::from_e164("+447911123456").unwrap();
        let foreign = Sample { sender: Ok(british), ..Sample::default() };
        check("foreign_number_check", foreign, Some("country_not_allowed"));
        let nobody = Sample { sender: Err(PhoneError::Alphanumeric), ..Sample::default() };
        check("foreign_number_check", nobody, Some("sender_alphanumeric"));
    }
}
