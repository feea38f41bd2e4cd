//! The bridges that share a hot store, and what it is rebuilt from that has no table of its own here (D28).

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use uuid::Uuid;

use crate::Result;

/// A bridge of the group, as it last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id, made when it started.
    pub bridge: Uuid,
    /// The epoch that was lost and for which it handed its journal over (D28).
    pub handed_over: Option<String>,
}

/// Which epoch holds, who is there, and what a rebuild reads besides SMS and onboardings.
#[async_trait]
pub trait GroupTrail: Send + Sync + 'static {
    /// The epoch of the hot store that belongs to this trail (D28).
    async fn epoch(&self) -> Result<Option<String>>;
    /// The hot store was rebuilt: this epoch belongs to it from now on.
    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()>;
    /// A bridge says that it lives, and for which lost epoch it has handed its journal over.
    async fn note_member(&self, member: &Member) -> Result<()>;
    /// The bridges that said so within that time, by the store's own clock.
    async fn members(&self, within: Span) -> Result<Vec<Member>>;
    /// Up to `max` pairs of `ops.validated_mobile`, in an order of the store's own, after that one.
    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>>;
    /// Numbers taken off the blacklist since then, and when: their count of the day began anew.
    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>>;
}
