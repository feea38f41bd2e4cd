//! A block of a number: how long it holds, and which of two holds.

use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};

/// A number on its way to `blacklist_sms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blacklisting {
    /// E.164.
    pub mobile_number: String,
    /// Calling code.
    pub country_code: String,
    /// National number.
    pub local_mobile: String,
    /// When it was blocked.
    pub blacklisted_at: Timestamp,
    /// `threshold_exceeded`, or what the operator gave.
    pub reason: String,
    /// SMS in 24 hours at that time.
    pub message_count: i64,
    /// It ends by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Who blocked it, where a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<String>,
}

impl Blacklisting {
    /// It holds at that time.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }

    /// Of two blocks of a number the earlier one holds, unless it has ended or a person gave the later one.
    #[must_use]
    pub fn gives_way_to(&self, later: &Blacklisting) -> bool {
        !self.holds(later.blacklisted_at)
            || later.blocked_by.is_some() && later.blacklisted_at >= self.blacklisted_at
    }

    /// What the set of blocked numbers knows of it.
    #[must_use]
    pub fn block(&self) -> (String, Option<Timestamp>) {
        (self.mobile_number.clone(), self.expires_at)
    }
}
