//! The background workers of contract section 7: one file each, one list. A worker is one small,
//! bounded, repeatable step without input: it looks at the stores and acts on what it finds. When it
//! runs, and what happens when it fails, is the supervisor's business alone.

mod blacklist;
mod blocked_emails;
mod cleanup;
pub mod counters;
mod dump;
mod erasures;
mod incidents;
mod onboarding;
mod pull;
mod purge;
mod receivers;
mod registration_attempts;
mod replay;
mod run_now;
mod settle_journal;
pub mod supervisor;
pub(crate) mod sync;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;
use tokio::sync::Notify;

use crate::bridge::App;
pub use blacklist::PopulateBlacklist;
pub use run_now::run_now;

/// One worker.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// Its name in /health, metrics and logs.
    fn name(&self) -> &'static str;
    /// What it does, in a sentence for the operator.
    fn about(&self) -> &'static str;
    /// Seconds it waits when nothing wakes it.
    fn period_seconds(&self, settings: &Settings) -> u32;
    /// Who does it in a group of bridges.
    fn scope(&self) -> Scope {
        Scope::Group
    }
    /// What wakes it before its time.
    fn bell(&self) -> Option<Bell> {
        None
    }
    /// One step.
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError>;
}

/// Who does a job in a group of bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One of them.
    Group,
    /// Each for itself: it is about what this bridge alone has.
    Bridge,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// Nothing is left to do now.
    Idle,
    /// It moved a full batch: more may wait.
    More,
}

impl Tick {
    /// More may wait if this step moved as much as one step may.
    fn after(moved: usize, max: usize) -> Tick {
        if moved >= max { Tick::More } else { Tick::Idle }
    }
}

/// Every worker, in the order in which they drain: what one leaves for another comes before it.
#[must_use]
pub fn all() -> Vec<Box<dyn Worker>> {
    vec![
        Box::new(pull::PullInboxes),
        Box::new(replay::ReplayPowerDownStore::default()),
        Box::new(cleanup::CleanupExpired),
        Box::new(blacklist::PopulateBlacklist),
        Box::new(registration_attempts::WriteRegistrationAttempts),
        Box::new(onboarding::DumpQueueOnboarding),
        Box::new(sync::SyncValidatedMobiles::default()),
        Box::new(dump::DumpQueueInputSms),
        Box::new(settle_journal::SettleJournal),
        Box::new(counters::PersistCounters),
        Box::new(purge::PurgeExpiredAudit),
        Box::new(receivers::NoteReceivers),
        Box::new(erasures::FinishErasures),
        Box::new(blocked_emails::ReadBlockedEmails),
        Box::new(incidents::NoteIncidents),
    ]
}

/// What can wake a worker before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bell {
    /// A batch of judged SMS waits.
    Dump,
    /// A number was validated.
    Validated,
    /// An onboarding changed.
    Onboarding,
    /// A number was blacklisted.
    Blacklist,
    /// An SMS was stored for later.
    Replay,
    /// A registration was refused.
    Refusal,
    /// The ids that are reserved come to an end.
    Counters,
    /// An SMS waits in the journal.
    Journal,
    /// Somebody is to be erased.
    Erasure,
}

const BELLS: [Bell; 9] = [
    Bell::Dump,
    Bell::Validated,
    Bell::Onboarding,
    Bell::Blacklist,
    Bell::Replay,
    Bell::Refusal,
    Bell::Counters,
    Bell::Journal,
    Bell::Erasure,
];

/// How a worker is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// When its last step ended.
    pub last_run: Option<Timestamp>,
    /// When a step last succeeded.
    pub last_success: Option<Timestamp>,
    /// Why the last step failed; none once one succeeds.
    pub last_error: Option<String>,
    /// Steps that failed since the start.
    pub failures: u64,
}

/// A worker is behind when its last success is older than this many periods and at least a minute.
const PERIODS_BEHIND: i64 = 3;
const BEHIND_MIN_SECONDS: i64 = 60;

/// How a worker is doing, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does its work.
    Ok,
    /// It has not succeeded for longer than it should.
    Behind,
    /// Its last step failed.
    Failing,
    /// It has not run yet.
    Starting,
}

impl Standing {
    /// For `/health`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Standing::Ok => "ok",
            Standing::Behind => "behind",
            Standing::Failing => "failing",
            Standing::Starting => "starting",
        }
    }
}

/// How a worker is doing by what it last did.
#[must_use]
pub fn standing(worker: &dyn Worker, status: &WorkerStatus, now: Timestamp, settings: &Settings) -> Standing {
    let patience = (i64::from(worker.period_seconds(settings)) * PERIODS_BEHIND).max(BEHIND_MIN_SECONDS);
    match (&status.last_error, status.last_success) {
        (Some(_), _) => Standing::Failing,
        (None, None) => Standing::Starting,
        (None, Some(at)) if (now - at).0 / 1000 > patience => Standing::Behind,
        (None, Some(_)) => Standing::Ok,
    }
}

/// Where workers hang their status and wait for their bells.
#[derive(Debug, Default)]
pub struct WorkerBoard {
    bells: [Notify; BELLS.len()],
    /// Held by the worker that is moving judged SMS.
    dumping: tokio::sync::Mutex<()>,
    /// Held while the blacklist is carried to and fro, and while a number is taken off it: one that was just
    /// taken off must not come back with what was read before.
    pub blacklisting: tokio::sync::Mutex<()>,
    /// Held by whoever carries rows from one store to another, and alone by whoever erases a person: what was read before
    /// must not be written afterwards.
    pub carrying: tokio::sync::RwLock<()>,
    /// Up to which id of an SMS they are reserved (D21).
    pub reserved: AtomicI64,
    /// Rows written to `input_sms` since the reports were last saved.
    pub dumped: AtomicI64,
    /// Rows new in `onboarding_mobile` since then.
    pub onboardings_dumped: AtomicI64,
    /// Rows pushed to the remote since then.
    pub synced: AtomicI64,
    status: Mutex<BTreeMap<&'static str, WorkerStatus>>,
    /// The operator asked for it now.
    asked: Mutex<BTreeMap<&'static str, Arc<Notify>>>,
}

impl WorkerBoard {
    /// Wakes the worker that waits for this bell, or lets its next wait end at once.
    pub fn ring(&self, bell: Bell) {
        self.bells[bell as usize].notify_one();
    }

    /// Wakes everybody: nobody knows what was missed.
    pub fn ring_all(&self) {
        BELLS.into_iter().for_each(|bell| self.ring(bell));
    }

    /// Lets this worker run now.
    fn run_now(&self, worker: &'static str) {
        self.asked(worker).notify_one();
    }

    fn asked(&self, worker: &'static str) -> Arc<Notify> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).entry(worker).or_default().clone()
    }

    async fn heard(&self, worker: &dyn Worker) {
        let asked = self.asked(worker.name());
        let bell = async {
            match worker.bell() {
                Some(bell) => self.bells[bell as usize].notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = bell => {}
            () = asked.notified() => {}
        }
    }

    fn note(&self, worker: &'static str, change: impl FnOnce(&mut WorkerStatus)) {
        change(self.status.lock().unwrap_or_else(PoisonError::into_inner).entry(worker).or_default());
    }

    /// Another bridge of the group has this turn.
    fn note_elsewhere(&self, worker: &'static str, now: Timestamp) {
        self.note(worker, |status| {
            status.last_success = Some(now);
            status.last_error = None;
        });
    }

    /// The status of every worker that ran.
    #[must_use]
    pub fn status(&self) -> BTreeMap<&'static str, WorkerStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
