//! Which numbers have an SMS stored for later: while one waits, new SMS of that number join the queue,
//! so that the order of arrival holds per number (D25). The rows themselves are in the audit store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bridge_store::{AuditStore, StoreError};

/// Numbers read from the store at start. Above it every SMS waits until the replay has caught up.
const LOADED_MAX: usize = 100_000;

/// Numbers with waiting SMS.
#[derive(Debug, Default)]
pub struct ReplayQueue {
    waiting: Mutex<HashMap<String, usize>>,
    rows: AtomicUsize,
}

impl ReplayQueue {
    /// What waits from before this start.
    pub async fn load(audit: &dyn AuditStore) -> Result<ReplayQueue, StoreError> {
        let queue = ReplayQueue::default();
        for row in audit.waiting_sms(LOADED_MAX).await? {
            queue.add(row.sms.mobile_number());
        }
        Ok(queue)
    }

    /// One more SMS of this number waits.
    pub fn add(&self, mobile: &str) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner).entry(mobile.to_owned()).or_default() +=
            1;
        self.rows.fetch_add(1, Ordering::Release);
    }

    /// One SMS of this number waits no longer.
    pub fn remove(&self, mobile: &str) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(mobile) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(mobile);
            }
            self.rows.fetch_sub(1, Ordering::Release);
        }
    }

    /// Must an SMS of this number join the queue?
    #[must_use]
    pub fn holds(&self, mobile: &str) -> bool {
        let rows = self.len();
        rows > 0
            && (rows >= LOADED_MAX
                || self.waiting.lock().unwrap_or_else(PoisonError::into_inner).contains_key(mobile))
    }

    /// How many SMS wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.load(Ordering::Acquire)
    }

    /// Nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
