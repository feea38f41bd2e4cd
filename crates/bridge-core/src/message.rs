//! The text of an SMS: finding the hash a person sent through every keyboard and phone on the way
//! (decisions.md D10), comparing it with the hash that was given, and making any text storable (D23). Not the verdict:
//! that is header_hash_check.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::script::{decimal_digit, is_invisible, narrow};
use crate::short_code;

/// Length of a SHA-256 in lowercase hex.
pub const HASH_HEX_LEN: usize = 64;
/// So many of its digits are enough where the end of an SMS was cut off: 128 bits (D41).
pub const HASH_HEX_ENOUGH: usize = 32;
/// Fewer digits than this before the end may be a word.
const HASH_HEX_SEEN: usize = 8;
/// As what a NUL is kept.
const NUL: &str = "\\u0000";
/// At most this many hashes are read from one text: a long text costs no more than a short one.
const CANDIDATES_MAX: usize = 8;

/// What the search for `ONBOARD:<hash>` in one text found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The hashes, or why there is none.
    pub hashes: Hashes,
    /// Short codes, as the digits of a hash that they stand for. Any hash begins like one: they count only for an
    /// onboarding that was given one.
    codes: Vec<String>,
}

/// The hashes in one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hashes {
    /// No permitted header followed by a colon.
    NoHeader,
    /// A header, but no hexadecimal digits of a hash behind it.
    NoHash,
    /// A header, and at the end of the text so many digits of a hash: too few to tell which.
    Cut(usize),
    /// One or more hashes, in the order they stand in the text, in lower case. One that reaches the end of the text may
    /// lack its own end: compare with [`agrees`].
    Some(Vec<String>),
}

impl Found {
    /// These hashes, and no short code.
    #[must_use]
    pub fn hashes(hashes: Vec<String>) -> Found {
        Found { hashes: Hashes::Some(hashes), codes: Vec::new() }
    }

    /// Is that hash among them, or its short code where `short` says that it was given out? Every candidate is compared,
    /// and each in constant time: nothing tells how close a guess was.
    #[must_use]
    pub fn holds(&self, hash: &str, short: bool) -> bool {
        let hashes = match &self.hashes {
            Hashes::Some(hashes) => hashes.as_slice(),
            Hashes::NoHeader | Hashes::NoHash | Hashes::Cut(_) => &[],
        };
        let codes = if short { self.codes.as_slice() } else { &[] };
        let begins =
            |code: &String| hash.get(..short_code::HEX_LEN).map(|hex| code.as_bytes().ct_eq(hex.as_bytes()));
        let by_code = codes.iter().filter_map(begins).fold(Choice::from(0), |any, same| any | same);
        hashes.iter().fold(by_code, |any, found| any | agrees(found, hash)).into()
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
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |half: u8| DIGITS[usize::from(half & 15)];
    let mut out = String::with_capacity(bytes.len() * 2);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]));
    out
}

/// A colon, and what keyboards and fonts have in its place: the semicolon on the same key, and those of other scripts.
const COLONS: [char; 11] = [
    ':', ';', '\u{37e}', '\u{589}', '\u{5c3}', '\u{61b}', '\u{2d0}', '\u{2236}', '\u{a789}', '\u{fe13}',
    '\u{fe55}',
];
/// A colon as links, pages and programs write it and leave it (D47).
const WRITTEN_COLONS: [&str; 8] =
    ["%3a", "%253a", "&#58;", "&#x3a;", "&#058;", "&#x003a;", "&colon;", "\\u003a"];
/// The same of a space or a line break.
const WRITTEN_SPACES: [&str; 8] = ["%20", "%2520", "%0a", "%0d", "&nbsp;", "&#32;", "\\n", "\\r"];

/// What is neither letter nor digit: quotes, brackets, stars, dashes where a line was broken, an emoji. A hash has none, so
/// none is missed.
fn is_mark(c: char) -> bool {
    !c.is_alphanumeric()
}

fn without_space(text: &str) -> Option<&str> {
    WRITTEN_SPACES.iter().find_map(|space| text.strip_prefix(space))
}

/// What stands behind the colon of a header, whatever marks stand around that. None: there is no colon.
fn behind_the_colon(text: &str) -> Option<&str> {
    let (mut rest, mut has_colon) = (text, false);
    loop {
        if let Some(behind) = WRITTEN_COLONS.iter().find_map(|colon| rest.strip_prefix(colon)) {
            (rest, has_colon) = (behind, true);
        } else if let Some(behind) = without_space(rest) {
            rest = behind;
        } else {
            let mut chars = rest.chars();
            // One of the colons is a letter to Unicode.
            match chars.next() {
                Some(c) if COLONS.contains(&c) => has_colon = true,
                Some(c) if is_mark(c) => {}
                _ => return has_colon.then_some(rest),
            }
            rest = chars.as_str();
        }
    }
}

