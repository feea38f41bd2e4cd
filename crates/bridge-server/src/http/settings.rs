//! Reading and changing settings. A change is applied before it is answered.

use axum::Json;
use axum::extract::{Request, State};
use bridge_core::settings::{self, SettingDef};
use bridge_formats::FieldError;
use bridge_store::StoreError;
use bridge_store::audit::SettingPut;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::Operator;
use super::problem::{Code, Problem, ProblemBody};
use super::segment::Segment;
use super::{Shared, body, in_time};

/// Who changes settings with the admin token.
const BY_TOKEN: &str = "admin token";

/// One setting.
#[derive(Serialize, ToSchema)]
pub struct SettingView {
    setting_key: &'static str,
    /// Typed.
    #[schema(value_type = Value)]
    setting_value: Value,
    /// `integer`, `boolean`, `string` or `json`.
    setting_type: &'static str,
    category: &'static str,
    #[schema(value_type = Value)]
    default: Value,
    description: String,
    /// What values it takes, in words.
    rule: String,
    #[schema(format = DateTime)]
    updated_at: Option<String>,
}

/// Every setting.
#[derive(Serialize, ToSchema)]
pub struct SettingList {
    items: Vec<SettingView>,
}

/// A new value.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct SettingPutBody {
    /// Of the setting's type.
    #[schema(value_type = Value)]
    value: Value,
}

fn view(app: &Shared, def: &SettingDef) -> SettingView {
    SettingView {
        setting_key: def.key,
        setting_value: def.value(&app.live.now()),
        setting_type: def.setting_type(),
        category: def.category.as_str(),
        default: def.default_value(),
        description: def.description.clone(),
        rule: def.rule.describe(),
        updated_at: app.live.updated_at(def.key).map(|at| at.to_string()),
    }
}

fn find(key: &str) -> Result<&'static SettingDef, Problem> {
    settings::find(key).ok_or_else(|| {
        Problem::new(Code::NotFound, format!("there is no setting {key:?}: see /admin/settings"))
    })
}

/// Every setting.
#[utoipa::path(
    get, path = "/admin/settings", operation_id = "list_settings", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = SettingList), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Json<SettingList> {
    Json(SettingList { items: settings::all().iter().map(|def| view(&app, def)).collect() })
}

/// One setting.
#[utoipa::path(
    get, path = "/admin/settings/{key}", operation_id = "get_setting", tag = "admin", security(("admin_token" = [])),
    params(("key" = String, Path, description = "Its key", example = "user_timelimit_seconds")),
    responses(
        (status = 200, body = SettingView),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn get(
    _: Operator,
    State(app): State<Shared>,
    Segment(key): Segment,
) -> Result<Json<SettingView>, Problem> {
    let def = find(&key)?;
    // 003: reading fills the cache. It is for others to look at; what holds here is the snapshot.
    let text = def.to_text(&def.value(&app.live.now()));
    if app.ladder.is_open() && in_time(app.hot.cache_settings(&[(key, text)])).await.is_err() {
        app.ladder.suspect();
    }
    Ok(Json(view(&app, def)))
}

/// Change a setting.
#[utoipa::path(
    put, path = "/admin/settings/{key}", operation_id = "put_setting", tag = "admin", security(("admin_token" = [])),
    params(("key" = String, Path, description = "Its key", example = "user_timelimit_seconds")),
    request_body = SettingPutBody,
    responses(
        (status = 200, description = "Stored and in force", body = SettingView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 422, description = "`invalid_setting`: names the rule", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn put(
    _: Operator,
    State(app): State<Shared>,
    Segment(key): Segment,
    request: Request,
) -> Result<Json<SettingView>, Problem> {
    let def = find(&key)?;
    let (_, body) = request.into_parts();
    let bytes = body::read(body, body::ONBOARDING_MAX_BYTES).await?;
    let given: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(Code::InvalidRequest, format!("the body is not JSON: {error}")))?;
    let value = given
        .get("value")
        .ok_or_else(|| Problem::field(Code::InvalidRequest, "value", "is missing: send {\"value\": …}"))?;
    let put = async {
        let _turn = app.live.turn().await;
        let put = app.audit.put_setting(app.clock.now(), &key, value, BY_TOKEN).await?;
        if let SettingPut::Stored(rows) = &put {
            app.apply_settings(rows);
        }
        Ok::<_, StoreError>(put)
    };
    match in_time(put).await? {
        SettingPut::Stored(_) => {
            // Should this not get through, every other bridge sees it within a second all the same.
            if let Err(problem) = in_time(app.hot.announce_setting(&key)).await {
                tracing::warn!(?problem, "a changed setting could not be announced");
            }
            Ok(Json(view(&app, def)))
        }
        SettingPut::Refused(broken) => {
            let detail = broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let errors =
                broken.into_iter().map(|b| FieldError { field: b.key.to_owned(), detail: b.rule }).collect();
            Err(Problem::fields(Code::InvalidSetting, detail, errors))
        }
        SettingPut::Unknown => find(&key).map(|def| Json(view(&app, def))),
    }
}
