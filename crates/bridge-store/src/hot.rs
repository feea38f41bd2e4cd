//! The hot store: what the checks read and the verdicts write. 003 calls it Redis; on a laptop it is
//! a SQLite file. A method is one thing the bridge does, not a command of a database.

#[cfg(feature = "conformance")]
pub mod model;
pub mod restored;

use async_trait::async_trait;
use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::LastSms;
use bridge_core::sms::Key;
use bridge_core::{InboundSms, Onboarding, Span, Timestamp};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::Result;
use crate::blacklisting::Blacklisting;
use crate::damage::Damage;
use crate::events::QueuedEvent;
use crate::finding::Finding;
use crate::judged::{Answer, Judged, QueuedSms};
use crate::person::{HotPerson, Removed, Traces};

/// A registration that the store is to open, with the limits that hold for it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The onboarding as it would be.
    pub onboarding: Onboarding,
    /// New hashes one number may ask for in an hour, from each client address (D13, D51).
    pub per_hour: i64,
    /// Onboardings of one number that may be open at once (D51).
    pub places: usize,
    /// Refuse a blacklisted number: only while blacklist_check is on (D4).
    pub refuse_blacklisted: bool,
}

/// The window of `registrations_per_mobile_per_hour`.
pub const REGISTRATION_WINDOW: Span = Span(3_600_000);

/// How long a mark of a waiting SMS holds.
pub const WAITING_MARK: Span = Span(600_000);
/// The job of rebuilding the store: its lease outlasts the emptying that the rebuild begins with.
pub const REBUILD: &str = "rebuild";
/// How long a setting is cached (003).
pub const SETTING_CACHED: Span = Span(60_000);

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// A new hash. An older onboarding of the same person is superseded, and one that gave way where the number was full.
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
    /// While an SMS of the sender waits to be judged, this one waits behind it (D25). Not so for the one
    /// that is being replayed.
    pub behind_waiting: bool,
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
        known: Box<SenderFacts>,
    },
    /// A redelivery of a judged SMS: this was the answer.
    Answered(Answer),
    /// Another copy is being judged right now.
    BeingJudged,
    /// An SMS of this sender waits to be judged: this one is to be stored for later, behind it (D25). It is
    /// neither counted nor remembered yet.
    BehindWaiting,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Recorded now, or before: this is the answer.
    Done(Answer),
    /// The precondition changed meanwhile. Nothing was written: judge again by this.
    Changed(Box<SenderFacts>),
    /// The SMS is not admitted under this id (any more): take it in again.
    NotAdmitted,
}

/// Which queued SMS a worker wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All, in order of judgement.
    All,
    /// Only those that validated a number (D20).
    Passed,
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

/// For `doctor`, to be compared with the audit trail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HotTotals {
    /// Members of `Queue_validated_mobiles`.
    pub validated: u64,
    /// Members of `blacklist_mobiles`.
    pub blacklisted: u64,
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
    /// Events not yet in `ops.webhook_outbox`.
    pub events: u64,
}

/// A part of what a hot store that lost its memory gets back (D28). Each may come twice, and may come when
/// newer things are there already: it adds what is missing and never turns anything back.
#[derive(Clone, Copy, Debug)]
pub enum Restore<'a> {
    /// Onboardings as `onboarding_mobile` has them, in order of registration; those of the last hour count
    /// towards [`Registration::per_hour`], in the windows that they were counted in. None is queued again. One
    /// that is there in the same or a newer version stays as it is, and one that is final stays final; one that
    /// was registered before the newest of its number never becomes the newest, and a superseded one is never
    /// seen as the newest. Where `onboarding_mobile` never heard that a newer one of the same person superseded it, it
    /// is superseded now, as a change like any other: a new version, queued and announced.
    Onboardings(&'a [Onboarding]),
    /// Members of `Queue_validated_mobiles`.
    Validated(&'a [String]),
    /// Judged SMS of the last 72 hours, in the order in which they were taken in: their redeliveries get
    /// their answer again (one that was only admitted under the same fingerprint is not to be judged any more),
    /// the sender's count of the day is at least theirs (its window began with the SMS that was counted as the
    /// first), their onboarding shows the newest of them but for those judged after it was validated, in a new
    /// version, and if it could still be validated and one passed, it is: a change like any other, queued and
    /// announced, and its pair with it. No SMS is queued again.
    Judged(&'a [QueuedSms]),
    /// Numbers whose count of the day is forgotten up to that time, that time included: those taken off the
    /// blacklist. Before `Judged`.
    Uncounted(&'a [(String, Timestamp)]),
}

/// Under what right something is restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// The store is being rebuilt from nothing under this token.
    Rebuilding(Uuid),
    /// The store lives in the epoch that was entered; this adds something that came late.
    Entered,
}

/// How near the store is to its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes it may use: `maxmemory`, or the host's memory where that is 0. None where there is no limit.
    pub limit_bytes: Option<u64>,
}

/// What the group of bridges tells each other through the hot store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerEvent {
    /// This onboarding changed.
    Onboarding(Uuid),
    /// This setting changed: what was read of it before is old.
    Setting(String),
    /// A receiver was added or changed.
    Receivers,
    /// An e-mail address was blocked, or is no more.
    BlockedEmails,
    /// A webhook was added or changed.
    Webhooks,
    /// An API key was made or revoked.
    ApiKeys,
    /// Some notices were missed: look at everything again.
    Missed,
}

