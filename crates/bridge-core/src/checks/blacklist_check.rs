//! The sender is not blacklisted.

use super::{Check, Facts, Outcome};
use crate::settings::Settings;

pub(super) const CHECK: Check = Check { name: "blacklist_check", about: "The sender is not blacklisted", run };

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    if facts.known.blacklisted { Err("blacklisted") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{Sample, check};

    #[test]
    fn blacklist() {
        check("blacklist_check", Sample::default(), None);
        check("blacklist_check", Sample { blacklisted: true, ..Sample::default() }, Some("blacklisted"));
    }
}
