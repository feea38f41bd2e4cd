//! A judgement at a glance: seven dots in the order of 003, and one word.

use bridge_core::checks::CheckId;
use bridge_core::verdict::{Code, Codes, FailedAt, Verdict};

/// One dot.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Dot {
    pub(in crate::desk) check: &'static str,
    /// `pass`, `fail`, `off` or `skip`, for the style sheet.
    pub(in crate::desk) class: &'static str,
    pub(in crate::desk) word: &'static str,
}

/// What the style sheet calls a result.
pub(in crate::desk) fn class_of(code: Code) -> &'static str {
    match code {
        Code::Pass => "pass",
        Code::Fail => "fail",
        Code::Disabled => "off",
        Code::NotApplicable => "skip",
    }
}

/// The seven.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Dots(pub(in crate::desk) Vec<Dot>);

impl Dots {
    pub(in crate::desk) fn of(codes: &Codes) -> Dots {
        let dot = |check: CheckId| {
            let code = codes.of(check);
            Dot { check: check.name(), class: class_of(code), word: code.word() }
        };
        Dots(CheckId::all().map(dot).collect())
    }

    /// For those who do not see the dots.
    pub(in crate::desk) fn label(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|dot| format!("{} {}", dot.check, dot.word)).collect();
        words.join(", ")
    }
}

/// Passed, or where it failed.
#[derive(Clone, Debug)]
pub(in crate::desk) struct Outcome {
    /// `good` or `bad`.
    pub(in crate::desk) class: &'static str,
    pub(in crate::desk) word: String,
}

impl Outcome {
    pub(in crate::desk) fn of_verdict(verdict: &Verdict) -> Outcome {
        Outcome::of(verdict.failed_at.map(FailedAt::as_str))
    }

    pub(in crate::desk) fn of(failed_at: Option<&str>) -> Outcome {
        match failed_at {
            None => Outcome { class: "good", word: "passed".to_owned() },
            Some(check) => Outcome { class: "bad", word: check.to_owned() },
        }
    }
}