/// The hexadecimal digits that the text begins with, at most those of a hash, without the marks between them; and whether
/// nothing but marks follows them.
fn digits(text: &str) -> (String, bool) {
    let (mut rest, mut digits) = (text, String::new());
    while digits.len() < HASH_HEX_LEN {
        let mut chars = rest.chars();
        rest = match (without_space(rest), chars.next()) {
            (Some(behind), _) => behind,
            (None, Some(c)) if c.is_ascii_hexdigit() => {
                digits.push(c);
                chars.as_str()
            }
            (None, Some(c)) if is_mark(c) => chars.as_str(),
            (None, _) => break,
        };
    }
    (digits, rest.chars().all(is_mark))
}

/// Finds `HEADER:<64 hex digits>`, or a short code in their place, anywhere in the text, whatever case, spaces, line breaks, zero-width
/// or full-width characters, quotes, brackets and other marks stand between, in whatever digits, and whatever signature follows.
#[must_use]
pub fn find_hashes(text: &str, permitted_headers: &[String]) -> Found {
    // What `storable` wrote for a NUL: whoever takes UTF-16 for letters of one byte has one behind each.
    let text = if text.contains(NUL) { Cow::Owned(text.replace(NUL, "")) } else { Cow::Borrowed(text) };
    let compact = compact(&text);
    let mut found = Hashes::NoHeader;
    let mut codes = Vec::new();
    // Compared without spaces and in lower case on both sides: keyboards put a space behind a colon and capitals first.
    for header in permitted_headers {
        let mark = self::compact(header);
        let mut rest = compact.as_str();
        while let Some(at) = rest.find(&mark) {
            rest = &rest[at + mark.len()..];
            let Some(behind) = behind_the_colon(rest) else { continue };
            rest = behind;
            if codes.len() < CANDIDATES_MAX {
                codes.extend(short_code::read(rest));
            }
            // Some apps write dots where they cut.
            let (hash, is_cut) = digits(rest);
            let hex = hash.len();
            if hex < HASH_HEX_LEN && !(is_cut && hex >= HASH_HEX_ENOUGH) {
                found = match found {
                    Hashes::NoHeader | Hashes::NoHash if is_cut && hex >= HASH_HEX_SEEN => Hashes::Cut(hex),
                    Hashes::NoHeader => Hashes::NoHash,
                    known => known,
                };
                continue;
            }
            match &mut found {
                Hashes::Some(hashes) if hashes.len() >= CANDIDATES_MAX => {
                    return Found { hashes: found, codes };
                }
                Hashes::Some(hashes) => hashes.push(hash),
                Hashes::NoHeader | Hashes::NoHash | Hashes::Cut(_) => found = Hashes::Some(vec![hash]),
            }
        }
    }
    Found { hashes: found, codes }
}

/// The text without anything a person cannot see, narrow, in lower case and with the digits of ASCII: keyboards write
/// those of their script. U+FFFD is what became of a space that could not be read.
#[must_use]
pub fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !is_invisible(*c) && !c.is_control() && *c != '\u{fffd}')
        .map(|c| decimal_digit(c).map_or_else(|| narrow(c), |digit| char::from(b'0' + digit)))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The text with NUL written as `\u0000`, because no SQL TEXT can hold one: a bad message is kept
