//! Mobile numbers: reading what a person typed or a phone delivered into E.164 (decisions.md D5, D42, D43, D52).
//! `spelling` says which digits a text holds, `national` which of two spellings of a number is kept. The only file that
//! names the numbering-plan library. Not a judgement of who may register: that is foreign_number_check.

mod national;
#[cfg(test)]
mod properties;
mod spelling;

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
    /// Digits without a plus that are a number in two countries (D52).
    #[error("is a valid number both with a calling code and without one: nothing tells which was meant")]
    Ambiguous,
    /// A number with a fraction, or one whose last digits do not stand there (D42).
    #[error("was rounded by a spreadsheet or a float: its digits are not all there")]
    Rounded,
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
            PhoneError::Ambiguous => "sender_ambiguous",
            PhoneError::Rounded => "sender_rounded",
        }
    }
}

/// How numbers are read that carry no `+` and no `00` (D5, D52).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BareDigits {
    /// A national number if valid in the default country, else an international one if valid: as people type them.
    NationalFirst,
    /// This sender is known to drop the plus: international first.
    InternationalFirst,
    /// It is not known how this sender writes them: what is valid both ways is no number.
    OneWayOnly,
}

/// In which one way a receiver writes the numbers of senders (D52), where its operator knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberStyle {
    /// `+919876543210`
    E164,
    /// `919876543210`: with the calling code, without the plus.
    International,
    /// `9876543210` or `09876543210`, in the default country.
    National,
}

impl NumberStyle {
    /// All of them.
    pub const ALL: [NumberStyle; 3] = [NumberStyle::E164, NumberStyle::International, NumberStyle::National];

    /// Its name in the API and the stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            NumberStyle::E164 => "e164",
            NumberStyle::International => "international",
            NumberStyle::National => "national",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<NumberStyle> {
        NumberStyle::ALL.into_iter().find(|style| style.name() == name)
    }

    /// How digits without a plus are read then: of a receiver that writes the plus, one was lost.
    #[must_use]
    pub const fn bare_digits(self) -> BareDigits {
        match self {
            NumberStyle::E164 | NumberStyle::International => BareDigits::InternationalFirst,
            NumberStyle::National => BareDigits::NationalFirst,
        }
    }

    /// In which way this sender was written, where only that one is possible: what a receiver's habit is learnt from.
    #[must_use]
    pub fn told_by(raw: &str, default_calling_code: &str) -> Option<NumberStyle> {
        let spelled = spelling::read(raw).ok()?;
        if spelled.international {
            Mobile::international(&spelled.digits, Accept::Valid).ok()?;
            return Some(NumberStyle::E164);
        }
        let national = Mobile::in_country(&spelled.digits, default_calling_code).ok();
        let international = Mobile::international(&spelled.digits, Accept::Valid).ok();
        match (national, international) {
            (Some(_), None) => Some(NumberStyle::National),
            (None, Some(_)) => Some(NumberStyle::International),
            // Both are one number only if the digits begin with its calling code.
            (Some(one), Some(other)) if one == other => Some(NumberStyle::International),
            _ => None,
        }
    }
}

/// 003: `+` and 10-15 digits.
const DIGITS_MIN: usize = 10;
const DIGITS_MAX: usize = 15;

impl Mobile {
    /// Reads a number. `default_calling_code` is the setting `default_country_code`, e.g. `91`.
    pub fn parse(raw: &str, default_calling_code: &str, bare: BareDigits) -> Result<Mobile, PhoneError> {
        let spelled = spelling::read(raw)?;
        let digits = spelled.digits.as_str();
        if spelled.international {
            return Mobile::international(digits, Accept::Possible);
        }
        let national = || Mobile::in_country(digits, default_calling_code);
        let international = || {
            // A zero may stand before a calling code as it does before an area. Where both are numbers, the area is meant.
            Mobile::international(digits.strip_prefix('0').unwrap_or(digits), Accept::Valid)
        };
        match bare {
            BareDigits::NationalFirst => national().or_else(|_| international()),
            BareDigits::InternationalFirst if digits.starts_with('0') => {
                national().or_else(|_| international())
            }
            BareDigits::InternationalFirst => international().or_else(|_| national()),
            BareDigits::OneWayOnly if digits.starts_with('0') => national().or_else(|_| international()),
            BareDigits::OneWayOnly => match (national(), international()) {
                (Ok(one), Ok(other)) if one != other => match (one.sends_sms(), other.sends_sms()) {
                    (true, true) => Err(PhoneError::Ambiguous),
                    (false, true) => Ok(other),
                    (_, false) => Ok(one),
                },
                (Ok(mobile), _) | (Err(_), Ok(mobile)) => Ok(mobile),
                (Err(_), Err(why)) => Err(why),
            },
        }
    }

