//! Blocked numbers: the table `blacklist_sms`.

use async_trait::async_trait;
use bridge_core::Timestamp;

use crate::Result;
use crate::blacklisting::Blacklisting;

/// A number on the blacklist, for people.
pub type Blacklisted = Blacklisting;

/// Which numbers are blocked.
#[async_trait]
pub trait BlacklistTrail: Send + Sync + 'static {
    /// Writes numbers to `blacklist_sms`. One that is there and holds keeps its time and reason, unless a person gave
    /// another one since.
    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()>;
    /// The whole blacklist, newest first, also what has ended and was not cleared away yet.
    async fn blacklist(&self) -> Result<Vec<Blacklisted>>;
    /// Takes a number off, and remembers when, also where only the hot store had it. False if it was not on.
    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool>;
    /// Clears blocks away that ended by then. Answers how many.
    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64>;
}
