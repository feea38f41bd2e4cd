//! `/admin/quarantine`: unusable deliveries, shown, read again, or removed. What that means is
//! [`bridge_app::admin::quarantine`].

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_store::audit::Quarantined;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Operator, query_value};
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::segment::Segment;
use crate::state::Shared;
use crate::view::SmsView;
use bridge_app::admin::quarantine;

const PAGE_DEFAULT: usize = 20;
/// Bodies may be a megabyte each.
const PAGE_MAX: usize = 100;
const BEGINNING_CHARS: usize = 200;

/// A body that nobody can use.
#[derive(Serialize, ToSchema)]
pub struct QuarantineEntry {
    id: Uuid,
    /// When it came.
    #[schema(format = DateTime)]
    at: String,
    /// From whom.
    receiver_id: String,
    /// In which format; `unknown` where none was told.
    format: String,
    /// Why nobody can use it.
    reason: String,
    content_type: String,
    /// How long it was when it came.
    bytes: u64,
    /// It is longer than 64 KiB and its end was not kept.
    cut: bool,
    /// How it begins, or all of it where one entry was asked for; bytes that are no text are shown as �.
    body: String,
}

impl QuarantineEntry {
    fn of(entry: &Quarantined, chars: usize) -> QuarantineEntry {
        QuarantineEntry {
            id: entry.id,
            at: entry.at.to_string(),
            receiver_id: entry.receiver_id.clone(),
            format: entry.format.clone(),
            reason: entry.reason.clone(),
            content_type: entry.content_type.clone(),
            bytes: entry.whole_bytes.unwrap_or(entry.body.len() as u64),
            cut: entry.whole_bytes.is_some(),
            body: String::from_utf8_lossy(&entry.body).chars().take(chars).collect(),
        }
    }
}

/// The newest of them.
#[derive(Serialize, ToSchema)]
pub struct QuarantinePage {
    items: Vec<QuarantineEntry>,
}

/// What reading it again brought.
#[derive(Serialize, ToSchema)]
pub struct QuarantineReplayed {
    /// Each SMS that it held.
    sms: Vec<SmsView>,
}

/// What is in quarantine, newest first.
#[utoipa::path(
    get, path = "/admin/quarantine", operation_id = "list_quarantine", tag = "admin", security(("admin_token" = [])),
    params(("limit" = Option<usize>, Query, minimum = 1, description = "At most 100")),
    responses(
        (status = 200, body = QuarantinePage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<QuarantinePage>, Failed> {
    let limit = match query_value(parts.uri.query(), "limit").map(|text| text.parse::<usize>()) {
        None => PAGE_DEFAULT,
        Some(Ok(limit)) if limit > 0 => limit.min(PAGE_MAX),
        Some(_) => {
            return Err(query::no_number("limit").into());
        }
    };
    let entries = quarantine::list(&app, limit).await?;
    let items = entries.iter().map(|entry| QuarantineEntry::of(entry, BEGINNING_CHARS)).collect();
    Ok(Json(QuarantinePage { items }))
}

/// One of them, whole.
#[utoipa::path(
    get, path = "/admin/quarantine/{id}", operation_id = "get_quarantined", tag = "admin",
    security(("admin_token" = [])), params(("id" = Uuid, Path, description = "Which")),
    responses(
        (status = 200, body = QuarantineEntry),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn get(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<QuarantineEntry>, Failed> {
    Ok(Json(QuarantineEntry::of(&quarantine::one(&app, &id).await?, usize::MAX)))
}

/// Read it again.
///
/// What it holds is taken in as received when it came, and it leaves the quarantine. Where still nobody can use it, it
/// stays and the answer says why.
#[utoipa::path(
    post, path = "/admin/quarantine/{id}/replay", operation_id = "replay_quarantined", tag = "admin",
    security(("admin_token" = [])), params(("id" = Uuid, Path, description = "Which")),
    responses(
        (status = 200, body = QuarantineReplayed),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 409, description = "`stays_in_quarantine`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn replay(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<QuarantineReplayed>, Failed> {
    let entry = quarantine::one(&app, &id).await?;
    let taken = quarantine::take_in(&app, &actor, &entry).await?;
    Ok(Json(QuarantineReplayed { sms: taken.iter().map(SmsView::of).collect() }))
}

/// Throw it away.
#[utoipa::path(
    delete, path = "/admin/quarantine/{id}", operation_id = "remove_quarantined", tag = "admin",
    security(("admin_token" = [])), params(("id" = Uuid, Path, description = "Which")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn remove(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<StatusCode, Failed> {
    let entry = quarantine::one(&app, &id).await?;
    quarantine::throw_away(&app, &actor, &entry).await?;
    Ok(StatusCode::NO_CONTENT)
}