/// readable and never stops a dump (D23).
#[must_use]
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', NUL)) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66abcd";

    fn find(text: &str) -> Hashes {
        find_hashes(text, &["ONBOARD".to_owned()]).hashes
    }

    #[test]
    fn bytes_are_written_in_lower_case() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5, 0xff]), "000fa5ff");
        assert_eq!(hex(&[]), "");
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
            format!("ONBOARD%253A{HASH}"),
        ] {
            assert_eq!(find(&text), Hashes::Some(vec![HASH.to_owned()]), "{text:?}");
        }
    }

    /// What keyboards, apps, carriers and careful people put around and into it.
    #[test]
    fn marks_around_and_in_a_hash_hide_nothing() {
        let (one, two) = HASH.split_at(30);
        let dashed: Vec<&str> = (0..8).map(|n| &HASH[n * 8..n * 8 + 8]).collect();
        let in_digits_from = |zero: u32| -> String {
            let digit = |c: char| c.to_digit(10).map_or(c, |digit| char::from_u32(zero + digit).unwrap());
            HASH.chars().map(digit).collect()
        };
        let colons = COLONS.iter().map(|colon| format!("ONBOARD{colon}{HASH}"));
        let written = WRITTEN_COLONS.iter().map(|colon| format!("ONBOARD{colon}{HASH}"));
        let digits = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10]
            .map(|zero| format!("ONBOARD:{}", in_digits_from(zero)));
        for text in [
            format!("ONBOARD::{HASH}"),
            format!("ONBOARD: : {HASH}"),
            format!("ONBOARD\u{ff1b}{HASH}"),
            format!("ONBOARD:<{HASH}>"),
            format!("\u{201c}ONBOARD:\u{201d} \u{201c}{HASH}\u{201d}"),
            format!("ONBOARD: \u{ab}{HASH}\u{bb}"),
            format!("*ONBOARD:* `{HASH}`"),
            format!("(ONBOARD): [{HASH}]"),
            format!("ONBOARD: - {HASH}"),
            format!("ONBOARD\u{1f44d}: \u{1f449}{HASH}\u{1f64f}"),
            format!("ONBOARD:{one}-\n{two}"),
            format!("ONBOARD:{one}=\r\n{two}"),
            format!("> ONBOARD:{one}\n> {two}"),
            format!("ONBOARD:{one}\\n{two}"),
            format!("ONBOARD:{one}%0D%0A{two}"),
            format!("ONBOARD%3A%20{HASH}"),
            format!("ONBOARD:+{HASH}"),
            format!("ONBOARD:{}", dashed.join("-")),
            format!("ONBOARD:{}", dashed.join(".")),
            format!("ONBOARD\u{fffd}:\u{fffd}{HASH}"),
            format!("ONBOARD\u{3164}:\u{2800}{one}\u{e0061}\u{e007f}\u{e0100}{two}"),
            format!("ONBOARD:\u{1}{one}\u{2}{two}"),
            format!("ONBOARD:{HASH}").chars().flat_map(|c| [c, '\0']).collect(),
            storable(&format!("ONBOARD:{HASH}").chars().flat_map(|c| [c, '\0']).collect::<String>())
                .into_owned(),
        ]
        .into_iter()
        .chain(colons)
        .chain(written)
        .chain(digits)
        {
            assert_eq!(find(&text), Hashes::Some(vec![HASH.to_owned()]), "{text:?}");
        }
        let cut = &HASH[..40];
        for end in [" :)", ". . .", " [...]", "\u{1f64f}"] {
            assert_eq!(find(&format!("ONBOARD:{cut}{end}")), Hashes::Some(vec![cut.to_owned()]), "{end}");
        }
    }

    #[test]
    fn a_letter_in_between_is_none_of_these_marks() {
        for text in [
            format!("ONBOARD is: {HASH}"),
            format!("ONBOARD, {HASH}"),
            format!("ONBOARD - {HASH}"),
            format!("ONBOARD %20 {HASH}"),
        ] {
            assert_eq!(find(&text), Hashes::NoHeader, "{text}");
        }
        let (one, two) = HASH.split_at(20);
        for text in [
            format!("ONBOARD: x{HASH}"),
            format!("ONBOARD:{one}x{two}"),
            format!("ONBOARD:{} [more]", &HASH[..40]),
        ] {
            assert_eq!(find(&text), Hashes::NoHash, "{text}");
        }
    }

    #[test]
    fn names_what_is_missing() {
        for text in ["", "hello", HASH, "ONBOARD", "ONBOARD a06f", "BOARD:a06f"] {
            assert_eq!(find(text), Hashes::NoHeader, "{text:?}");
        }
        let broken = format!("ONBOARD:{} Zoe", &HASH[1..]);
        for text in ["ONBOARD:", "ONBOARD:hello", "ONBOARD:face", &broken, &format!("ONBOARD:x{HASH}")] {
            assert_eq!(find(text), Hashes::NoHash, "{text:?}");
        }
    }

    /// D41: 72 characters are one SMS in GSM-7 and two in UCS-2.
    #[test]
    fn half_of_a_hash_at_the_end_is_enough() {
        for length in [HASH_HEX_ENOUGH, 59, 63] {
            let text = format!("ONBOARD:{}", &HASH[..length]);
            assert_eq!(find(&text), Hashes::Some(vec![HASH[..length].to_owned()]), "{length}");
            for end in [" \n", "...", "\u{2026}", " \u{2026} ", "\u{2026}\n"] {
                assert_eq!(
                    find(&format!("{text}{end}")),
                    Hashes::Some(vec![HASH[..length].to_owned()]),
                    "{end:?}"
                );
            }
            assert!(bool::from(agrees(&HASH[..length], HASH)), "{length}");
            assert_eq!(find(&format!("{text} Zoe")), Hashes::NoHash, "it does not reach the end");
        }
        for length in [HASH_HEX_SEEN, HASH_HEX_ENOUGH - 1] {
            assert_eq!(find(&format!("ONBOARD:{}", &HASH[..length])), Hashes::Cut(length));
            assert_eq!(find(&format!("ONBOARD:{}\u{2026}", &HASH[..length])), Hashes::Cut(length));
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
        assert_eq!(find(&two), Hashes::Some(vec![HASH.to_owned(), other]));
        let Hashes::Some(many) = find(&format!("ONBOARD:{HASH} ").repeat(100)) else { panic!() };
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

    #[test]
    fn a_short_code_counts_for_whom_it_was_given_to() {
        let code = short_code::of(HASH);
        for text in [format!("ONBOARD:{code}"), format!("onboard : {} thanks", code.replace('-', " "))] {
            let found = find_hashes(&text, &["ONBOARD".to_owned()]);
            assert!(found.holds(HASH, true), "{text}");
            assert!(!found.holds(HASH, false), "{text}: 80 bits are too few of a hash");
            assert!(!found.holds(&HASH.replace('a', "b"), true), "{text}");
        }
        let short = find_hashes(&format!("ONBOARD:{}", &code[..18]), &["ONBOARD".to_owned()]);
        assert!(!short.holds(HASH, true), "a code is read whole or not at all");
        let whole = find_hashes(&format!("ONBOARD:{HASH}"), &["ONBOARD".to_owned()]);
        assert!(whole.holds(HASH, true), "the hash itself is as good");
    }

    /// Whichever header stands first in the settings, the best that any of them found is told.
    #[test]
    fn what_one_header_found_no_other_takes_away() {
        let find = |text: &str, headers: &[&str]| {
            let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
            find_hashes(text, &headers).hashes
        };
        let half = "a".repeat(10);
        for (text, expected) in [
            (format!("SIGNUP:hello ONBOARD:{half}"), Hashes::Cut(10)),
            (format!("SIGNUP:{HASH} ONBOARD:hello"), Hashes::Some(vec![HASH.to_owned()])),
            (format!("SIGNUP:{HASH} ONBOARD:{half}"), Hashes::Some(vec![HASH.to_owned()])),
            ("SIGNUP:hello ONBOARD: there".to_owned(), Hashes::NoHash),
            ("SIGNUP hello ONBOARD there".to_owned(), Hashes::NoHeader),
            (format!("ONBOARDONBOARD:{HASH}"), Hashes::Some(vec![HASH.to_owned()])),
        ] {
            for headers in [["SIGNUP", "ONBOARD"], ["ONBOARD", "SIGNUP"]] {
                assert_eq!(find(&text, &headers), expected, "{text} by {headers:?}");
            }
        }
        assert_eq!(find(&format!("on-board: {HASH}"), &["On Board"]), Hashes::NoHeader);
        assert_eq!(find(&format!("on board: {HASH}"), &["On Board"]), Hashes::Some(vec![HASH.to_owned()]));
    }

    #[test]
    fn said_twice_is_said() {
        let headers = ["ONBOARD".to_owned()];
        let code = short_code::of(HASH);
        for text in [
            format!("ONBOARD:{HASH} ONBOARD:{HASH}"),
            format!("ONBOARD:{} ONBOARD:{HASH}", "0".repeat(64)),
            format!("ONBOARD:{HASH} ONBOARD:{}", "0".repeat(64)),
            format!("ONBOARD:{code} ONBOARD:{code}"),
            format!("ONBOARD:{code} ONBOARD:{HASH}"),
            format!("ONBOARD:0123-4567-89AB-CDEF ONBOARD:{code}"),
        ] {
            assert!(find_hashes(&text, &headers).holds(HASH, true), "{text}");
            assert!(!find_hashes(&text, &headers).holds(&"f".repeat(64), true), "{text}");
        }
        let ninth = "ONBOARD:0123-4567-89AB-CDEF ".repeat(CANDIDATES_MAX) + "ONBOARD:" + &code;
        assert!(
            !find_hashes(&ninth, &headers).holds(HASH, true),
            "a long text costs no more than a short one"
        );
        assert!(Found::hashes(vec![HASH.to_owned()]).holds(HASH, false));
        assert!(!find_hashes("hello", &headers).holds("", true), "an empty hash is held by nothing");
    }
}
