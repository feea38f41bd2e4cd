//! What the bytes of an SMS mean: the alphabets of a short message (3GPP TS 23.038) and the header of one
//! part of a longer one (TS 23.040). For the senders that hand the bytes on as the network gave them.

use bridge_core::message;
use bridge_core::sms::Part;
use encoding_rs::Encoding;

use crate::{charset, fields};

/// How the bytes stand for letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// The default alphabet of GSM, one letter in a byte.
    Gsm,
    /// ISO 8859-1.
    Latin1,
    /// UTF-16, high byte first.
    Ucs2,
    /// Others that computers know.
    Of(&'static Encoding),
    /// The sender does not say.
    Unknown,
}

impl Alphabet {
    /// What `data_coding` of SMPP 3.4 says.
    pub(crate) fn of_smpp(coding: u8) -> Alphabet {
        match coding {
            0 => Alphabet::Gsm,
            3 => Alphabet::Latin1,
            8 => Alphabet::Ucs2,
            _ => Alphabet::Unknown,
        }
    }

    /// What a `charset` says.
    pub(crate) fn of_charset(name: &str) -> Alphabet {
        match name.trim_matches('"').to_ascii_uppercase().as_str() {
            "UTF-16BE" | "UTF16-BE" | "UTF-16" | "UCS-2" | "UCS-2BE" => Alphabet::Ucs2,
            "ISO-8859-1" | "LATIN1" | "LATIN-1" => Alphabet::Latin1,
            "GSM" | "GSM0338" => Alphabet::Gsm,
            "UTF-8" | "UTF8" => Alphabet::Unknown,
            other => charset::named(Some(other)).ok().flatten().map_or(Alphabet::Unknown, Alphabet::Of),
        }
    }

    /// The text that the bytes stand for, storable. Nothing is lost: what is no letter stays visible.
    pub(crate) fn text(self, bytes: &[u8]) -> String {
        let text = match self {
            // Many networks call Latin-1 or UTF-8 their default alphabet, which has 128 letters only.
            Alphabet::Gsm if bytes.is_ascii() => gsm(bytes),
            Alphabet::Gsm if std::str::from_utf8(bytes).is_ok() => fields::plain(bytes),
            Alphabet::Gsm | Alphabet::Latin1 => bytes.iter().copied().map(char::from).collect(),
            Alphabet::Ucs2 => charset::utf16(bytes, false),
            Alphabet::Of(encoding) => fields::plain(&charset::to_utf8(bytes, Some(encoding))),
            Alphabet::Unknown => fields::plain(&charset::to_utf8(bytes, None)),
        };
        message::storable(&text).into_owned()
    }
}

/// The letters of the default alphabet at 0x00-0x1f; `\x1b` is the way to the second table.
const GSM_LOW: [char; 32] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_', 'Φ', 'Γ',
    'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É',
];

fn gsm(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            0x1b => match rest.next() {
                Some(second) => text.push(gsm_second_table(second)),
                None => text.push('\u{1b}'),
            },
            0x00..=0x1f => text.push(GSM_LOW[usize::from(byte)]),
            _ => text.push(gsm_high(byte)),
        }
    }
    text
}

/// What differs from ASCII above 0x1f.
fn gsm_high(byte: u8) -> char {
    match byte {
        0x24 => '¤',
        0x40 => '¡',
        0x5b => 'Ä',
        0x5c => 'Ö',
        0x5d => 'Ñ',
        0x5e => 'Ü',
        0x5f => '§',
        0x60 => '¿',
        0x7b => 'ä',
        0x7c => 'ö',
        0x7d => 'ñ',
        0x7e => 'ü',
        0x7f => 'à',
        ascii => char::from(ascii),
    }
}

/// A letter that the second table does not have is the one of the first.
fn gsm_second_table(byte: u8) -> char {
    match byte {
        0x0a => '\u{c}',
        0x14 => '^',
        0x28 => '{',
        0x29 => '}',
        0x2f => '\\',
        0x3c => '[',
        0x3d => '~',
        0x3e => ']',
        0x40 => '|',
        0x65 => '€',
        0x00..=0x1f => GSM_LOW[usize::from(byte)],
        _ => gsm_high(byte),
    }
}

