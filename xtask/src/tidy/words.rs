//! Words that may not be left in the repository, and attributes that hide a test. Not spelling.

use super::Violation;
use crate::source::{Source, line_at};

/// Left in a file they mean that something is not finished.
const UNFINISHED_MACROS: &[&str] = &["todo!(", "unimplemented!("];
const UNFINISHED_MARKS: &[&str] = &["FIXME", "XXX"];
/// A doc line of these words alone says nothing that the name beside it does not say.
const VAGUE_DOCS: &[&str] = &[
    "How.",
    "It.",
    "See above.",
    "See below.",
    "What.",
    "When.",
    "Where.",
    "Which.",
    "Who.",
    "Whom.",
    "Why.",
];
/// Endings of the files, besides Rust, that people write and that may not hold an unfinished mark.
const HAND_WRITTEN: &[&str] = &[".sql", ".toml", ".yml", ".yaml", ".ts", ".js", ".css", ".html", ".sh"];

pub(crate) fn banned_in_rust(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for word in UNFINISHED_MACROS {
        let what = format!("`{word}`: write it, or return an error that says what is not supported");
        found.extend(places(&source.path, &source.code, word, &what));
    }
    found.extend(banned_in_text(&source.path, &source.unquoted));
    found
}

pub(crate) fn banned_in_text(path: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for word in UNFINISHED_MARKS {
        let what = format!("`{word}`: do it now, or say in words what holds and why");
        found.extend(places(path, text, word, &what));
    }
    found
}

pub(crate) fn is_hand_written(path: &str) -> bool {
    HAND_WRITTEN.iter().any(|ending| path.ends_with(ending))
}

/// A test that does not run proves nothing.
pub(crate) fn ignored_tests(source: &Source) -> Vec<Violation> {
    let what = "`#[ignore]`: make the test run everywhere, or delete it";
    let mut found = places(&source.path, &source.code, "#[ignore", what);
    found.extend(places(&source.path, &source.code, ", ignore)]", what));
    found
}

/// Doc lines that say nothing.
pub(crate) fn vague_docs(source: &Source) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, line) in source.unquoted.lines().enumerate() {
        let line = line.trim();
        let Some(said) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else { continue };
        if VAGUE_DOCS.contains(&said.trim()) {
            let what = format!("`{}`: say what it is, with its unit, its source or its limits", said.trim());
            found.push(Violation::new(&source.path, at + 1, what));
        }
    }
    found
}

/// Every place where `word` stands alone, not as part of a longer word.
fn places(path: &str, text: &str, word: &str, what: &str) -> Vec<Violation> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let bare = word.chars().all(in_word);
    let alone = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let starts = !word.starts_with(in_word) || !before.is_some_and(in_word);
        starts && !(bare && after.is_some_and(in_word))
    };
    let hits = text.match_indices(word).map(|(at, _)| at).filter(|at| alone(*at));
    hits.map(|at| Violation::new(path, line_at(text, at), what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Source) -> Vec<Violation>, text: &str) -> Vec<usize> {
        rule(&Source::new("a.rs", text.to_owned())).iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn finds_what_is_not_finished() {
        let text = "fn a() {\n    todo!()\n}\n// FIXME later\nfn b() { unimplemented!(\"x\") } // XXX";
        let mut found = lines(banned_in_rust, text);
        found.sort_unstable();
        assert_eq!(found, [2, 4, 5, 5]);
    }

    #[test]
    fn leaves_strings_and_longer_words_alone() {
        let text =
            "let a = \"todo!( FIXME XXX\";\nlet xxx = 1; // XXXL, my_todo!() is not the macro\nmy_todo!();";
        assert_eq!(lines(banned_in_rust, text), [0_usize; 0]);
    }

    #[test]
    fn finds_ignored_tests() {
        assert_eq!(lines(ignored_tests, "#[test]\n#[ignore]\nfn a() {}"), [2]);
        assert_eq!(lines(ignored_tests, "#[ignore = \"slow\"]\nfn a() {}"), [1]);
        assert_eq!(lines(ignored_tests, "#[cfg_attr(unix, ignore)]\nfn a() {}"), [1]);
        assert_eq!(lines(ignored_tests, "// #[ignore] is banned\nfn ignored() {}"), [0_usize; 0]);
    }

    #[test]
    fn finds_docs_that_say_nothing() {
        let text = "/// See above.\nstruct S {\n    /// Who.\n    who: u8,\n    /// Who asked.\n    by: u8,\n}\n// Who.";
        assert_eq!(lines(vague_docs, text), [1, 3]);
        assert_eq!(lines(vague_docs, "let a = \"\n/// Who.\n\";"), [0_usize; 0]);
    }

    #[test]
    fn other_hand_written_files_are_read_too() {
        assert!(is_hand_written("crates/a/migrations/0001.sql") && !is_hand_written("docs/STYLE.md"));
        assert_eq!(banned_in_text("a.sql", "select 1;\n-- FIXME\n").len(), 1);
    }
}
