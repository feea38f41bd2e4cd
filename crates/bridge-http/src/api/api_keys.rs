//! `/admin/api-keys`: keys for apps, receivers and programs, each with a name and what it opens. What making and revoking
//! one means is [`bridge_app::admin::api_keys`].

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use bridge_store::audit::ApiKey;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::api_keys as doing;

/// One key. Its secret is shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyEntry {
    id: Uuid,
    #[schema(example = "shop")]
    name: String,
    /// What it opens: `register`, `status`, `receive`, `admin`.
    #[schema(example = json!(["register", "status"]))]
    scopes: Vec<&'static str>,
    /// How its secret begins.
    #[schema(example = "sbk_3f9c")]
    hint: String,
    #[schema(format = DateTime)]
    created_at: String,
    created_by: String,
    /// When it last opened something, to the minute.
    #[schema(format = DateTime)]
    last_used_at: Option<String>,
}

impl From<ApiKey> for ApiKeyEntry {
    fn from(key: ApiKey) -> ApiKeyEntry {
        ApiKeyEntry {
            id: key.id,
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.word()).collect(),
            hint: key.hint,
            created_at: key.created_at.to_string(),
            created_by: key.created_by,
            last_used_at: key.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// Every key, oldest first.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyList {
    items: Vec<ApiKeyEntry>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub struct ApiKeyMade {
    #[serde(flatten)]
    key: ApiKeyEntry,
    /// For `Authorization: Bearer`. It is not shown again.
    #[schema(example = "sbk_3f9c0d1e…")]
    secret: String,
}

/// A key to make.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ApiKeyAdd {
    /// Who will have it.
    #[schema(example = "shop")]
    name: String,
    /// What it opens: one or more of `register`, `status`, `receive`, `admin`.
    #[schema(example = json!(["register", "status"]))]
    scopes: Vec<String>,
}

/// The API keys that were made. Those of the configuration are not among them.
#[utoipa::path(
    get, path = "/admin/api-keys", operation_id = "list_api_keys", tag = "admin",
    security(("admin_token" = [])),
    responses(
        (status = 200, body = ApiKeyList),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<ApiKeyList>, Failed> {
    let items = doing::list(&app).await?.into_iter().map(Into::into).collect();
    Ok(Json(ApiKeyList { items }))
}

/// Make an API key.
#[utoipa::path(
    post, path = "/admin/api-keys", operation_id = "add_api_key", tag = "admin",
    security(("admin_token" = [])), request_body = ApiKeyAdd,
    responses(
        (status = 201, description = "The key with its secret, this once", body = ApiKeyMade),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 409, description = "`api_key_exists`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<(StatusCode, Json<ApiKeyMade>), Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let made = doing::add(&app, &actor, &fields).await?;
    Ok((StatusCode::CREATED, Json(ApiKeyMade { key: made.key.into(), secret: made.secret })))
}

/// Revoke an API key: whoever has it is refused from now on, by every bridge within a second.
#[utoipa::path(
    delete, path = "/admin/api-keys/{id}", operation_id = "revoke_api_key", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Its id, from the list")),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn revoke(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<StatusCode, Failed> {
    doing::revoke(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
