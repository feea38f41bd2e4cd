//! An SMS as it came in, and what makes two deliveries the same SMS (decisions.md D9). Not its
//! judgement: that is `checks`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::phone::{Mobile, PhoneError};
use crate::stamp::{Settled, Stamp};
use crate::time::{DAY, Span, Timestamp};

/// How long a redelivery is recognised: SMSGate retries for 45 h (D9).
pub const REMEMBERED: Span = Span(72 * 3_600_000);
/// How long two deliveries without stamp and without id count as one: transports retry within
/// seconds, a person repeats an SMS later (docs/decisions/0003).
pub const REMEMBERED_BARE: Span = Span(120_000);

/// `format` of what a list brought.
pub const IMPORT: &str = "import";
/// `format` of what an operator accepted. Its `delivery_id` names the SMS that failed (D48).
pub const ACCEPTED: &str = "accepted";

/// One SMS at intake. Everything that identifies it is fixed here and carried along wherever it waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboundSms {
    /// Made at intake; recording is idempotent on it (D9, D22).
    pub sms_id: Uuid,
    /// The sender as delivered, storable.
    pub sender_raw: String,
    /// The sender as a mobile number, or why it is not one.
    pub sender: Result<Mobile, PhoneError>,
    /// The text, storable (D23).
    pub text: String,
    /// When the phone or its network received it; server time where the sender gives no stamp.
    pub received_timestamp: Timestamp,
    /// A stamp came with the SMS that can be used.
    pub stamped: bool,
    /// The stamp as it was written, where it is no usable point in time by itself (D40): unreadable, impossible, or
    /// without a zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp_raw: Option<String>,
    /// When the bridge took it in; it never changes afterwards (D22).
    pub server_received_at: Timestamp,
    /// Which receiver delivered it.
    pub receiver_id: String,
    /// In which format.
    pub format: String,
    /// The receiving number or phone, where the format tells it.
    pub line: Option<String>,
    /// The sender's own id of this delivery.
    pub delivery_id: Option<String>,
    /// How far the receiver's stamps are ahead of the time, as measured at intake (D8); zero where they are
    /// not steadily off. `received_timestamp` stays as it was stamped.
    #[serde(default)]
    pub clock_skew: Span,
    /// One part of a longer SMS that its sender did not join: it waits for the others.
    #[serde(default)]
    pub part: Option<Part>,
    /// It came while the bridge's clock could not be right: its times are put right before it is judged (D49).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_not_set: Option<ClockNotSet>,
}

/// When an SMS came, by a clock that nobody sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockNotSet {
    /// The run of the bridge that measured it: another one's clock began elsewhere.
    pub run: Uuid,
    /// When it came, by the monotonic clock of that run.
    pub came: Span,
    /// The latest time that the bridge had known.
    pub not_before: Timestamp,
}

/// Which part of a longer SMS this is (3GPP TS 23.040, concatenated short messages).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    /// What all parts of one SMS carry; unique for a sender and a receiving number for a while only.
    pub reference: String,
    /// How many there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// 128 bits that name an SMS or a delivery: of a SHA-256, or of its second and 96 bits of one.
pub type Key = [u8; 16];

/// What an SMS is recognised by when it comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The SMS: receiving line, sender, text and the sender's stamp to the second. Where there is no
    /// stamp, the delivery id stands in; where there is neither, line, sender and text for a short while.
    pub fingerprint: Key,
    /// How long `fingerprint` is remembered.
    pub remembered: Span,
    /// Receiver, format and delivery id, where there is one.
    pub delivery: Option<Key>,
    /// Sender and text: a delivery id that comes with other content is another SMS (D9).
    pub content: Key,
}

impl InboundSms {
    /// The number column of `input_sms`: E.164 where it is a number, else the sender as it came.
    #[must_use]
    pub fn mobile_number(&self) -> &str {
        self.sender.as_ref().map_or(self.sender_raw.as_str(), Mobile::e164)
    }

    /// When it was received, by the true time: the stamp without the receiver's measured skew (D8).
    #[must_use]
    pub fn received_at(&self) -> Timestamp {
        self.received_timestamp - self.clock_skew
    }

