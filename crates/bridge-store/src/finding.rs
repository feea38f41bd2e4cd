//! What `doctor` finds when it looks at a store, and how bad it is. Not how it looks.

use serde::Serialize;

/// Something that `doctor` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether something must be done.
    pub level: Level,
    /// What was looked at, in a word or two.
    pub what: String,
    /// What was found.
    pub found: String,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Good,
    /// It works, and something may be lost or go wrong.
    Warning,
    /// It does not work.
    Problem,
}

impl Level {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Problem => "problem",
        }
    }
}
