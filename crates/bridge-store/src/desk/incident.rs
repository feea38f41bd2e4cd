//! An incident: something that the bridge needs was away.

use bridge_core::Timestamp;

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// The table's own id.
    pub id: i64,
    /// `redis`, `postgresql`, `remote`, `bridge`, or `receiver:NAME`.
    pub what: String,
    /// Since when; with `what` its identity.
    pub began_at: Timestamp,
    /// Until when; none: it goes on.
    pub ended_at: Option<Timestamp>,
    /// What is known of it, in words.
    pub detail: String,
}
