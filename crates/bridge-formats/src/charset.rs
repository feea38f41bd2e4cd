//! In which letters the bytes of a request are written, where that is not UTF-8 (decisions.md D44): as `charset=` says, or
//! as its first bytes or its zeros tell. Through encoding_rs, which knows the names that the web uses. Not the alphabets of
//! the network: those are `coding`.

use std::borrow::Cow;
use std::fmt::Write;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::content::Unusable;

/// The letters of that name. None: UTF-8, or none is said.
pub(crate) fn named(label: Option<&str>) -> Result<Option<&'static Encoding>, Unusable> {
    let Some(label) =
        label.map(|label| label.trim_matches(['"', '\'', ' '])).filter(|label| !label.is_empty())
    else {
        return Ok(None);
    };
    if UTF_32.iter().any(|name| name.eq_ignore_ascii_case(label)) {
        // The web has none, and its bytes tell it.
        return Ok(None);
    }
    match Encoding::for_label_no_replacement(label.as_bytes()) {
        Some(encoding) => Ok((encoding != UTF_8).then_some(encoding)),
        None => {
            Err(Unusable::because(format!("its charset {label:?} is none that the bridge knows: send UTF-8")))
        }
    }
}

const UTF_32: [&str; 3] = ["utf-32", "utf-32le", "utf-32be"];

/// UTF-32, if every four bytes are a letter: in no other way of writing a text does that happen.
fn utf32(bytes: &[u8]) -> Option<String> {
    let (letters @ [_, _, ..], []) = bytes.as_chunks::<4>() else { return None };
    let read = |number: fn([u8; 4]) -> u32| -> Option<String> {
        letters.iter().map(|letter| char::from_u32(number(*letter)).filter(|c| *c != '\0')).collect()
    };
    let text = read(u32::from_le_bytes).or_else(|| read(u32::from_be_bytes))?;
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Of so many letters one is plain, at least, where it is UTF-16: a header and a hash stand beside letters of any script.
const ONE_PLAIN_OF: usize = 8;

/// The order of the bytes of UTF-16, as a mark or the zeros of plain letters tell it. None: it is no UTF-16.
pub(crate) fn utf16_of(bytes: &[u8]) -> Option<&'static Encoding> {
    let (pairs, []) = bytes.as_chunks::<2>() else { return None };
    match pairs {
        [[0xff, 0xfe], ..] => return Some(UTF_16LE),
        [[0xfe, 0xff], ..] => return Some(UTF_16BE),
        [_, _, ..] => {}
        _ => return None,
    }
    // The last byte of a text of one byte a letter may be a zero that ends it.
    let but_last = &pairs[..pairs.len() - 1];
    let zeros = |at: usize| but_last.iter().filter(|pair| pair[at] == 0).count();
    let enough = but_last.len().div_ceil(ONE_PLAIN_OF);
    match (zeros(0), zeros(1)) {
        // A few letters of other scripts have a zero in the other place.
        (high, low) if low >= enough && high <= low / 4 => Some(UTF_16LE),
        (high, low) if high >= enough && low <= high / 4 => Some(UTF_16BE),
        _ => None,
    }
}

/// The bytes as UTF-8. What is no letter of these stays as it is, and visible.
pub(crate) fn to_utf8<'a>(bytes: &'a [u8], said: Option<&'static Encoding>) -> Cow<'a, [u8]> {
    if let Some(text) = utf32(bytes) {
        return Cow::Owned(text.into_bytes());
    }
    match utf16_of(bytes).or(said) {
        None => Cow::Borrowed(bytes),
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => {
            Cow::Owned(utf16(bytes, encoding == UTF_16LE).into_bytes())
        }
        Some(encoding) => match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => Cow::Owned(text.into_owned().into_bytes()),
            None => Cow::Borrowed(bytes),
        },
    }
}

