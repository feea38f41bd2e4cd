//! The sender has not sent more SMS in 24 hours than allowed. The counting happened at intake (D3).

use super::{Check, Facts, Outcome};
use crate::settings::Settings;

pub(super) const CHECK: Check =
    Check { name: "count_check", about: "The sender has not sent too many SMS in 24 hours", run };

fn run(facts: &Facts<'_>, settings: &Settings) -> Outcome {
    if facts.known.sms_in_window > i64::from(settings.count_check_threshold) { Err("too_many_sms") } else { Ok(()) }
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
