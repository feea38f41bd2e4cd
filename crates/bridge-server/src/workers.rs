//! The background workers of contract section 7: one file each, one list. A worker is one small,
//! bounded, repeatable step without input: it looks at the stores and acts on what it finds. When it
//! runs, and what happens when it fails, is the supervisor's business alone.

mod blacklist;
mod cleanup;
pub mod counters;
mod dump;
mod onboarding;
mod purge;
mod registration_attempts;
mod replay;
pub mod supervisor;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;
use tokio::sync::Notify;

use crate::app::App;

/// One worker.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// Its name in /health, metrics and logs.
    fn name(&self) -> &'static str;
    /// Seconds it waits when nothing wakes it.
    fn period_seconds(&self, settings: &Settings) -> u32;
    /// What wakes it before its time.
    fn bell(&self) -> Option<Bell> {
        None
    }
    /// One step.
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError>;
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
        Box::new(replay::ReplayPowerDownStore),
        Box::new(cleanup::CleanupExpired),
        Box::new(blacklist::PopulateBlacklist),
        Box::new(registration_attempts::WriteRegistrationAttempts),
        Box::new(onboarding::DumpQueueOnboarding),
        Box::new(dump::SyncValidatedMobiles),
        Box::new(dump::DumpQueueInputSms),
        Box::new(counters::PersistCounters),
        Box::new(purge::PurgeExpiredAudit),
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
}

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

/// Where workers hang their status and wait for their bells.
#[derive(Debug, Default)]
pub struct WorkerBoard {
    bells: [Notify; 6],
    /// Held by the worker that is moving judged SMS.
    dumping: tokio::sync::Mutex<()>,
    /// Held while the blacklist is carried to and fro, and while a number is taken off it: one that was just
    /// taken off must not come back with what was read before.
    pub blacklisting: tokio::sync::Mutex<()>,
    /// Rows written to `input_sms` since the counters were last saved.
    pub dumped: AtomicI64,
    /// Rows new in `onboarding_mobile` since then.
    pub onboardings_dumped: AtomicI64,
    status: Mutex<BTreeMap<&'static str, WorkerStatus>>,
}

impl WorkerBoard {
    /// Wakes the worker that waits for this bell, or lets its next wait end at once.
    pub fn ring(&self, bell: Bell) {
        self.bells[bell as usize].notify_one();
    }

    async fn heard(&self, bell: Option<Bell>) {
        match bell {
            Some(bell) => self.bells[bell as usize].notified().await,
            None => std::future::pending().await,
        }
    }

    fn note(&self, worker: &'static str, change: impl FnOnce(&mut WorkerStatus)) {
        change(self.status.lock().unwrap_or_else(PoisonError::into_inner).entry(worker).or_default());
    }

    /// The status of every worker that ran.
    #[must_use]
    pub fn status(&self) -> BTreeMap<&'static str, WorkerStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
