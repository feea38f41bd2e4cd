//! Validated numbers that the remote refused by themselves, and letting them be pushed again (D20). Not the pushing: a
//! worker does that.

use bridge_store::audit::Refused;
use serde_json::Value;
use uuid::Uuid;

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;
use crate::state::board::WakeSignal;

/// Is there a remote that is told validated numbers?
#[must_use]
pub fn has_remote(app: &App) -> bool {
    app.remote.is_some()
}

/// What the remote refused by itself, at most so many.
pub async fn refused(app: &App, limit: usize) -> Result<Vec<Refused>, Problem> {
    in_time(app.audit.refused(limit)).await
}

/// Pushes what the remote refused again: one row, or all. Answers how many.
pub async fn push_again(app: &App, actor: &Actor, one: Option<Uuid>) -> Result<usize, Problem> {
    let subject = one.map_or_else(|| "all".to_owned(), |id| id.to_string());
    app.note_change(actor, "sync.replay", &subject, Value::Null, Value::Null).await?;
    let replayed = in_time(app.audit.let_go(one)).await?;
    app.board.wake(WakeSignal::Validated);
    Ok(replayed)
}
