//! This number has not been validated on this device already.

use super::{Check, Facts, Outcome};
use crate::settings::Settings;

pub(super) const CHECK: Check =
    Check { name: "duplicate_check", about: "The number is not validated on this device already", run };

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    if facts.known.pair_validated { Err("already_validated") } else { Ok(()) }
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
