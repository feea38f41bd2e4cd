//! Refused registrations: the table `ops.registration_attempts` (D13).

use async_trait::async_trait;
use bridge_core::Timestamp;

use crate::Result;

/// A refused registration, kept because 002 wants spurious requests captured (D13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When it was refused.
    pub at: Timestamp,
    /// The error code that was answered.
    pub reason: String,
    /// The number as it was given.
    pub mobile_number: String,
    /// Keyed hash of the client's address, where known.
    pub address_hash: Option<String>,
    /// The country that the edge saw it come from, where an edge told.
    pub place: Option<String>,
    /// How many refusals this row stands for: more than one where a flood was sampled.
    pub stands_for: i64,
}

/// Who was refused, and why.
#[async_trait]
pub trait RefusalTrail: Send + Sync + 'static {
    /// Keeps refused registrations.
    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()>;
    /// The newest refused registrations, at most `max`.
    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>>;
}
