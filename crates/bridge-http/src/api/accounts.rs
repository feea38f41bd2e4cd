//! Accounts of the desk, and the admin log, for programs and for the command line. What a change means is
//! [`bridge_app::admin::accounts`], which the desk calls too.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bridge_core::Timestamp;
use bridge_core::time::StampError;
use bridge_formats::fields::FieldValue;
use bridge_store::accounts::{Account, Change, ChangesAsked};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::accounts::{self, MadeLink};
use bridge_app::base::fields;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 500;

/// An account of the desk.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    name: String,
    /// `viewer`, `operator` or `owner`.
    role: &'static str,
    /// It may not log in.
    disabled: bool,
    /// It has none until its link was used.
    has_password: bool,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    password_changed_at: Option<String>,
}

impl AccountView {
    fn of(account: &Account) -> AccountView {
        AccountView {
            name: account.name.clone(),
            role: account.role.word(),
            disabled: account.disabled,
            has_password: account.password.is_some(),
            created_at: account.created_at.to_string(),
            password_changed_at: account.password_changed_at.map(|at| at.to_string()),
        }
    }
}

/// Every account.
#[derive(Serialize, ToSchema)]
pub struct AccountList {
    items: Vec<AccountView>,
}

/// An account to add.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct AccountAdd {
    /// Lower-case letters, digits, `-`, `_`, `.` and `@`.
    name: String,
    /// `viewer`, `operator` or `owner`; `viewer` when not given.
    role: Option<String>,
    /// At least 12 characters. Without one the answer holds a link with which its person chooses one.
    password: Option<String>,
}

/// What is to change of an account.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct AccountChange {
    /// `viewer`, `operator` or `owner`.
    role: Option<String>,
    /// It may not log in; its sessions end.
    disabled: Option<bool>,
    /// A new one; its sessions end.
    password: Option<String>,
}

/// What became of an account.
#[derive(Serialize, ToSchema)]
pub struct AccountDone {
    #[serde(flatten)]
    account: AccountView,
    /// The link with which its person chooses a password, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<LinkView>,
}

/// A link that works once.
#[derive(Serialize, ToSchema)]
pub struct LinkView {
    /// Address and token, behind the address of the desk.
    path: String,
    #[schema(format = DateTime)]
    until: String,
}

impl LinkView {
    fn of(link: MadeLink) -> LinkView {
        LinkView { path: link.path, until: link.until.to_string() }
    }
}

async fn done(app: &Shared, name: &str, link: Option<MadeLink>) -> Result<Json<AccountDone>, Problem> {
    let account = AccountView::of(&accounts::one(app, name).await?);
    Ok(Json(AccountDone { account, link: link.map(LinkView::of) }))
}

