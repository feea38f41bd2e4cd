//! Every spelling of one number is that number, and no text that holds one becomes another: for every country that has an
//! example of a mobile number.

use std::sync::LazyLock;

use proptest::prelude::*;
use rlibphonenumber::PHONE_NUMBER_UTIL;
use rlibphonenumber::enums::PhoneNumberType;

use super::*;

/// An example of each region whose mobiles are long enough for 003.
static EXAMPLES: LazyLock<Vec<Mobile>> = LazyLock::new(|| {
    let of = |region| {
        let example =
            PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, PhoneNumberType::Mobile);
        let e164 = example.ok()?.format_as(PhoneNumberFormat::E164).into_owned();
        Mobile::parse(&e164, "91", BareDigits::NationalFirst).ok()
    };
    let mut all: Vec<Mobile> = PHONE_NUMBER_UTIL.get_supported_regions().filter_map(of).collect();
    all.sort();
    assert!(all.len() > 180, "{}", all.len());
    all
});

/// Zeros of scripts: the other nine digits follow each.
const SCRIPTS: [u32; 8] = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xff10, 0x1d7ce, 0x1e950];
const SEPARATORS: [&str; 14] = [
    " ",
    "-",
    "\u{2011}",
    "\u{2013}",
    "\u{2212}",
    "\u{a0}",
    "\u{202f}",
    "\u{2007}",
    "/",
    ".",
    ") (",
    "\u{200e}",
    "",
    "\u{2060} ",
];

/// The digits in groups of at least two, in that script.
fn spelled(digits: &str, separator: &str, script: u32, sizes: &[usize]) -> String {
    let mut sizes = sizes.iter().cycle();
    let mut out = String::new();
    let mut left = digits.len();
    let mut in_group = 0;
    for digit in digits.bytes() {
        // The last group has two digits at least.
        if in_group == 0 {
            in_group = *sizes.next().unwrap();
            if left - in_group.min(left) < 2 {
                in_group = left;
            }
            if !out.is_empty() {
                out.push_str(separator);
            }
        }
        out.push(char::from_u32(script + u32::from(digit - b'0')).unwrap());
        in_group -= 1;
        left -= 1;
    }
    out
}

fn any_number() -> impl Strategy<Value = &'static Mobile> {
    (0..EXAMPLES.len()).prop_map(|at| &EXAMPLES[at])
}

fn all_digits(text: &str) -> String {
    text.chars().filter_map(crate::script::decimal_digit).map(|digit| char::from(b'0' + digit)).collect()
}

