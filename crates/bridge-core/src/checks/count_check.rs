//! The sender has not sent more SMS in 24 hours than allowed. The counting happened at intake (D3).

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::Reason;
use crate::settings::Settings;

pub(super) const CHECK: Check = Check {
    name: "count_check",
    about: "The sender has not sent too many SMS in 24 hours",
    to_sender: ToSender::TooMany,
    may_be_waived: false,
    run,
    reasons: &[TOO_MANY],
    off: Some("A number may guess hashes until it is blacklisted."),
    rule: |settings| {
        format!(
            "At most {} SMS of one number in 24 hours (count_check_threshold).",
            settings.count_check_threshold
        )
    },
    fact: |record, _| match record.sms_in_window {
        0 => "This SMS was not counted: its sender is no number, or it was more than a day old.".to_owned(),
        n => format!("This was number {n} of its sender in 24 hours."),
    },
};

const TOO_MANY: Reason = Reason {
    word: "too_many_sms",
    remedy: |record, settings| {
        format!(
            "At most {} SMS of one number pass in 24 hours, and this was number {}: an SMS sent a day after the first of \
             them would have passed.",
            settings.count_check_threshold, record.sms_in_window
        )
    },
};

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    if facts.sender.sms_in_window > i64::from(settings.count_check_threshold) {
        Err(TOO_MANY)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::samples::{Sample, check};

    #[test]
    fn count() {
        let sent = |sms_in_window| Sample { sms_in_window, ..Sample::default() };
        check("count_check", sent(0), None);
        check("count_check", sent(5), None);
        check("count_check", sent(6), Some("too_many_sms"));
    }
}
