//! The remote Supabase: it is told validated numbers and nothing else (003, D20, D38). Not a store of the
//! bridge: nothing is ever judged by it, and its outage pauses one worker. Both protocols call the same SQL
//! functions there (`migrations/remote`), so that what a row meets is the same.

use std::time::Duration;

use async_trait::async_trait;
use bridge_core::Timestamp;

use crate::audit::Unsynced;

/// What the remote made of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is there: now, or TRUE already and left alone.
    Stored,
    /// The remote refuses this row by itself, and would again.
    Refused(String),
}

/// The remote takes nothing now: connection errors, 5xx, 408, 425, 429, 401 and 403 (D20). No row is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the remote takes nothing now: {reason}")]
pub struct Paused {
    /// Why, without a secret in it.
    pub reason: String,
    /// When it may be asked again, where it said so.
    pub retry_after: Option<Duration>,
}

impl Paused {
    /// For that reason, and nobody knows until when.
    #[must_use]
    pub fn because(reason: String) -> Paused {
        Paused { reason, retry_after: None }
    }
}

/// A remote table `validated_mobiles`.
#[async_trait]
pub trait Remote: Send + Sync + 'static {
    /// Can it be reached, and may this bridge write there? Writes nothing.
    async fn ping(&self) -> Result<(), Paused>;
    /// The time there, where it says so with whatever it answers.
    async fn server_time(&self) -> Option<Timestamp> {
        None
    }
    /// Upserts rows in their order, never touching one that is TRUE already. One answer for each row; a row that
    /// is refused by itself stops no other of another number.
    async fn push(&self, rows: &[Unsynced]) -> Result<Vec<Pushed>, Paused>;
    /// What it has of a number.
    async fn find(&self, mobile: &str) -> Result<Vec<serde_json::Value>, Paused>;
    /// Deletes what it has of a number that was validated until then. Answers how many rows there were.
    async fn erase(&self, mobile: &str, until: Timestamp) -> Result<u64, Paused>;
}
