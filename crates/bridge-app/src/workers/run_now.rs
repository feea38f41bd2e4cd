//! An operator lets a worker run now. It is here and not in `admin`, because only this module knows the workers.

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
