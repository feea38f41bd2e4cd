//! What workers and their callers share: the wake signals of the workers, the status of each, the locks between jobs
//! that must not run at the same time, and counts that are not reported yet. Knows no worker.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex, PoisonError};

use bridge_core::{Span, Timestamp};
use tokio::sync::Notify;

/// What can wake a worker before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WakeSignal {
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
    /// Something happened that apps are told.
    Webhook,
    /// Operators are to be told something.
    Notice,
}

const SIGNALS: [WakeSignal; 11] = [
    WakeSignal::Dump,
    WakeSignal::Validated,
    WakeSignal::Onboarding,
    WakeSignal::Blacklist,
    WakeSignal::Replay,
    WakeSignal::Refusal,
    WakeSignal::Counters,
    WakeSignal::Journal,
    WakeSignal::Erasure,
    WakeSignal::Webhook,
    WakeSignal::Notice,
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

/// The status of every worker, and the wake signals that they wait for.
#[derive(Debug, Default)]
pub struct WorkerBoard {
    signals: [Notify; SIGNALS.len()],
    /// Held by the worker that is moving judged SMS.
    pub(crate) dumping: tokio::sync::Mutex<()>,
    /// Held while the blacklist is carried between the stores, and while a number is taken off it: one that was just
    /// taken off must not come back with what was read before.
    pub blacklisting: tokio::sync::Mutex<()>,
    /// Held by the store monitor while it looks, because it may rebuild one store from the other, and by whoever erases
    /// a person from both.
    pub(crate) watching: tokio::sync::Mutex<()>,
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
    /// Wakes a worker by its name, when the operator asks for it.
    asked: Mutex<BTreeMap<&'static str, Arc<Notify>>>,
}

impl WorkerBoard {
    /// Wakes the worker that waits for this wake signal, or lets its next wait end at once.
    pub fn wake(&self, signal: WakeSignal) {
        self.signals[signal as usize].notify_one();
    }

    /// Wakes everybody: nobody knows what was missed.
    pub fn wake_all(&self) {
        SIGNALS.into_iter().for_each(|signal| self.wake(signal));
    }

    /// Lets this worker run now.
    pub fn run_now(&self, worker: &'static str) {
        self.asked(worker).notify_one();
    }

    fn asked(&self, worker: &'static str) -> Arc<Notify> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).entry(worker).or_default().clone()
    }

    /// Resolves when the signal comes, or somebody wants this worker to run now.
    pub(crate) async fn woken(&self, worker: &'static str, signal: Option<WakeSignal>) {
        let asked = self.asked(worker);
        let signalled = async {
            match signal {
                Some(signal) => self.signals[signal as usize].notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = signalled => {}
            () = asked.notified() => {}
        }
    }

    /// Notes what this worker did.
    pub(crate) fn note(&self, worker: &'static str, change: impl FnOnce(&mut WorkerStatus)) {
        change(self.status.lock().unwrap_or_else(PoisonError::into_inner).entry(worker).or_default());
    }

    /// The clock was set: what was done before it was done as long ago as before.
    pub(crate) fn clock_was_set(&self, by: Span) {
        let moved = |at: Option<Timestamp>| at.map(|at| at + by);
        for status in self.status.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            (status.last_run, status.last_success) = (moved(status.last_run), moved(status.last_success));
        }
    }

    /// Another bridge of the group does this job in this period.
    pub(crate) fn note_elsewhere(&self, worker: &'static str, now: Timestamp) {
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