    /// What this SMS is recognised by.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let line = self.line.as_deref().unwrap_or(&self.receiver_id);
        let content = key("content", &[self.mobile_number(), &self.text]);
        if self.format == ACCEPTED {
            let which = self.delivery_id.as_deref().unwrap_or_default();
            let fingerprint = key(ACCEPTED, &[which]);
            return Identity { fingerprint, remembered: REMEMBERED, delivery: None, content };
        }
        let delivery =
            self.delivery_id.as_deref().map(|id| key("delivery", &[&self.receiver_id, &self.format, id]));
        let stamp = self.received_timestamp.epoch_seconds().to_string();
        let stamped = self.stamped.then_some(stamp.as_str());
        let (kind, last, remembered) = match (self.stamp_raw.as_deref(), stamped, self.delivery_id.as_deref())
        {
            // As it was written: whichever zone it is read in, a retry writes it so again.
            (Some(raw), ..) => ("raw", raw, REMEMBERED),
            (None, Some(stamp), _) => ("stamped", stamp, REMEMBERED),
            (None, None, Some(id)) => ("delivered", id, REMEMBERED),
            (None, None, None) if self.format == IMPORT => ("listed", "", REMEMBERED),
            (None, None, None) => ("bare", "", REMEMBERED_BARE),
        };
        let mut fingerprint = key(kind, &[line, self.mobile_number(), &self.text, last]);
        if kind == "stamped" {
            // Its time first: keys that come together lie together in a store that is sorted by key.
            let seconds = u32::try_from(self.received_timestamp.epoch_seconds()).unwrap_or(u32::MAX);
            fingerprint[..4].copy_from_slice(&seconds.to_be_bytes());
        }
        Identity { fingerprint, remembered, delivery, content }
    }

    /// It, as it would have been taken in by a clock that was right: it arrived then.
    #[must_use]
    pub fn arrived_at(self, at: Timestamp) -> InboundSms {
        let settle = if self.format == IMPORT { Stamp::settle_of_list } else { Stamp::settle };
        // The stamp was held against the wrong time.
        let raw = self.stamp_raw.as_deref().filter(|_| !self.stamped);
        let settled = raw.and_then(Stamp::read).map(|stamp| settle(&stamp, None, at));
        let stamp = match (settled, self.stamped) {
            (_, true) => Settled { at: Some(self.received_timestamp), raw: self.stamp_raw },
            (Some(settled), false) => settled,
            (None, false) => Settled { at: None, raw: self.stamp_raw },
        };
        InboundSms {
            received_timestamp: stamp.at.unwrap_or(at),
            stamped: stamp.at.is_some(),
            stamp_raw: stamp.raw,
            server_received_at: at,
            clock_not_set: None,
            ..self
        }
    }

    /// The stamp that came with it and cannot be used: the remark `stamp_unreadable` (D40).
    #[must_use]
    pub fn unusable_stamp(&self) -> Option<&str> {
        self.stamp_raw.as_deref().filter(|_| !self.stamped)
    }

    /// A list brought it and does not say when it was received: nothing may be told from it about now (D40).
    #[must_use]
    pub fn is_timeless(&self) -> bool {
        !self.stamped && self.format == IMPORT
    }

    /// The time in which figures count it: one of a list in that in which its phone had it, not in that of the import.
    #[must_use]
    pub fn counted_at(&self) -> Timestamp {
        if self.format == IMPORT && self.stamped { self.received_timestamp } else { self.server_received_at }
    }

    /// D3: counted unless the sender is no number, or the SMS is older than the day the counter spans, or nobody knows how
    /// old it is, or it was counted before an operator accepted it.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.sender.is_ok()
            && self.format != ACCEPTED
            && !self.is_timeless()
            && self.server_received_at - self.received_at() <= DAY
    }
}

