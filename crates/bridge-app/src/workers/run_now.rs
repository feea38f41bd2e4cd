//! An operator lets a worker run now. In this room and not among what operators do, because only here is known which
//! workers there are.

use serde_json::Value;

use crate::admin_log::Actor;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// Wakes the worker of that name.
pub async fn run_now(app: &App, actor: &Actor, name: &str) -> Result<(), Problem> {
    let worker = super::all().into_iter().find(|worker| worker.name() == name);
    let worker = worker.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no worker {name}")))?;
    app.note_change(actor, "worker.run", worker.name(), Value::Null, Value::Null).await?;
    app.board.run_now(worker.name());
    Ok(())
}
