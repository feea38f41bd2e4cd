//! The text carries a permitted header and the very hash that this sender's newest onboarding was given.

use subtle::ConstantTimeEq;

use super::{Check, Facts, Outcome};
use crate::message::Found;
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "header_hash_check",
    about: "The text is ONBOARD:<hash> with the hash that this number was given last",
    run,
};

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    let hashes = match facts.found {
        Found::NoHeader => return Err("no_header"),
        Found::NoHash => return Err("no_hash"),
        Found::Hashes(hashes) => hashes,
    };
    let onboarding = facts.known.onboarding.as_ref().ok_or("no_onboarding")?;
    // Every candidate is compared, and each in constant time: nothing tells how close a guess was.
    let matches = hashes.iter().fold(subtle::Choice::from(0), |any, hash| {
        any | hash.as_bytes().ct_eq(onboarding.hash.as_bytes())
    });
    if bool::from(matches) { Ok(()) } else { Err("hash_mismatch") }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{HASH, Sample, check};

    #[test]
    fn header_hash() {
        check("header_hash_check", Sample::default(), None);
        let text = |text: &str| Sample { text: text.to_owned(), ..Sample::default() };
        check("header_hash_check", text("hello"), Some("no_header"));
        check("header_hash_check", text("ONBOARD:abc"), Some("no_hash"));
        check("header_hash_check", text(&format!("ONBOARD:{}", HASH.replace('a', "b"))), Some("hash_mismatch"));
        check("header_hash_check", text(&format!("ONBOARD:{} ONBOARD:{HASH}", "0".repeat(64))), None);
        let stranger = Sample { state: None, ..Sample::default() };
        check("header_hash_check", stranger, Some("no_onboarding"));
    }
}
