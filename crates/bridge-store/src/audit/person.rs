//! One person in the audit tables: what is kept of a number, and its erasure. The values are those of `person`.

use async_trait::async_trait;
use bridge_core::{Mobile, Timestamp};

use crate::Result;
use crate::person::{AuditErased, Erasing, Erasure, Table, Traces};

/// What is kept of a number, and how it is taken away.
#[async_trait]
pub trait PersonTrail: Send + Sync + 'static {
    /// All rows about a number, at most `max` of each table.
    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>>;
    /// What the hot store may still know of a number's things: those of SMS taken in since then.
    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces>;
    /// Takes every row about a number away that came to be until then, and keeps the receipt as it stands: from now on
    /// [`AuditStore::erased_until`] knows of it.
    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased>;
    /// Keeps a receipt, in the place of an older state of the same.
    async fn put_erasure(&self, receipt: &Erasure) -> Result<()>;
    /// Receipts, newest first, at most `max`.
    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>>;
    /// Those of these numbers, as receipts write them, that were erased, and up to when.
    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>>;
    /// The number is validated on no device any more, and what of it waits for the remote does not go there. Answers on
    /// how many devices it was.
    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64>;
}
