//! The hot store: what the checks read and the verdicts write. 003 calls it Redis; on a laptop it is
//! a SQLite file. A method is one thing the bridge does, not a command of a database.

#[cfg(feature = "conformance")]
pub mod model;
pub(crate) mod sqlite;

use async_trait::async_trait;
use bridge_core::checks::Known;
use bridge_core::sms::Key;
use bridge_core::{InboundSms, Onboarding, Span, State, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::Result;

/// A registration that the store is to open, with the limits that hold for it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The onboarding as it would be.
    pub onboarding: Onboarding,
    /// New hashes one number may ask for in an hour (D13).
    pub per_hour: i64,
    /// Refuse a blacklisted number: only while blacklist_check is on (D4).
    pub refuse_blacklisted: bool,
}

/// The window of `registrations_per_mobile_per_hour`.
pub const REGISTRATION_WINDOW: Span = Span(3_600_000);

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// A new hash; an older onboarding of the number is superseded.
    New(Onboarding),
    /// The same person asked again before the deadline: the same hash (D13).
    Same(Onboarding),
    /// This number is validated on this device already.
    AlreadyValidated,
    /// The number is blacklisted.
    Blacklisted,
    /// Too many new hashes for this number; the window ends then.
    TooMany {
        /// When it may ask again.
        until: Timestamp,
    },
}

/// What became of a wish to cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It is cancelled (now, or it was already).
    Done(Onboarding),
    /// It is validated or superseded: final (D19).
    Final(Onboarding),
    /// No such onboarding.
    NotFound,
}

/// The limits that hold when an SMS comes in.
#[derive(Clone, Copy, Debug)]
pub struct IntakeLimits {
    /// Above this count the sender is blacklisted (D4).
    pub blacklist_above: i64,
    /// An SMS admitted longer ago than this and never answered is taken over by its next copy (D9).
    pub takeover_after: Span,
}

/// What taking in an SMS found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// What to do with it.
    pub outcome: Admission,
    /// Its delivery id came before with other content (D9): a new SMS, and worth counting.
    pub delivery_id_reused: bool,
}

/// What to do with an SMS that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Judge it, under this id and intake time: those of an earlier copy where that one was never
    /// answered.
    Judge {
        /// Its identity from now on.
        sms_id: Uuid,
        /// When it, or that earlier copy, first came in.
        server_received_at: Timestamp,
        /// What it is recognised by: its own fingerprint, or that of the first delivery with its id.
        fingerprint: Key,
        /// What the store knows about its sender.
        known: Box<Known>,
    },
    /// A redelivery of a judged SMS: this was the answer.
    Answered(Answer),
    /// Another copy is being judged right now.
    BeingJudged,
}

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

/// A judged SMS, to be recorded.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The SMS.
    pub sms: InboundSms,
    /// What it was admitted under.
    pub fingerprint: Key,
    /// Its verdict.
    pub verdict: Verdict,
    /// What the verdict rests on; recording checks that it still holds (D9).
    pub basis: Basis,
}

/// The facts that may change between judging and recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The sender's newest onboarding and its state.
    pub onboarding: Option<(Uuid, State)>,
    /// Its pair was validated already.
    pub pair_validated: bool,
}

impl From<&Known> for Basis {
    fn from(known: &Known) -> Basis {
        Basis {
            onboarding: known.onboarding.as_ref().map(|o| (o.id, o.state)),
            pair_validated: known.pair_validated,
        }
    }
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Recorded now, or before: this is the answer.
    Done(Answer),
    /// The basis changed meanwhile. Nothing was written: judge again by this.
    Changed(Box<Known>),
    /// The SMS is not admitted under this id (any more): take it in again.
    NotAdmitted,
}

/// A judged SMS waiting for `input_sms`: `queue_input_sms:{id}` of 003.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedSms {
    /// `redis_id` in `input_sms`.
    pub id: i64,
    /// The SMS.
    pub sms: InboundSms,
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
}

/// Which queued SMS a worker wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All, in order of judgement.
    All,
    /// Only those that validated a number (D20).
    Passed,
}

