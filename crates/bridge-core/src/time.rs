//! Points in time as whole milliseconds since 1970, and how they are read and written.
//! Not a clock: nothing here knows what time it is.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span(pub i64);

impl Span {
    /// A span of whole seconds, as every setting counts them.
    #[must_use]
    pub const fn seconds(seconds: u32) -> Span {
        Span(seconds as i64 * 1000)
    }
}

/// In words, for people: `4 min 12 s`. The two largest units.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1000;
        match seconds {
            0 if self.0 != 0 => write!(f, "{} ms", self.0),
            -59..=59 => write!(f, "{seconds} s"),
            ..=-60 => write!(f, "-{}", Span(self.0.saturating_neg())),
            60..3_600 => parts(f, (seconds / 60, "min"), (seconds % 60, "s")),
            3_600..86_400 => parts(f, (seconds / 3_600, "h"), (seconds % 3_600 / 60, "min")),
            _ => parts(f, (seconds / 86_400, "d"), (seconds % 86_400 / 3_600, "h")),
        }
    }
}

fn parts(f: &mut fmt::Formatter<'_>, large: (i64, &str), small: (i64, &str)) -> fmt::Result {
    write!(f, "{} {}", large.0, large.1)?;
    if small.0 == 0 { Ok(()) } else { write!(f, " {} {}", small.0, small.1) }
}

/// Twenty-four hours: the window of `sms_count` (decisions.md D3).
pub const DAY: Span = Span(86_400_000);

impl Add<Span> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, other: Timestamp) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

/// Why a time stamp from outside cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Neither RFC 3339 nor a number.
    #[error("is not a time: send RFC 3339 like 2026-01-31T12:00:00Z, or epoch seconds or milliseconds")]
    Unreadable,
    /// Before 1970 or after 9999: nothing that a table or a calendar could hold.
    #[error("lies outside the years 1970 to 9999")]
    OutOfRange,
}

/// 1970-01-01 and 9999-01-01. A stamp that is merely wrong is read, and time_window_check says so.
const EARLIEST: Timestamp = Timestamp(0);
const LATEST: Timestamp = Timestamp(253_370_764_800_000);
/// Numbers below this are seconds, above it milliseconds. As seconds it is the year 5138, as
/// milliseconds 1973: no sensible stamp is read the wrong way.
const SECONDS_BELOW: i64 = 100_000_000_000;

impl Timestamp {
    /// Reads RFC 3339 (with a zone), epoch seconds or epoch milliseconds (contract section 3).
    pub fn parse(text: &str) -> Result<Timestamp, StampError> {
        let text = text.trim();
        if let Ok(number) = text.parse::<i64>() {
            return Timestamp::from_epoch(number);
        }
        if let Some((whole, fraction)) = text.split_once('.')
            && fraction.bytes().all(|b| b.is_ascii_digit())
            && let Ok(seconds) = whole.parse::<i64>()
        {
            let millis: i64 = format!("{fraction:0<3}")[..3].parse().map_err(|_| StampError::Unreadable)?;
            let base = Timestamp::from_epoch(seconds)?;
            return Ok(if seconds < SECONDS_BELOW { base + Span(millis) } else { base });
        }
        let stamp: jiff::Timestamp = text.parse().map_err(|_| StampError::Unreadable)?;
        Timestamp(stamp.as_millisecond()).in_range()
    }

    /// Reads a number as epoch seconds or milliseconds, whichever it must be.
    pub fn from_epoch(number: i64) -> Result<Timestamp, StampError> {
        let millis = if number.unsigned_abs() < SECONDS_BELOW.unsigned_abs() {
            number.saturating_mul(1000)
        } else {
            number
        };
        Timestamp(millis).in_range()
    }

    fn in_range(self) -> Result<Timestamp, StampError> {
        if (EARLIEST..LATEST).contains(&self) { Ok(self) } else { Err(StampError::OutOfRange) }
    }

    /// RFC 3339 in UTC with three digits of milliseconds: as text in the order of time.
    #[must_use]
    pub fn to_rfc3339_millis(self) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(stamp) => format!("{stamp:.3}"),
            Err(_) => self.to_string(),
        }
    }

    /// Reads what [`Timestamp::to_rfc3339_millis`] wrote: any time, not only one that may come from outside.
    pub fn parse_stored(text: &str) -> Result<Timestamp, StampError> {
        let stamp: jiff::Timestamp = text.parse().map_err(|_| StampError::Unreadable)?;
        Ok(Timestamp(stamp.as_millisecond()))
    }

    /// Whole seconds since 1970, rounded down.
    #[must_use]
    pub fn epoch_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