proptest! {
    #[test]
    fn every_spelling_with_its_code_is_the_number(
        number in any_number(),
        separator in proptest::sample::select(&SEPARATORS[..]),
        script in proptest::sample::select(&SCRIPTS[..]),
        sizes in proptest::collection::vec(2_usize..6, 1..5),
        prefix in proptest::sample::select(&["+", "00", "\u{ff0b}", "(+", "tel:+", "sms:+", "\u{202a}+", "+00", "+0"][..]),
    ) {
        let digits = &number.e164()[1..];
        let text = format!("{prefix}{}", spelled(digits, separator, script, &sizes));
        let read = Mobile::parse(&text, "91", BareDigits::OneWayOnly);
        prop_assert_eq!(read.as_ref(), Ok(number), "{}", text);
    }

    #[test]
    fn every_national_spelling_is_the_number_at_home(
        number in any_number(),
        separator in proptest::sample::select(&SEPARATORS[..]),
        script in proptest::sample::select(&SCRIPTS[..]),
        sizes in proptest::collection::vec(2_usize..6, 1..5),
    ) {
        let text = spelled(number.national(), separator, script, &sizes);
        let read = Mobile::parse(&text, number.calling_code(), BareDigits::NationalFirst);
        prop_assert_eq!(read.as_ref(), Ok(number), "{}", text);
        let strictly = Mobile::parse(&text, number.calling_code(), BareDigits::OneWayOnly);
        prop_assert!(strictly.as_ref() == Ok(number) || strictly == Err(PhoneError::Ambiguous), "{} {:?}", text, strictly);
    }

    /// A zero behind the calling code is left out where the number with it is none.
    #[test]
    fn one_zero_behind_the_code_is_read(number in any_number(), brackets in any::<bool>()) {
        let zero = if brackets { "(0)" } else { "0" };
        let text = format!("+{} {zero} {}", number.calling_code(), number.national());
        match Mobile::parse(&text, "91", BareDigits::OneWayOnly) {
            Ok(read) if read == *number => {}
            Ok(read) => {
                let with_zero = format!("+{}0{}", number.calling_code(), number.national());
                prop_assert_eq!(read.e164(), with_zero.as_str(), "{}", &text);
                prop_assert!(PHONE_NUMBER_UTIL.parse(with_zero.as_str(), None).is_ok_and(|n| n.is_valid()), "{}", text);
            }
            Err(why) => prop_assert!(why == PhoneError::TooLong, "{} {why:?}", text),
        }
    }

    /// What stands around a whole number, a fraction, an exponent, another group, never makes another number of it.
    #[test]
    fn a_text_with_the_digits_of_one_number_never_becomes_another(
        number in any_number(),
        plus in any::<bool>(),
        tail in "[.,][0-9]{1,2}|[.,]0{1,5}|[eE][+]?[0-9]{1,2}| ?[-/ (][0-9]\\)?|[.,][0-9]{3}[.,]0",
    ) {
        let text = format!("{}{}{tail}", if plus { "+" } else { "" }, &number.e164()[1..]);
        if let Ok(read) = Mobile::parse(&text, "91", BareDigits::InternationalFirst) {
            // Three digits more in groups of their own are digits of the number.
            let grouped = tail.len() == 6;
            prop_assert!(read == *number || grouped, "{} became {}", text, read.e164());
        }
    }

    /// A whole number as programs write floats of it.
    #[test]
    fn a_float_that_is_whole_is_the_number(number in any_number()) {
        let digits = &number.e164()[1..];
        let (first, rest) = digits.split_at(1);
        for text in [format!("{digits}.0"), format!("{digits}.00"), format!("{first}.{rest}E{}", rest.len()),
            format!("{first}.{rest}e+{}", rest.len())]
        {
            let read = Mobile::parse(&text, "91", BareDigits::InternationalFirst);
            prop_assert_eq!(read.as_ref(), Ok(number), "{}", text);
        }
        let (cut, lost) = rest.split_at(rest.len() - 1);
        let text = format!("{first}.{cut}E{}", rest.len());
        prop_assert_eq!(Mobile::parse(&text, "91", BareDigits::InternationalFirst), Err(PhoneError::Rounded), "{} {}", &text, lost);
    }

    /// Whatever is accepted ends as the text ends: no digit is made up, and none is cut away but zeros of a fraction.
    #[test]
    fn no_digit_is_made_up(text in "[+]?[0-9 .,()/-]{8,24}") {
        for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst, BareDigits::OneWayOnly] {
            let Ok(read) = Mobile::parse(&text, "91", bare) else { continue };
            let digits = all_digits(&text);
            let tail = &read.e164()[read.e164().len() - 7..];
            let whole = digits.ends_with(tail)
                || text.contains(['.', ',']) && digits.trim_end_matches('0').len() < digits.len()
                    && (0..digits.len()).any(|at| digits[..at].ends_with(tail) && digits[at..].bytes().all(|b| b == b'0'));
            prop_assert!(whole, "{} became {}", text, read.e164());
        }
    }
}

#[test]
fn two_spellings_of_one_person_are_one_number() {
    for (code, spellings, kept) in [
        (
            "54",
            ["+541123456789", "+5491123456789", "+54 9 11 2345-6789", "011 15 2345-6789", "11 2345 6789"],
            "+5491123456789",
        ),
        (
            "52",
            ["+525512345678", "+5215512345678", "+52 1 55 1234 5678", "55 1234 5678", "0052 1 5512345678"],
            "+525512345678",
        ),
        (
            "55",
            ["+554788887777", "+5547988887777", "+55 47 9 8888-7777", "047 8888-7777", "47 98888 7777"],
            "+5547988887777",
        ),
    ] {
        for spelling in spellings {
            let read = Mobile::parse(spelling, code, BareDigits::NationalFirst);
            assert_eq!(read.as_ref().map(Mobile::e164), Ok(kept), "{spelling}");
        }
    }
    let landline = Mobile::parse("+554732227777", "55", BareDigits::NationalFirst).unwrap();
    assert_eq!(landline.e164(), "+554732227777");
}

