//! Cells of a table that a spreadsheet would take for formulas, or for numbers that it rounds: made texts by an apostrophe
//! when they are written, and read back as what they were. Not the table: whoever writes or reads it calls this for each
//! cell.
//!
//! A spreadsheet splits a row where its own settings say, whatever the quotes: a formula may begin at the beginning of a
//! cell, and behind every separator and line break in it. Before the sign may stand spaces and what nobody sees, and the
//! sign may be a wide one.

use std::borrow::Cow;

use bridge_core::phone;
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

/// It may stand before the sign.
fn is_before_sign(c: char) -> bool {
    c == GUARD || c.is_whitespace() || c.is_control() || is_invisible(c)
}

/// Is it like a number that was rounded, behind guards? Somebody sent it so, and a spreadsheet would write it anew.
fn is_like_rounded(text: &str) -> bool {
    !text.contains(splits) && phone::is_rounded(text.trim_start_matches(GUARD))
}

/// Is it digits behind an apostrophe? People write so a number that is to stay a text, and the apostrophe is not read.
fn is_kept_number(text: &str) -> bool {
    text.starts_with(GUARD) && text.trim_start_matches(GUARD).starts_with(|c: char| c.is_ascii_digit())
}

/// Where a guard must stand: at the beginning and behind each separator, if a formula begins there.
fn places(text: &str, kept_number: bool) -> Vec<usize> {
    let mut places = Vec::new();
    // From the end, so that each character is looked at once.
    let mut formula = false;
    for (at, c) in text.char_indices().rev() {
        if formula && splits(c) {
            places.push(at + c.len_utf8());
        }
        formula = is_sign(c) || formula && is_before_sign(c);
    }
    if formula || kept_number || is_like_rounded(text) {
        places.push(0);
    }
    places.reverse();
    places
}

/// The text as a cell: whatever a spreadsheet does with it, no formula.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    let places = places(text, is_kept_number(text));
    if places.is_empty() || is_number(text) {
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
    let mut places = places(cell, cell.strip_prefix(GUARD).is_some_and(is_kept_number));
    places.retain(|at| cell[*at..].starts_with(GUARD));
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
            ("4.47911E+11", "'4.47911E+11"),
            ("'4.47911E+11", "''4.47911E+11"),
            ("447911123456.5", "'447911123456.5"),
            ("+4.47911E+11", "'+4.47911E+11"),
            ("447911123456.0", "447911123456.0"),
            ("'57575", "''57575"),
            ("57575", "57575"),
        ] {
            assert_eq!(guarded(text), cell, "{text:?}");
            assert_eq!(unguarded(cell), text, "{cell:?}");
        }
        assert_eq!(
            unguarded("'+919876543210"),
            "+919876543210",
            "as a spreadsheet writes a number that is a text"
        );
        assert_eq!(unguarded("'57575"), "'57575", "as people do, which is for the column to say");
    }

    #[test]
    fn a_long_cell_takes_no_time() {
        // Each of them would be looked at from each of those before it.
        let long = "\n".repeat(1 << 20);
        assert_eq!(guarded(&long), long);
        assert_eq!(unguarded(&long), long);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[=+@;',\\|a1E. \t\r\n\u{feff}\u{200b}\u{ff1d}\u{ff0b}-]{0,12}", any: String) {
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