/// The accounts.
#[utoipa::path(
    get, path = "/admin/accounts", operation_id = "list_accounts", tag = "admin", security(("admin_token" = [])),
    responses(
        (status = 200, body = AccountList),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<AccountList>, Failed> {
    let items = accounts::all(&app).await?.iter().map(AccountView::of).collect();
    Ok(Json(AccountList { items }))
}

/// Add an account.
#[utoipa::path(
    post, path = "/admin/accounts", operation_id = "add_account", tag = "admin", security(("admin_token" = [])),
    request_body = AccountAdd,
    responses(
        (status = 201, body = AccountDone),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 409, description = "`account_exists`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AccountDone>), Failed> {
    let fields = body::json_fields(&app, &headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let name = accounts::name(&fields::text(&fields, "name")?.unwrap_or_default())?;
    let role = accounts::role(&fields::text(&fields, "role")?.unwrap_or_else(|| "viewer".to_owned()))?;
    let password = fields::text(&fields, "password")?;
    if let Some(password) = &password {
        accounts::checked(password)?;
    }
    accounts::add(&app, &actor, &name, role).await?;
    let link = match &password {
        Some(password) => {
            accounts::set_password(&app, &actor, &name, password).await?;
            None
        }
        None => Some(accounts::link(&app, &actor, &name).await?),
    };
    Ok((StatusCode::CREATED, done(&app, &name, link).await?))
}

/// Change an account: its role, whether it may log in, its password.
#[utoipa::path(
    patch, path = "/admin/accounts/{name}", operation_id = "change_account", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The account")),
    request_body = AccountChange,
    responses(
        (status = 200, body = AccountDone),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 409, description = "`last_owner`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn change(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AccountDone>, Failed> {
    let fields = body::json_fields(&app, &headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let name = accounts::name(&name)?;
    let before = accounts::one(&app, &name).await?;
    let role = fields::text(&fields, "role")?.map_or(Ok(before.role), |role| accounts::role(&role))?;
    let disabled = match fields.get("disabled") {
        None | Some(FieldValue::Null) => before.disabled,
        Some(FieldValue::Bool(disabled)) => *disabled,
        Some(_) => {
            return Err(Problem::field(Code::InvalidRequest, "disabled", "must be true or false").into());
        }
    };
    let password = fields::text(&fields, "password")?;
    if let Some(password) = &password {
        accounts::checked(password)?;
    }
    accounts::change(&app, &actor, &name, role, disabled).await?;
    if let Some(password) = &password {
        accounts::set_password(&app, &actor, &name, password).await?;
    }
    done(&app, &name, None).await.map_err(Failed)
}

/// Make a link with which the person of an account chooses a password. The one before it is void.
#[utoipa::path(
    post, path = "/admin/accounts/{name}/link", operation_id = "link_account", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The account")),
    responses(
        (status = 200, body = AccountDone),
        (status = 400, description = "`invalid_request`: it may not log in", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn link(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
) -> Result<Json<AccountDone>, Failed> {
    let name = accounts::name(&name)?;
    let link = accounts::link(&app, &actor, &name).await?;
    done(&app, &name, Some(link)).await.map_err(Failed)
}

/// A change that somebody made, or was about to make.
#[derive(Serialize, ToSchema)]
pub struct ChangeView {
    id: i64,
    #[schema(format = DateTime)]
    at: String,
    /// The name of an account, or `admin token`.
    who: String,
    /// From where.
    address: Option<String>,
    /// What was done, such as `setting.change`.
    action: String,
    /// To what.
    subject: String,
    #[schema(value_type = Value)]
    before: Value,
    #[schema(value_type = Value)]
    after: Value,
}

/// One page of the admin log, newest first.
#[derive(Serialize, ToSchema)]
pub struct ChangeList {
    items: Vec<ChangeView>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<i64>,
}

/// The admin log.
#[utoipa::path(
    get, path = "/admin/log", operation_id = "admin_log", tag = "admin", security(("admin_token" = [])),
    params(
        ("who" = Option<String>, Query, description = "Changes by this one"),
        ("action" = Option<String>, Query, description = "Actions that begin so"),
        ("subject" = Option<String>, Query, description = "Changes of this"),
        ("since" = Option<String>, Query, description = "At or after this time"),
        ("until" = Option<String>, Query, description = "Before this time"),
        ("before" = Option<i64>, Query, minimum = 1, description = "Entries with smaller ids only"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Entries on a page, at most 500"),
    ),
    responses(
        (status = 200, body = ChangeList),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn log(_: Operator, State(app): State<Shared>, parts: Parts) -> Result<Json<ChangeList>, Failed> {
    let text = |name: &str| query_value(parts.uri.query(), name);
    let time = |name: &str| {
        let wrong = |error: StampError| Problem::field(Code::InvalidRequest, name, error.to_string());
        text(name).map(|text| Timestamp::parse(&text).map_err(wrong)).transpose()
    };
    let limit = query::limit(parts.uri.query(), PAGE_DEFAULT, PAGE_MAX)?;
    let asked = ChangesAsked {
        who: text("who"),
        action: text("action"),
        subject: text("subject"),
        since: time("since")?,
        until: time("until")?,
        before: query::number(parts.uri.query(), "before")?,
    };
    let page = looking::admin_log::list(&app, &asked, limit).await?;
    let view = |Change { id, change }: Change| ChangeView {
        id,
        at: change.at.to_string(),
        who: change.who,
        address: change.address,
        action: change.action,
        subject: change.subject,
        before: change.before,
        after: change.after,
    };
    Ok(Json(ChangeList { items: page.rows.into_iter().map(view).collect(), next_before: page.next }))
}
