//! Ids that are reserved ahead of their use, so that after a loss of the hot store none is given twice (D21).

use std::sync::atomic::Ordering;

use bridge_store::audit::Counter;
use bridge_store::hot::Counters;
use bridge_store::{AuditStore, StoreError};

use crate::bridge::App;

const INPUT_SMS: &str = "queue_input_sms";
const ONBOARDING: &str = "queue_onboarding";
/// Ids are reserved so far ahead: after a loss they continue above everything that was reserved.
const BLOCK: i64 = 100_000;
/// With so few left, more are reserved before the period is over.
pub const LOW: i64 = BLOCK / 2;

/// Reserves the next [`BLOCK`] ids of each counter.
pub(crate) async fn reserve(app: &App) -> Result<(), StoreError> {
    if !app.availability.is_open() {
        // What a store that lost its memory counts means nothing.
        return Ok(());
    }
    let counters = app.hot.counters().await?;
    let ahead = Counters {
        queue_input_sms: counters.queue_input_sms + BLOCK,
        queue_onboarding: counters.queue_onboarding + BLOCK,
    };
    app.audit.save_counters(app.clock.now(), &saved(ahead)).await?;
    app.board.reserved.store(ahead.queue_input_sms, Ordering::Relaxed);
    Ok(())
}

/// The counters as they are saved.
pub(crate) fn saved(counters: Counters) -> [Counter; 2] {
    [
        Counter { name: INPUT_SMS.to_owned(), value: counters.queue_input_sms },
        Counter { name: ONBOARDING.to_owned(), value: counters.queue_onboarding },
    ]
}

/// Up to which ids they were ever reserved.
pub(crate) async fn reserved(audit: &dyn AuditStore) -> Result<Counters, StoreError> {
    let saved = audit.counters().await?;
    let value = |name: &str| saved.iter().find(|c| c.name == name).map_or(0, |c| c.value);
    Ok(Counters { queue_input_sms: value(INPUT_SMS), queue_onboarding: value(ONBOARDING) })
}
