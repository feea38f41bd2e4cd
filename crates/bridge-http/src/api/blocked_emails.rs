//! `/admin/blocked-emails`: e-mail addresses that may not register, for the operator and for an edge before the bridge
//! that reads them. What blocking one means is [`bridge_app::admin::blocked_emails`].

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bridge_core::Timestamp;
use bridge_store::audit::BlockedEmail;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::block::Wish;
use bridge_app::admin::blocked_emails::{self, Listed};
use bridge_app::base::fields;
use bridge_app::base::problem::{Code, Problem};

/// One address.
#[derive(Serialize, ToSchema)]
pub struct BlockedEmailEntry {
    /// In lower case.
    address: String,
    reason: String,
    blocked_by: String,
    #[schema(format = DateTime)]
    blocked_at: String,
    /// It ends by itself then.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// It may register again since then; only told with `since`.
    #[schema(format = DateTime)]
    lifted_at: Option<String>,
    #[schema(format = DateTime)]
    changed_at: String,
}

impl From<BlockedEmail> for BlockedEmailEntry {
    fn from(entry: BlockedEmail) -> BlockedEmailEntry {
        BlockedEmailEntry {
            address: entry.address,
            reason: entry.reason,
            blocked_by: entry.blocked_by,
            blocked_at: entry.blocked_at.to_string(),
            expires_at: entry.expires_at.map(|at| at.to_string()),
            lifted_at: entry.lifted_at.map(|at| at.to_string()),
            changed_at: entry.changed_at.to_string(),
        }
    }
}

/// Addresses, by address.
#[derive(Serialize, ToSchema)]
pub struct BlockedEmailPage {
    items: Vec<BlockedEmailEntry>,
    /// To be given as `since` the next time.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

/// An address to block.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct BlockedEmailAdd {
    address: String,
    reason: Option<String>,
    /// When the block ends by itself.
    expires_at: Option<String>,
}

/// What these items are, whichever bridge of a group is asked.
fn tag(items: &[BlockedEmail], since: Option<Timestamp>) -> String {
    let mut hasher = DefaultHasher::new();
    since.map(|since| since.0).hash(&mut hasher);
    for item in items {
        (&item.address, &item.reason, item.changed_at.0, item.expires_at.map(|at| at.0)).hash(&mut hasher);
    }
    format!("\"{:016x}\"", hasher.finish())
}

/// The e-mail addresses that may not register.
///
/// Without `since`: all that hold now. With it: all that changed at or after that time, also those that were lifted. The
/// `ETag` stays the same while the answer does.
#[utoipa::path(
    get, path = "/admin/blocked-emails", operation_id = "list_blocked_emails", tag = "admin",
    security(("admin_token" = [])),
    params(("since" = Option<String>, Query, description = "Only what changed at or after this time: `as_of` of the last answer")),
    responses(
        (status = 200, body = BlockedEmailPage, headers(("ETag" = String))),
        (status = 304, description = "As the `If-None-Match` says"),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>, parts: Parts) -> Result<Response, Failed> {
    let since = query_value(parts.uri.query(), "since").map(|text| Timestamp::parse(&text)).transpose();
    let since = since.map_err(|why| Problem::field(Code::InvalidRequest, "since", why.to_string()))?;
    let Listed { items, as_of } = blocked_emails::list(&app, since);
    let tag = tag(&items, since);
    let header = [(ETAG, tag.clone())];
    if is_known(&parts.headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, header).into_response());
    }
    let items = items.into_iter().map(Into::into).collect();
    Ok((header, Json(BlockedEmailPage { items, as_of: as_of.map(|at| at.to_string()) })).into_response())
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let given = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// Block an e-mail address.
#[utoipa::path(
    post, path = "/admin/blocked-emails", operation_id = "block_email", tag = "admin",
    security(("admin_token" = [])), request_body = BlockedEmailAdd,
    responses(
        (status = 201, description = "It may not register from now on", body = BlockedEmailEntry),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<(StatusCode, Json<BlockedEmailEntry>), Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let text = |name| fields::text(&fields, name);
    let given = text("address")?
        .ok_or_else(|| Problem::field(Code::InvalidRequest, "address", "is missing: what to block"))?;
    let wish = Wish { reason: text("reason")?.unwrap_or_default(), expires_at: text("expires_at")? };
    let entry = blocked_emails::block(&app, &actor, &given, wish).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Let an e-mail address register again.
#[utoipa::path(
    delete, path = "/admin/blocked-emails/{address}", operation_id = "unblock_email", tag = "admin",
    security(("admin_token" = [])), params(("address" = String, Path, description = "The address")),
    responses(
        (status = 204, description = "It may register again"),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
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
    blocked_emails::unblock(&app, &actor, &text).await?;
    Ok(StatusCode::NO_CONTENT)
}
