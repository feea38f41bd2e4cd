//! What waits for the audit store, and where, as far as this bridge can see.

use bridge_store::hot::QueueSizes;

use crate::base::deadline::in_time;
use crate::bridge::App;

/// What waits before the audit store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// SMS that no store could take.
    pub in_journal: usize,
    /// What the hot store holds for the dump; none: it does not judge now, or does not answer.
    pub queues: Option<QueueSizes>,
}

/// Asks the stores that answer.
pub async fn look(app: &App) -> Waiting {
    let queues = if app.availability.is_open() { in_time(app.hot.queue_sizes()).await.ok() } else { None };
    Waiting { in_journal: app.journal.waiting(), queues }
}
