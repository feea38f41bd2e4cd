//! The audit store: the six tables of 003 and what else must outlive the hot store (`ops`). Everything
//! that arrives here may arrive twice: writing is idempotent.

mod blocked_email;
mod lookup;
pub mod part;
mod quarantined;
mod receiver;

use async_trait::async_trait;
use bridge_core::settings::Broken;
use bridge_core::verdict::Codes;
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub use self::blocked_email::BlockedEmail;
pub use self::lookup::{AskedSms, HourCount, KNOWN_WITHIN};
pub use self::quarantined::Quarantined;
pub use self::receiver::{Receiver, Sighting, by_name};

use crate::Result;
use crate::accounts::AccountStore;
use crate::blacklisting::Blacklisting;
use crate::finding::Finding;
use crate::judged::QueuedSms;
use crate::person::{AuditErased, Erasing, Erasure, Table, Traces};
use crate::place::Place;

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
    /// The onboarding it was judged against.
    pub onboarding_id: Option<Uuid>,
    /// Which SMS of its sender in 24 hours it was; 0 if it was not counted.
    pub sms_in_window: i64,
    /// How far its receiver's stamps were ahead of the time when it came in.
    pub clock_skew: Span,
}

/// An SMS stored for later in `power_down_store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSms {
    /// The row's id.
    pub id: i64,
    /// The SMS.
    pub sms: InboundSms,
}

impl WaitingSms {
    /// Its place in the order of arrival: what comes after it is asked for with this.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.sms.server_received_at, id: self.id }
    }
}

/// A validated number on its way to the remote (D20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsynced {
    /// The SMS that proved it.
    pub sms_id: Uuid,
    /// When that SMS was taken in: with `sms_id` the row's key.
    pub server_received_at: Timestamp,
    /// E.164.
    pub mobile_number: String,
    /// The user's device; empty where none was given.
    pub device_id: String,
    /// When it was validated.
    pub validated_at: Timestamp,
}

/// A row that the remote refused by itself (D20): kept back until somebody lets it go again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row.
    pub sms_id: Uuid,
    /// Its number: later rows of it wait too.
    pub mobile_number: String,
    /// How often it was refused.
    pub attempts: i64,
    /// What the remote said last.
    pub reason: String,
    /// When it was last refused.
    pub at: Timestamp,
    /// It is kept back.
    pub parked: bool,
}

/// A bridge of the group, as it last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id, made when it started.
    pub bridge: Uuid,
    /// The epoch that was lost and for which it handed its journal over (D28).
    pub handed_over: Option<String>,
}

/// Counters and their sizes that `doctor` compares between the stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows of `ops.validated_mobile`.
    pub validated: u64,
    /// Rows of `blacklist_sms`.
    pub blacklisted: u64,
    /// The largest `redis_id` in `input_sms`.
    pub last_sms_id: i64,
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

/// A number on the blacklist, for people.
pub type Blacklisted = Blacklisting;

/// Domain operations, each atomic as a whole, durable when it returns, and safe to repeat.
#[async_trait]
pub trait AuditStore: AccountStore {
    /// Does the store answer?
    async fn ping(&self) -> Result<()>;
    /// As [`crate::HotStore::try_write`].
    async fn try_write(&self, bytes: u32) -> Result<()>;

    /// Writes judged SMS to `input_sms`, each once for ever, and what validated to `validated_mobile`. A row
    /// that the database refuses by itself goes to quarantine with its reason, and stops no other.
    /// Answers how many were new.
    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize>;
    /// The rows of one number, newest first, at most `max`, with ids below `before`.
    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>>;
    /// Writes onboardings to `onboarding_mobile`; an older version never overwrites a newer one.
    /// Answers how many were new.
    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize>;
    /// The newest onboarding of a number: for a late SMS whose onboarding left the hot store (D8).
    async fn newest_onboarding(&self, mobile: &str) -> Result<Option<Onboarding>>;

    /// Writes numbers to `blacklist_sms`. One that is there and holds keeps its time and reason, unless a person gave
    /// another one since.
    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()>;
    /// The whole blacklist, newest first, also what has ended and was not cleared away yet.
    async fn blacklist(&self) -> Result<Vec<Blacklisted>>;
    /// Takes a number off, and remembers when, also where only the hot store had it. False if it was not on.
    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool>;

    /// Clears blocks away that ended by then. Answers how many.
    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64>;

    /// Stores an SMS for later in `power_down_store` (D25, D33).
    async fn store_for_later(&self, sms: &InboundSms) -> Result<()>;
    /// Up to `max` SMS that wait, in order of arrival, after that place.
    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>>;
    /// Was this part of a longer SMS judged before: is there a processed row of the same receiver, sender and part that
    /// was taken in since then? False of what is no part.
    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool>;
    /// These were judged.
    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()>;

