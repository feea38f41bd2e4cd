//! This number has not been validated on this device already.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::Reason;
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "duplicate_check",
    about: "The number is not validated on this device already",
    to_sender: ToSender::Refused,
    may_be_waived: false,
    run,
    reasons: &[ALREADY_VALIDATED],
    off: None,
    rule: |_| "A number is validated once on each device.".to_owned(),
    fact: |record, _| {
        match record.pair_validated() {
            Some(true) => "The number was validated on this device before.",
            Some(false) => "The number was not validated on this device before.",
            None => "It was not checked whether the number was validated on this device before.",
        }
        .to_owned()
    },
};

const ALREADY_VALIDATED: Reason = Reason {
    word: "already_validated",
    remedy: |_, _| {
        "Nothing was missing: the number is validated on this device already. An SMS for a registration with another \
         device would have passed."
            .to_owned()
    },
};

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    if facts.sender.pair_validated { Err(ALREADY_VALIDATED) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{Sample, check};

    #[test]
    fn duplicate() {
        check("duplicate_check", Sample::default(), None);
        let validated = Sample { pair_validated: true, ..Sample::default() };
        check("duplicate_check", validated, Some("already_validated"));
    }
}
