//! The marks of SMS that wait to be judged (docs/decisions/0011): with them no later SMS of a number overtakes an earlier one,
//! whichever bridge takes it.

use bridge_core::InboundSms;
use bridge_store::Result;
use uuid::Uuid;

use crate::bridge::App;
use crate::durability::journal;

/// Rows that are marked in one step.
const PAGE: usize = 500;

/// Every SMS that waits to be judged is marked, so that none of its number overtakes it.
pub async fn mark_what_waits(app: &App) -> Result<()> {
    journal::mark_waiting(app).await?;
    if !app.availability.now().audit {
        return Ok(());
    }
    let mut after = None;
    loop {
        let rows = app.audit.waiting_sms(after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.place());
        let marks: Vec<_> =
            rows.iter().map(|row| &row.sms).filter(|sms| sms.part.is_none()).map(mark_of).collect();
        app.hot.mark_waiting(app.clock.now(), &marks).await?;
    }
}

/// What a waiting SMS is marked by. A part of a longer one is not: it holds nobody up.
fn mark_of(sms: &InboundSms) -> (String, Uuid) {
    (sms.mobile_number().to_owned(), sms.sms_id)
}
