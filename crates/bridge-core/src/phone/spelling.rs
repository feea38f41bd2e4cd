//! One number as somebody wrote it: its digits, and whether the calling code is among them (decisions.md D42). A text is
//! read as a whole or not at all: what could be cut, rounded or a second number is refused, never guessed. It knows no
//! numbering plan.

use super::{DIGITS_MIN, PhoneError};
use crate::script::plain;

/// What a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    pub(super) digits: String,
    /// `+` or `00` stood before: the digits begin with a calling code.
    pub(super) international: bool,
}

/// Longer input is not a number, whatever it holds. In bytes: a digit may take four, and a `tel:` has parameters.
const INPUT_MAX_BYTES: usize = 256;

/// Reads a text.
pub(super) fn read(raw: &str) -> Result<Spelling, PhoneError> {
    if raw.len() > INPUT_MAX_BYTES {
        return Err(PhoneError::TooLong);
    }
    let text = plain(unquoted(raw));
    if text.trim().is_empty() {
        return Err(PhoneError::Empty);
    }
    // A sender that forgets to encode `+` in a form arrives as a leading space.
    let lost_plus = raw.starts_with(' ') && text.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let Addressed { number, context } = addressed(text.trim())?;
    let (plus, number) = match number.trim_start_matches(['(', '[', ' ']).strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (lost_plus, number.as_str()),
    };
    let digits = match exponential(number) {
        Some(whole) => whole?,
        None => grouped(number, plus)?,
    };
    Ok(with_code(digits, plus, context))
}

/// Without what tables and scripts write around a number so that it stays a text: `'+91…`, `"+91…"`, `="+91…"`.
fn unquoted(raw: &str) -> &str {
    let text = raw.trim_matches(|c: char| c != ' ' && c.is_whitespace());
    let quoted = |text: &str, mark: char| text.strip_prefix(mark)?.strip_suffix(mark).map(str::len);
    let formula = text.strip_prefix('=').filter(|cell| quoted(cell, '"').is_some()).unwrap_or(text);
    for mark in ['"', '\''] {
        if let Some(length) = quoted(formula, mark) {
            return &formula[mark.len_utf8()..][..length];
        }
    }
    text.strip_prefix('\'').unwrap_or(raw)
}

/// What an address of a phone names.
struct Addressed {
    number: String,
    /// The calling code that a `tel:` names for a local number (RFC 3966), with what may follow it.
    context: Option<String>,
}

const SCHEMES: [&str; 6] = ["tel:", "sms:", "smsto:", "mms:", "mmsto:", "callto:"];

/// Without the scheme of a link, and without its parameters.
fn addressed(text: &str) -> Result<Addressed, PhoneError> {
    let scheme = SCHEMES
        .iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)));
    let rest = scheme.map_or(text, |scheme| text[scheme.len()..].trim_start_matches('/'));
    let is_parameter = |tail: &str| scheme.is_some() || tail.contains('=');
    let (number, parameters) = match rest.split_once(';') {
        Some((number, tail)) if is_parameter(tail) => (number, tail),
        _ => (rest, ""),
    };
    let number = match (scheme, number.split_once('?')) {
        (Some(_), Some((number, _))) => number,
        _ => number,
    };
    if scheme.is_some() && number.contains(',') {
        // A list of several.
        return Err(PhoneError::Impossible);
    }
    // A plus that was encoded once more than it was read stands there as it was encoded.
    let is_escaped = scheme.is_some() || number.get(..3).is_some_and(|plus| plus.eq_ignore_ascii_case("%2b"));
    let number = if is_escaped { plain(&unescaped(number)) } else { number.to_owned() };
    let context = parameters.split([';', '?']).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let code: String = value.strip_prefix('+')?.chars().filter(char::is_ascii_digit).collect();
        name.eq_ignore_ascii_case("phone-context").then_some(code)
    });
    Ok(Addressed { number: number.trim().to_owned(), context })
}

