//! A judged SMS: to be recorded, as it waits for `input_sms`, and what its sender was answered. Not how it is judged.

use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::hex;
use bridge_core::sms::Key;
use bridge_core::{InboundSms, State, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::events::Event;

/// What an SMS was answered, remembered for its redeliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its `queue_input_sms` id.
    pub id: i64,
    /// Its identity.
    pub sms_id: Uuid,
    /// How it was judged.
    pub verdict: Verdict,
}

/// A judged SMS, to be recorded: the row as it is to wait, and what recording it rests on.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it was admitted under.
    pub key: Key,
    /// What the verdict rests on; recording checks that it still holds (D9).
    pub precondition: Precondition,
    /// As it is to wait for `input_sms`. Its id and the time of its judgement are given when it is recorded.
    pub row: QueuedSms,
    /// What apps are told of it: queued in the same step. None where no webhook wants any.
    pub events: Vec<Event>,
}

impl Judged {
    /// The verdict on an SMS that was admitted under that key, by what was known of its sender.
    #[must_use]
    pub fn new(sms: InboundSms, key: Key, verdict: Verdict, known: &SenderFacts) -> Judged {
        let onboarding = known.onboarding.as_ref();
        let row = QueuedSms {
            id: 0,
            sms,
            fingerprint: hex(&key),
            verdict,
            judged_at: Timestamp(0),
            onboarding_id: onboarding.map(|o| o.id),
            device_id: onboarding.and_then(|o| o.device_id.clone()),
            sms_in_window: known.sms_in_window,
        };
        Judged { key, precondition: Precondition::from(known), row, events: Vec::new() }
    }

    /// The row that the store queued when it recorded this then and answered so. Of an SMS that had been recorded
    /// before, by a try whose answer was lost, it is the same but for `judged_at`.
    #[must_use]
    pub fn queued(self, now: Timestamp, answer: Answer) -> QueuedSms {
        QueuedSms { id: answer.id, verdict: answer.verdict, judged_at: now, ..self.row }
    }
}

/// The facts that may change between judging and recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// The onboarding it is judged by, and its state.
    pub onboarding: Option<(Uuid, State)>,
    /// Its pair was validated already.
    pub pair_validated: bool,
}

impl From<&SenderFacts> for Precondition {
    fn from(known: &SenderFacts) -> Precondition {
        Precondition {
            onboarding: known.onboarding.as_ref().map(|o| (o.id, o.state)),
            pair_validated: known.pair_validated,
        }
    }
}

/// A judged SMS waiting for `input_sms`: `queue_input_sms:{id}` of 003. `S` is the SMS, or what stands for it where the
/// row is only written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedSms<S = InboundSms> {
    /// `redis_id` in `input_sms`.
    pub id: i64,
    /// The SMS.
    pub sms: S,
    /// What it is recognised by, in hex.
    pub fingerprint: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// When it was judged.
    pub judged_at: Timestamp,
    /// The onboarding it was judged against.
    pub onboarding_id: Option<Uuid>,
    /// The user's device, from that onboarding (D15).
    pub device_id: Option<String>,
    /// Which SMS of its sender in 24 hours this was; 0 if it was not counted.
    #[serde(default)]
    pub sms_in_window: i64,
}

impl<S> QueuedSms<S> {
    /// The same row with this in the place of its SMS.
    pub fn with_sms<T>(&self, sms: T) -> QueuedSms<T> {
        QueuedSms {
            id: self.id,
            sms,
            fingerprint: self.fingerprint.clone(),
            verdict: self.verdict.clone(),
            judged_at: self.judged_at,
            onboarding_id: self.onboarding_id,
            device_id: self.device_id.clone(),
            sms_in_window: self.sms_in_window,
        }
    }
}

impl QueuedSms {
    /// What its sender was answered.
    #[must_use]
    pub fn answer(&self) -> Answer {
        Answer { id: self.id, sms_id: self.sms.sms_id, verdict: self.verdict.clone() }
    }

    /// What it is recognised by. None: what is stored is no fingerprint.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        let bytes = self.fingerprint.as_bytes();
        let mut key = Key::default();
        if bytes.len() != 2 * key.len() {
            return None;
        }
        for (byte, digits) in key.iter_mut().zip(bytes.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(key)
    }
}
