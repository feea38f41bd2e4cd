//! The audit store: the six tables of 003 and what else must outlive the hot store (`ops`). Everything
//! that arrives here may arrive twice: writing is idempotent.

pub(crate) mod sqlite;

use async_trait::async_trait;
use bridge_core::settings::Broken;
use bridge_core::verdict::Codes;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::Result;
use crate::hot::{Blacklisting, QueuedSms};

/// One row of `input_sms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsRow {
    /// The table's own id: the cursor of keyset pages.
    pub id: i64,
    /// The hot store's id.
    pub redis_id: i64,
    /// E.164, or the sender as it came.
    pub mobile_number: String,
    /// Calling code, where the sender is a number.
    pub country_code: Option<String>,
    /// National number, where the sender is a number.
    pub local_mobile: Option<String>,
    /// The text.
    pub sms_message: String,
    /// When the phone received it.
    pub received_timestamp: Timestamp,
    /// The user's device.
    pub device_id: Option<String>,
    /// The check columns.
    pub codes: Codes,
    /// `passed` or `failed`.
    pub validation_status: String,
    /// The first failure.
    pub failed_at_check: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was judged.
    pub created_at: Timestamp,
    /// Identity.
    pub sms_id: Uuid,
    /// Which receiver delivered it.
    pub receiver_id: String,
    /// In which format.
    pub format: String,
    /// What a redelivery is recognised by.
    pub fingerprint: String,
    /// When the bridge took it in.
    pub server_received_at: Timestamp,
    /// Received in time, judged after the deadline.
    pub late_delivery: bool,
    /// When the remote confirmed it.
    pub synced_at: Option<Timestamp>,
}

/// An SMS stored for later in `power_down_store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSms {
    /// The row's id: its place in the order of arrival.
    pub id: i64,
    /// The SMS.
    pub sms: InboundSms,
}

/// One row of `power_down_store_counters`: ids handed out, or rows reported done (D21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// `queue_input_sms`, `queue_onboarding`, `input_sms_dumped`, `onboarding_mobile_dumped` or `hetzner_synced`.
    pub name: String,
    /// Its value; it never goes back.
    pub value: i64,
}

/// One row of `sms_settings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Which setting.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of a changed setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingPut {
    /// Stored; the whole table as it is now.
    Stored(Vec<SettingRow>),
    /// It breaks these rules. Nothing was written.
    Refused(Vec<Broken>),
    /// No such setting.
    Unknown,
}

/// A refused registration, kept because 002 wants spurious requests captured (D13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// The error code that was answered.
    pub reason: String,
    /// The number as it was given.
    pub mobile_number: String,
    /// Keyed hash of the client's address, where known.
    pub address_hash: Option<String>,
    /// How many refusals this row stands for: more than one where a flood was sampled.
    pub stands_for: i64,
}

/// A body that an authenticated sender sent and nobody can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// When.
    pub at: Timestamp,
    /// From whom.
    pub receiver_id: String,
    /// The format it came in, or `unknown`.
    pub format: String,
    /// Why nobody can use it.
    pub reason: String,
    /// Its content type.
    pub content_type: String,
    /// The raw bytes.
    pub body: Vec<u8>,
}

/// A number on the blacklist, for people.
pub type Blacklisted = Blacklisting;

/// Domain operations, each atomic as a whole, durable when it returns, and safe to repeat.
#[async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Does the store answer?
    async fn ping(&self) -> Result<()>;
    /// As [`crate::HotStore::try_write`].
    async fn try_write(&self, bytes: u32) -> Result<()>;

    /// Writes judged SMS to `input_sms`, each once for ever, and what validated to `validated_mobile`.
    /// Answers how many were new.
    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize>;
    /// The rows of one number, newest first, at most `max`, with ids below `before`.
    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>>;
    /// Writes onboardings to `onboarding_mobile`; an older version never overwrites a newer one.
    /// Answers how many were new.
    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize>;
    /// The newest onboarding of a number: for a late SMS whose onboarding left the hot store (D8).
    async fn newest_onboarding(&self, mobile: &str) -> Result<Option<Onboarding>>;

    /// Writes numbers to `blacklist_sms`; one that is there keeps its time and reason.
    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()>;
    /// The whole blacklist, newest first.
    async fn blacklist(&self) -> Result<Vec<Blacklisted>>;
    /// Takes a number off. False if it was not on.
    async fn remove_blacklisted(&self, mobile: &str) -> Result<bool>;

    /// Stores an SMS for later in `power_down_store` (D25, D33).
    async fn store_for_later(&self, sms: &InboundSms) -> Result<()>;
    /// Up to `max` SMS that wait, in order of arrival.
    async fn waiting_sms(&self, max: usize) -> Result<Vec<WaitingSms>>;
    /// These were judged.
    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()>;

    /// The saved counters.
    async fn counters(&self) -> Result<Vec<Counter>>;
    /// Saves counters; a smaller value never overwrites a larger one.
    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()>;
    /// Adds to a report counter.
    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()>;

    /// Seeds settings that have no row yet.
    async fn seed_settings(&self, now: Timestamp) -> Result<()>;
    /// Every row of `sms_settings`.
    async fn settings(&self) -> Result<Vec<SettingRow>>;
    /// Changes one setting if the value and the whole stay valid, and keeps the old value in the history.
    async fn put_setting(&self, now: Timestamp, key: &str, value: &Value, by: &str) -> Result<SettingPut>;

    /// Keeps refused registrations.
    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()>;
    /// The newest refused registrations, at most `max`.
    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>>;
    /// Keeps a body that nobody can use.
    async fn quarantine(&self, entry: &Quarantined) -> Result<()>;
    /// The newest quarantined bodies, at most `max`.
    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>>;

    /// Deletes up to `max` rows of each table that are older than `before` and wait for nothing (D31).
    /// Answers how many. A push that waits for the remote keeps its row only if `remote` is in use.
    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize>;
}
