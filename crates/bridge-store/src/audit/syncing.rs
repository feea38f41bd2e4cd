//! Validated numbers on their way to the remote (D20). Not the remote.

use async_trait::async_trait;
use bridge_core::Timestamp;
use uuid::Uuid;

use crate::Result;

/// A validated number on its way to the remote (D20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsynced {
    /// The SMS that proved it.
    pub sms_id: Uuid,
    /// When that SMS was taken in: with `sms_id` the row's key.
    pub server_received_at: Timestamp,
    /// E.164.
    pub mobile_number: String,
    /// The user's device; empty where none was given.
    pub device_id: String,
    /// When it was validated.
    pub validated_at: Timestamp,
}

/// A row that the remote refused by itself (D20): kept back until somebody lets it go again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The row.
    pub sms_id: Uuid,
    /// Its number: later rows of it wait too.
    pub mobile_number: String,
    /// How often it was refused.
    pub attempts: i64,
    /// What the remote said last.
    pub reason: String,
    /// When it was last refused.
    pub at: Timestamp,
    /// It is kept back.
    pub dead_lettered: bool,
}

/// What the remote still has to be told.
#[async_trait]
pub trait SyncTrail: Send + Sync + 'static {
    /// Up to `max` rows of `input_sms` that passed and are not at the remote, oldest first, but for those that
    /// are dead-lettered and those behind a dead-lettered one of their own number.
    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>>;
    /// The remote has these: `synced_at` is set once.
    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()>;
    /// The remote refused this row by itself; after `dead_letter_after` times it is dead-lettered. True: it is dead-lettered now.
    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        dead_letter_after: u32,
    ) -> Result<bool>;
    /// Rows that the remote refused, newest first, at most `max`.
    async fn refused(&self, max: usize) -> Result<Vec<Refused>>;
    /// Lets one dead-lettered row, or all, be pushed again, as often as a new one. Answers how many.
    async fn let_go(&self, sms_id: Option<Uuid>) -> Result<usize>;
}