/// A number on its way to `blacklist_sms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blacklisting {
    /// E.164.
    pub mobile_number: String,
    /// Calling code.
    pub country_code: String,
    /// National number.
    pub local_mobile: String,
    /// When.
    pub blacklisted_at: Timestamp,
    /// `threshold_exceeded`, or what the operator gave.
    pub reason: String,
    /// SMS in 24 hours at that time.
    pub message_count: i64,
}

/// `reason` of a number that flooded (D4).
pub const THRESHOLD_EXCEEDED: &str = "threshold_exceeded";

/// The two id counters of 003.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// `counter:queue_input_sms`
    pub queue_input_sms: i64,
    /// `counter:queue_onboarding`
    pub queue_onboarding: i64,
}

/// How much waits in each queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueSizes {
    /// Judged SMS not yet in `input_sms`.
    pub input_sms: u64,
    /// Onboardings not yet as they are in `onboarding_mobile`.
    pub onboarding: u64,
    /// Numbers not yet in `blacklist_sms`.
    pub blacklist: u64,
}

/// Domain operations, each atomic as a whole and durable when it returns. `now` is an argument.
#[async_trait]
pub trait HotStore: Send + Sync + 'static {
    /// Does the store answer?
    async fn ping(&self) -> Result<()>;
    /// Writes about this many bytes that mean nothing: can the store keep anything now? A value that does
    /// not change is no write to every database, and a small one fits where an SMS does not.
    async fn try_write(&self, bytes: u32) -> Result<()>;

    /// Opens an onboarding unless the number is blacklisted, validated on that device or asks too often.
    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered>;
    /// One onboarding by its id.
    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>>;
    /// The newest onboarding of a number, in any state.
    async fn newest_onboarding(&self, now: Timestamp, mobile: &str) -> Result<Option<Onboarding>>;
    /// Cancels an onboarding that is not final.
    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled>;
    /// Brings an onboarding back that left the store, until then, unless the number has one (D8).
    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<Known>;
    /// Turns up to `max` pending onboardings whose deadline passed into expired ones (D32).
    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize>;
    /// Clears up to `max` entries of each kind that no operation can see any more.
    async fn collect_garbage(&self, now: Timestamp, max: usize) -> Result<usize>;

    /// Takes an SMS in: recognises a redelivery, counts a new one, blacklists a flooding sender, and
    /// returns every fact the checks need (D3, D4, D9).
    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted>;
    /// Records a judged SMS once, whatever happened before; a passing one validates its onboarding (D9).
    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded>;

    /// Up to `max` judged SMS that wait for `input_sms`, oldest first. They wait until forgotten.
    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>>;
    /// These are in `input_sms` now.
    async fn forget_sms(&self, ids: &[i64]) -> Result<()>;
    /// Up to `max` onboardings that changed since they were last written to `onboarding_mobile`.
    async fn queued_onboardings(&self, max: usize) -> Result<Vec<Onboarding>>;
    /// These versions are in `onboarding_mobile` now.
    async fn forget_onboardings(&self, written: &[(Uuid, i64)]) -> Result<()>;
    /// Up to `max` numbers that wait for `blacklist_sms`.
    async fn queued_blacklistings(&self, max: usize) -> Result<Vec<Blacklisting>>;
    /// These are in `blacklist_sms` now.
    async fn forget_blacklistings(&self, mobiles: &[String]) -> Result<()>;
    /// How much waits.
    async fn queue_sizes(&self) -> Result<QueueSizes>;

    /// Blacklists a number at once and queues it for `blacklist_sms`.
    async fn blacklist(&self, entry: &Blacklisting) -> Result<()>;
    /// Takes a number off, and its count of the day with it: otherwise its next SMS would put it back.
    async fn unblacklist(&self, mobile: &str) -> Result<()>;
    /// The set becomes these numbers and those still queued (D24).
    async fn replace_blacklist(&self, mobiles: &[String]) -> Result<()>;

    /// The id counters.
    async fn counters(&self) -> Result<Counters>;
    /// Raises the id counters to at least these: after a loss no id comes twice (D21).
    async fn raise_counters(&self, at_least: Counters) -> Result<()>;

    /// Ids of onboardings that changed, as they change. A slow reader misses some and must look again.
    fn changes(&self) -> broadcast::Receiver<Uuid>;
}
