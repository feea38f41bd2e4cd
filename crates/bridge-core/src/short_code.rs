//! The short code of a hash, for people who must type it: its first 80 bits in 16 characters (Crockford's Base32).
//! Not where it stands in a text: that is `message`. Not for whom it counts: only for an onboarding that was given it.

use crate::script::{decimal_digit, is_dash};

/// Crockford's digits: none of I, L, O and U, which are read or typed as others.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_CHARS: usize = 16;
const GROUP: usize = 4;
const BITS_A_CHAR: usize = 5;
/// So many hex digits of the hash are in the code.
pub const HEX_LEN: usize = CODE_CHARS * BITS_A_CHAR / 4;

/// The code of a hash, in groups that the eye keeps apart: `0123-4567-89AB-CDEF`.
#[must_use]
pub fn of(hash: &str) -> String {
    let bits = hash.get(..HEX_LEN).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default();
    let mut code = String::with_capacity(CODE_CHARS + CODE_CHARS / GROUP);
    for n in 0..CODE_CHARS {
        if n > 0 && n % GROUP == 0 {
            code.push('-');
        }
        let digit = (bits >> (BITS_A_CHAR * (CODE_CHARS - 1 - n))) & 31;
        code.push(DIGITS.get(digit as usize).map_or('0', |byte| char::from(*byte)));
    }
    code
}

/// The code that the text begins with, as the hex digits of a hash that it stands for. The text is narrow, in lower case
/// and without spaces; dashes are passed over, and what people take for another digit is that digit.
#[must_use]
pub fn read(text: &str) -> Option<String> {
    let mut bits = 0_u128;
    let mut left = CODE_CHARS;
    for c in text.chars().filter(|c| !is_dash(*c)) {
        bits = (bits << BITS_A_CHAR) + u128::from(value(c)?);
        left -= 1;
        if left == 0 {
            return Some(format!("{bits:0HEX_LEN$x}"));
        }
    }
    None
}

fn value(c: char) -> Option<u8> {
    match c {
        'o' => Some(0),
        'i' | 'l' => Some(1),
        'a'..='z' => {
            let upper = u8::try_from(c.to_ascii_uppercase()).ok()?;
            DIGITS.iter().position(|digit| *digit == upper).and_then(|place| u8::try_from(place).ok())
        }
        // Keyboards of other scripts write their own digits.
        other => decimal_digit(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::compact;

    #[test]
    fn is_read_however_people_type_it() {
        let hash = "00443214c74254b635cf".to_owned() + &"9".repeat(44);
        let code = of(&hash);
        assert_eq!(code, "0123-4567-89AB-CDEF");
        for typed in [
            "0123-4567-89AB-CDEF",
            "0123456789abcdef",
            "o l23 4567\n89ab cdef -- Sent from my phone",
            "O\u{2011}I23\u{2013}4567\u{2212}89AB\u{2014}CDEF.",
            "\u{ff10}\u{ff11}23456789\u{ff21}BCDEF",
            "\u{966}\u{967}\u{968}\u{969}-\u{96a}567-89AB-CDEF",
        ] {
            assert_eq!(read(&compact(typed)).as_deref(), hash.get(..HEX_LEN), "{typed}");
        }
        for other in ["0123-4567-89AB-CDE", "0123-4567-89AB-CDEU", "", "0123/4567/89AB/CDEF"] {
            assert_eq!(read(&compact(other)), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(hash in "[0-9a-f]{64}") {
            let code = of(&hash);
            prop_assert_eq!(code.len(), CODE_CHARS + 3);
            prop_assert_eq!(read(&compact(&code)), hash.get(..HEX_LEN).map(str::to_owned));
        }
    }
}