/// Found by fuzzing: `+62 000 778 694 377` was one number when it was read, and another when what was read was read again.
#[test]
fn what_is_read_is_read_again_as_itself_however_many_zeros_are_in_front() {
    for number in EXAMPLES.iter() {
        for zeros in ["", "0", "00", "000", "0000"] {
            for code_in_front in ["+", "00", ""] {
                let text = format!("{code_in_front}{}{zeros}{}", number.calling_code(), number.national());
                let Ok(read) = Mobile::parse(&text, "91", BareDigits::InternationalFirst) else { continue };
                let again = Mobile::parse(read.e164(), "91", BareDigits::NationalFirst);
                assert_eq!(again.as_ref().map(Mobile::e164), Ok(read.e164()), "{text}");
            }
        }
    }
}

/// Found by fuzzing: a zero where no area has one became another number when it got the nine of a mobile.
#[test]
fn a_spelling_is_kept_only_if_it_says_what_was_written() {
    for text in ["550001/78000153", "+5500178000153", "+550178000153", "+52 1 0551234567", "+54 0112345678"] {
        let Ok(read) = Mobile::parse(text, "91", BareDigits::InternationalFirst) else { continue };
        let again = Mobile::parse(read.e164(), "91", BareDigits::NationalFirst);
        assert_eq!(again.as_ref().map(Mobile::e164), Ok(read.e164()), "{text}");
        assert_ne!(read.e164(), "+551978000153", "{text}");
    }
}

#[test]
fn digits_that_are_valid_both_ways_are_no_sender() {
    let read = |text, bare| Mobile::parse(text, "91", bare).map(|mobile| mobile.e164().to_owned());
    assert_eq!(read("9607712345", BareDigits::OneWayOnly), Err(PhoneError::Ambiguous));
    assert_eq!(read("9607712345", BareDigits::InternationalFirst).as_deref(), Ok("+9607712345"));
    assert_eq!(read("9607712345", BareDigits::NationalFirst).as_deref(), Ok("+919607712345"));
    // The zero before an area tells.
    assert_eq!(read("09607712345", BareDigits::OneWayOnly).as_deref(), Ok("+919607712345"));
    assert_eq!(read("+9607712345", BareDigits::OneWayOnly).as_deref(), Ok("+9607712345"));
    assert_eq!(read("919607712345", BareDigits::OneWayOnly).as_deref(), Ok("+919607712345"));
    assert_eq!(read("9876543210", BareDigits::OneWayOnly).as_deref(), Ok("+919876543210"));
    assert_eq!(read("447911123456", BareDigits::OneWayOnly).as_deref(), Ok("+447911123456"));
    assert_eq!(read("0447911123456", BareDigits::OneWayOnly).as_deref(), Ok("+447911123456"));
}

#[test]
fn the_habit_of_a_receiver_is_told_by_what_is_possible_in_one_way_only() {
    let told = |text| NumberStyle::told_by(text, "91");
    assert_eq!(told("+919876543210"), Some(NumberStyle::E164));
    assert_eq!(told("00919876543210"), Some(NumberStyle::E164));
    assert_eq!(told("919876543210"), Some(NumberStyle::International));
    assert_eq!(told("447911123456"), Some(NumberStyle::International));
    assert_eq!(told("+4479111234567"), None);
    assert_eq!(told("09876543210"), Some(NumberStyle::National));
    assert_eq!(told("9876543210"), Some(NumberStyle::National));
    assert_eq!(told("9607712345"), None);
    assert_eq!(told("MYBANK"), None);
    assert!(NumberStyle::ALL.into_iter().all(|style| NumberStyle::named(style.name()) == Some(style)));
}

/// How many valid Indian mobiles are numbers of another country too, written without their code (D52): of all that begin with
/// 6 to 9, some that lie far from each other, always the same ones. Of 40,000 it is 0.65 %.
#[test]
fn few_valid_indian_mobiles_are_numbers_of_another_country_too() {
    const SAMPLES: u64 = 4_000;
    const ALL: u64 = 4_000_000_000;
    // It divides with no part of `ALL`: no number comes twice.
    const APART: u64 = 1_618_033_989;
    let (mut valid, mut ambiguous) = (0_u32, 0_u32);
    for n in 0..SAMPLES {
        let digits = (6_000_000_000 + n * APART % ALL).to_string();
        if Mobile::in_country(&digits, "91").is_err() {
            continue;
        }
        valid += 1;
        let read = Mobile::parse(&digits, "91", BareDigits::OneWayOnly);
        ambiguous += u32::from(read == Err(PhoneError::Ambiguous));
    }
    let share = f64::from(ambiguous) / f64::from(valid);
    assert!(valid > 2_000 && (0.003..0.015).contains(&share), "{ambiguous} of {valid} are {share}");
}
