//! The text of an SMS: finding the hash a person sent through every keyboard and phone on the way
//! (decisions.md D10), comparing it with the hash that was given, and making any text storable (D23). Not the verdict:
//! that is header_hash_check.

use std::borrow::Cow;

use subtle::ConstantTimeEq;

/// Length of a SHA-256 in lowercase hex.
pub const HASH_HEX_LEN: usize = 64;
/// At most this many hashes are read from one text: a long text costs no more than a short one.
const CANDIDATES_MAX: usize = 8;

/// What the search for `ONBOARD:<hash>` in one text found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No permitted header followed by a colon.
    NoHeader,
    /// A header, but not 64 hexadecimal digits behind it.
    NoHash,
    /// One or more hashes, in the order they stand in the text, in lower case.
    Hashes(Vec<String>),
}

impl Found {
    /// Is that hash among them? Every candidate is compared, and each in constant time: nothing tells how close a
    /// guess was.
    #[must_use]
    pub fn holds(&self, hash: &str) -> bool {
        let Found::Hashes(hashes) = self else { return false };
        let none = subtle::Choice::from(0);
        hashes.iter().fold(none, |any, found| any | found.as_bytes().ct_eq(hash.as_bytes())).into()
    }
}

/// Finds `HEADER:<64 hex digits>` anywhere in the text, whatever case, spaces, line breaks, zero-width
/// or full-width characters stand between, and whatever signature follows.
#[must_use]
pub fn find_hashes(text: &str, permitted_headers: &[String]) -> Found {
    let compact = compact(text);
    let mut found = Found::NoHeader;
    // Compared without spaces and in lower case on both sides: keyboards put a space behind a colon and capitals first.
    for header in permitted_headers {
        let mark = format!("{}:", self::compact(header));
        let mut rest = compact.as_str();
        while let Some(at) = rest.find(&mark) {
            rest = &rest[at + mark.len()..];
            let hex = rest.bytes().take(HASH_HEX_LEN).take_while(u8::is_ascii_hexdigit).count();
            if hex < HASH_HEX_LEN {
                if found == Found::NoHeader {
                    found = Found::NoHash;
                }
                continue;
            }
            let hash = rest[..HASH_HEX_LEN].to_owned();
            match &mut found {
                Found::Hashes(hashes) if hashes.len() >= CANDIDATES_MAX => return found,
                Found::Hashes(hashes) => hashes.push(hash),
                Found::NoHeader | Found::NoHash => found = Found::Hashes(vec![hash]),
            }
        }
    }
    found
}

/// The text without anything a person cannot see, narrow and in lower case.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !is_invisible(*c))
        .map(narrow)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Characters that a keyboard or an app slips in and nobody sees: zero-width spaces and joiners, the
/// soft hyphen, direction marks, the byte order mark, variation selectors.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// A full-width form (U+FF01..U+FF5E) as its ASCII twin; any other character as it is.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// The text with NUL written as `\u0000`, because no SQL TEXT can hold one: a bad message is kept
/// readable and never stops a dump (D23).
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\\u0000")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66abcd";

    fn find(text: &str) -> Found {
        find_hashes(text, &["ONBOARD".to_owned()])
    }

    #[test]
    fn survives_keyboards_apps_and_signatures() {
        let upper = HASH.to_uppercase();
        let spaced: String = HASH.chars().flat_map(|c| [c, ' ']).collect();
        let wide: String =
            format!("ONBOARD:{HASH}").chars().map(|c| char::from_u32(c as u32 + 0xfee0).unwrap()).collect();
        for text in [
            format!("ONBOARD:{HASH}"),
            format!("onboard:{HASH}"),
            format!("  OnBoard : {HASH} "),
            format!("ONBOARD:\n{}\r\n{}", &HASH[..30], &HASH[30..]),
            format!("ONBOARD:{spaced}"),
            format!("ONBOARD:{upper}"),
            format!("ONBOARD\u{a0}:\u{200b}{HASH}\u{feff}"),
            wide,
            format!("ONBOARD:{HASH}\nSent from my phone"),
            format!("ONBOARD:{HASH}Bob"),
            format!("Hello!\nONBOARD:{HASH}"),
        ] {
            assert_eq!(find(&text), Found::Hashes(vec![HASH.to_owned()]), "{text:?}");
        }
    }

    #[test]
    fn names_what_is_missing() {
        for text in ["", "hello", HASH, "ONBOARD", "ONBOARD a06f", "BOARD:a06f"] {
            assert_eq!(find(text), Found::NoHeader, "{text:?}");
        }
        for text in
            ["ONBOARD:", "ONBOARD:hello", &format!("ONBOARD:{}", &HASH[1..]), &format!("ONBOARD:x{HASH}")]
        {
            assert_eq!(find(text), Found::NoHash, "{text:?}");
        }
    }

    #[test]
    fn reads_several_but_not_any_number() {
        let other = HASH.replace('a', "b");
        let two = format!("ONBOARD:{HASH} ONBOARD:{other}");
        assert_eq!(find(&two), Found::Hashes(vec![HASH.to_owned(), other]));
        let Found::Hashes(many) = find(&format!("ONBOARD:{HASH} ").repeat(100)) else { panic!() };
        assert_eq!(many.len(), CANDIDATES_MAX);
    }

    #[test]
    fn nul_is_kept_readable() {
        assert_eq!(storable("a\0b"), "a\\u0000b");
        assert_eq!(storable("plain"), "plain");
    }
}
