//! Workers: when each last ran, what went wrong, and a button that lets it run now.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::access::Visitor;
use crate::form::Form;
use crate::page::{Done, Frame, render};
use crate::show::{When, count, lasting};
use bridge_app::looking::{self, workers::WorkerSeen};
use bridge_app::workers;
use bridge_app::workers::worker::{Scope, Standing};
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

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
pub(crate) async fn list(State(app): State<Shared>, visitor: Visitor) -> Response {
    let now = app.clock.now();
    let row = |WorkerSeen { name, about, scope, period, standing, status }: WorkerSeen| Row {
        name,
        about,
        scope: match scope {
            Scope::Group => "once for all bridges",
            Scope::Bridge => "each bridge for itself",
        },
        period: lasting(period),
        class: class(standing),
        state: standing.word(),
        last_run: status.last_run.map(|at| When::new(at, now)),
        next: status.last_run.map(|at| When::new((at + period).max(now), now)),
        last_error: status.last_error,
        failures: count(status.failures),
    };
    let settings = app.live.now();
    let rows = looking::workers::list(&app, &settings).into_iter().map(row).collect();
    let frame = Frame::by(&app, &settings, visitor, "Workers", PATH).await;
    render(&Page { frame, rows })
}

/// Lets one run now.
pub(crate) async fn run(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let name = form.text("worker");
    workers::run_now(&app, &visitor.actor(), name).await?;
    Ok(Done::reload(format!("{name} runs"), PATH))
}
