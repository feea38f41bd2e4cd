//! Reading and changing settings, one or several at once, and going back to what was. A change is applied before it
//! is answered.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use bridge_core::catalog;
use bridge_core::settings::{Danger, Input, SettingDef};
use bridge_store::desk::SettingChange;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::settings::{change, changes, fill_cache, find, no_entry, roll_back};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking::settings_history;
use bridge_app::state::settings::Snapshot;

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
    /// What an input for it needs to know: `kind` is `integer` (with `min`, `max`, `unit`), `boolean`, `text`, `choice`
    /// (with `words`), `list` or `sequence` (of `words`).
    #[schema(value_type = Object)]
    input: Input,
    /// Values that may do harm, each with why.
    #[schema(value_type = Vec<Object>)]
    dangers: &'static [Danger],
    /// Why the value it has may do harm.
    danger: Option<&'static str>,
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

fn view(snapshot: &Snapshot, def: &'static SettingDef) -> SettingView {
    let value = def.value(&snapshot.settings);
    SettingView {
        setting_key: def.key,
        input: def.input(),
        dangers: &def.dangers,
        danger: def.danger(&value),
        setting_value: value,
        setting_type: def.setting_type(),
        category: def.category.as_str(),
        default: def.default_value(),
        description: def.description.clone(),
        rule: def.rule.describe(),
        updated_at: snapshot.updated_at(def.key).map(|at| at.to_string()),
    }
}

/// Every setting.
#[utoipa::path(
    get, path = "/admin/settings", operation_id = "list_settings", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = SettingList), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Json<SettingList> {
    let snapshot = app.live.snapshot();
    Json(SettingList { items: catalog::all().iter().map(|def| view(&snapshot, def)).collect() })
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
) -> Result<Json<SettingView>, Failed> {
    let def = find(&key)?;
    let snapshot = app.live.snapshot();
    fill_cache(&app, &snapshot.settings, def).await;
    Ok(Json(view(&snapshot, def)))
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
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(key): Segment,
    request: Request,
) -> Result<Json<SettingView>, Failed> {
    let def = find(&key)?;
    let (parts, body) = request.into_parts();
    let bytes = body::read(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    // What is no object lacks its value too, and that is what there is to say of it.
    let given = body::json_value(&bytes)?;
    let value = given
        .get("value")
        .ok_or_else(|| Problem::field(Code::InvalidRequest, "value", "is missing: send {\"value\": …}"))?;
    change(&app, &actor, &[(def, value.clone())]).await?;
    Ok(Json(view(&app.live.snapshot(), def)))
}

/// New values of several settings.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct SettingsPatchBody {
    /// New values by key.
    #[schema(value_type = Object, example = json!({"count_check_threshold": 10, "blacklist_threshold": 20}))]
    changes: Value,
}

/// Change several settings at once: all of them or none.
#[utoipa::path(
    patch, path = "/admin/settings", operation_id = "patch_settings", tag = "admin", security(("admin_token" = [])),
    request_body = SettingsPatchBody,
    responses(
        (status = 200, description = "Stored and in force: those that were given", body = SettingList),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 422, description = "`invalid_setting`: names every broken rule", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn patch(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<Json<SettingList>, Failed> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let changes = changes(&body::json(&bytes)?)?;
    if changes.is_empty() {
        let rule = "is missing or empty: send {\"changes\": {\"count_check_threshold\": 3}}";
        return Err(Problem::field(Code::InvalidRequest, "changes", rule).into());
    }
    change(&app, &actor, &changes).await?;
    let snapshot = app.live.snapshot();
    Ok(Json(SettingList { items: changes.iter().map(|(def, _)| view(&snapshot, def)).collect() }))
}

/// One change of a setting.
#[derive(Serialize, ToSchema)]
pub struct SettingChangeView {
    id: i64,
    #[schema(format = DateTime)]
    at: String,
    setting_key: String,
    /// Typed; null where it had none yet.
    #[schema(value_type = Value)]
    old_value: Option<Value>,
    /// Typed.
    #[schema(value_type = Value)]
    new_value: Value,
    changed_by: String,
}

impl SettingChangeView {
    fn of(change: SettingChange) -> SettingChangeView {
        let typed = |text: String| {
            catalog::find(&change.key).map_or_else(|| Value::from(&*text), |def| def.from_text(&text))
        };
        SettingChangeView {
            id: change.id,
            at: change.at.to_string(),
            old_value: change.old_value.map(typed),
            new_value: typed(change.new_value),
            setting_key: change.key,
            changed_by: change.changed_by,
        }
    }
}

/// One page, newest first.
#[derive(Serialize, ToSchema)]
pub struct SettingHistory {
    items: Vec<SettingChangeView>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<i64>,
}

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 500;

/// What was changed, when, by whom.
#[utoipa::path(
    get, path = "/admin/settings/history", operation_id = "settings_history", tag = "admin",
    security(("admin_token" = [])),
    params(
        ("key" = Option<String>, Query, description = "Changes of this setting only"),
        ("before" = Option<i64>, Query, minimum = 1, description = "Entries with smaller ids only"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Entries on a page, at most 500"),
    ),
    responses(
        (status = 200, body = SettingHistory),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn history(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<SettingHistory>, Failed> {
    let limit = query::limit(parts.uri.query(), PAGE_DEFAULT, PAGE_MAX)?;
    let key = query_value(parts.uri.query(), "key");
    let before = query::number(parts.uri.query(), "before")?;
    let page = settings_history::list(&app, &app.live.now(), key.as_deref(), before, limit).await?;
    let items = page.rows.into_iter().map(|entry| SettingChangeView::of(entry.change)).collect();
    Ok(Json(SettingHistory { items, next_before: page.next }))
}

/// Put the value from before a change back.
#[utoipa::path(
    post, path = "/admin/settings/history/{id}/rollback", operation_id = "rollback_setting", tag = "admin",
    security(("admin_token" = [])),
    params(("id" = i64, Path, description = "The entry of the history")),
    responses(
        (status = 200, description = "Stored and in force; an entry of its own", body = SettingView),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 422, description = "`invalid_setting`: names the rule", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn rollback(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<SettingView>, Failed> {
    let id = id.parse().map_err(|_| no_entry(format_args!("{id:?}")))?;
    let def = roll_back(&app, &actor, id).await?;
    Ok(Json(view(&app.live.snapshot(), def)))
}
