//! The text of an SMS: finding the hash a person sent through every keyboard and phone on the way
//! (decisions.md D10), comparing it with the hash that was given, and making any text storable (D23). Not the verdict:
//! that is header_hash_check.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Length of a SHA-256 in lowercase hex.
pub const HASH_HEX_LEN: usize = 64;
/// So many of its digits are enough where the end of an SMS was cut off: 128 bits (D41).
pub const HASH_HEX_ENOUGH: usize = 32;
/// Fewer digits than this before the end may be a word.
const HASH_HEX_SEEN: usize = 8;
/// At most this many hashes are read from one text: a long text costs no more than a short one.
const CANDIDATES_MAX: usize = 8;

/// What the search for `ONBOARD:<hash>` in one text found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// No permitted header followed by a colon.
    NoHeader,
    /// A header, but no hexadecimal digits of a hash behind it.
    NoHash,
    /// A header, and at the end of the text so many digits of a hash: too few to tell which.
    Cut(usize),
    /// One or more hashes, in the order they stand in the text, in lower case. One that reaches the end of the text may
    /// lack its own end: compare with [`agrees`].
    Hashes(Vec<String>),
}

impl Found {
    /// Is that hash among them? Every candidate is compared, and each in constant time: nothing tells how close a
    /// guess was.
    #[must_use]
    pub fn holds(&self, hash: &str) -> bool {
        let Found::Hashes(hashes) = self else { return false };
        hashes.iter().fold(Choice::from(0), |any, found| any | agrees(found, hash)).into()
    }
}

/// Is this the hash, or its beginning where the text was cut off? In constant time for what stands there; all of it
/// must agree.
#[must_use]
pub fn agrees(found: &str, hash: &str) -> Choice {
    let enough = Choice::from(u8::from((HASH_HEX_ENOUGH..=hash.len()).contains(&found.len())));
    let beginning = hash.as_bytes().get(..found.len()).unwrap_or_default();
    enough & found.as_bytes().ct_eq(beginning)
}

/// The longest text that is kept of an SMS. The longest that networks join has 255 parts of 153 letters.
pub const TEXT_MAX_CHARS: usize = 40_000;

/// The text, cut where it is longer than any SMS (B16). What was cut is marked at its end, with the digest of the whole: two
/// texts that differ behind the cut stay two.
#[must_use]
pub fn bounded(text: String) -> String {
    let Some((at, _)) = text.char_indices().nth(TEXT_MAX_CHARS) else { return text };
    let whole = hex(&Sha256::digest(text.as_bytes()));
    let mark = format!("\n[cut by the bridge: {} characters, SHA-256 {whole}]", text.chars().count());
    let kept = text.char_indices().nth(TEXT_MAX_CHARS - mark.chars().count()).map_or(at, |(kept, _)| kept);
    format!("{}{mark}", &text[..kept])
}

/// Bytes in lowercase hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Finds `HEADER:<64 hex digits>` anywhere in the text, whatever case, spaces, line breaks, zero-width
/// or full-width characters stand between, and whatever signature follows.
#[must_use]
pub fn find_hashes(text: &str, permitted_headers: &[String]) -> Found {
    let compact = compact(text);
    let mut found = Found::NoHeader;
    // Compared without spaces and in lower case on both sides: keyboards put a space behind a colon and capitals first.
    for header in permitted_headers {
        let mark = self::compact(header);
        let mut rest = compact.as_str();
        while let Some(at) = rest.find(&mark) {
            rest = &rest[at + mark.len()..];
            // Some apps leave the colon of a link as it was encoded there (D47).
            let Some(behind) = [":", "%3a"].iter().find_map(|colon| rest.strip_prefix(colon)) else {
                continue;
            };
            rest = behind;
            let hex = rest.bytes().take(HASH_HEX_LEN).take_while(u8::is_ascii_hexdigit).count();
            let is_cut = hex == rest.len();
            if hex < HASH_HEX_LEN && !(is_cut && hex >= HASH_HEX_ENOUGH) {
                found = match found {
                    Found::NoHeader | Found::NoHash if is_cut && hex >= HASH_HEX_SEEN => Found::Cut(hex),
                    Found::NoHeader => Found::NoHash,
                    known => known,
                };
                continue;
            }
            let hash = rest[..hex].to_owned();
            match &mut found {
                Found::Hashes(hashes) if hashes.len() >= CANDIDATES_MAX => return found,
                Found::Hashes(hashes) => hashes.push(hash),
                Found::NoHeader | Found::NoHash | Found::Cut(_) => found = Found::Hashes(vec![hash]),
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
            format!("ONBOARD%3A{HASH}"),
            format!("onboard%3a {HASH}"),
        ] {
            assert_eq!(find(&text), Found::Hashes(vec![HASH.to_owned()]), "{text:?}");
        }
    }

    #[test]
    fn names_what_is_missing() {
        for text in ["", "hello", HASH, "ONBOARD", "ONBOARD a06f", "BOARD:a06f"] {
            assert_eq!(find(text), Found::NoHeader, "{text:?}");
        }
        let broken = format!("ONBOARD:{} Zoe", &HASH[1..]);
        for text in ["ONBOARD:", "ONBOARD:hello", "ONBOARD:face", &broken, &format!("ONBOARD:x{HASH}")] {
            assert_eq!(find(text), Found::NoHash, "{text:?}");
        }
    }

    /// D41: 72 characters are one SMS in GSM-7 and two in UCS-2.
    #[test]
    fn half_of_a_hash_at_the_end_is_enough() {
        for length in [HASH_HEX_ENOUGH, 59, 63] {
            let text = format!("ONBOARD:{}", &HASH[..length]);
            assert_eq!(find(&text), Found::Hashes(vec![HASH[..length].to_owned()]), "{length}");
            assert_eq!(find(&format!("{text} \n")), Found::Hashes(vec![HASH[..length].to_owned()]));
            assert!(bool::from(agrees(&HASH[..length], HASH)), "{length}");
            assert_eq!(find(&format!("{text} Zoe")), Found::NoHash, "it does not reach the end");
        }
        for length in [HASH_HEX_SEEN, HASH_HEX_ENOUGH - 1] {
            assert_eq!(find(&format!("ONBOARD:{}", &HASH[..length])), Found::Cut(length));
            assert!(!bool::from(agrees(&HASH[..length], HASH)), "{length}");
        }
        let mut other = HASH[..40].to_owned();
        other.replace_range(39..40, if other.ends_with('0') { "1" } else { "0" });
        assert!(!bool::from(agrees(&other, HASH)), "all that stands there must agree");
        assert!(!bool::from(agrees(&format!("{HASH}0"), HASH)) && !bool::from(agrees("", HASH)));
        assert!(bool::from(agrees(HASH, HASH)));
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
    fn a_text_longer_than_any_sms_is_cut_and_marked() {
        let longest = "\u{928}".repeat(TEXT_MAX_CHARS);
        assert_eq!(bounded(longest.clone()), longest);
        let (one, other) = (bounded(format!("{longest}a")), bounded(format!("{longest}b")));
        assert_eq!((one.chars().count(), other.chars().count()), (TEXT_MAX_CHARS, TEXT_MAX_CHARS));
        assert_ne!(one, other, "they differ behind the cut");
        assert!(one.contains("\n[cut by the bridge: 40001 characters, SHA-256 "));
        assert_eq!(bounded(one.clone()), one);
    }

    #[test]
    fn nul_is_kept_readable() {
        assert_eq!(storable("a\0b"), "a\\u0000b");
        assert_eq!(storable("plain"), "plain");
    }
}
