//! A verdict at a glance: seven dots in the order of 003, and one word.

use bridge_core::checks::CheckId;
use bridge_core::verdict::{Code, Codes, FailedAt, Verdict};

use super::words;

/// The result of one check, as a dot.
#[derive(Clone, Debug)]
pub(crate) struct Dot {
    pub(crate) check: &'static str,
    /// `pass`, `fail`, `off` or `skip`, for the style sheet.
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
}

/// What the style sheet calls a result.
pub(crate) fn class_of(code: Code) -> &'static str {
    match code {
        Code::Pass => "pass",
        Code::Fail => "fail",
        Code::Disabled => "off",
        Code::NotApplicable => "skip",
    }
}

/// The results of all checks, in the order of 003.
#[derive(Clone, Debug)]
pub(crate) struct Dots(pub(crate) Vec<Dot>);

impl Dots {
    pub(crate) fn of(codes: &Codes) -> Dots {
        let dot = |check: CheckId| {
            let code = codes.of(check);
            Dot { check: check.name(), class: class_of(code), word: code.word() }
        };
        Dots(CheckId::all().map(dot).collect())
    }

    /// For those who do not see the dots.
    pub(crate) fn label(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|dot| format!("{} {}", dot.check, dot.word)).collect();
        words.join(", ")
    }
}

/// Passed, or where it failed.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// `good` or `bad`.
    pub(crate) class: &'static str,
    pub(crate) word: String,
    /// The check that failed, as the program calls it.
    pub(crate) code: Option<String>,
}

impl Outcome {
    pub(crate) fn of_verdict(verdict: &Verdict) -> Outcome {
        Outcome::of(verdict.failed_at.map(FailedAt::as_str))
    }

    pub(crate) fn of(failed_at: Option<&str>) -> Outcome {
        match failed_at {
            None => Outcome { class: "good", word: "passed".to_owned(), code: None },
            Some(check) => {
                Outcome { class: "bad", word: words::failed_at(check), code: Some(check.to_owned()) }
            }
        }
    }
}
