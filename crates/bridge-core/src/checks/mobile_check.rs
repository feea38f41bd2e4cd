//! The sender is a mobile number in E.164.

use super::{Check, Facts, Outcome};
use crate::phone::PhoneError;
use crate::settings::Settings;

pub(super) const CHECK: Check =
    Check { name: "mobile_check", about: "The sender is a mobile number, not a name or a short code", run };

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    facts.sender().map(|_| ()).map_err(PhoneError::code)
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