/// UTF-16, low byte first or high byte first. A mark of the order is no letter.
pub(crate) fn utf16(bytes: &[u8], low_first: bool) -> String {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let unit = if low_first { u16::from_le_bytes } else { u16::from_be_bytes };
    let units = pairs.iter().map(|pair| unit(*pair)).enumerate();
    let units = units.filter_map(|(at, unit)| (at > 0 || unit != 0xfeff).then_some(unit));
    let mut text = String::with_capacity(bytes.len());
    for letter in char::decode_utf16(units) {
        let _ = match letter {
            Ok(letter) => text.write_char(letter),
            // Half a pair cannot stand in a Rust string: it is kept as JSON would write it.
            Err(half) => write!(text, "\\u{:04x}", half.unpaired_surrogate()),
        };
    }
    if let [byte] = odd {
        let _ = write!(text, "\\x{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn utf16_is_told_by_its_mark_or_its_zeros() {
        let mostly_hindi =
            format!("ONBOARD:{} {}", "a06f".repeat(16), "\u{928}\u{92e}\u{938}\u{94d}".repeat(60));
        for text in [
            "ONBOARD:a06f",
            "gr\u{fc}n",
            "ONBOARD:1 \u{1f600}",
            "\u{feff}\u{928}\u{92e}",
            mostly_hindi.as_str(),
            "ab",
        ] {
            for (order, bytes) in
                [(UTF_16LE, written(text, u16::to_le_bytes)), (UTF_16BE, written(text, u16::to_be_bytes))]
            {
                assert_eq!(utf16_of(&bytes), Some(order), "{text}");
                let read = String::from_utf8(to_utf8(&bytes, None).into_owned()).unwrap();
                assert_eq!(read, text.trim_start_matches('\u{feff}'));
            }
        }
        let ended_by_zero = [b"ONBOARD:".as_slice(), &[b'a'; 63], b"\0"].concat();
        let many_zeros = b"a\0b\0\0c\0d\0e".repeat(8);
        for bytes in [
            &b""[..],
            b"ab",
            b"a\0",
            b"a\0b",
            b"abc\0",
            b"plain",
            b"plains",
            "na\u{ef}ve".as_bytes(),
            b"\0\0\0\0",
            &ended_by_zero,
            &many_zeros,
        ] {
            assert_eq!(utf16_of(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn utf32_is_told_by_its_letters() {
        for text in ["ONBOARD:a06f", "gr\u{fc}n \u{1f600}", "\u{feff}\u{928}\u{92e}", "{}"] {
            for bytes in [u32::to_le_bytes, u32::to_be_bytes] {
                let written: Vec<u8> = text.chars().flat_map(|c| bytes(c.into())).collect();
                let read = String::from_utf8(to_utf8(&written, named(Some("UTF-32")).unwrap()).into_owned())
                    .unwrap();
                assert_eq!(read, text.trim_start_matches('\u{feff}'));
            }
        }
        for bytes in [
            &b"a\0\0\0"[..],
            b"ONBOARD:",
            b"a\0\0\0\0\0\0\0",
            b"a\0b\0c\0d\0",
            "\u{928}\u{92e}\u{928}\u{92e}".as_bytes(),
        ] {
            assert_eq!(utf32(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_said_is_honoured() {
        let read = |bytes: &[u8], label| {
            String::from_utf8(to_utf8(bytes, named(Some(label)).unwrap()).into_owned()).unwrap()
        };
        assert_eq!(read(b"caf\xe9", "ISO-8859-1"), "caf\u{e9}");
        assert_eq!(read(b"\xcf\xf0\xe8", "\"windows-1251\""), "\u{41f}\u{440}\u{438}");
        assert_eq!(read("na\u{ef}ve".as_bytes(), "utf-8"), "na\u{ef}ve");
        assert!(named(Some("klingon")).unwrap_err().detail.contains("klingon"));
        assert_eq!(named(None), Ok(None));
    }
}
