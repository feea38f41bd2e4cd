//! The text carries a permitted header and the very hash that an onboarding of this sender was given.

use super::check::{Check, Facts, Outcome, ToSender};
use super::reason::{NO_ONBOARDING, Reason};
use crate::check_id::CheckId;
use crate::message::{Hashes, find_hashes};
use crate::settings::Settings;
use crate::verdict::{Code, Verdict};

pub(super) const CHECK: Check = Check {
    name: "header_hash_check",
    about: "The text is ONBOARD:<hash> with a hash that this number was given",
    to_sender: ToSender::NotMatched,
    may_be_waived: false,
    run,
    reasons: &[NO_HEADER, NO_HASH, HASH_CUT, NO_ONBOARDING, HASH_MISMATCH],
    off: Some(
        "Any SMS of a number that registered validates it, whatever its text says: nothing shows any more that its \
         holder meant this registration.",
    ),
    rule: |settings| {
        format!(
            "The text must be {} and the 64 characters that the app showed for this number (permitted_headers).",
            headers(settings)
        )
    },
    fact: |record, settings| match find_hashes(&record.sms.text, &settings.permitted_headers).hashes {
        Hashes::NoHeader => format!("The text has no {}.", headers(settings)),
        Hashes::NoHash => {
            format!("The text has {}, but not 64 characters of a hash behind it.", headers(settings))
        }
        Hashes::Cut(digits) => {
            format!("The text has {} and {digits} of the 64 characters of a hash.", headers(settings))
        }
        Hashes::Some(hashes) => match record.onboarding() {
            Some(onboarding) => format!(
                "The text has the hash {}, and the number was given {}.",
                shortened(&hashes),
                short(&onboarding.hash)
            ),
            None => format!("The text has the hash {}.", shortened(&hashes)),
        },
    },
};

const NO_HEADER: Reason = Reason {
    word: "no_header",
    remedy: |_, settings| {
        format!(
            "The text must be exactly {} and the 64 characters the app shows; this text has no {0}.",
            headers(settings)
        )
    },
};

const NO_HASH: Reason = Reason {
    word: "no_hash",
    remedy: |_, settings| {
        format!(
            "The text must be exactly {} and the 64 characters the app shows; in this text they are missing or cut short.",
            headers(settings)
        )
    },
};

const HASH_CUT: Reason = Reason {
    word: "hash_cut",
    remedy: |_, settings| {
        format!(
            "At least half of the 64 characters behind {} must arrive: this text ends before. Something on its way cuts \
             texts short: send it without any signature and without letters that a plain SMS has not.",
            headers(settings)
        )
    },
};

const HASH_MISMATCH: Reason = Reason {
    word: "hash_mismatch",
    remedy: |_, settings| {
        format!(
            "The text must be exactly {} and the 64 characters the app shows; this text has another hash.",
            headers(settings)
        )
    },
};

fn headers(settings: &Settings) -> String {
    let headers: Vec<String> = settings.permitted_headers.iter().map(|header| format!("{header}:")).collect();
    headers.join(" or ")
}

fn shortened(hashes: &[String]) -> String {
    hashes.iter().map(|hash| short(hash)).collect::<Vec<_>>().join(" and ")
}

/// Enough of a hash to tell it from another one.
fn short(hash: &str) -> String {
    format!("{}…", hash.chars().take(8).collect::<String>())
}

fn run(facts: &Facts<'_>, _: &Settings) -> Outcome {
    // A text with nothing but a short code has no hash.
    if facts.sender.onboarding.as_ref().is_some_and(|o| facts.found.holds(&o.hash, o.asked.short)) {
        return Ok(());
    }
    match facts.found.hashes {
        Hashes::NoHeader => return Err(NO_HEADER),
        Hashes::NoHash => return Err(NO_HASH),
        Hashes::Cut(_) => return Err(HASH_CUT),
        Hashes::Some(_) => {}
    }
    Err(if facts.sender.onboarding.is_none() { NO_ONBOARDING } else { HASH_MISMATCH })
}

impl Settings {
    /// Every SMS that passes holds a hash, which nobody could send before it was made (decisions.md D39).
    pub(super) fn asks_for_a_hash(&self) -> bool {
        self.is_enabled_by_name(CHECK.name)
    }

    /// These, with that made sure.
    pub(crate) fn asking_for_a_hash(&self) -> Settings {
        let mut settings = self.clone();
        if let Some(check) = CheckId::from_name(CHECK.name) {
            settings.checks_enabled[check.index()] = true;
        }
        settings
    }
}

impl Verdict {
    /// This check was on.
    pub(crate) fn asked_for_a_hash(&self) -> bool {
        CheckId::from_name(CHECK.name).is_some_and(|check| self.codes.of(check) != Code::Disabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{DEADLINE, HASH, REQUESTED, Sample, check};
    use crate::time::{DAY, Span};

    #[test]
    fn header_hash() {
        check("header_hash_check", Sample::default(), None);
        let text = |text: &str| Sample { text: text.to_owned(), ..Sample::default() };
        check("header_hash_check", text("hello"), Some("no_header"));
        check("header_hash_check", text("ONBOARD:abc"), Some("no_hash"));
        check("header_hash_check", text(&format!("ONBOARD:{}", &HASH[..59])), None);
        check("header_hash_check", text(&format!("ONBOARD%3A{}", &HASH[..32])), None);
        check("header_hash_check", text(&format!("ONBOARD:{}", &HASH[..31])), Some("hash_cut"));
        check("header_hash_check", text(&format!("ONBOARD:{}f", &HASH[..40])), Some("hash_mismatch"));
        check(
            "header_hash_check",
            text(&format!("ONBOARD:{}", HASH.replace('a', "b"))),
            Some("hash_mismatch"),
        );
        check("header_hash_check", text(&format!("ONBOARD:{} ONBOARD:{HASH}", "0".repeat(64))), None);
        let stranger = Sample { state: None, ..Sample::default() };
        check("header_hash_check", stranger, Some("no_onboarding"));
    }

    #[test]
    fn without_it_a_stamp_must_not_lie_before_the_registration() {
        let mut settings = Settings::default();
        settings.checks_enabled[CheckId::from_name(CHECK.name).unwrap().index()] = false;
        let minute = Span(60_000);
        let at = REQUESTED + minute;
        let off = |received| Sample {
            settings: settings.clone(),
            received,
            arrived: at,
            judged: at,
            ..Sample::default()
        };
        let reason = |sample: Sample| sample.verdict().reason;
        assert_eq!(reason(off(REQUESTED - minute)), None);
        assert_eq!(reason(off(REQUESTED - minute - Span(1))).as_deref(), Some("before_registration"));
        assert_eq!(reason(off(DEADLINE + DAY)), None, "it arrived in time");
        assert_eq!(reason(Sample { stamped: false, ..off(at) }), None);
    }
}
