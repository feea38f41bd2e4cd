//! The audit store as a thing that runs: does it answer, how is it set up, what is in it, and what age removes.

use async_trait::async_trait;
use bridge_core::Timestamp;

use crate::Result;
use crate::damage::Damage;
use crate::finding::Finding;

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

/// Asks after the store itself, and keeps it from growing for ever.
#[async_trait]
pub trait UpkeepTrail: Send + Sync + 'static {
    /// Does the store answer?
    async fn ping(&self) -> Result<()>;
    /// As [`crate::HotStore::try_write`].
    async fn try_write(&self, bytes: u32) -> Result<()>;
    /// As [`crate::HotStore::damage`].
    fn damage(&self) -> Option<Damage> {
        None
    }
    /// How the server and what lies between are set up, for `doctor`.
    async fn examine(&self) -> Result<Vec<Finding>>;
    /// The server's clock, where it has one of its own.
    async fn server_time(&self) -> Result<Option<Timestamp>>;
    /// For `doctor`.
    async fn totals(&self) -> Result<Totals>;
    /// Deletes up to `max` rows of each table that are older than `before` and wait for nothing (D31).
    /// Answers how many. A push that waits for the remote keeps its row only if `remote` is in use.
    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize>;
}
