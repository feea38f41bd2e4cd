//! What a worker is: one small, bounded, repeatable step, and how it is doing by what it last did. When it runs is the
//! supervisor's business.

use async_trait::async_trait;
use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;

use crate::bridge::App;
use crate::state::board::{WakeSignal, WorkerStatus};

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
    fn wake_signal(&self) -> Option<WakeSignal> {
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
    pub(super) fn after(moved: usize, max: usize) -> Tick {
        if moved >= max { Tick::More } else { Tick::Idle }
    }
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
