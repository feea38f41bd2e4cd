//! An operator lets a worker run now. It is here and not in `admin`, because only this module knows the workers.

use serde_json::Value;

use crate::admin_log::Actor;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::state::pushing;

/// Asks the remote now, though it asked to be left alone for a while.
pub async fn push_now(app: &App, actor: &Actor) -> Result<(), Problem> {
    run_now(app, actor, pushing::WORKER).await?;
    app.pushing.try_now();
    app.board.run_now(pushing::WORKER);
    Ok(())
}

/// Wakes the worker of that name.
pub async fn run_now(app: &App, actor: &Actor, name: &str) -> Result<(), Problem> {
    let worker = super::all().into_iter().find(|worker| worker.name() == name);
    let worker = worker.ok_or_else(|| Problem::new(Code::NotFound, format!("there is no worker {name}")))?;
    app.note_change(actor, "worker.run", worker.name(), Value::Null, Value::Null).await?;
    app.board.run_now(worker.name());
    Ok(())
}
