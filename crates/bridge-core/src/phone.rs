//! Mobile numbers: reading what a person typed or a phone delivered into E.164 (decisions.md D5).
//! The only file that names the numbering-plan library. Not a judgement of who may register: that is
//! foreign_number_check.

use std::fmt;

use rlibphonenumber::enums::{PhoneNumberType, Region};
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

/// A mobile number in E.164. `Debug` masks it: logs hold no personal data (D37).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mobile {
    e164: String,
    calling_code: String,
    national: String,
}

/// Why a sender or a typed number is not a mobile number we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhoneError {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// `MYBANK`: a sender id, not a number.
    #[error("holds letters: an alphanumeric sender is not a phone number")]
    Alphanumeric,
    /// Fewer digits than 003's ten: a short code, or digits are missing.
    #[error("has fewer than 10 digits: a short code, or digits are missing")]
    TooShort,
    /// More digits than E.164's fifteen.
    #[error("has more than 15 digits, the most E.164 allows")]
    TooLong,
    /// No numbering plan has it.
    #[error("is not a possible number: give it in international form, like +919876543210")]
    Impossible,
}

impl PhoneError {
    /// The stable name that a verdict carries as its reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            PhoneError::Empty => "sender_empty",
            PhoneError::Alphanumeric => "sender_alphanumeric",
            PhoneError::TooShort => "sender_too_short",
            PhoneError::TooLong => "sender_too_long",
            PhoneError::Impossible => "sender_impossible",
        }
    }
}

/// How a format writes numbers that carry no `+` and no `00` (D5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareDigits {
    /// A national number if valid in the default country, else an international one if valid.
    NationalFirst,
    /// This sender is known to drop the plus: international first.
    InternationalFirst,
}

/// 003: `+` and 10-15 digits.
const DIGITS_MIN: usize = 10;
const DIGITS_MAX: usize = 15;
/// Longer input is not a number, whatever it holds. In bytes: a full-width digit takes three, and fifteen of them with
/// spaces still fit.
const INPUT_MAX_BYTES: usize = 64;

impl Mobile {
    /// Reads a number. `default_calling_code` is the setting `default_country_code`, e.g. `91`.
    pub fn parse(raw: &str, default_calling_code: &str, bare: BareDigits) -> Result<Mobile, PhoneError> {
        if raw.trim().is_empty() {
            return Err(PhoneError::Empty);
        }
        if raw.len() > INPUT_MAX_BYTES {
            return Err(PhoneError::TooLong);
        }
        // A sender that forgets to encode `+` in a form arrives as a leading space.
        let lost_plus = raw.starts_with(' ') && raw.trim_start().starts_with(|c: char| c.is_ascii_digit());
        let text = ascii_digits(raw.trim());
        let plus = lost_plus || text.starts_with('+');
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if text
            .chars()
            .any(|c| !c.is_ascii_digit() && !matches!(c, '+' | ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}'))
        {
            return Err(if text.chars().any(char::is_alphabetic) {
                PhoneError::Alphanumeric
            } else {
                PhoneError::Impossible
            });
        }
        if plus {
            return Mobile::international(&digits, Accept::Possible);
        }
        if let Some(rest) = digits.strip_prefix("00") {
            return Mobile::international(rest, Accept::Possible);
        }
        let national = || Mobile::in_country(&digits, default_calling_code);
        let international = || Mobile::international(&digits, Accept::Valid);
        match bare {
            BareDigits::NationalFirst => national().or_else(|_| international()),
            BareDigits::InternationalFirst => international().or_else(|_| national()),
        }
    }

    /// Reads a number that was E.164 when it was stored.
    #[must_use]
    pub fn from_e164(e164: &str) -> Option<Mobile> {
        let digits = e164.strip_prefix('+')?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Mobile::international(digits, Accept::Possible).ok()
    }

    fn international(digits: &str, accept: Accept) -> Result<Mobile, PhoneError> {
        count(digits)?;
        let number =
            PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).map_err(|_| PhoneError::Impossible)?;
        Mobile::accepted(&number, accept)
    }

    fn in_country(digits: &str, calling_code: &str) -> Result<Mobile, PhoneError> {
        let region = region_of(calling_code).ok_or(PhoneError::Impossible)?;
        let number = PHONE_NUMBER_UTIL.parse(digits, Some(region)).map_err(|_| match digits.len() {
            0..DIGITS_MIN => PhoneError::TooShort,
            _ => PhoneError::Impossible,
        })?;
        Mobile::accepted(&number, Accept::Valid)
    }

    fn accepted(number: &PhoneNumber, accept: Accept) -> Result<Mobile, PhoneError> {
        let good = match accept {
            Accept::Possible => PHONE_NUMBER_UTIL.is_possible_number(number),
            Accept::Valid => number.is_valid(),
        };
        let e164 = number.format_as(PhoneNumberFormat::E164).into_owned();
        count(e164.trim_start_matches('+'))?;
        // A number with two trunk zeros loses one at each reading: what is not read back is refused.
        let again = PHONE_NUMBER_UTIL.parse(e164.as_str(), None).map_err(|_| PhoneError::Impossible)?;
        if !good || again.format_as(PhoneNumberFormat::E164) != e164 {
            return Err(PhoneError::Impossible);
        }
        Ok(Mobile {
            calling_code: number.country_code.to_string(),
            national: number.get_national_significant_number(),
            e164,
        })
    }

    /// `+919876543210`
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// The country's calling code without `+`: `91` (`country_code` in 003).
    #[must_use]
    pub fn calling_code(&self) -> &str {
        &self.calling_code
    }

    /// The national significant number: `9876543210` (`local_mobile` in 003).
    #[must_use]
    pub fn national(&self) -> &str {
        &self.national
    }
}