fn key(kind: &str, parts: &[&str]) -> Key {
    let mut sha = Sha256::new();
    for part in std::iter::once(&kind).chain(parts) {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part.as_bytes());
    }
    let digest = sha.finalize();
    let mut out = [0; 16];
    out.copy_from_slice(&digest[..16]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sms() -> InboundSms {
        InboundSms {
            sms_id: Uuid::nil(),
            sender_raw: "+919876543210".into(),
            sender: Ok(Mobile::from_e164("+919876543210").unwrap()),
            text: "ONBOARD:x".into(),
            received_timestamp: Timestamp(1_000_000_500),
            stamped: true,
            stamp_raw: None,
            clock_not_set: None,
            server_received_at: Timestamp(1_000_001_000),
            receiver_id: "default".into(),
            format: "generic".into(),
            line: None,
            delivery_id: None,
            clock_skew: Span(0),
            part: None,
        }
    }

    /// D49: what was kept by a wrong clock came when it came, and its stamp is held against that.
    #[test]
    fn it_arrives_by_a_clock_that_was_put_right() {
        let at = Timestamp(1_795_947_300_000);
        let wrong = ClockNotSet { run: Uuid::nil(), came: Span(7), not_before: at };
        let kept = InboundSms { clock_not_set: Some(wrong), ..sms() };
        let stamped = kept.clone().arrived_at(at);
        assert_eq!((stamped.server_received_at, stamped.clock_not_set), (at, None));
        assert_eq!((stamped.received_timestamp, stamped.stamped), (Timestamp(1_000_000_500), true));
        let unstamped = |raw: &str, format: &str| {
            let raw = (!raw.is_empty()).then(|| raw.to_owned());
            let format = format.to_owned();
            InboundSms { stamped: false, stamp_raw: raw, format, ..kept.clone() }.arrived_at(at)
        };
        for raw in ["", "soon"] {
            let sms = unstamped(raw, "generic");
            assert_eq!((sms.received_timestamp, sms.stamped), (at, false), "{raw}");
            assert_eq!(sms.unusable_stamp().unwrap_or_default(), raw);
        }
        // The wrong clock had found it years ahead.
        let minute = Span(60_000);
        let right = unstamped(&(at - minute).to_string(), "generic");
        assert_eq!((right.received_timestamp, right.stamped, right.stamp_raw), (at - minute, true, None));
        // A phone keeps its SMS for years, but no app delivers what is so old.
        let old = (at - Span(2 * 365 * DAY.0)).to_string();
        assert_eq!(unstamped(&old, "generic").received_timestamp, at);
        assert_eq!(unstamped(&old, IMPORT).received_timestamp.to_string(), old);
    }

    #[test]
    fn figures_count_an_sms_of_a_list_when_its_phone_had_it() {
        let listed = InboundSms { format: IMPORT.to_owned(), ..sms() };
        assert_eq!(listed.counted_at(), listed.received_timestamp);
        let timeless = InboundSms { stamped: false, ..listed };
        assert_eq!(timeless.counted_at(), timeless.server_received_at);
        assert_eq!(sms().counted_at(), sms().server_received_at);
    }

    #[test]
    fn the_same_sms_is_recognised_to_the_second_and_by_any_way() {
        let first = sms().identity();
        let later = InboundSms {
            sms_id: Uuid::max(),
            received_timestamp: Timestamp(1_000_000_900),
            server_received_at: Timestamp(1_000_090_000),
            delivery_id: Some("n2".into()),
            ..sms()
        };
        assert_eq!(first.fingerprint, later.identity().fingerprint);
        for other in [
            InboundSms { text: "ONBOARD:y".into(), ..sms() },
            InboundSms { received_timestamp: Timestamp(1_000_001_000), ..sms() },
            InboundSms { line: Some("phone-2".into()), ..sms() },
            InboundSms { sender: Err(PhoneError::TooShort), sender_raw: "57575".into(), ..sms() },
        ] {
            assert_ne!(first.fingerprint, other.identity().fingerprint, "{other:?}");
        }
    }

    #[test]
    fn without_a_stamp_the_delivery_id_stands_in() {
        let bare = InboundSms { stamped: false, ..sms() };
        assert_eq!(bare.identity().remembered, REMEMBERED_BARE);
        assert_eq!(REMEMBERED, Span(3 * DAY.0), "SMSGate retries for 45 hours");
        let first = InboundSms { delivery_id: Some("a".into()), ..bare.clone() };
        let again = InboundSms { received_timestamp: Timestamp(2_000_000_000), ..first.clone() };
        let other = InboundSms { delivery_id: Some("b".into()), ..bare };
        assert_eq!(first.identity(), again.identity());
        assert_ne!(first.identity().fingerprint, other.identity().fingerprint);
    }

    #[test]
    fn a_stamp_that_cannot_be_used_still_tells_a_retry_from_another_sms() {
        let raw = |raw: &str, stamped| InboundSms { stamped, stamp_raw: Some(raw.into()), ..sms() };
        let first = raw("29/11/2026 10:05", false).identity();
        assert_eq!(first.remembered, REMEMBERED);
        let later = InboundSms { received_timestamp: Timestamp(7), ..raw("29/11/2026 10:05", true) };
        assert_eq!(first, later.identity(), "also after the operator has given a zone");
        assert_ne!(first, raw("29/11/2026 10:06", false).identity());
    }

    #[test]
    fn what_a_list_brings_without_a_time_counts_for_nothing() {
        let row = InboundSms { format: IMPORT.into(), stamped: false, ..sms() };
        assert!(row.is_timeless() && !row.is_counted());
        assert_eq!(row.identity().remembered, REMEMBERED, "the same list again is the same list");
    }

    #[test]
    fn old_backlog_and_unusable_senders_are_not_counted() {
        assert!(sms().is_counted());
        let day_later = sms().received_timestamp + DAY;
        assert!(InboundSms { server_received_at: day_later, ..sms() }.is_counted());
        assert!(!InboundSms { server_received_at: day_later + Span(1), ..sms() }.is_counted());
        assert!(!InboundSms { sender: Err(PhoneError::TooShort), ..sms() }.is_counted());
    }

    /// D8: the skew of a receiver is taken off, and the stamp itself stays as it came.
    #[test]
    fn what_a_receivers_clock_is_ahead_is_taken_off() {
        let at = |skew| InboundSms { clock_skew: Span(skew), ..sms() }.received_at();
        assert_eq!(at(0), Timestamp(1_000_000_500));
        assert_eq!(at(60_000), Timestamp(999_940_500));
        assert_eq!(at(-60_000), Timestamp(1_000_060_500));
        let ahead = InboundSms { clock_skew: DAY, ..sms() };
        assert!(!ahead.is_counted(), "by the true time it is older than a day");
    }

    #[test]
    fn the_number_column_has_the_number_or_the_sender_as_it_came() {
        let spelled = InboundSms { sender_raw: "098765 43210".into(), ..sms() };
        assert_eq!(spelled.mobile_number(), "+919876543210");
        let bank = InboundSms { sender: Err(PhoneError::Alphanumeric), sender_raw: "MYBANK".into(), ..sms() };
        assert_eq!(bank.mobile_number(), "MYBANK");
    }

    /// D9: an id counts for one receiver and one format, and with one content.
    #[test]
    fn a_delivery_is_known_by_receiver_format_and_id() {
        let with = |id: Option<&str>| InboundSms { delivery_id: id.map(Into::into), ..sms() };
        assert_eq!(with(None).identity().delivery, None);
        let first = with(Some("a")).identity();
        assert!(first.delivery.is_some() && first.delivery == with(Some("a")).identity().delivery);
        for other in [
            with(Some("b")),
            InboundSms { receiver_id: "hall".into(), ..with(Some("a")) },
            InboundSms { format: "smsgate".into(), ..with(Some("a")) },
        ] {
            assert_ne!(first.delivery, other.identity().delivery, "{other:?}");
            assert_eq!(first.content, other.identity().content);
        }
        let text = InboundSms { text: "another".into(), ..with(Some("a")) }.identity();
        assert_eq!(first.delivery, text.delivery);
        assert_ne!(first.content, text.content, "the same id with another text is another SMS");
    }

    /// A store that sorts by key has what comes together side by side.
    #[test]
    fn a_stamped_fingerprint_begins_with_its_second() {
        assert_eq!(sms().identity().fingerprint[..4], 1_000_000_u32.to_be_bytes());
        let far = InboundSms { received_timestamp: Timestamp(i64::MAX), ..sms() };
        assert_eq!(far.identity().fingerprint[..4], [0xff; 4]);
    }

    /// D40: the remark is told of a stamp that is of no use, not of one that a zone made one.
    #[test]
    fn only_a_stamp_that_is_of_no_use_is_a_remark() {
        let raw = |stamped| InboundSms { stamped, stamp_raw: Some("soon".into()), ..sms() };
        assert_eq!(raw(false).unusable_stamp(), Some("soon"));
        assert_eq!(raw(true).unusable_stamp(), None);
        assert_eq!(sms().unusable_stamp(), None);
        assert_eq!(InboundSms { stamped: false, ..sms() }.unusable_stamp(), None);
    }

    #[test]
    fn only_a_row_of_a_list_without_a_time_is_timeless() {
        let with = |format: &str, stamped| InboundSms { format: format.into(), stamped, ..sms() };
        for (format, stamped, timeless) in [
            (IMPORT, false, true),
            (IMPORT, true, false),
            ("generic", false, false),
            ("generic", true, false),
        ] {
            assert_eq!(with(format, stamped).is_timeless(), timeless, "{format} {stamped}");
            assert_eq!(with(format, stamped).is_counted(), !timeless, "{format} {stamped}");
        }
    }
}
