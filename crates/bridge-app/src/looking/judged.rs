//! What was judged a moment ago: the hot store knows it first, the audit store for good.

use bridge_store::Result;
use bridge_store::judged::QueuedSms;
use uuid::Uuid;

use crate::admin::rejudge::Judgement;
use crate::base::deadline::{ANSWER, store_within};
use crate::bridge::App;

/// The id of the SMS that was judged last; 0 where none was. Ids only grow.
pub async fn newest(app: &App) -> Result<i64> {
    let counters = store_within(ANSWER, "counters", app.hot.counters()).await?;
    Ok(counters.queue_input_sms)
}

/// The judged SMS of that id, with its onboarding as it is now; none: it does not wait for the dump.
pub async fn waiting(app: &App, id: i64) -> Result<Option<Judgement>> {
    store_within(ANSWER, "queued_one", async {
        match app.hot.queued_one(id).await? {
            Some(row) => Ok(Some(with_onboarding(app, row).await?)),
            None => Ok(None),
        }
    })
    .await
}

/// The same, also where it was dumped since.
pub async fn one(app: &App, id: i64, sms_id: Uuid) -> Result<Option<Judgement>> {
    if let Some(waits) = waiting(app, id).await? {
        return Ok(Some(waits));
    }
    store_within(ANSWER, "judged_one", async {
        match app.audit.judged_one(sms_id).await? {
            Some(row) => Ok(Some(with_onboarding(app, row).await?)),
            None => Ok(None),
        }
    })
    .await
}

/// As the hot store has it, which is as it is now: a dumped row may be behind.
async fn with_onboarding(app: &App, row: QueuedSms) -> Result<Judgement> {
    let onboarding = match row.onboarding_id {
        Some(id) => app.hot.onboarding(app.clock.now(), id).await?,
        None => None,
    };
    Ok(Judgement { row, onboarding })
}