/// `%2B` is a plus. What is no escape stays.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let byte = rest.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte.filter(u8::is_ascii) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 3..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// `4.47911123456e11`: the whole number that it is, if every digit of that stands there. None: it is no such thing.
fn exponential(text: &str) -> Option<Result<String, PhoneError>> {
    let (mantissa, exponent) = text.trim().split_once(['e', 'E'])?;
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || power.is_empty() || ![whole, fraction, power].into_iter().all(numeric) {
        return None;
    }
    let Ok(power) = power.parse::<i32>() else { return Some(Err(PhoneError::Rounded)) };
    let power = if exponent.starts_with('-') { -power } else { power };
    let behind = i32::try_from(fraction.len()).ok().and_then(|length| length.checked_sub(power));
    let digits = format!("{whole}{fraction}");
    Some(match behind.map(usize::try_from) {
        // Digits that do not stand there would have to be made up.
        None | Some(Err(_)) => Err(PhoneError::Rounded),
        Some(Ok(behind)) => without_fraction(&digits, behind),
    })
}

/// The digits without the last ones, which must be zeros.
fn without_fraction(digits: &str, behind: usize) -> Result<String, PhoneError> {
    let (whole, fraction) = digits
        .len()
        .checked_sub(behind)
        .and_then(|at| digits.split_at_checked(at))
        .ok_or(PhoneError::Rounded)?;
    if fraction.bytes().all(|b| b == b'0') { Ok(whole.to_owned()) } else { Err(PhoneError::Rounded) }
}

/// What stands between two groups of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Dot,
    Comma,
    Other,
}

/// Groups of digits, and what stands between each and the next.
struct Groups {
    groups: Vec<String>,
    between: Vec<Between>,
}

fn groups(text: &str) -> Result<Groups, PhoneError> {
    let (mut all, mut open) = (Groups { groups: Vec::new(), between: Vec::new() }, None);
    let mut in_group = false;
    for c in text.chars() {
        let between = match c {
            '0'..='9' => {
                if !in_group {
                    if !all.groups.is_empty() {
                        all.between.push(open.unwrap_or(Between::Other));
                    }
                    all.groups.push(String::new());
                    open = None;
                }
                in_group = true;
                if let Some(group) = all.groups.last_mut() {
                    group.push(c);
                }
                continue;
            }
            '.' => Between::Dot,
            ',' => Between::Comma,
            ' ' | '-' | '(' | ')' | '[' | ']' | '/' => Between::Other,
            _ if text.chars().any(char::is_alphabetic) => return Err(PhoneError::Alphanumeric),
            _ => return Err(PhoneError::Impossible),
        };
        in_group = false;
        // Of several the one that could be a decimal point counts.
        open = match (open, between) {
            (Some(Between::Dot), Between::Comma) | (Some(Between::Comma), Between::Dot) => {
                return Err(PhoneError::Impossible);
            }
            (Some(known), Between::Other) => Some(known),
            (_, between) => Some(between),
        };
    }
    Ok(all)
}

/// Zeros behind a single point that are a fraction, even where what stands before it is too short for a number.
const FRACTION_ZEROS_MAX: usize = 3;

