//! Why a server cannot be had. One error for all: a test can do nothing but show it.

use std::fmt;

/// A sentence for the person who reads the test's output.
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct Problem(String);

/// The result of asking for a server.
pub type Result<T> = std::result::Result<T, Problem>;

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Problem {
        Problem(text.into())
    }

    /// For `map_err`: what was attempted, and what the system said.
    pub(crate) fn when<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Problem {
        move |why| Problem(format!("{what}: {why}"))
    }
}

/// As `Display`, because `unwrap` in a test prints this one.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
