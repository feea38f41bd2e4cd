//! What characters of any script mean where digits are read: which digit, a dash, a space, nothing at all. Not which
//! texts are numbers or times: that is `phone` and `time`.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Characters that a keyboard or an app slips in and nobody sees: zero-width spaces and joiners, the
/// soft hyphen, direction marks, the byte order mark, variation selectors.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // Letters and a symbol that are empty, and marks in a plane of their own.
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

/// A full-width form (U+FF01..U+FF5E) as its ASCII twin; any other character as it is.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// The value of a decimal digit of any script: `७` is 7.
#[must_use]
pub fn decimal_digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    }
    let is_decimal = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if !is_decimal(c) {
        return None;
    }
    // Unicode keeps the ten digits of a script together and in their order (UAX 44, Numeric_Type=Decimal): the value is
    // the place in the run, counted from the nearest digit that has none before it.
    let before =
        (1..=u32::from(c)).take_while(|back| char::from_u32(u32::from(c) - back).is_some_and(is_decimal));
    u8::try_from(before.count() % 10).ok()
}

/// A dash of any kind, or the minus sign, which keyboards of phones write in its place.
#[must_use]
pub(crate) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2212}' | '\u{2043}' | '\u{2d7}')
        || !c.is_ascii() && c.general_category() == GeneralCategory::DashPunctuation
}

/// A mark that nobody sees: of direction, of joining, of nothing.
fn is_mark(c: char) -> bool {
    is_invisible(c) || !c.is_ascii() && c.general_category() == GeneralCategory::Format
}

/// The text with digits, dashes, spaces, points and pluses of every script as ASCII, and without what nobody sees.
#[must_use]
pub(crate) fn plain(text: &str) -> String {
    let one = |c: char| match c {
        _ if is_mark(c) => None,
        // The decimal and the thousands separator of Arabic, and its comma.
        '\u{66b}' => Some('.'),
        '\u{66c}' | '\u{60c}' => Some(','),
        '\u{fe62}' | '\u{207a}' | '\u{2795}' => Some('+'),
        _ if is_dash(c) => Some('-'),
        _ if c.is_whitespace() => Some(' '),
        _ => Some(decimal_digit(c).map_or_else(|| narrow(c), |digit| char::from(b'0' + digit))),
    };
    text.chars().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_script_have_their_value() {
        for digits in [
            "0123456789",
            "٠١٢٣٤٥٦٧٨٩",
            "۰۱۲۳۴۵۶۷۸۹",
            "०१२३४५६७८९",
            "০১২৩৪৫৬৭৮৯",
            "０１２３４５６７８９",
            "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
            "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿",
        ] {
            let values: Vec<u8> = digits.chars().filter_map(decimal_digit).collect();
            assert_eq!(values, (0..=9).collect::<Vec<u8>>(), "{digits}");
        }
        assert!(['a', '²', '½', 'Ⅷ', '六'].into_iter().all(|c| decimal_digit(c).is_none()));
    }

    /// Ten of each script, so that the count from the beginning of a run is the value.
    #[test]
    fn every_run_of_digits_is_a_whole_number_of_tens() {
        let all: Vec<u32> = (0..=0x10_ffff)
            .filter(|at| {
                char::from_u32(*at).is_some_and(|c| c.general_category() == GeneralCategory::DecimalNumber)
            })
            .collect();
        let mut run = 0;
        for pair in all.windows(2) {
            run += 1;
            if pair[1] != pair[0] + 1 {
                assert_eq!(run % 10, 0, "before U+{:04X}", pair[1]);
                run = 0;
            }
        }
        assert_eq!((run + 1) % 10, 0);
    }

    #[test]
    fn dashes_spaces_and_marks() {
        assert_eq!(plain("+91\u{2011}98765\u{202f}4\u{2007}3\u{2212}210"), "+91-98765 4 3-210");
        assert_eq!(plain("\u{2066}＋91\u{2069}\u{200e}"), "+91");
        assert_eq!(plain("\u{207a}91 \u{fe62}44 \u{2795}1"), "+91 +44 +1");
        assert_eq!(plain("1\u{66b}5\u{66c}0\u{60c}0"), "1.5,0,0");
        assert_eq!(plain("١٬٢٫٠"), "1,2.0");
    }

    #[test]
    fn what_nobody_sees_is_nothing_and_letters_stay() {
        for c in [
            '\u{ad}', '\u{34f}', '\u{200b}', '\u{200f}', '\u{202e}', '\u{2060}', '\u{206f}', '\u{fe0f}',
            '\u{feff}',
        ] {
            assert!(is_invisible(c), "{c:?}");
            assert_eq!(plain(&format!("1{c}2")), "12", "{c:?}");
        }
        // A format character that is in no list of ours.
        assert!(!is_invisible('\u{1bca0}'));
        assert_eq!(plain("1\u{1bca0}2"), "12");
        for c in ['a', ' ', '\u{2010}', '\u{2070}', '\u{928}', '\u{e9}', '\u{fe10}'] {
            assert!(!is_invisible(c), "{c:?}");
        }
        assert_eq!(plain("na\u{ef}ve \u{928}"), "na\u{ef}ve \u{928}");
    }

    #[test]
    fn dashes_of_every_kind_and_nothing_else() {
        for c in [
            '-', '\u{2010}', '\u{2011}', '\u{2014}', '\u{2212}', '\u{2043}', '\u{2d7}', '\u{ff0d}',
            '\u{fe63}', '\u{58a}',
        ] {
            assert!(is_dash(c), "{c:?}");
        }
        for c in ['_', '+', '~', '\u{e9}', '\u{928}', '\u{2b7}', '\u{30fc}', '0'] {
            assert!(!is_dash(c), "{c:?}");
        }
    }

    #[test]
    fn wide_letters_have_a_narrow_twin() {
        let narrowed: String = "\u{ff01}\u{ff10}\u{ff21}\u{ff5e}".chars().map(narrow).collect();
        assert_eq!(narrowed, "!0A~");
        for c in ['\u{ff00}', '\u{ff5f}', 'A', '\u{ff61}'] {
            assert_eq!(narrow(c), c);
        }
    }
}
