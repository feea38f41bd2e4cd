//! `GET /admin/sms`: the rows of one number in `input_sms`, to find out why an SMS was judged as it was.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use bridge_core::checks::CheckId;
use bridge_store::audit::SmsRow;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 500;

/// One page, newest first.
#[derive(Serialize, ToSchema)]
pub struct SmsPage {
    /// Rows with the columns of the table.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Map<String, Value>>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<i64>,
}

/// The SMS of one number.
#[utoipa::path(
    get, path = "/admin/sms", operation_id = "list_sms", tag = "admin", security(("admin_token" = [])),
    params(
        ("mobile" = String, Query, description = "The number, or the sender as it came"),
        ("before" = Option<i64>, Query, minimum = 1, description = "Rows with smaller ids only"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Rows on a page, at most 500"),
    ),
    responses(
        (status = 200, body = SmsPage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn by_mobile(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<SmsPage>, Failed> {
    let given =
        query_value(parts.uri.query(), "mobile").filter(|mobile| !mobile.trim().is_empty()).ok_or_else(
            || Problem::field(Code::InvalidRequest, "mobile", "is missing: give the number to look for"),
        )?;
    let limit = query::limit(parts.uri.query(), PAGE_DEFAULT, PAGE_MAX)?;
    let before = query::number(parts.uri.query(), "before")?;
    let found = looking::sms::of_sender(&app, &given, before, limit).await?;
    Ok(Json(SmsPage { items: found.rows.iter().map(columns).collect(), next_before: found.next }))
}

/// The columns of the table, in its order.
pub(super) fn columns(row: &SmsRow) -> Map<String, Value> {
    let mut columns = Map::new();
    let mut put = |name: &str, value: Value| {
        columns.insert(name.to_owned(), value);
    };
    put("id", json!(row.id));
    put("redis_id", json!(row.redis_id));
    put("mobile_number", json!(row.mobile_number));
    put("country_code", json!(row.country_code));
    put("local_mobile", json!(row.local_mobile));
    put("sms_message", json!(row.sms_message));
    put("received_timestamp", json!(row.received_timestamp));
    put("device_id", json!(row.device_id));
    for check in CheckId::all() {
        put(check.name(), json!(row.codes.of(check).number()));
    }
    put("validation_status", json!(row.validation_status));
    put("failed_at_check", json!(row.failed_at_check));
    put("reason", json!(row.reason));
    put("created_at", json!(row.created_at));
    put("sms_id", json!(row.sms_id));
    put("receiver_id", json!(row.receiver_id));
    put("format", json!(row.format));
    put("fingerprint", json!(row.fingerprint));
    put("server_received_at", json!(row.server_received_at));
    put("late_delivery", json!(row.late_delivery));
    put("synced_at", json!(row.synced_at));
    put("clock_skew_ms", json!(row.clock_skew.0));
    put("stamp_raw", json!(row.stamp_raw));
    put("remark", json!(row.remark()));
    columns
}
