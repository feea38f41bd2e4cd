//! Cells of a table that a spreadsheet would take for formulas: made texts by an apostrophe when they are written, and
//! read back as what they were. Not the table: whoever writes or reads it calls this for each cell.
//!
//! A spreadsheet splits a row where its own settings say, whatever the quotes: a formula may begin at the beginning of a
//! cell, and behind every separator and line break in it. Before the sign may stand spaces and what nobody sees, and the
//! sign may be a wide one.

use std::borrow::Cow;

use bridge_core::script::is_invisible;

const GUARD: char = '\'';

fn is_sign(c: char) -> bool {
    matches!(
        c,
        '=' | '+'
            | '-'
            | '@'
            | '\u{ff1d}'
            | '\u{ff0b}'
            | '\u{ff0d}'
            | '\u{ff20}'
            | '\u{2212}'
            | '\u{fe62}'
            | '\u{fe63}'
            | '\u{fe66}'
            | '\u{fe6b}'
    )
}

fn splits(c: char) -> bool {
    matches!(c, ';' | ',' | '|' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A number in E.164 is none, and everybody wants to read it as it is.
fn is_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// Does a formula begin here, behind spaces, what nobody sees, and guards?
fn begins_formula(rest: &str) -> bool {
    let behind = rest
        .trim_start_matches(|c: char| c == GUARD || c.is_whitespace() || c.is_control() || is_invisible(c));
    behind.starts_with(is_sign)
}

/// Where a formula may begin.
fn beginnings(text: &str) -> impl Iterator<Item = usize> {
    let behind = text.char_indices().filter(|(_, c)| splits(*c)).map(|(at, c)| at + c.len_utf8());
    std::iter::once(0).chain(behind)
}

/// The text as a cell: whatever a spreadsheet does with it, no formula.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if is_number(text) {
        return Cow::Borrowed(text);
    }
    let places: Vec<usize> = beginnings(text).filter(|at| begins_formula(&text[*at..])).collect();
    if places.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + places.len());
    let mut copied = 0;
    for at in places {
        out.push_str(&text[copied..at]);
        out.push(GUARD);
        copied = at;
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The text that the cell was made of.
#[must_use]
pub fn unguarded(cell: &str) -> Cow<'_, str> {
    let is_guarded = |at: &usize| cell[*at..].starts_with(GUARD) && begins_formula(&cell[*at..]);
    let places: Vec<usize> = beginnings(cell).filter(is_guarded).collect();
    if places.is_empty() {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len());
    let mut copied = 0;
    for at in places {
        out.push_str(&cell[copied..at]);
        copied = at + GUARD.len_utf8();
    }
    out.push_str(&cell[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_cell_begins_a_formula() {
        for (text, cell) in [
            ("hello", "hello"),
            ("+919876543210", "+919876543210"),
            ("+1+2", "'+1+2"),
            ("=1+1", "'=1+1"),
            ("-x", "'-x"),
            ("@y", "'@y"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{ff0d}1", "'\u{ff0d}1"),
            ("\u{ff20}1", "'\u{ff20}1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{200b} \u{a0}=1", "'\u{200b} \u{a0}=1"),
            ("a;=1", "a;'=1"),
            ("a; \u{ff1d}1", "a;' \u{ff1d}1"),
            ("\t=1", "'\t'=1"),
            ("a\r\n@b", "a\r'\n'@b"),
            ("'=1", "''=1"),
            ("it's = 1", "it's = 1"),
            ("\u{0}=1", "'\u{0}=1"),
        ] {
            assert_eq!(guarded(text), cell, "{text:?}");
            assert_eq!(unguarded(cell), text, "{cell:?}");
        }
        assert_eq!(
            unguarded("'+919876543210"),
            "+919876543210",
            "as a spreadsheet writes a number that is a text"
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[=+@;',\\|a1 \t\r\n\u{feff}\u{200b}\u{ff1d}\u{ff0b}-]{0,12}", any: String) {
            for text in [text, any] {
                let cell = guarded(&text);
                prop_assert_eq!(unguarded(&cell), text.as_str());
                prop_assert!(is_number(&text) || cell.split(splits).all(|part| {
                    !part.trim_start_matches(|c: char| c.is_whitespace() || is_invisible(c)).starts_with(is_sign)
                }), "{:?}", cell);
            }
        }
    }
}