#[derive(Clone, Copy)]
enum Accept {
    /// The right length: enough where the country was given.
    Possible,
    /// A number that the plan has really assigned: needed where we guess the country.
    Valid,
}

fn count(digits: &str) -> Result<(), PhoneError> {
    match digits.len() {
        0..DIGITS_MIN => Err(PhoneError::TooShort),
        DIGITS_MIN..=DIGITS_MAX => Ok(()),
        _ => Err(PhoneError::TooLong),
    }
}

/// Full-width digits and plus as ASCII; zero-width marks that a copied number carries are dropped.
fn ascii_digits(text: &str) -> String {
    text.chars().filter(|c| !crate::message::is_invisible(*c)).map(crate::message::narrow).collect()
}

fn region_of(calling_code: &str) -> Option<Region> {
    PHONE_NUMBER_UTIL.get_region_for_country_code(calling_code.parse().ok()?)
}

/// A mobile number of that calling code which belongs to nobody in particular, another one for each `n` below 10,000:
/// for what simulates users. None: no numbering plan has the code, or it tells no example.
#[must_use]
pub fn example_mobile(calling_code: &str, n: u32) -> Option<Mobile> {
    const VARIED: usize = 4;
    let region = region_of(calling_code)?;
    let example =
        PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile).ok()?;
    let e164 = example.format_as(PhoneNumberFormat::E164);
    let kept = e164.get(..e164.len().checked_sub(VARIED)?)?;
    Mobile::from_e164(&format!("{kept}{:04}", n % 10_000))
}

/// True for a calling code that some numbering plan has, like `91`; false for `+91`, `0`, `IN`.
#[must_use]
pub fn is_calling_code(code: &str) -> bool {
    !code.is_empty()
        && code.len() <= 3
        && !code.starts_with('0')
        && code.bytes().all(|b| b.is_ascii_digit())
        && code.parse().is_ok_and(|wanted: i32| {
            PHONE_NUMBER_UTIL.get_supported_calling_codes().any(|known| known == wanted)
        })
}

/// `+91••••••••10`: enough to recognise one's own number, not enough to call it.
#[must_use]
pub fn masked(number: &str) -> String {
    let shown: Vec<char> = number.chars().collect();
    if shown.len() < 6 {
        return "•".repeat(shown.len());
    }
    let (head, tail) = (3, 2);
    let mut out: String = shown[..head].iter().collect();
    out.extend(std::iter::repeat_n('•', shown.len() - head - tail));
    out.extend(&shown[shown.len() - tail..]);
    out
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.e164))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PhoneError::*;

    fn e164(raw: &str) -> Result<String, PhoneError> {
        Mobile::parse(raw, "91", BareDigits::NationalFirst).map(|m| m.e164)
    }

    #[test]
    fn reads_what_people_type_and_phones_deliver() {
        for (raw, expected) in [
            ("+919876543210", "+919876543210"),
            (" 919876543210", "+919876543210"),
            ("00919876543210", "+919876543210"),
            ("919876543210", "+919876543210"),
            ("9876543210", "+919876543210"),
            ("09876543210", "+919876543210"),
            ("+91 98765-43210", "+919876543210"),
            ("+91 (98765) 43210", "+919876543210"),
            ("+９１９８７６５４３２１０", "+919876543210"),
            ("\u{202a}+919876543210\u{202c}", "+919876543210"),
            ("+447700900123", "+447700900123"),
            ("447911123456", "+447911123456"),
            ("+12425550123", "+12425550123"),
        ] {
            assert_eq!(e164(raw).as_deref(), Ok(expected), "{raw:?}");
        }
    }

    #[test]
    fn says_why_it_refuses() {
        for (raw, expected) in [
            ("", Empty),
            ("   ", Empty),
            ("MYBANK", Alphanumeric),
            ("AD-MYBNK1", Alphanumeric),
            ("57575", TooShort),
            ("+9198765", TooShort),
            ("+9198765432101234", TooLong),
            (&"9".repeat(100), TooLong),
            ("+0009876543210", Impossible),
            ("5555555555", Impossible),
            ("+91987654321\0", Impossible),
            ("98765+43210x", Alphanumeric),
        ] {
            assert_eq!(e164(raw), Err(expected), "{raw:?}");
        }
    }

    #[test]
    fn a_sender_that_drops_the_plus_is_read_internationally_first() {
        let read = |bare| Mobile::parse("447911123456", "91", bare).map(|m| m.calling_code);
        assert_eq!(read(BareDigits::InternationalFirst).as_deref(), Ok("44"));
        assert_eq!(read(BareDigits::NationalFirst).as_deref(), Ok("44"));
    }

    #[test]
    fn knows_its_parts_and_hides_in_logs() {
        let mobile = Mobile::from_e164("+919876543210").unwrap();
        assert_eq!((mobile.calling_code(), mobile.national()), ("91", "9876543210"));
        assert_eq!(format!("{mobile:?}"), "+91••••••••10");
        assert!(Mobile::from_e164("9876543210").is_none());
    }

    #[test]
    fn examples_are_valid_and_differ() {
        for code in ["91", "44", "1", "49", "971", "254"] {
            let (first, second) = (example_mobile(code, 1).unwrap(), example_mobile(code, 2).unwrap());
            assert_eq!((first.calling_code(), first == second), (code, false), "{first:?}");
            let bare = first.e164().trim_start_matches('+');
            assert_eq!(Mobile::parse(bare, "91", BareDigits::InternationalFirst), Ok(first.clone()));
        }
        assert!(example_mobile("999", 1).is_none());
    }

    #[test]
    fn calling_codes() {
        assert!(["91", "44", "1", "971"].into_iter().all(is_calling_code));
        assert!(!["", "+91", "0", "999", "IN", "9999"].into_iter().any(is_calling_code));
    }
}