    /// May an SMS come from it? Not from what its plan keeps for landlines and services.
    fn sends_sms(&self) -> bool {
        let number = PHONE_NUMBER_UTIL.parse(self.e164.as_str(), None);
        !number.is_ok_and(|number| {
            matches!(
                number.get_type(),
                PhoneNumberType::FixedLine
                    | PhoneNumberType::TollFree
                    | PhoneNumberType::PremiumRate
                    | PhoneNumberType::SharedCost
                    | PhoneNumberType::UAN
                    | PhoneNumberType::VoiceMail
            )
        })
    }

    /// Reads a number that was E.164 when it was stored, as it was stored: not in the spelling that is kept today.
    #[must_use]
    pub fn from_e164(e164: &str) -> Option<Mobile> {
        let digits = e164.strip_prefix('+')?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        count(digits).ok()?;
        Mobile::accepted(&PHONE_NUMBER_UTIL.parse(e164, None).ok()?, Accept::Stored).ok()
    }

    fn international(digits: &str, accept: Accept) -> Result<Mobile, PhoneError> {
        count(digits)?;
        let parsed = |digits: &str| {
            PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).map(kept).map_err(|_| PhoneError::Impossible)
        };
        let written = parsed(digits);
        // A zero for calls within the country stays behind the calling code: `+91 0 98…`, `+44 (0) 77…`.
        if let Some(without) = without_zero_behind_code(digits)
            && !written.as_ref().is_ok_and(PhoneNumber::is_valid)
            && let Ok(number) = parsed(&without)
            && number.is_valid()
        {
            return Mobile::accepted(&number, accept);
        }
        let written = written?;
        let mobile = Mobile::accepted(&written, accept)?;
        // With more zeros than one it would be another number when it is read again.
        let again = without_zero_behind_code(&mobile.e164[1..]);
        if !written.is_valid() && again.is_some_and(|digits| parsed(&digits).is_ok_and(|n| n.is_valid())) {
            return Err(PhoneError::Impossible);
        }
        Ok(mobile)
    }

    fn in_country(digits: &str, calling_code: &str) -> Result<Mobile, PhoneError> {
        let region = region_of(calling_code).ok_or(PhoneError::Impossible)?;
        let number = PHONE_NUMBER_UTIL.parse(digits, Some(region)).map_err(|_| match digits.len() {
            0..DIGITS_MIN => PhoneError::TooShort,
            _ => PhoneError::Impossible,
        })?;
        Mobile::accepted(&kept(number), Accept::Valid)
    }

    fn accepted(number: &PhoneNumber, accept: Accept) -> Result<Mobile, PhoneError> {
        let good = match accept {
            Accept::Possible => PHONE_NUMBER_UTIL.is_possible_number(number),
            Accept::Stored => PHONE_NUMBER_UTIL.is_possible_number(number) || kept(number.clone()) != *number,
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

    /// As this number was written before one spelling was kept, E.164; None: it has one spelling alone (D43).
    #[must_use]
    pub fn older_spelling(&self) -> Option<String> {
        let older = national::older(self.calling_code.parse().ok()?, &self.national)?;
        Some(format!("+{}{older}", self.calling_code))
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
    /// The same, or an older spelling, which today's plan may not have any more.
    Stored,
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

/// Is it a number whose digits are not all there, as a spreadsheet or a float leaves it (D42)?
#[must_use]
pub fn is_rounded(raw: &str) -> bool {
    spelling::read(raw) == Err(PhoneError::Rounded)
}

/// The spelling that is kept today of a number that was stored before, E.164; None: it is that already, or no number (D43).
#[must_use]
pub fn spelled_today(stored: &str) -> Option<String> {
    let today = Mobile::parse(stored, "1", BareDigits::InternationalFirst)
        .ok()
        .filter(|_| stored.starts_with('+'))?;
    (today.e164 != stored).then_some(today.e164)
}

/// The spelling of it that is kept (D43).
fn kept(number: PhoneNumber) -> PhoneNumber {
    let other = national::kept(number.country_code, &number.get_national_significant_number())
        .and_then(|national| {
            let other = PHONE_NUMBER_UTIL.parse(format!("+{}{national}", number.country_code), None).ok()?;
            // A zero in front may have been taken for the one that is dialled within the country.
            (other.get_national_significant_number() == national).then_some(other)
        })
        .filter(|other| PHONE_NUMBER_UTIL.is_possible_number(other));
    other.unwrap_or(number)
}

/// The digits without one zero behind their calling code.
fn without_zero_behind_code(digits: &str) -> Option<String> {
    let (code, national) =
        (1..=3).filter_map(|at| digits.split_at_checked(at)).find(|(code, _)| is_calling_code(code))?;
    Some(format!("{code}{}", national.strip_prefix('0')?))
}

fn region_of(calling_code: &str) -> Option<Region> {
    PHONE_NUMBER_UTIL.get_region_for_country_code(calling_code.parse().ok()?)
}

/// A mobile number of that calling code which belongs to nobody in particular, another one for each `n` below 10,000:
/// for what simulates users. None: no numbering plan has the code, or it tells no example.
#[must_use]
pub fn example_mobile(calling_code: &str, n: u32) -> Option<Mobile> {
    const VARIED: usize = 4;
    let e164 = example(calling_code)?.format_as(PhoneNumberFormat::E164).into_owned();
    let kept = e164.get(..e164.len().checked_sub(VARIED)?)?;
    Mobile::from_e164(&format!("{kept}{:04}", n % 10_000))
}

/// How people of that calling code write a mobile number for somebody abroad, as an example: `+91 81234 56789`. None: no
/// numbering plan has the code, or it tells no example.
#[must_use]
pub fn example_spelled(calling_code: &str) -> Option<String> {
    Some(example(calling_code)?.format_as(PhoneNumberFormat::International).into_owned())
}

fn example(calling_code: &str) -> Option<PhoneNumber> {
    let region = region_of(calling_code)?;
    PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile).ok()
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
    fn an_example_is_spelled_as_its_country_does() {
        for code in ["91", "44", "1", "49", "971", "254"] {
            let spelled = example_spelled(code).unwrap();
            assert!(spelled.starts_with(&format!("+{code} ")), "{spelled}");
            let read = Mobile::parse(&spelled, "91", BareDigits::NationalFirst).unwrap();
            assert_eq!(read.calling_code(), code);
        }
        assert_eq!(example_spelled("999"), None);
    }

    #[test]
    fn a_number_that_was_stored_before_is_known_under_both_spellings() {
        for (stored, today) in [
            ("+541123456789", "+5491123456789"),
            ("+5215512345678", "+525512345678"),
            ("+554788887777", "+5547988887777"),
        ] {
            assert_eq!(spelled_today(stored).as_deref(), Some(today));
            assert_eq!(spelled_today(today), None);
            assert_eq!(Mobile::from_e164(today).unwrap().older_spelling().as_deref(), Some(stored));
        }
        for other in ["+919876543210", "MYBANK", "57575", ""] {
            assert_eq!(spelled_today(other), None, "{other}");
        }
        assert_eq!(Mobile::from_e164("+919876543210").unwrap().older_spelling(), None);
    }

    #[test]
    fn a_number_is_rounded_or_something_else() {
        assert!(["4.47911E+11", "447911123456.5", "9E11"].into_iter().all(is_rounded));
        assert!(!["+919876543210", "447911123456.0", "MYBANK", "57575", ""].into_iter().any(is_rounded));
    }

    #[test]
    fn calling_codes() {
        assert!(["91", "44", "1", "971"].into_iter().all(is_calling_code));
        assert!(
            !["", "+91", "+1", "0", "091", "01", "999", "IN", "9999", "-1"].into_iter().any(is_calling_code)
        );
    }

    /// 003: `+` and 10 to 15 digits.
    #[test]
    fn ten_to_fifteen_digits_are_enough_and_not_too_many() {
        for (digits, expected) in [
            (1, Err(TooShort)),
            (9, Err(TooShort)),
            (10, Ok(())),
            (15, Ok(())),
            (16, Err(TooLong)),
            (40, Err(TooLong)),
        ] {
            assert_eq!(count(&"9".repeat(digits)), expected, "{digits}");
        }
        for (raw, expected) in [
            ("+4741234567", Ok("+4741234567".to_owned())),
            ("+474123456", Err(TooShort)),
            ("+3546111234", Ok("+3546111234".to_owned())),
            ("+354611123", Err(TooShort)),
            ("+4915123456789012", Err(TooLong)),
            ("+491512345678901", Ok("+491512345678901".to_owned())),
            ("+4479111234567", Err(Impossible)),
        ] {
            for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst, BareDigits::OneWayOnly] {
                assert_eq!(Mobile::parse(raw, "91", bare).map(|mobile| mobile.e164), expected, "{raw}");
            }
        }
        // So few digits that no plan reads them.
        for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst, BareDigits::OneWayOnly] {
            assert_eq!(Mobile::parse("5", "91", bare), Err(TooShort));
            assert_eq!(Mobile::parse("98765432109876543", "91", bare), Err(TooLong));
        }
    }

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        for (why, word) in [
            (Empty, "sender_empty"),
            (Alphanumeric, "sender_alphanumeric"),
            (TooShort, "sender_too_short"),
            (TooLong, "sender_too_long"),
            (Impossible, "sender_impossible"),
            (Ambiguous, "sender_ambiguous"),
            (Rounded, "sender_rounded"),
        ] {
            assert_eq!(why.code(), word);
        }
    }

    /// D52: of two readings the one that can send SMS is meant.
    #[test]
    fn of_two_readings_a_landline_is_not_meant() {
        let read = |digits| Mobile::parse(digits, "91", BareDigits::OneWayOnly).map(|mobile| mobile.e164);
        assert_eq!(read("9603301234").as_deref(), Ok("+919603301234"), "Maldivian landline or Indian mobile");
        assert_eq!(read("4747234567").as_deref(), Ok("+4747234567"), "Indian landline or Norwegian mobile");
        assert_eq!(read("9607712345"), Err(Ambiguous), "both are mobiles");
        let mobile = |e164| Mobile::from_e164(e164).unwrap();
        for (number, sends) in [
            ("+919876543210", true),
            ("+447911123456", true),
            ("+12025550115", true),
            ("+9603301234", false),
            ("+442079460123", false),
            ("+448081570192", false),
            ("+449098790123", false),
        ] {
            assert_eq!(mobile(number).sends_sms(), sends, "{number}");
        }
    }

    /// The zero that is dialled within a country tells that it is one of the country, where it can be.
    #[test]
    fn a_zero_in_front_is_of_the_area_before_it_is_of_the_code() {
        for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst, BareDigits::OneWayOnly] {
            let read = |digits| Mobile::parse(digits, "91", bare).map(|mobile| mobile.e164);
            assert_eq!(read("09607712345").as_deref(), Ok("+919607712345"), "{bare:?}");
            assert_eq!(read("0447911123456").as_deref(), Ok("+447911123456"), "{bare:?}");
        }
    }

    #[test]
    fn a_receiver_that_writes_one_way_is_read_that_way() {
        for (style, name, bare) in [
            (NumberStyle::E164, "e164", BareDigits::InternationalFirst),
            (NumberStyle::International, "international", BareDigits::InternationalFirst),
            (NumberStyle::National, "national", BareDigits::NationalFirst),
        ] {
            assert_eq!((style.name(), style.bare_digits()), (name, bare));
            assert_eq!(NumberStyle::named(name), Some(style));
        }
        assert_eq!(NumberStyle::named("unknown"), None);
    }

    #[test]
    fn what_was_stored_is_read_as_it_was_stored() {
        for stored in ["+919876543210", "+541123456789", "+5215512345678"] {
            assert_eq!(Mobile::from_e164(stored).unwrap().e164(), stored);
        }
        for other in
            ["", "+", "919876543210", "+91 9876543210", "+91987654321a", "+9198765", "++919876543210"]
        {
            assert_eq!(Mobile::from_e164(other), None, "{other:?}");
        }
    }

    #[test]
    fn examples_are_other_ones_for_ten_thousand() {
        let example = |n| example_mobile("91", n).unwrap().e164;
        assert!(example(7).ends_with("0007") && example(9_999).ends_with("9999"));
        assert_eq!(example(10_007), example(7));
    }

    #[test]
    fn a_masked_number_shows_five_characters_of_many() {
        for (number, shown) in
            [("", ""), ("57575", "•••••"), ("+91987", "+91•87"), ("+919876543210", "+91••••••••10")]
        {
            assert_eq!(masked(number), shown);
        }
    }
}
