//! SMS that wait to be judged: the table `power_down_store` (D25, D33).

use async_trait::async_trait;
use bridge_core::{InboundSms, Timestamp};

use crate::Result;
use crate::place::Place;

/// An SMS stored for later in `power_down_store`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingSms {
    /// The row's id.
    pub id: i64,
    /// The SMS.
    pub sms: InboundSms,
}

impl WaitingSms {
    /// Its place in the order of arrival: what comes after it is asked for with this.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.sms.server_received_at, id: self.id }
    }
}

/// What could not be judged when it came.
#[async_trait]
pub trait LaterTrail: Send + Sync + 'static {
    /// Stores an SMS for later in `power_down_store` (D25, D33).
    async fn store_for_later(&self, sms: &InboundSms) -> Result<()>;
    /// Up to `max` SMS that wait, in order of arrival, after that place.
    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>>;
    /// Was this part of a longer SMS judged before: is there a processed row of the same receiver, sender and part that
    /// was taken in since then? False of what is no part.
    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool>;
    /// These were judged.
    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()>;
}
