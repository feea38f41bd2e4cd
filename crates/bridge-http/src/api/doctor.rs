//! `GET /admin/doctor` and `POST /admin/doctor/repair`: the close look at the stores that `sms-bridge doctor` shows.

use axum::Json;
use axum::extract::State;
use bridge_store::finding::Finding;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Operator;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::doctor::{self, Mode};

/// What was found.
#[derive(Serialize, ToSchema)]
pub struct Examination {
    items: Vec<FindingView>,
}

#[derive(Serialize, ToSchema)]
struct FindingView {
    /// `good`, `warning` or `problem`.
    level: &'static str,
    what: String,
    found: String,
    /// What to do; empty where nothing is to be done.
    advice: String,
}

impl Examination {
    fn of(findings: Vec<Finding>) -> Json<Examination> {
        let view = |finding: Finding| FindingView {
            level: finding.level.word(),
            what: finding.what,
            found: finding.found,
            advice: finding.advice,
        };
        Json(Examination { items: findings.into_iter().map(view).collect() })
    }
}

/// Look closely at the stores.
#[utoipa::path(
    get, path = "/admin/doctor", operation_id = "examine", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = Examination), (status = 401, body = ProblemBody))
)]
pub async fn examine(_: Operator, State(app): State<Shared>) -> Json<Examination> {
    Examination::of(doctor::examine(&app, Mode::Look).await)
}

/// Say that the clock of this machine is right.
///
/// Where the bridge holds it for wrong (`clock_not_set`), what it remembers is forgotten, and it judges again at once. It holds
/// until the clock is set again.
#[utoipa::path(
    post, path = "/admin/doctor/accept-clock", operation_id = "accept_clock", tag = "admin",
    security(("admin_token" = [])),
    responses(
        (status = 200, body = Examination),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn accept_clock(
    Operator(actor): Operator,
    State(app): State<Shared>,
) -> Result<Json<Examination>, Failed> {
    Ok(Examination::of(doctor::accept_clock(&app, &actor).await?))
}

/// Give the hot store back what it misses.
#[utoipa::path(
    post, path = "/admin/doctor/repair", operation_id = "repair", tag = "admin", security(("admin_token" = [])),
    responses(
        (status = 200, body = Examination),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn repair(
    Operator(actor): Operator,
    State(app): State<Shared>,
) -> Result<Json<Examination>, Failed> {
    Ok(Examination::of(doctor::repair(&app, &actor).await?))
}