    /// Up to `max` rows of `input_sms` that passed and are not at the remote, oldest first, but for those that
    /// are parked and those behind a parked one of their own number.
    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>>;
    /// The remote has these: `synced_at` is set once.
    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()>;
    /// The remote refused this row by itself; after `park_after` times it is parked. True: it is parked now.
    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        park_after: u32,
    ) -> Result<bool>;
    /// Rows that the remote refused, newest first, at most `max`.
    async fn refused(&self, max: usize) -> Result<Vec<Refused>>;
    /// Lets one parked row, or all, be pushed again, as often as a new one. Answers how many.
    async fn unpark(&self, sms_id: Option<Uuid>) -> Result<usize>;

    /// The epoch of the hot store that belongs to this trail (D28).
    async fn epoch(&self) -> Result<Option<String>>;
    /// The hot store was rebuilt: this epoch belongs to it from now on.
    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()>;
    /// A bridge says that it lives, and for which lost epoch it has handed its journal over.
    async fn note_member(&self, member: &Member) -> Result<()>;
    /// The bridges that said so within that time, by the store's own clock.
    async fn members(&self, within: Span) -> Result<Vec<Member>>;
    /// Up to `max` onboardings whose `expires_at` lies after `now`, in order of registration.
    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>>;
    /// Up to `max` pairs of `ops.validated_mobile`, in an order of the store's own, after that one.
    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>>;
    /// Up to `max` rows of `input_sms` taken in at or after `since`, in order of intake: as they were queued.
    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>>;
    /// Up to `max` rows of `input_sms` before that place, newest first in order of intake: as they were queued.
    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>>;
    /// The row of `input_sms` of one SMS, as it was queued.
    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>>;
    /// Those of these onboardings that are kept, in no order.
    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>>;
    /// Numbers taken off the blacklist since then, and when: their count of the day began anew.
    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>>;
    /// For `doctor`.
    async fn totals(&self) -> Result<Totals>;
    /// How the server and what lies between are set up, for `doctor`.
    async fn examine(&self) -> Result<Vec<Finding>>;
    /// The server's clock, where it has one of its own.
    async fn server_time(&self) -> Result<Option<Timestamp>>;

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
    /// Changes several settings at once if each value and the whole stay valid, and keeps the old values in the
    /// history; all or none of them.
    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut>;
    /// The same for one.
    async fn put_setting(&self, now: Timestamp, key: &str, value: &Value, by: &str) -> Result<SettingPut> {
        self.put_settings(now, &[(key, value)], by).await
    }

    /// Keeps refused registrations.
    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()>;
    /// The newest refused registrations, at most `max`.
    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>>;
    /// Keeps a body that nobody can use, once for its id.
    async fn quarantine(&self, entry: &Quarantined) -> Result<()>;
    /// The newest quarantined bodies, at most `max`.
    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>>;
    /// One quarantined body.
    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>>;
    /// Takes a body out of quarantine: it could be used after all, or nobody wants it. False if it was not there.
    async fn remove_quarantined(&self, id: Uuid) -> Result<bool>;

    /// Is there a row of that number with that text that was received within [`KNOWN_WITHIN`] of one of the stamps, in
    /// `input_sms` or in `power_down_store`, waiting or processed? One answer for each.
    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>>;
    /// How many rows of `input_sms` each receiver's phone received in each hour, from then up to then; hours without
    /// any are left out.
    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>>;

    /// All rows about a number, at most `max` of each table.
    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>>;
    /// What the hot store may still know of a number's things: those of SMS taken in since then.
    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces>;
    /// Takes every row about a number away that came to be until then, and keeps the receipt as it stands: from now on
    /// [`AuditStore::erased_until`] knows of it.
    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased>;
    /// Keeps a receipt, in the place of an older state of the same.
    async fn put_erasure(&self, receipt: &Erasure) -> Result<()>;
    /// Receipts, newest first, at most `max`.
    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>>;
    /// Those of these numbers, as receipts write them, that were erased, and up to when.
    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>>;
    /// The number is validated on no device any more, and what of it waits for the remote does not go there. Answers on
    /// how many devices it was.
    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64>;

    /// Every e-mail address that was ever blocked, by address.
    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>>;
    /// Blocks an address, or says that it is no more.
    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()>;

    /// Every receiver that was added, revoked ones too, by name.
    async fn receivers(&self) -> Result<Vec<Receiver>>;
    /// Adds a receiver, or changes the one of that name.
    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()>;
    /// What was seen of every receiver, by name.
    async fn sightings(&self) -> Result<Vec<Sighting>>;
    /// Adds what was seen since it was last noted, all or nothing, as [`Sighting::add`] does.
    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()>;

    /// Deletes up to `max` rows of each table that are older than `before` and wait for nothing (D31).
    /// Answers how many. A push that waits for the remote keeps its row only if `remote` is in use.
    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize>;
}
