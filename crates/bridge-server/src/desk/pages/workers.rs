//! Workers: when each last ran, what went wrong, and a button that lets it run now.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde_json::Value;

use crate::base::problem::{Code, Problem};
use crate::desk::access::Visitor;
use crate::desk::form::Form;
use crate::desk::page::{Done, Frame, render};
use crate::desk::show::{When, count, lasting};
use crate::http::Shared;
use crate::workers;
use crate::workers::worker::{Scope, Standing, standing};

const PATH: &str = "/admin/ui/workers";

struct Row {
    name: &'static str,
    about: &'static str,
    scope: &'static str,
    period: String,
    class: &'static str,
    state: &'static str,
    last_run: Option<When>,
    next: Option<When>,
    last_error: Option<String>,
    failures: String,
}

#[derive(Template)]
#[template(path = "desk/workers.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
}

fn class(state: Standing) -> &'static str {
    match state {
        Standing::Ok => "good",
        Standing::Behind | Standing::Starting => "warn",
        Standing::Failing => "bad",
    }
}

/// Every worker.
pub(in crate::desk) async fn list(State(app): State<Shared>, visitor: Visitor) -> Response {
    let (now, settings) = (app.clock.now(), app.live.now());
    let board = app.board.status();
    let rows = workers::all().into_iter().map(|worker| {
        let status = board.get(worker.name()).cloned().unwrap_or_default();
        let period = bridge_core::Span::seconds(worker.period_seconds(&settings));
        let state = standing(worker.as_ref(), &status, now, &settings);
        Row {
            name: worker.name(),
            about: worker.about(),
            scope: match worker.scope() {
                Scope::Group => "once for all bridges",
                Scope::Bridge => "each bridge for itself",
            },
            period: lasting(period),
            class: class(state),
            state: state.word(),
            last_run: status.last_run.map(|at| When::new(at, now)),
            next: status.last_run.map(|at| When::new((at + period).max(now), now)),
            last_error: status.last_error,
            failures: count(status.failures),
        }
    });
    let rows = rows.collect();
    render(&Page { frame: Frame::new(&app, visitor, "Workers", PATH).await, rows })
}

/// Lets one run now.
pub(in crate::desk) async fn run(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Problem> {
    let name = form.text("worker");
    app.note_change(&visitor.actor(), "worker.run", name, Value::Null, Value::Null).await?;
    let Some(worker) = workers::all().into_iter().find(|worker| worker.name() == name) else {
        return Err(Problem::new(Code::NotFound, format!("there is no worker {name}")));
    };
    app.board.run_now(worker.name());
    Ok(Done::reload(format!("{name} runs"), PATH))
}
