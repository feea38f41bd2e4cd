//! `/admin/notify`: who is told when something is wrong, and how that goes. What it means is [`bridge_app::admin::notify`].

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use bridge_core::Timestamp;
use bridge_store::audit::{NoticeRow, NotifyTarget, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::notify;

/// Somebody who is told. What their kind needs is in `fields`, but for secrets, which are never shown.
#[derive(Serialize, ToSchema)]
pub struct NotifyView {
    id: Uuid,
    /// `email`, `ntfy`, `telegram`, `slack` or `webhook`.
    kind: String,
    name: String,
    /// Who that is.
    to: String,
    fields: BTreeMap<String, String>,
    /// The names of the secrets that are set.
    secrets: Vec<&'static str>,
    /// Of which troubles.
    events: Vec<&'static str>,
    /// When only the worst is told, by the clock of the office: `22:00-07:00`.
    quiet: Option<String>,
    enabled: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the last message was taken.
    #[schema(format = DateTime)]
    told_at: Option<String>,
    /// Since when none is taken.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why the last one was not.
    error: Option<String>,
    /// When it is tried again.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// What was told and what waits, newest first; only of one that is asked for alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    notices: Option<Vec<NoticeView>>,
}

/// That a trouble began, or is over.
#[derive(Serialize, ToSchema)]
pub struct NoticeView {
    kind: &'static str,
    /// What it is about.
    subject: String,
    #[schema(format = DateTime)]
    began_at: String,
    /// None: it has begun.
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// `waiting`, `told` or `given_up`.
    state: &'static str,
    #[schema(format = DateTime)]
    told_at: Option<String>,
}

impl NotifyView {
    fn of(target: &NotifyTarget) -> NotifyView {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let fields = notify::shown(target).into_iter();
        NotifyView {
            id: target.id,
            kind: target.kind.clone(),
            name: target.name.clone(),
            to: notify::whom(target),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            secrets: notify::secrets(target),
            events: target.events.iter().map(|kind| kind.word()).collect(),
            quiet: notify::quiet_in_words(target.quiet),
            enabled: target.enabled,
            created_at: target.created_at.to_string(),
            told_at: time(target.going.told_at),
            failing_since: time(target.going.failing_since),
            error: target.going.error.clone(),
            next_at: time(target.going.next_at),
            notices: None,
        }
    }
}

impl NoticeView {
    fn of(row: NoticeRow) -> NoticeView {
        NoticeView {
            kind: row.notice.kind.word(),
            subject: row.notice.subject,
            began_at: row.notice.began_at.to_string(),
            ended_at: row.notice.ended_at.map(|at| at.to_string()),
            state: row.state.as_str(),
            told_at: row.told_at.map(|at| at.to_string()),
        }
    }
}

/// Everybody who is told, oldest first.
#[derive(Serialize, ToSchema)]
pub struct NotifyPage {
    items: Vec<NotifyView>,
}

/// Somebody to tell, or what to change of one.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct NotifyWish {
    /// `email`, `ntfy`, `telegram`, `slack` or `webhook`; it stays as it is.
    kind: Option<String>,
    name: Option<String>,
    /// Of which troubles; all of them where it is left out or empty.
    events: Option<Vec<String>>,
    /// When only the worst is told, by the clock of the office: `22:00-07:00`. Empty: never.
    quiet: Option<String>,
    enabled: Option<bool>,
    /// What the kind needs: `to` and `server` of an e-mail, `url` of ntfy, and so on.
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}

/// What came back from a test.
#[derive(Serialize, ToSchema)]
pub struct NotifyTested {
    /// It was taken.
    delivered: bool,
    #[schema(format = DateTime)]
    at: String,
    took_ms: i64,
    /// The status of the answer, where there was one.
    status: Option<u16>,
    /// The beginning of the answer.
    answer: String,
    /// Why it was not taken.
    error: Option<String>,
}

impl NotifyTested {
    fn of(Outcome { at, took_ms, status, answer, error }: Outcome) -> NotifyTested {
        NotifyTested { delivered: error.is_none(), at: at.to_string(), took_ms, status, answer, error }
    }
}

/// Everybody who is told.
#[utoipa::path(
    get, path = "/admin/notify", operation_id = "list_notify", tag = "admin", security(("admin_token" = [])),
    responses(
        (status = 200, description = "Everybody who is told, oldest first", body = NotifyPage),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<NotifyPage>, Failed> {
    Ok(Json(NotifyPage { items: notify::list(&app).await?.iter().map(NotifyView::of).collect() }))
}

/// Tell somebody when something is wrong.
#[utoipa::path(
    post, path = "/admin/notify", operation_id = "add_notify", tag = "admin", security(("admin_token" = [])),
    request_body = NotifyWish,
    responses(
        (status = 201, description = "They are told from now on", body = NotifyView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<(StatusCode, Json<NotifyView>), Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let target = notify::add(&app, &actor, &fields).await?;
    Ok((StatusCode::CREATED, Json(NotifyView::of(&target))))
}

/// One who is told, with what they were told.
#[utoipa::path(
    get, path = "/admin/notify/{id}", operation_id = "get_notify", tag = "admin", security(("admin_token" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "As it is", body = NotifyView),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn get(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<NotifyView>, Failed> {
    let target = notify::one(&app, &id).await?;
    let notices = notify::notices(&app, &target).await?.into_iter().map(NoticeView::of).collect();
    Ok(Json(NotifyView { notices: Some(notices), ..NotifyView::of(&target) }))
}

/// Change how somebody is told. A secret that is left out or empty stays as it was.
#[utoipa::path(
    patch, path = "/admin/notify/{id}", operation_id = "change_notify", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")), request_body = NotifyWish,
    responses(
        (status = 200, description = "As it is now", body = NotifyView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn change(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
    request: Request,
) -> Result<Json<NotifyView>, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok(Json(NotifyView::of(&notify::change(&app, &actor, &id, &fields).await?)))
}

/// Tell somebody nothing any more.
#[utoipa::path(
    delete, path = "/admin/notify/{id}", operation_id = "remove_notify", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")),
    responses(
        (status = 204, description = "They are told nothing any more"),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn remove(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<StatusCode, Failed> {
    notify::remove(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tell somebody a test now.
#[utoipa::path(
    post, path = "/admin/notify/{id}/test", operation_id = "test_notify", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "What came back", body = NotifyTested),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn test(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<NotifyTested>, Failed> {
    Ok(Json(NotifyTested::of(notify::test(&app, &actor, &id).await?)))
}