/// The digits of groups that people and programs put them in.
fn grouped(text: &str, plus: bool) -> Result<String, PhoneError> {
    let Groups { groups, between } = groups(text)?;
    let digits = groups.concat();
    let last = groups.last().map_or(0, String::len);
    let head = digits.len() - last;
    let points: Vec<Between> = between.iter().copied().filter(|b| *b != Between::Other).collect();
    let last_is_behind_a_point = between.last().is_some_and(|b| *b != Between::Other);
    match points.as_slice() {
        [] => {}
        [_] if last_is_behind_a_point => {
            let zeros = groups.last().is_some_and(|group| group.bytes().all(|b| b == b'0'));
            if last == 1 || head >= DIGITS_MIN || zeros && last <= FRACTION_ZEROS_MAX {
                return without_fraction(&digits, last);
            }
            if head == 1 && !plus {
                return Err(PhoneError::Rounded);
            }
        }
        [point] => segments_of_two(&groups, &between, *point, plus)?,
        [first, inner @ .., point] if inner.iter().all(|b| b == first) => {
            if first == point {
                segments_of_two(&groups, &between, *point, true)?;
            } else if last_is_behind_a_point {
                segments_of_two(&groups[..groups.len() - 1], &between, *first, true)?;
                return without_fraction(&digits, last);
            } else {
                return Err(PhoneError::Impossible);
            }
        }
        _ => return Err(PhoneError::Impossible),
    }
    // A whole number and one digit more: an extension, a fraction, the beginning of another one.
    let each_alone = groups.iter().all(|group| group.len() == 1);
    if last == 1 && head >= DIGITS_MIN && !each_alone {
        return Err(PhoneError::Impossible);
    }
    Ok(digits)
}

/// A point separates groups of at least two digits; the first may have one where it is surely a group.
fn segments_of_two(
    groups: &[String],
    between: &[Between],
    point: Between,
    first_may_be_one: bool,
) -> Result<(), PhoneError> {
    let mut lengths = vec![0];
    for (at, group) in groups.iter().enumerate() {
        if at > 0 && between.get(at - 1) == Some(&point) {
            lengths.push(0);
        }
        if let Some(length) = lengths.last_mut() {
            *length += group.len();
        }
    }
    let short = lengths.iter().enumerate().any(|(at, length)| *length < 2 && !(at == 0 && first_may_be_one));
    if short { Err(PhoneError::Rounded) } else { Ok(()) }
}

/// `+`, `00`, and what people write before a calling code all the same: `+00`, `+0`.
fn with_code(digits: String, plus: bool, context: Option<String>) -> Spelling {
    let without_zeros = |zeros: &str| {
        let rest = digits.strip_prefix(zeros)?;
        rest.starts_with(|c: char| c != '0').then(|| rest.to_owned())
    };
    let said = if plus {
        without_zeros("00").or_else(|| without_zeros("0")).or_else(|| Some(digits.clone()))
    } else {
        None
    };
    match (said, digits.strip_prefix("00"), context) {
        (Some(digits), ..) => Spelling { digits, international: true },
        (None, Some(rest), _) => Spelling { digits: rest.to_owned(), international: true },
        (None, None, Some(code)) => Spelling { digits: format!("{code}{digits}"), international: true },
        (None, None, None) => Spelling { digits, international: false },
    }
}

#[cfg(test)]
mod tests {
    use super::PhoneError::{Alphanumeric, Impossible, Rounded};
    use super::*;

    fn digits(text: &str) -> Result<String, PhoneError> {
        read(text)
            .map(|spelling| format!("{}{}", if spelling.international { "+" } else { "" }, spelling.digits))
    }

