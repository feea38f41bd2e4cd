//! An e-mail address that may not register.

use async_trait::async_trait;
use bridge_core::{Timestamp, email};
use serde::{Deserialize, Serialize};

use crate::Result;

/// An address that is blocked, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockedEmail {
    /// In its [normal form](BlockedEmail::normal), or in that of the version that blocked it.
    pub address: String,
    /// Why it was blocked, in the operator's words.
    pub reason: String,
    /// Who blocked it.
    pub blocked_by: String,
    /// When it was blocked.
    pub blocked_at: Timestamp,
    /// When the block ends by itself; none: it does not.
    pub expires_at: Option<Timestamp>,
    /// It was taken off then.
    pub lifted_at: Option<Timestamp>,
    /// When this row was last written.
    pub changed_at: Timestamp,
}

impl BlockedEmail {
    /// The form in which addresses are compared.
    #[must_use]
    pub fn normal(address: &str) -> String {
        email::normal(address)
    }

    /// It holds at that time.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.lifted_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// Which e-mail addresses are blocked.
#[async_trait]
pub trait BlockedEmailTrail: Send + Sync + 'static {
    /// Every e-mail address that was ever blocked, by address.
    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>>;
    /// Blocks an address, or says that it is no more.
    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()>;
}
