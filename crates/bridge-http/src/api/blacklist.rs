//! `/admin/blacklist`: numbers that are blocked, shown, added and removed. What that means is
//! [`bridge_app::admin::blacklist`].

pub mod import;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use bridge_store::blacklisting::Blacklisting;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::blacklist;
use bridge_app::admin::block::Wish;
use bridge_app::base::fields;
use bridge_app::base::problem::{Code, Problem};

/// One blacklisted number.
#[derive(Serialize, ToSchema)]
pub struct BlacklistEntry {
    mobile_number: String,
    country_code: String,
    local_mobile: String,
    #[schema(format = DateTime)]
    blacklisted_at: String,
    /// `threshold_exceeded`, or what the operator gave.
    reason: String,
    /// SMS in 24 hours at that time.
    message_count: i64,
    /// It ends by itself then.
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// Who blocked it, where a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<String>,
}

/// The blacklist, newest first.
#[derive(Serialize, ToSchema)]
pub struct BlacklistPage {
    items: Vec<BlacklistEntry>,
}

/// A number to block.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct BlacklistAdd {
    mobile_number: String,
    reason: Option<String>,
    /// When the block ends by itself.
    expires_at: Option<String>,
}

impl From<Blacklisting> for BlacklistEntry {
    fn from(entry: Blacklisting) -> BlacklistEntry {
        BlacklistEntry {
            mobile_number: entry.mobile_number,
            country_code: entry.country_code,
            local_mobile: entry.local_mobile,
            blacklisted_at: entry.blacklisted_at.to_string(),
            reason: entry.reason,
            message_count: entry.message_count,
            expires_at: entry.expires_at.map(|at| at.to_string()),
            blocked_by: entry.blocked_by,
        }
    }
}

/// The blacklist.
#[utoipa::path(
    get, path = "/admin/blacklist", operation_id = "list_blacklist", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = BlacklistPage), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<BlacklistPage>, Failed> {
    let all = blacklist::list(&app).await?;
    Ok(Json(BlacklistPage { items: all.into_iter().map(Into::into).collect() }))
}

/// Block a number.
#[utoipa::path(
    post, path = "/admin/blacklist", operation_id = "blacklist", tag = "admin", security(("admin_token" = [])),
    request_body = BlacklistAdd,
    responses(
        (status = 201, description = "Blocked from now on", body = BlacklistEntry),
        (status = 400, description = "`invalid_request`, `invalid_mobile_number`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<(StatusCode, Json<BlacklistEntry>), Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let text = |name| fields::text(&fields, name);
    let number = text("mobile_number")?.ok_or_else(|| {
        Problem::field(Code::InvalidRequest, "mobile_number", "is missing: the number to block")
    })?;
    let wish = Wish { reason: text("reason")?.unwrap_or_default(), expires_at: text("expires_at")? };
    let mobile = blacklist::mobile(&app.live.now(), &number)?;
    let entry = blacklist::block(&app, &actor, &mobile, wish).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Unblock a number.
#[utoipa::path(
    delete, path = "/admin/blacklist/{mobile}", operation_id = "unblacklist", tag = "admin", security(("admin_token" = [])),
    params(("mobile" = String, Path, description = "The number")),
    responses(
        (status = 204, description = "It may send and register again; its count of the day is forgotten"),
        (status = 400, description = "`invalid_mobile_number`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`: it was not blocked", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn remove(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
) -> Result<StatusCode, Failed> {
    let mobile = blacklist::mobile(&app.live.now(), &text)?;
    blacklist::unblock(&app, &actor, &mobile).await?;
    Ok(StatusCode::NO_CONTENT)
}