/// Domain operations, each atomic as a whole. `now` is an argument. A store that [`HotStore::is_durable`] has
/// on disk whatever it returned `Ok` for.
///
/// **Epochs (D28).** A store that lost its memory must not judge by what it does not know. Its data carry the
/// name of their epoch, which is new after every rebuild and, where the server says so, ends with every restart
/// of the server. `register`, `cancel`, `show_last`, `move_deadline`, `revive`, `admit` and `record`
/// answer [`StoreFault::Lost`](crate::StoreFault::Lost) unless the epoch of the store is the one that was entered: checked
/// in the same atomic step. So do `onboarding`, `newest_onboarding` and `expire_deadlines` of a store that can be lost
/// under a running bridge; `restore` under [`Right::Entered`] answers false.
#[async_trait]
pub trait HotStore: Send + Sync + 'static {
    /// Does the store answer?
    async fn ping(&self) -> Result<()>;
    /// Writes about this many bytes that mean nothing: can the store keep anything now? A value that does
    /// not change is no write to every database, and a small one fits where an SMS does not.
    async fn try_write(&self, bytes: u32) -> Result<()>;
    /// Whatever it returned `Ok` for survives a power cut. If not, the bridge keeps a journal beside it (D29).
    fn is_durable(&self) -> bool;
    /// What it found that it cannot read any more: then it is closed, and takes nothing.
    fn damage(&self) -> Option<Damage> {
        None
    }
    /// How full it is.
    async fn pressure(&self) -> Result<Pressure>;
    /// How the server is set up, for `doctor`.
    async fn examine(&self) -> Result<Vec<Finding>>;
    /// The server's clock, where it has one of its own.
    async fn server_time(&self) -> Result<Option<Timestamp>>;

    /// The epoch in which its data are whole. None: they are not, or the server started again since.
    async fn epoch(&self) -> Result<Option<String>>;
    /// The epoch that its data are of, also where the server started again since or is another one with the same data.
    async fn epoch_of_data(&self) -> Result<Option<String>>;
    /// [`StoreFault::Lost`](crate::StoreFault::Lost) unless the queues are those of the epoch that was entered.
    async fn queues_are_entered(&self) -> Result<()>;
    /// From now on this bridge judges and registers in this epoch, and in no other: `admit`, `record`,
    /// `register`, `cancel` and `revive` answer [`crate::StoreFault::Lost`] in any other, and before one was entered.
    fn enter(&self, epoch: Option<&str>);
    /// Empties the store and begins a new epoch, whose name is returned; an older rebuild that is still going on
    /// loses its right. The id counters may be emptied too: whoever rebuilds raises them. What waits in the queues must have been carried away before. Marks of waiting SMS and
    /// leases are emptied too, but not the lease `rebuild`.
    async fn begin_rebuild(&self, token: Uuid) -> Result<String>;
    /// Gives a part back. False: the right to do so was lost, begin again.
    async fn restore(&self, now: Timestamp, right: Right, part: Restore<'_>) -> Result<bool>;
    /// The data are whole: only now the store carries its epoch. False: the right was lost meanwhile.
    async fn finish_rebuild(&self, token: Uuid) -> Result<bool>;

    /// Takes or keeps a lease of a job for that long, by the store's own clock. False: another holds it.
    async fn lease(&self, job: &str, holder: Uuid, length: Span) -> Result<bool>;
    /// Gives a lease back, if it is still held.
    async fn release(&self, job: &str, holder: Uuid) -> Result<()>;

    /// Remembers that something was used, for that long. False: it was used before. In every epoch, and past a rebuild as far
    /// as the store's own memory lasts.
    async fn first_use(&self, now: Timestamp, what: &str, length: Span) -> Result<bool>;

    /// An SMS of this number waits to be judged (D25): later ones wait behind it. Forgotten by itself
    /// [`WAITING_MARK`] after it was last marked, so that a bridge that died between marking and storing holds
    /// nothing up for ever; whoever replays marks anew what still waits. In every epoch, also while the store is
    /// being rebuilt.
    async fn mark_waiting(&self, now: Timestamp, waiting: &[(String, Uuid)]) -> Result<()>;
    /// These do not wait any more.
    async fn unmark_waiting(&self, done: &[(String, Uuid)]) -> Result<()>;

    /// Opens an onboarding unless the number is blacklisted, validated on that device or asks too often. Those of
    /// other people stay open beside it; where all places are taken, one [gives way](bridge_core::onboarding::gives_way).
    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered>;
    /// One onboarding by its id.
    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>>;
    /// The onboardings of a number that an SMS may mean, newest first (D51): those that can be validated or are, and
    /// a cancelled one as long as nothing was registered after it.
    async fn standing_onboardings(&self, now: Timestamp, mobile: &str) -> Result<Vec<Onboarding>>;
    /// The newest of them.
    async fn newest_onboarding(&self, now: Timestamp, mobile: &str) -> Result<Option<Onboarding>> {
        Ok(self.standing_onboardings(now, mobile).await?.into_iter().next())
    }
    /// Cancels an onboarding that is not final.
    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled>;
    /// Shows whoever waits for an onboarding that can be validated what came and was no SMS (D45): nothing else changes.
    /// False: there is no such onboarding.
    async fn show_last(&self, now: Timestamp, id: Uuid, last: &LastSms) -> Result<bool>;
    /// Gives a pending onboarding other times, if it still stands in the version that is given: the clock that it was
    /// registered by was wrong (D49). A change like any other: a new version, queued and announced. False: it is not pending
    /// any more, or changed meanwhile.
    async fn move_deadline(&self, now: Timestamp, moved: &Onboarding) -> Result<bool>;
    /// Brings an onboarding back that left the store, until then, unless it stands there (D8). It comes before all
    /// others of its number.
    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<SenderFacts>;
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
    /// Up to `max` of them, the newest first: for people, who look before it is in `input_sms`.
    async fn newest_sms(&self, max: usize) -> Result<Vec<QueuedSms>>;
    /// One of them, if it still waits.
    async fn queued_one(&self, id: i64) -> Result<Option<QueuedSms>>;
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
    /// From now on whatever this bridge does to the state of an onboarding is queued to be told to apps, in the same step;
    /// or not any more. What an SMS does is queued with its recording ([`Judged::events`]).
    fn tell_changes(&self, wanted: bool);
    /// Up to `max` entries that wait for `ops.webhook_outbox`, oldest first. They wait until forgotten.
    async fn queued_events(&self, max: usize) -> Result<Vec<QueuedEvent>>;
    /// Those in these places are there now.
    async fn forget_events(&self, places: &[String]) -> Result<()>;
    /// How much waits.
    async fn queue_sizes(&self) -> Result<QueueSizes>;

    /// Blacklists a number at once, until its end where it has one, and queues it for `blacklist_sms`.
    async fn blacklist(&self, entry: &Blacklisting) -> Result<()>;
    /// Takes a number off, and its count of the day with it: otherwise its next SMS would put it back.
    async fn unblacklist(&self, mobile: &str) -> Result<()>;
    /// The set becomes these numbers, each until its end where it has one, and those still queued (D24).
    async fn replace_blacklist(&self, blocks: &[(String, Option<Timestamp>)]) -> Result<()>;

    /// Everything that is kept of a number. What cannot be found by it is looked for by its traces.
    async fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> Result<HotPerson>;
    /// Takes everything away that came to be until then, but for a block of the number. In every epoch, and as often as
    /// one likes.
    async fn erase(&self, mobile: &str, until: Timestamp, traces: &Traces) -> Result<Removed>;
    /// The number is validated on no device any more: it may register again. Answers how many pairs there were.
    async fn unvalidate(&self, mobile: &str) -> Result<u64>;

    /// How many there are of what the audit trail knows too.
    async fn totals(&self) -> Result<HotTotals>;
    /// Those of these pairs that are not in `Queue_validated_mobiles`.
    async fn not_validated(&self, pairs: &[String]) -> Result<Vec<String>>;

    /// The id counters.
    async fn counters(&self) -> Result<Counters>;
    /// Raises the id counters to at least these: after a loss no id comes twice (D21).
    async fn raise_counters(&self, at_least: Counters) -> Result<()>;

    /// Fills the cache of settings, `setting:{key}` of 003, for [`SETTING_CACHED`].
    async fn cache_settings(&self, rows: &[(String, String)]) -> Result<()>;
    /// A setting changed: clears it from the cache and tells every bridge.
    async fn announce_setting(&self, key: &str) -> Result<()>;
    /// A receiver was added or changed: tells every bridge.
    async fn announce_receivers(&self) -> Result<()>;
    /// An e-mail address was blocked, or is no more: tells every bridge.
    async fn announce_blocked_emails(&self) -> Result<()>;
    /// A webhook was added or changed: tells every bridge.
    async fn announce_webhooks(&self) -> Result<()>;
    /// An API key was made or revoked: tells every bridge.
    async fn announce_api_keys(&self) -> Result<()>;
    /// What all bridges tell each other, as it happens. A slow reader misses some and must look again.
    fn peer_events(&self) -> broadcast::Receiver<PeerEvent>;
}
