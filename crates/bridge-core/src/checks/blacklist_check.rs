//! The sender is not blacklisted.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::Reason;
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "blacklist_check",
    about: "The sender is not blacklisted",
    to_sender: ToSender::Refused,
    may_be_waived: false,
    run,
    reasons: &[BLACKLISTED],
    off: Some("Blacklisted numbers register and are validated like any other."),
    rule: |_| "The sender must not be on the blacklist.".to_owned(),
    fact: |record, _| {
        match record.blacklisted() {
            Some(true) => "The sender was on the blacklist.",
            Some(false) => "The sender was not on the blacklist.",
            None => "It was not checked whether the sender was on the blacklist.",
        }
        .to_owned()
    },
};

const BLACKLISTED: Reason = Reason {
    word: "blacklisted",
    remedy: |_, _| "The number must be taken off the blacklist before it sends its SMS.".to_owned(),
};

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    if facts.sender.blacklisted { Err(BLACKLISTED) } else { Ok(()) }
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
