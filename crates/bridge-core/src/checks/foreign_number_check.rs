//! The sender's country is allowed, compared by calling code: +1 is both Canada and the Bahamas (D5).

use super::{Check, Facts, Outcome};
use crate::phone::PhoneError;
use crate::settings::Settings;

pub(super) const CHECK: Check =
    Check { name: "foreign_number_check", about: "The number belongs to an allowed country", run };

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    let sender = facts.sender().map_err(PhoneError::code)?;
    if settings.allows_country(sender) { Ok(()) } else { Err("country_not_allowed") }
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
