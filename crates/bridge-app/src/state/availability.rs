//! What the stores are good for right now, as every request may ask: are SMS judged, or are they stored for later in
//! `power_down_store`, in the journal, or refused (D25-D28)? Only told here; the store monitor finds it out.

use std::sync::atomic::{AtomicU64, Ordering};

use bridge_core::Timestamp;
use tokio::sync::{Notify, watch};

/// For logs and statuses: a question to the hot store went without an answer.
pub(crate) const HOT_SILENT: &str = "the hot store does not answer";

/// What the hot store is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hot {
    /// It judges.
    Open,
    /// It does not answer.
    Away,
    /// It answers, and does not know what it should: it is being rebuilt, or waits for the audit store to be.
    Lost,
    /// Its file is damaged: it is closed until it is rebuilt by hand.
    Damaged,
    /// It holds more than `redis_memory_limit_percent` (D27).
    Full,
    /// Whatever it holds, this machine's clock cannot be right: nothing is judged by it (D49).
    ClockNotSet,
}

impl Hot {
    /// In one word, for `/health`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Hot::Open | Hot::ClockNotSet => "up",
            Hot::Away => "down",
            Hot::Lost => "rebuilding",
            Hot::Damaged => "damaged",
            Hot::Full => "full",
        }
    }

    /// Why registration is paused, for people.
    #[must_use]
    pub fn why(self) -> Option<&'static str> {
        match self {
            Hot::Open => None,
            Hot::Away => Some("the hot store (Redis) does not answer"),
            Hot::Lost => Some("the hot store (Redis) lost its memory and is being rebuilt"),
            Hot::Damaged => Some("the hot store (hot.db) is damaged"),
            Hot::Full => Some("the hot store (Redis) is nearly full"),
            Hot::ClockNotSet => Some("the clock of this machine cannot be right"),
        }
    }
}

/// What the stores are good for at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The hot store.
    pub hot: Hot,
    /// Since when it is so.
    pub since: Timestamp,
    /// The audit store answers.
    pub audit: bool,
}

/// What the stores are good for, shared by everything on this bridge.
#[derive(Debug)]
pub struct Availability {
    standing: watch::Sender<Standing>,
    /// Grows whenever the hot store stops judging: what was judged before may be lost with it.
    generation: AtomicU64,
    suspicion: Notify,
}

impl Availability {
    /// Nothing is known yet: nothing is judged.
    #[must_use]
    pub fn new(now: Timestamp) -> Availability {
        Availability {
            standing: watch::Sender::new(Standing { hot: Hot::Away, since: now, audit: false }),
            generation: AtomicU64::new(0),
            suspicion: Notify::new(),
        }
    }

    /// What the stores are good for now.
    #[must_use]
    pub fn now(&self) -> Standing {
        *self.standing.borrow()
    }

    /// Are SMS judged and registrations taken?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.standing.borrow().hot == Hot::Open
    }

    /// Grows by one whenever the hot store stops judging: what was judged before may be lost with it.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Resolves when anything about it changes.
    pub async fn changed(&self) {
        let mut standing = self.standing.subscribe();
        if standing.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// An operation failed: the store monitor should look now.
    pub fn suspect(&self) {
        self.suspicion.notify_one();
    }

    /// Resolves when somebody suspects something.
    pub async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    /// The store monitor saw the hot store so.
    pub fn set_hot(&self, now: Timestamp, hot: Hot) {
        if hot != Hot::Open {
            self.generation.fetch_add(u64::from(self.is_open()), Ordering::AcqRel);
        }
        self.standing.send_if_modified(|standing| {
            let changed = standing.hot != hot;
            if changed {
                tracing::info!(from = ?standing.hot, to = ?hot, "the hot store");
                *standing = Standing { hot, since: now, ..*standing };
            }
            changed
        });
    }

    /// The store monitor saw whether the audit store answers.
    pub fn set_audit(&self, up: bool) {
        self.standing.send_if_modified(|standing| {
            let changed = standing.audit != up;
            if changed {
                tracing::info!(up, "the audit store");
                standing.audit = up;
            }
            changed
        });
    }
}