/// RFC 3339 in UTC with `Z` (contract section 2); milliseconds only where there are any.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(stamp) => stamp.fmt(f),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let stamp: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
        Ok(Timestamp(stamp.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form_a_phone_sends() {
        let noon = Timestamp(1_769_860_800_000);
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.000Z",
            "2026-01-31T17:30:00+05:30",
            "2026-01-31 12:00:00Z",
            "1769860800",
            "1769860800000",
            "1769860800.000",
            " 1769860800 ",
        ] {
            assert_eq!(Timestamp::parse(text), Ok(noon), "{text}");
        }
        assert_eq!(Timestamp::parse("1769860800.25"), Ok(Timestamp(1_769_860_800_250)));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["", "yesterday", "2026-01-31T12:00:00", "12:00", "NaN", "1e9", "--1"] {
            assert_eq!(Timestamp::parse(text), Err(StampError::Unreadable), "{text}");
        }
        for text in ["-1", "1969-12-31T23:59:59Z", "9999-06-01T00:00:00Z", "9223372036854775807"] {
            assert_eq!(Timestamp::parse(text), Err(StampError::OutOfRange), "{text}");
        }
        for (text, millis) in
            [("0", 0), ("1970-01-01T00:00:00Z", 0), ("2100-01-01T00:00:00Z", 4_102_444_800_000)]
        {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp(millis)), "{text}");
        }
    }

    #[test]
    fn spans_are_said_in_words() {
        for (millis, words) in [
            (0, "0 s"),
            (250, "250 ms"),
            (60_000, "1 min"),
            (252_999, "4 min 12 s"),
            (7_260_000, "2 h 1 min"),
            (90_000_000, "1 d 1 h"),
            (-61_000, "-1 min 1 s"),
            (59_999, "59 s"),
            (3_599_000, "59 min 59 s"),
            (3_600_000, "1 h"),
            (86_399_000, "23 h 59 min"),
            (86_400_000, "1 d"),
            (-250, "-250 ms"),
            (-59_000, "-59 s"),
            (i64::MIN, "-106751991167 d 7 h"),
        ] {
            assert_eq!(Span(millis).to_string(), words);
        }
    }

    #[test]
    fn is_written_as_utc_and_read_back() {
        let stamp = Timestamp(1_769_860_800_250);
        assert_eq!(stamp.to_string(), "2026-01-31T12:00:00.25Z");
        let json = serde_json::to_string(&stamp).unwrap();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), stamp);
    }

    /// As seconds the limit is the year 5138, as milliseconds 1973: no sensible stamp lies near it.
    #[test]
    fn small_numbers_are_seconds_and_large_ones_milliseconds() {
        for (text, millis) in [
            ("99999999999", 99_999_999_999_000),
            ("100000000000", 100_000_000_000),
            ("100000000000.5", 100_000_000_000),
            ("100000000001.5", 100_000_000_001),
            ("99999999999.5", 99_999_999_999_500),
            ("253370764799", 253_370_764_799),
            ("253370764799999", 253_370_764_799_999),
            ("1769860800.", 1_769_860_800_000),
            ("1769860800.123456", 1_769_860_800_123),
            ("0.001", 1),
        ] {
            assert_eq!(Timestamp::parse(text), Ok(Timestamp(millis)), "{text}");
        }
        for text in ["253370764800000", "9999-01-01T00:00:00Z", "-1.5", "-99999999999", "-100000000001"] {
            assert_eq!(Timestamp::parse(text), Err(StampError::OutOfRange), "{text}");
        }
        assert_eq!(Timestamp::parse("9998-12-31T23:59:59Z"), Ok(Timestamp(253_370_764_799_000)));
        for text in ["1769860800.2x", "1769860800.-5", ".5"] {
            assert_eq!(Timestamp::parse(text), Err(StampError::Unreadable), "{text}");
        }
    }

    /// What is stored is in the order of time as text too, and any time can be stored.
    #[test]
    fn stored_times_are_read_back_and_sort_as_text() {
        let times = [-62_135_596_800_000, -1, 0, 7, 1_769_860_800_250, 253_402_207_200_000];
        let texts: Vec<String> = times.iter().map(|time| Timestamp(*time).to_rfc3339_millis()).collect();
        assert_eq!(texts[2], "1970-01-01T00:00:00.000Z");
        assert_eq!(texts[4], "2026-01-31T12:00:00.250Z");
        assert!(texts.is_sorted(), "{texts:?}");
        for (text, time) in texts.iter().zip(times) {
            assert_eq!(Timestamp::parse_stored(text), Ok(Timestamp(time)));
        }
        assert_eq!(Timestamp::parse_stored("1769860800"), Err(StampError::Unreadable));
        // What no calendar holds is still told apart.
        assert_eq!(Timestamp(i64::MAX).to_rfc3339_millis(), format!("{} ms", i64::MAX));
    }

    #[test]
    fn seconds_are_rounded_down_also_before_1970() {
        for (millis, seconds) in [(0, 0), (999, 0), (1_000, 1), (-1, -1), (-1_000, -1), (-1_001, -2)] {
            assert_eq!(Timestamp(millis).epoch_seconds(), seconds, "{millis}");
        }
    }

    #[test]
    fn sums_stay_within_what_can_be_counted() {
        let (at, span) = (Timestamp(10), Span(3));
        assert_eq!((at + span, at - span, at - Timestamp(4)), (Timestamp(13), Timestamp(7), Span(6)));
        assert_eq!(Timestamp(i64::MAX) + span, Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MIN) - span, Timestamp(i64::MIN));
        assert_eq!(Timestamp(i64::MIN) - Timestamp(1), Span(i64::MIN));
        assert_eq!((Span::seconds(90), DAY), (Span(90_000), Span::seconds(24 * 60 * 60)));
    }
}
