//! What must hold for any text from outside, whatever a phone, a gateway or an attacker sends. Run by
//! the fuzz targets on what libFuzzer invents, and by bridge-core's tests on the corpus. No panics is
//! the least of it: each function also asserts what its reader promises.

use bridge_core::Mobile;
use bridge_core::message::{self, HASH_HEX_ENOUGH, HASH_HEX_LEN, Hashes};
use bridge_core::phone::BareDigits;
use bridge_core::script;
use bridge_core::stamp::{AHEAD, BACK, Stamp, Zone};
use bridge_core::time::Timestamp;

const HASH: &str = "a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66a06f0b785d66abcd";

/// The text of an SMS: every hash found is one, and nothing before or behind hides the real one.
pub fn sms_text(text: &str) {
    let headers = ["ONBOARD".to_owned(), "SIGNUP".to_owned()];
    if let Hashes::Some(hashes) = message::find_hashes(text, &headers).hashes {
        assert!(!hashes.is_empty());
        for hash in &hashes {
            assert!((HASH_HEX_ENOUGH..=HASH_HEX_LEN).contains(&hash.len()), "{hash}");
            assert!(hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{hash}");
        }
    }
    let signed = format!("ONBOARD:{HASH}\n{text}");
    let Hashes::Some(hashes) = message::find_hashes(&signed, &headers).hashes else {
        panic!("a signature hides the hash: {signed:?}");
    };
    assert_eq!(hashes[0], HASH);
    // What is neither letter nor digit hides nothing, wherever it stands behind the header; but for what begins a letter
    // that was written as something else.
    let marks: Vec<char> =
        text.chars().filter(|c| !c.is_alphanumeric() && !matches!(c, '%' | '&' | '\\')).take(200).collect();
    let mut marked = String::from("ONBOARD");
    for (n, c) in format!(":{HASH}").chars().enumerate() {
        marked.extend(marks.iter().skip(n).step_by(HASH_HEX_LEN + 1));
        marked.push(c);
    }
    let found = message::find_hashes(&marked, &headers);
    assert!(found.holds(HASH, false), "marks hide the hash: {marked:?}");
    let stored = message::storable(text);
    assert!(!stored.contains('\0'));
    assert_eq!(message::storable(&stored), stored);
    let compact = message::compact(text);
    assert_eq!(message::compact(&compact), compact);
}

/// A sender or a typed number: whatever is accepted is E.164, and is read back as itself.
pub fn phone(raw: &str) {
    for calling_code in ["91", "1", "44", "39"] {
        for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst] {
            let Ok(mobile) = Mobile::parse(raw, calling_code, bare) else { continue };
            let e164 = mobile.e164();
            let digits = e164.strip_prefix('+').expect("E.164 begins with +");
            assert!(
                (10..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()),
                "{e164}"
            );
            assert!(digits.starts_with(mobile.calling_code()), "{e164}");
            assert_eq!(Mobile::from_e164(e164).as_ref(), Some(&mobile), "{e164} from {raw:?}");
            assert_eq!(Mobile::parse(e164, calling_code, bare).as_ref(), Ok(&mobile), "{e164} from {raw:?}");
        }
    }
}

/// A sender: read as a whole or not at all (decisions.md D42). Whatever is accepted ends as the digits of the text end, but
/// for zeros of a fraction, and has no digit more than stand there, but for a calling code and the digits that a country
/// added to all its numbers.
pub fn sender(raw: &str) {
    // A link has parameters, an exponent moves the point: what they may mean is the table of `phone::spelling`.
    if raw.contains([';', '?', '%', 'e', 'E', 'ｅ', 'Ｅ']) {
        return;
    }
    let all: String =
        raw.chars().filter_map(script::decimal_digit).map(|digit| char::from(b'0' + digit)).collect();
    for calling_code in ["91", "1", "54", "39"] {
        for bare in [BareDigits::NationalFirst, BareDigits::InternationalFirst, BareDigits::OneWayOnly] {
            let Ok(mobile) = Mobile::parse(raw, calling_code, bare) else { continue };
            let e164 = &mobile.e164()[1..];
            let tail = &e164[e164.len() - 7..];
            let ends = |digits: &str| digits.ends_with(tail) && digits.len() + 4 >= e164.len();
            let whole = ends(&all)
                || raw.contains(['.', ',', '．', '，', '٫', '٬', '،'])
                    && (0..all.len()).any(|at| all[at..].bytes().all(|b| b == b'0') && ends(&all[..at]));
            assert!(whole, "{raw:?} became {e164}");
            assert!(all.trim_start_matches('0').len() <= e164.len() + 16, "{raw:?} became {e164}");
        }
    }
}

/// A time stamp: whatever is accepted lies in the years 1970 to 9998 and survives being written and read.
pub fn timestamp(text: &str) {
    stamp(text);
    let Ok(stamp) = Timestamp::parse(text) else { return };
    assert!((0..253_370_764_800_000).contains(&stamp.0), "{stamp:?} from {text:?}");
    assert_eq!(Timestamp::parse(&stamp.to_string()), Ok(stamp));
    assert_eq!(Timestamp::parse_stored(&stamp.to_rfc3339_millis()), Ok(stamp));
}

/// What a phone wrote where a time is expected: it is a point in time near now, or it is kept as it was written; and digits
/// of another script say the same (decisions.md D40).
fn stamp(text: &str) {
    const NOW: Timestamp = Timestamp(1_795_947_300_000);
    let Some(read) = Stamp::read(text) else { return };
    let zone = Zone::named("Asia/Kolkata").expect("a zone of the database");
    for zone in [None, Some(&zone)] {
        let settled = read.settle(zone, NOW);
        assert!(settled.at.is_some() || settled.raw.is_some(), "{text:?}");
        assert!(settled.at.is_none_or(|at| (NOW - BACK..=NOW + AHEAD).contains(&at)), "{text:?} {settled:?}");
        assert!(settled.raw.is_none_or(|raw| raw.chars().count() <= 64 && !raw.contains('\0')), "{text:?}");
    }
    if text.chars().count() <= 64 {
        let other: String = text.chars().map(|c| c.to_digit(10).map_or(c, devanagari)).collect();
        let same = Stamp::read(&other).map(|stamp| stamp.moment(Some(&zone)));
        assert_eq!(same, Some(read.moment(Some(&zone))), "{text:?} as {other:?}");
    }
}

fn devanagari(digit: u32) -> char {
    char::from_u32(0x966 + digit).expect("ten digits in a row")
}
