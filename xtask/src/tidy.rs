//! `cargo xtask tidy`: the house rules that no compiler checks, all violations at once. One file per
//! family of rules. Not formatting (rustfmt) and nothing that clippy can say.

mod circles;
mod edges;
mod files;
mod shape;
mod words;

use std::fmt;

pub(crate) use self::files::listed;
use crate::source::Source;
use crate::{Outcome, workspace};

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    what: String,
}

impl Violation {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Violation {
        Violation { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// The rules for one Rust file. To add a rule, add a function.
const RUST_RULES: &[fn(&Source) -> Vec<Violation>] = &[
    shape::header,
    shape::file_length,
    shape::function_length,
    words::banned_in_rust,
    words::ignored_tests,
    words::vague_docs,
];

/// Prints every violation; fails if there is one.
pub(crate) fn run() -> Outcome {
    let violations = check()?;
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        1 => Err("1 house rule broken".into()),
        many => Err(format!("{many} house rules broken").into()),
    }
}

fn check() -> Outcome<Vec<Violation>> {
    let root = workspace::root();
    let paths = files::listed(root)?;
    let packages = workspace::metadata()?.packages;
    let mut found = edges::forbidden(&packages);
    found.extend(circles::of_imports(&packages)?);
    for path in &paths {
        found.extend(files::name(path));
        let file = root.join(path);
        let size = file.metadata().map_or(0, |meta| meta.len());
        found.extend(files::size(path, size));
        if path.ends_with(".rs") {
            let source = Source::new(path, std::fs::read_to_string(&file)?);
            found.extend(RUST_RULES.iter().flat_map(|rule| rule(&source)));
        } else if words::is_hand_written(path) {
            found.extend(words::banned_in_text(path, &std::fs::read_to_string(&file)?));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_reads_like_a_compiler_error() {
        let violation = Violation::new("crates/a/src/lib.rs", 7, "this, do that instead");
        assert_eq!(violation.to_string(), "crates/a/src/lib.rs:7: this, do that instead");
    }

    #[test]
    fn every_listed_file_can_be_checked() {
        check().unwrap();
    }
}
