//! The blacklist by hand: adding holds at once and survives, until its end where it has one; removing takes the day's
//! count along.

pub mod import;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use bridge_core::phone::BareDigits;
use bridge_core::{Mobile, Timestamp};
use bridge_store::hot::Blacklisting;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::Operator;
use super::segment::Segment;
use super::{Shared, body};
use crate::admin::blacklist;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::fields;
use crate::base::problem::{Code, Problem, ProblemBody};
use crate::workers::Bell;

pub(super) const REASON_DEFAULT: &str = "blocked_by_operator";
const REASON_MAX_CHARS: usize = 100;

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

/// A block as somebody asked for it.
pub(crate) struct Wish {
    pub(crate) reason: String,
    pub(crate) expires_at: Option<String>,
}

impl Wish {
    /// Its reason and its end, if they can be used.
    pub(super) fn read(self, now: Timestamp) -> Result<(String, Option<Timestamp>), Problem> {
        let given = self.reason.trim();
        let reason = if given.is_empty() { REASON_DEFAULT } else { given }.to_owned();
        if reason.chars().count() > REASON_MAX_CHARS || reason.chars().any(char::is_control) {
            let rule = format!("must be at most {REASON_MAX_CHARS} characters without control characters");
            return Err(Problem::field(Code::InvalidRequest, "reason", rule));
        }
        let ends = self.expires_at.map(|text| Timestamp::parse(&text)).transpose();
        match ends.map_err(|why| Problem::field(Code::InvalidRequest, "expires_at", why.to_string()))? {
            Some(end) if end <= now => {
                Err(Problem::field(Code::InvalidRequest, "expires_at", "must lie in the future"))
            }
            end => Ok((reason, end)),
        }
    }

    fn block(self, app: &Shared, actor: &Actor, mobile: &Mobile) -> Result<Blacklisting, Problem> {
        let now = app.clock.now();
        let (reason, expires_at) = self.read(now)?;
        Ok(Blacklisting {
            mobile_number: mobile.e164().to_owned(),
            country_code: mobile.calling_code().to_owned(),
            local_mobile: mobile.national().to_owned(),
            blacklisted_at: now,
            reason,
            message_count: 0,
            expires_at,
            blocked_by: Some(actor.who.clone()),
        })
    }
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

/// A number as the operator writes it.
pub(crate) fn mobile(app: &Shared, text: &str) -> Result<Mobile, Problem> {
    let default = app.live.now().default_country_code.clone();
    Mobile::parse(text, &default, BareDigits::NationalFirst)
        .map_err(|why| Problem::field(Code::InvalidMobileNumber, "mobile_number", why.to_string()))
}

/// The blacklist.
#[utoipa::path(
    get, path = "/admin/blacklist", operation_id = "list_blacklist", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = BlacklistPage), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<BlacklistPage>, Problem> {
    let both = async { tokio::try_join!(app.hot.queued_blacklistings(usize::MAX), app.audit.blacklist()) };
    let (waiting, mut all) = in_time(both).await?;
    all.retain(|entry| waiting.iter().all(|w| w.mobile_number != entry.mobile_number));
    let now = app.clock.now();
    let holding = waiting.into_iter().chain(all).filter(|entry| entry.holds(now));
    Ok(Json(BlacklistPage { items: holding.map(Into::into).collect() }))
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
) -> Result<(StatusCode, Json<BlacklistEntry>), Problem> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let text = |name| fields::text(&fields, name);
    let number = text("mobile_number")?.ok_or_else(|| {
        Problem::field(Code::InvalidRequest, "mobile_number", "is missing: the number to block")
    })?;
    let wish = Wish { reason: text("reason")?.unwrap_or_default(), expires_at: text("expires_at")? };
    let mobile = mobile(&app, &number)?;
    let entry = block(&app, &actor, &mobile, wish).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Blocks a number from now on.
pub(crate) async fn block(
    app: &Shared,
    actor: &Actor,
    mobile: &Mobile,
    wish: Wish,
) -> Result<Blacklisting, Problem> {
    let entry = wish.block(app, actor, mobile)?;
    let after = json!({"reason": entry.reason, "expires_at": entry.expires_at.map(|at| at.to_string())});
    app.note_change(actor, "blacklist.add", mobile.e164(), Value::Null, after).await?;
    // The source first (D24): a hot store may forget what nobody else knows. One that is durable keeps it until the
    // source answers again.
    let kept = in_time(app.audit.append_blacklist(std::slice::from_ref(&entry))).await;
    if !app.hot.is_durable() {
        kept?;
    }
    in_time(app.hot.blacklist(&entry)).await?;
    app.board.ring(Bell::Blacklist);
    Ok(entry)
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
) -> Result<StatusCode, Problem> {
    let mobile = mobile(&app, &text)?;
    unblock(&app, &actor, &mobile).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Unblocks a number.
pub(crate) async fn unblock(app: &Shared, actor: &Actor, mobile: &Mobile) -> Result<(), Problem> {
    app.note_change(actor, "blacklist.remove", mobile.e164(), Value::Null, Value::Null).await?;
    if in_time(blacklist::take_off(app, app.clock.now(), mobile)).await? {
        Ok(())
    } else {
        Err(Problem::new(Code::NotFound, "this number is not on the blacklist"))
    }
}
