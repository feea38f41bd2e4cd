//! `GET /admin/sync` and `POST /admin/sync/replay`: validated numbers that the remote refused by themselves, and letting
//! them be pushed again (D20). What that means is [`bridge_app::admin::sync`].

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use bridge_store::audit::Refused;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Operator, query_value};
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::sync;
use bridge_app::base::problem::{Code, Problem};

const SHOWN_MAX: usize = 500;

/// Validated numbers on their way to the remote that it refused.
#[derive(Serialize, ToSchema)]
pub struct SyncPage {
    /// A remote is configured.
    remote: bool,
    items: Vec<RefusedView>,
}

#[derive(Serialize, ToSchema)]
struct RefusedView {
    sms_id: String,
    mobile_number: String,
    /// How often it was refused.
    attempts: i64,
    /// What the remote said last.
    reason: String,
    #[schema(format = DateTime)]
    at: String,
    /// It waits until it is replayed, and later ones of its number behind it.
    parked: bool,
}

/// What was let go.
#[derive(Serialize, ToSchema)]
pub struct Replayed {
    /// How many are pushed again.
    replayed: usize,
}

/// Validated numbers that the remote refused by themselves.
#[utoipa::path(
    get, path = "/admin/sync", operation_id = "list_refused_pushes", tag = "admin", security(("admin_token" = [])),
    responses(
        (status = 200, body = SyncPage),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<SyncPage>, Failed> {
    let view = |row: Refused| RefusedView {
        sms_id: row.sms_id.to_string(),
        mobile_number: row.mobile_number,
        attempts: row.attempts,
        reason: row.reason,
        at: row.at.to_string(),
        parked: row.dead_lettered,
    };
    let refused = sync::refused(&app, SHOWN_MAX).await?;
    Ok(Json(SyncPage { remote: sync::has_remote(&app), items: refused.into_iter().map(view).collect() }))
}

/// Push what was refused again: one row, or all.
#[utoipa::path(
    post, path = "/admin/sync/replay", operation_id = "replay_refused_pushes", tag = "admin",
    security(("admin_token" = [])),
    params(("sms_id" = Option<String>, Query, description = "Only this one")),
    responses(
        (status = 200, body = Replayed),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn replay(
    Operator(actor): Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<Replayed>, Failed> {
    let one: Option<Uuid> =
        query_value(parts.uri.query(), "sms_id").map(|text| text.parse()).transpose().map_err(|_| {
            Problem::field(Code::InvalidRequest, "sms_id", "is no UUID: take one from /admin/sync")
        })?;
    Ok(Json(Replayed { replayed: sync::push_again(&app, &actor, one).await? }))
}
