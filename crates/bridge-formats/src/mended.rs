//! JSON as phones and programs write it, made such that a reader of JSON loses nothing of it. Not the reading: that is
//! `fields`, whose tests show what becomes of each text.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// Stands before a number that is kept as it is written: a character that Unicode keeps from every text.
pub(crate) const AS_WRITTEN: char = '\u{10ffff}';
/// Of a number that 64 bits surely hold.
const WHOLE_DIGITS_MAX: usize = 18;

/// The text as JSON can read it without loss. Phones put raw line breaks into texts; half a surrogate pair cannot stand in
/// a Rust string and is kept as the six characters it was sent as; a number that is not whole or too long for 64 bits is
/// kept as it is written, so that no digit is made up.
pub(crate) fn mended(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let (mut copied, mut at, mut in_text) = (0, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                in_text = !in_text;
                at += 1;
            }
            b'\\' if in_text => match surrogate(bytes, at) {
                Half::Paired => at += 12,
                Half::Lone => {
                    out.push_str(&text[copied..at]);
                    out.push('\\');
                    (copied, at) = (at, at + 6);
                }
                Half::None => at += 2,
            },
            0x00..=0x1f if in_text => {
                out.push_str(&text[copied..at]);
                out.push_str(&format!("\\u{byte:04x}"));
                at += 1;
                copied = at;
            }
            b'-' | b'0'..=b'9' if !in_text => {
                let length = bytes[at..].iter().take_while(|b| NUMBER.contains(*b)).count();
                let number = &text[at..at + length];
                if is_number(number) && (number.len() > WHOLE_DIGITS_MAX || number.contains(['.', 'e', 'E']))
                {
                    out.push_str(&text[copied..at]);
                    out.extend(['"', AS_WRITTEN]);
                    out.push_str(number);
                    out.push('"');
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

const NUMBER: &[u8] = b"0123456789+-.eE";

/// A number as JSON writes one.
pub(crate) fn is_number(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_digit()) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

enum Half {
    /// Both halves stand there.
    Paired,
    Lone,
    /// It is no half of a pair.
    None,
}

fn surrogate(bytes: &[u8], at: usize) -> Half {
    let unit = |at: usize| -> Option<u16> {
        let escape = bytes.get(at..at + 6)?;
        if !escape.starts_with(b"\\u") {
            return None;
        }
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    match unit(at) {
        Some(0xd800..=0xdbff) if unit(at + 6).is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => {
            Half::Paired
        }
        Some(0xd800..=0xdfff) => Half::Lone,
        _ => Half::None,
    }
}
