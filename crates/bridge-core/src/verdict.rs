//! The judgement of one SMS: a code for each check, what failed first and why, in a shape that can be
//! stored, shown and compared. Not how it is reached: that is `checks::evaluate`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check_id::CheckId;

/// The result of one check, as 003 stores it (D2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// 1: the check ran and had no objection.
    Pass,
    /// 2: ends the pipeline.
    Fail,
    /// 3: switched off.
    Disabled,
    /// 4: an earlier check failed, so this one did not run.
    NotApplicable,
}

impl Code {
    /// The number stored in `input_sms`.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Code::Pass => 1,
            Code::Fail => 2,
            Code::Disabled => 3,
            Code::NotApplicable => 4,
        }
    }

    /// The word beside the number in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Code::Pass => "pass",
            Code::Fail => "fail",
            Code::Disabled => "disabled",
            Code::NotApplicable => "n/a",
        }
    }

    /// The code of a stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Code> {
        [Code::Pass, Code::Fail, Code::Disabled, Code::NotApplicable]
            .into_iter()
            .find(|c| c.number() == number)
    }
}

/// A code for every check, in 003's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes(pub [Code; CheckId::COUNT]);

impl Codes {
    /// The code of one check.
    #[must_use]
    pub fn of(&self, check: CheckId) -> Code {
        self.0[check.index()]
    }
}

/// As digits, `1114444`: short in the queue, readable in a shell.
impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = self.0.iter().map(|code| char::from(b'0' + code.number())).collect();
        serializer.serialize_str(&digits)
    }
}

impl<'de> Deserialize<'de> for Codes {
    /// A row written before a check was added lacks its digit: that check counts as disabled.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Codes, D::Error> {
        let digits = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut codes = [Code::Disabled; CheckId::COUNT];
        for (slot, digit) in codes.iter_mut().zip(digits.bytes()) {
            *slot = Code::from_number(digit.wrapping_sub(b'0'))
                .ok_or_else(|| serde::de::Error::custom(format!("{digits:?} are not check codes")))?;
        }
        Ok(Codes(codes))
    }
}

/// Where an SMS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedAt {
    /// One of the checks.
    Check(CheckId),
    /// All enabled checks passed, but there is no onboarding that this SMS could validate (D7).
    OnboardingMatch,
}

impl FailedAt {
    /// The word in `failed_at_check`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FailedAt::Check(check) => check.name(),
            FailedAt::OnboardingMatch => "onboarding_match",
        }
    }

    /// What such a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<FailedAt> {
        if word == FailedAt::OnboardingMatch.as_str() {
            return Some(FailedAt::OnboardingMatch);
        }
        CheckId::from_name(word).map(FailedAt::Check)
    }
}

impl Serialize for FailedAt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FailedAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FailedAt, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        FailedAt::from_word(&word).ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no check")))
    }
}

/// How one SMS was judged, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// One code for each check.
    pub codes: Codes,
    /// The first failure, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<FailedAt>,
    /// A stable word for why it failed, like `hash_mismatch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Received in time, judged after the deadline (D8).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late_delivery: bool,
}

impl Verdict {
    /// No check failed and the onboarding matched.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failed_at.is_none()
    }

    /// `passed` or `failed`: `validation_status` of 003.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.passed() { "passed" } else { "failed" }
    }

    /// No check was made: it cannot match anything, as this word says.
    #[must_use]
    pub fn not_judged(reason: &str) -> Verdict {
        Verdict { codes: Codes([Code::NotApplicable; CheckId::COUNT]), ..Verdict::failed_match(reason) }
    }

    /// A failure at the match itself, all checks passed.
    #[must_use]
    pub fn failed_match(reason: &str) -> Verdict {
        Verdict {
            codes: Codes([Code::Pass; CheckId::COUNT]),
            failed_at: Some(FailedAt::OnboardingMatch),
            reason: Some(reason.to_owned()),
            late_delivery: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_stored_short_and_read_back() {
        let verdict = Verdict::failed_match("no_onboarding");
        let json = serde_json::to_string(&verdict).unwrap();
        assert_eq!(json, r#"{"codes":"1111111","failed_at":"onboarding_match","reason":"no_onboarding"}"#);
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), verdict);
    }

    #[test]
    fn a_row_from_before_a_check_was_added_is_still_read() {
        let codes: Codes = serde_json::from_str(r#""12""#).unwrap();
        assert_eq!(codes.0[..3], [Code::Pass, Code::Fail, Code::Disabled]);
        assert!(serde_json::from_str::<Codes>(r#""9""#).is_err());
    }

    /// D2: the numbers of `input_sms`, and the words beside them in the API.
    #[test]
    fn every_code_has_its_number_and_word() {
        for (code, number, word) in [
            (Code::Pass, 1, "pass"),
            (Code::Fail, 2, "fail"),
            (Code::Disabled, 3, "disabled"),
            (Code::NotApplicable, 4, "n/a"),
        ] {
            assert_eq!((code.number(), code.word(), Code::from_number(number)), (number, word, Some(code)));
        }
        assert!([0, 5, 255].into_iter().all(|number| Code::from_number(number).is_none()));
        let codes = Codes(std::array::from_fn(|n| if n == 1 { Code::Fail } else { Code::Pass }));
        let of: Vec<Code> = CheckId::all().map(|check| codes.of(check)).collect();
        assert_eq!(of, codes.0);
    }

    #[test]
    fn where_it_failed_is_a_word_that_is_read_back() {
        for place in CheckId::all().map(FailedAt::Check).chain([FailedAt::OnboardingMatch]) {
            assert_eq!(FailedAt::from_word(place.as_str()), Some(place));
            let json = serde_json::to_string(&place).unwrap();
            assert_eq!(json, format!("{:?}", place.as_str()));
            assert_eq!(serde_json::from_str::<FailedAt>(&json).unwrap(), place);
        }
        assert_eq!(FailedAt::from_word("magic_check"), None);
        assert!(serde_json::from_str::<FailedAt>("\"\"").is_err());
    }

    #[test]
    fn a_verdict_passed_or_failed() {
        let failed = Verdict::failed_match("no_onboarding");
        let passed = Verdict { failed_at: None, reason: None, late_delivery: true, ..failed.clone() };
        assert_eq!((passed.passed(), passed.status()), (true, "passed"));
        assert_eq!((failed.passed(), failed.status()), (false, "failed"));
        let unjudged = Verdict::not_judged("sent_as_mms");
        assert_eq!(unjudged.codes.0, [Code::NotApplicable; CheckId::COUNT]);
        assert_eq!((unjudged.passed(), unjudged.reason.as_deref()), (false, Some("sent_as_mms")));
        let json = serde_json::to_string(&passed).unwrap();
        assert_eq!(json, r#"{"codes":"1111111","late_delivery":true}"#);
        assert_eq!(serde_json::from_str::<Verdict>(&json).unwrap(), passed);
    }
}
