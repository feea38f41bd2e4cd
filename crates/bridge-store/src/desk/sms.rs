//! What is asked of judged SMS, and the story of one.

use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Timestamp};

use crate::audit::SmsRow;

/// Which numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MobileFilter {
    /// This one: E.164, or a sender as it came.
    Exactly(String),
    /// Those that begin like that, in E.164. Anything is taken; fewer than five characters are hardly a filter.
    Prefix(String),
}

impl MobileFilter {
    /// Does it let this number through?
    #[must_use]
    pub fn lets_through(&self, mobile: &str) -> bool {
        match self {
            MobileFilter::Exactly(number) => mobile == number,
            MobileFilter::Prefix(prefix) => mobile.starts_with(prefix.as_str()),
        }
    }

    /// A text that sorts behind all that begin like this one, in order of bytes; none: there is none.
    pub fn behind(prefix: &str) -> Option<String> {
        let mut chars: Vec<char> = prefix.chars().collect();
        while let Some(last) = chars.pop() {
            // Beyond the surrogates, which no text holds.
            let next = (u32::from(last) + 1..).take(0x801).find_map(char::from_u32);
            if let Some(next) = next {
                chars.push(next);
                return Some(chars.into_iter().collect());
            }
        }
        None
    }
}

/// Which judged SMS. What is none, or false, lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmsFilter {
    /// By sender.
    pub mobile: Option<MobileFilter>,
    /// By receiver.
    pub receiver: Option<String>,
    /// Taken in at or after.
    pub from: Option<Timestamp>,
    /// Taken in before.
    pub to: Option<Timestamp>,
    /// Passed, or failed.
    pub passed: Option<bool>,
    /// Failed at this check.
    pub failed_at: Option<FailedAt>,
    /// Only those received in time and judged after the deadline.
    pub late: bool,
    /// In its sender or its text, whatever the case.
    pub holds: Option<String>,
    /// Of each text only so many characters: a list shows no more. None: all of it.
    pub text_chars: Option<u32>,
}

impl SmsFilter {
    /// It asks for SMS that passed and failed.
    pub fn is_contradiction(&self) -> bool {
        self.passed == Some(true) && self.failed_at.is_some()
    }

    /// Does it let this SMS through?
    #[must_use]
    pub fn lets_through(&self, row: &SmsRow) -> bool {
        let SmsFilter { mobile, receiver, from, to, passed, failed_at, late, holds, text_chars: _ } = self;
        mobile.as_ref().is_none_or(|mobile| mobile.lets_through(&row.mobile_number))
            && receiver.as_ref().is_none_or(|receiver| *receiver == row.receiver_id)
            && from.is_none_or(|from| row.server_received_at >= from)
            && to.is_none_or(|to| row.server_received_at < to)
            && passed.is_none_or(|passed| passed == (row.validation_status == "passed"))
            && failed_at.is_none_or(|check| row.failed_at_check.as_deref() == Some(check.as_str()))
            && (!late || row.late_delivery)
            && holds.as_deref().is_none_or(|part| holds_it(part, [&row.mobile_number, &row.sms_message]))
    }
}

/// Does one of these have that in it? Letters beyond ASCII are compared as they are: so do the stores.
pub(super) fn holds_it<'a>(part: &str, texts: impl IntoIterator<Item = &'a String>) -> bool {
    let part = part.to_ascii_lowercase();
    texts.into_iter().any(|text| text.to_ascii_lowercase().contains(&part))
}

/// An SMS that was stored for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waited {
    /// Since when.
    pub stored_at: Timestamp,
    /// Until when; none: it still waits.
    pub processed_at: Option<Timestamp>,
}

/// All that is kept of one SMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsStory {
    /// As it came in, with what the table's row leaves out: line, delivery id, stamp, part.
    pub sms: InboundSms,
    /// Its row of `input_sms`; none: it was not judged yet, or its row is not written yet.
    pub judged: Option<SmsRow>,
    /// Its time in `power_down_store`, if it was there.
    pub waited: Option<Waited>,
}

#[cfg(test)]
mod tests {
    use super::MobileFilter;

    #[test]
    fn what_is_behind_a_prefix() {
        assert_eq!(MobileFilter::behind("+9198").as_deref(), Some("+9199"));
        assert_eq!(MobileFilter::behind("+919").as_deref(), Some("+91:"));
        assert_eq!(MobileFilter::behind("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(MobileFilter::behind("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(MobileFilter::behind(""), None);
    }
}