    #[test]
    fn a_whole_number_is_read_with_all_its_digits() {
        for (text, expected) in [
            ("4.47911123456E11", "447911123456"),
            ("4.47911123456e+11", "447911123456"),
            ("447911123456.0", "447911123456"),
            ("447911123456.00", "447911123456"),
            ("447911123456,0", "447911123456"),
            ("447911123456e0", "447911123456"),
            ("4479111234560e-1", "447911123456"),
            ("+447911123456.0", "+447911123456"),
            ("919,876,543,210", "919876543210"),
            ("919,876,543,210.00", "919876543210"),
            ("919.876.543.210,0", "919876543210"),
            ("98765.43210", "9876543210"),
            ("1.202.555.0115", "12025550115"),
            ("+1.2025550115", "+12025550115"),
            ("06.12.34.56.00", "0612345600"),
            ("9 8 7 6 5 4 3 2 1 0", "9876543210"),
            ("+91 98765. 43210", "+919876543210"),
        ] {
            assert_eq!(digits(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for (text, why) in [
            ("4.47911E+11", Rounded),
            ("4.4791112345E11", Rounded),
            ("4.479111234565E11", Rounded),
            ("9E11", Rounded),
            ("447911123456.5", Rounded),
            ("447911123456.25", Rounded),
            ("919,876,543,210.25", Rounded),
            ("1.2025550115", Rounded),
            ("919.876.543.210.0", Rounded),
            ("57575.0.1", Rounded),
            ("491601234567 0", Impossible),
            ("491601234567-0", Impossible),
            ("919,876.543,210", Impossible),
            ("98765+43210", Impossible),
            ("++919876543210", Impossible),
            ("sms:+919876543210,+919876543211", Impossible),
            ("MYBANK", Alphanumeric),
            ("5E", Alphanumeric),
            ("+919876543210 x5", Alphanumeric),
        ] {
            assert_eq!(digits(text), Err(why), "{text}");
        }
    }

    #[test]
    fn what_tables_write_around_a_number_is_no_part_of_it() {
        let plain = read("+919876543210").unwrap();
        for text in [
            "'+919876543210",
            "%2B919876543210",
            "%2b91%2098765%2043210",
            "\"+919876543210\"",
            "=\"+919876543210\"",
            "'+919876543210'",
            "\t'+91 98765 43210\n",
        ] {
            assert_eq!(read(text).unwrap(), plain, "{text}");
        }
        assert_eq!(read("'9876543210").unwrap(), read("9876543210").unwrap());
        for text in ["\"", "'", "=\"\"", "=+919876543210", "''", "\"+919876543210", "+91'9876543210"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn links_and_zeros_before_the_calling_code() {
        for (text, expected) in [
            ("tel:+919876543210", "+919876543210"),
            ("TEL:+91-98765-43210;ext=5", "+919876543210"),
            ("tel:98765-43210;phone-context=+91", "+919876543210"),
            ("tel:7911123456;phone-context=+44", "+447911123456"),
            ("tel:9876543210;phone-context=example.org", "9876543210"),
            ("sms:+919876543210?body=ONBOARD:1", "+919876543210"),
            ("sms:%2B91%2098765%2043210", "+919876543210"),
            ("smsto:+919876543210", "+919876543210"),
            ("sms://+919876543210", "+919876543210"),
            ("00919876543210", "+919876543210"),
            ("(0091) 98765 43210", "+919876543210"),
            ("(+91) 98765 43210", "+919876543210"),
            ("+0091 98765 43210", "+919876543210"),
            ("+091 98765 43210", "+919876543210"),
            ("+0009876543210", "+0009876543210"),
            ("091 98765 43210", "0919876543210"),
        ] {
            assert_eq!(digits(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn groups_are_of_two_digits_or_more_and_end_with_the_text() {
        for (text, expected) in [
            ("98765 4321 0", Ok("9876543210")),
            ("9 1 9 8 7 6 5 4 3 2 1 0", Ok("919876543210")),
            ("9876543210 1", Err(Impossible)),
            ("98765.432", Ok("98765432")),
            ("98765.000", Ok("98765")),
            ("98765.0000", Ok("987650000")),
            ("91987.5", Err(Rounded)),
            ("447911123456. 0", Ok("447911123456")),
            ("447911123456 .0", Ok("447911123456")),
            ("1.202 555 0115", Err(Rounded)),
            ("+1.202 555 0115", Ok("+12025550115")),
            ("1.2.025550115", Err(Rounded)),
            ("919.876,543.210", Err(Impossible)),
            ("919,876.543 210", Err(Impossible)),
            ("919,876,543,2.00", Err(Rounded)),
            ("1,919,876,543.0", Ok("1919876543")),
            ("98765.,43210", Err(Impossible)),
            ("98765,.43210", Err(Impossible)),
            ("98765..43210", Ok("9876543210")),
            ("12 34.56 78", Ok("12345678")),
            ("[91] (98765) / 43210", Ok("919876543210")),
            ("98765_43210", Err(Impossible)),
            ("98765#43210", Err(Impossible)),
            ("98765-43210 home", Err(Alphanumeric)),
        ] {
            assert_eq!(digits(text).as_deref(), expected.as_ref().map(|digits| *digits), "{text}");
        }
    }

    #[test]
    fn an_exponent_moves_the_point_over_digits_that_stand_there() {
        for (text, expected) in [
            ("919876543210E0", Ok("919876543210")),
            ("9198765432.10e2", Ok("919876543210")),
            ("9198765432,10e2", Ok("919876543210")),
            ("91987654321000e-2", Ok("919876543210")),
            ("91987654321000e-3", Ok("91987654321")),
            ("91987654321000e-4", Err(Rounded)),
            ("4.5e-20", Err(Rounded)),
            ("45e-2", Err(Rounded)),
            ("4.5e99999999999", Err(Rounded)),
            ("4.5e-2147483648", Err(Rounded)),
            ("4.5e2147483647", Err(Rounded)),
            ("E164", Err(Alphanumeric)),
            (".5e12", Err(Alphanumeric)),
            ("91.9876x543210e10", Err(Alphanumeric)),
            ("91.98e++10", Err(Alphanumeric)),
        ] {
            assert_eq!(digits(text).as_deref(), expected.as_ref().map(|digits| *digits), "{text}");
        }
    }

    /// A form that does not encode its plus delivers a space; nothing else that stands before is one.
    #[test]
    fn a_space_before_the_digits_is_a_plus_that_was_lost() {
        for (text, expected) in [
            (" 919876543210", "+919876543210"),
            ("  919876543210", "+919876543210"),
            ("\u{a0}919876543210", "919876543210"),
            ("\t919876543210", "919876543210"),
            (" (91) 98765 43210", "919876543210"),
            ("919876543210 ", "919876543210"),
        ] {
            assert_eq!(digits(text).as_deref(), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn parameters_are_of_links_or_named() {
        for (text, expected) in [
            ("tel:+919876543210;verified", Ok("+919876543210")),
            ("+919876543210;ext=5", Ok("+919876543210")),
            ("+919876543210;5", Err(Impossible)),
            ("+919876543210?5", Err(Impossible)),
            ("tel:9876543210;isub=+44", Ok("9876543210")),
            ("tel:9876543210;PHONE-CONTEXT=+91", Ok("+919876543210")),
            ("tel:9876543210;ext=7;phone-context=+91", Ok("+919876543210")),
            ("tel:9876543210;phone-context=91", Ok("9876543210")),
            ("sms:9876543210;phone-context=+91?body=x", Ok("+919876543210")),
        ] {
            assert_eq!(digits(text).as_deref(), expected.as_ref().map(|digits| *digits), "{text}");
        }
    }

    #[test]
    fn escapes_of_links_are_undone_and_what_is_none_stays() {
        for (text, plain) in [
            ("a%2Bb%20c", "a+b c"),
            ("%2b", "+"),
            ("100%", "100%"),
            ("%2", "%2"),
            ("%zz1", "%zz1"),
            ("%%2B", "%+"),
            ("%e2%82%ac", "%e2%82%ac"),
            ("\u{20ac}%2B\u{20ac}", "\u{20ac}+\u{20ac}"),
            ("%\u{20ac}", "%\u{20ac}"),
            ("", ""),
        ] {
            assert_eq!(unescaped(text), plain, "{text}");
        }
    }

    #[test]
    fn what_is_longer_than_a_number_with_parameters_is_none() {
        let long = |bytes: usize| format!("tel:+919876543210;{}", "x".repeat(bytes - 18));
        assert_eq!(digits(&long(INPUT_MAX_BYTES)).as_deref(), Ok("+919876543210"));
        assert_eq!(digits(&long(INPUT_MAX_BYTES + 1)), Err(PhoneError::TooLong));
        for nothing in ["", " ", "\u{200b}\u{2060}", "\u{a0}\n"] {
            assert_eq!(digits(nothing), Err(PhoneError::Empty), "{nothing:?}");
        }
    }
}