/// The bytes that hex digits stand for.
pub(crate) fn bytes_of_hex(hex: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = hex.as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16);
    pairs.iter().map(|&[high, low]| u8::try_from(digit(high)? * 16 + digit(low)?).ok()).collect()
}

/// Which part of a longer SMS the user data header says this is.
pub(crate) fn part(header: &[u8]) -> Option<Part> {
    let (&length, elements) = header.split_first()?;
    let mut rest = elements.get(..usize::from(length))?;
    loop {
        let (&[kind, length], tail) = rest.split_first_chunk::<2>()?;
        let (data, next) = tail.split_at_checked(usize::from(length))?;
        let (reference, total, number) = match (kind, data) {
            (0x00, &[reference, total, number]) => (u16::from(reference), total, number),
            (0x08, &[high, low, total, number]) => (u16::from_be_bytes([high, low]), total, number),
            _ => {
                rest = next;
                continue;
            }
        };
        return one_of_several(reference.to_string(), total, number);
    }
}

/// A part, if it is one of several and the numbers make sense.
pub(crate) fn one_of_several(reference: String, total: u8, number: u8) -> Option<Part> {
    (total > 1 && (1..=total).contains(&number)).then_some(Part { reference, total, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_alphabet() {
        let gsm = |bytes: &[u8]| Alphabet::Gsm.text(bytes);
        assert_eq!(gsm(b"ONBOARD:a06f0b785d66\nThank you"), "ONBOARD:a06f0b785d66\nThank you");
        assert_eq!(gsm(b"\x00\x02\x11\x1b\x65\x1b\x28\x1b\x3e\x1b\x3c\x1b\x29"), "@$_€{][}");
        assert_eq!(gsm(b"gr\x7e\x1e"), "grüß");
        assert_eq!(gsm(b"a\x1b"), "a\u{1b}");
        assert_eq!(gsm(b"\x1b\x41"), "A");
        assert_eq!(gsm(b"caf\xe9"), "café", "it cannot be the default alphabet");
        assert_eq!(gsm("café €".as_bytes()), "café €");
    }

    /// 3GPP TS 23.038, the whole table beside what is as in ASCII.
    #[test]
    fn every_letter_of_the_default_alphabet() {
        let gsm = |bytes: &[u8]| Alphabet::Gsm.text(bytes);
        let low: Vec<u8> = (0..=0x1f).filter(|byte| *byte != 0x1b).collect();
        assert_eq!(
            gsm(&low),
            "@\u{a3}$\u{a5}\u{e8}\u{e9}\u{f9}\u{ec}\u{f2}\u{c7}\n\u{d8}\u{f8}\r\u{c5}\u{e5}\
            \u{394}_\u{3a6}\u{393}\u{39b}\u{3a9}\u{3a0}\u{3a8}\u{3a3}\u{398}\u{39e}\u{c6}\u{e6}\u{df}\u{c9}"
        );
        let high: Vec<u8> = (0x20..=0x7f).collect();
        let expected: String = (0x20..=0x7f_u8)
            .map(|byte| match byte {
                0x24 => '\u{a4}',
                0x40 => '\u{a1}',
                0x5b => '\u{c4}',
                0x5c => '\u{d6}',
                0x5d => '\u{d1}',
                0x5e => '\u{dc}',
                0x5f => '\u{a7}',
                0x60 => '\u{bf}',
                0x7b => '\u{e4}',
                0x7c => '\u{f6}',
                0x7d => '\u{f1}',
                0x7e => '\u{fc}',
                0x7f => '\u{e0}',
                ascii => char::from(ascii),
            })
            .collect();
        assert_eq!(gsm(&high), expected);
        for (second, letter) in [
            (0x0a, '\u{c}'),
            (0x14, '^'),
            (0x28, '{'),
            (0x29, '}'),
            (0x2f, '\\'),
            (0x3c, '['),
            (0x3d, '~'),
            (0x3e, ']'),
            (0x40, '|'),
            (0x65, '\u{20ac}'),
            (0x01, '\u{a3}'),
            (0x41, 'A'),
            (0x7b, '\u{e4}'),
        ] {
            assert_eq!(gsm(&[0x1b, second]), letter.to_string(), "{second:#x}");
        }
    }

    #[test]
    fn hex_digits_stand_for_bytes() {
        assert_eq!(bytes_of_hex(b"00fFa1"), Some(vec![0, 255, 161]));
        assert_eq!(bytes_of_hex(b""), Some(vec![]));
        for none in [&b"0"[..], b"0g", b"g0", b"+1"] {
            assert_eq!(bytes_of_hex(none), None, "{none:?}");
        }
    }

    #[test]
    fn two_bytes_a_letter() {
        let ucs2 = |bytes: &[u8]| Alphabet::Ucs2.text(bytes);
        assert_eq!(ucs2(b"\x00V\x00E\x00R"), "VER");
        assert_eq!(ucs2(b"\x09\x28\xd8\x3d\xde\x00"), "न\u{1f600}");
        assert_eq!(ucs2(b"\xd8\x3d\x00a"), "\\ud83da");
        assert_eq!(ucs2(b"\x00a\x00"), "a\\x00");
        assert_eq!(ucs2(b"\x00\x00"), "\\u0000");
    }

    #[test]
    fn other_alphabets() {
        assert_eq!(Alphabet::Latin1.text(b"caf\xe9"), "café");
        assert_eq!(Alphabet::Unknown.text(b"caf\xe9"), "caf\\xe9");
        assert_eq!(Alphabet::Unknown.text("é\0".as_bytes()), "é\\u0000");
        assert_eq!(Alphabet::Unknown.text(b"O\0N\0B\0"), "ONB");
        for (name, alphabet) in [
            ("utf-16", Alphabet::Ucs2),
            ("UCS-2", Alphabet::Ucs2),
            ("latin1", Alphabet::Latin1),
            ("iso-8859-1", Alphabet::Latin1),
            ("gsm0338", Alphabet::Gsm),
            ("utf-8", Alphabet::Unknown),
            ("", Alphabet::Unknown),
            ("windows-1251", Alphabet::Of(encoding_rs::WINDOWS_1251)),
        ] {
            assert_eq!(Alphabet::of_charset(name), alphabet, "{name}");
        }
        assert_eq!(Alphabet::of_charset("koi8-r").text(b"\xf0\xd2"), "\u{41f}\u{440}");
        for (coding, alphabet) in [(0, Alphabet::Gsm), (3, Alphabet::Latin1), (1, Alphabet::Unknown)] {
            assert_eq!(Alphabet::of_smpp(coding), alphabet, "{coding}");
        }
        assert_eq!(Alphabet::of_charset("\"utf-16be\""), Alphabet::Ucs2);
        assert_eq!(Alphabet::of_charset("8-BIT"), Alphabet::Unknown);
        assert_eq!(Alphabet::of_smpp(8), Alphabet::Ucs2);
    }

    #[test]
    fn the_header_of_a_part() {
        let found = |header: &[u8]| part(header).map(|part| (part.reference, part.total, part.number));
        assert_eq!(found(b"\x05\x00\x03\xa1\x02\x01"), Some(("161".into(), 2, 1)));
        assert_eq!(found(b"\x06\x08\x04\x01\x02\x03\x03"), Some(("258".into(), 3, 3)));
        assert_eq!(found(b"\x0b\x05\x04\x15\x82\x00\x00\x00\x03\x07\x02\x02"), Some(("7".into(), 2, 2)));
        for header in [
            &b""[..],
            b"\x00",
            b"\x05\x00\x03\xa1\x02",
            b"\x05\x00\x03\xa1\x02\x03",
            b"\x05\x00\x03\xa1\x02\x00",
            b"\x05\x00\x03\xa1\x01\x01",
            b"\x06\x05\x04\x15\x82\x00\x00",
            b"\xff\xff",
        ] {
            assert_eq!(found(header), None, "{header:?}");
        }
    }
}
