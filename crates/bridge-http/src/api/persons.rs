//! One person by their number: what is kept of them, their erasure and its receipts, and taking a validated number off.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_store::person::Block;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::blacklist::mobile;
use bridge_app::admin::erasure::{
    ErasureReceipt, Unvalidated, erase_person, read_export, receipts_of, unvalidate,
};
use bridge_app::admin::person_export;
use bridge_app::base::problem::{Code, Problem};

/// Receipts, newest first.
#[derive(Serialize, ToSchema)]
pub struct ErasurePage {
    items: Vec<ErasureReceipt>,
}

/// Everything that is kept of a number.
///
/// One document, by store. A store that is away is named in `missing`.
#[utoipa::path(
    get, path = "/admin/persons/{mobile}", operation_id = "export_person", tag = "admin",
    security(("admin_token" = [])), params(("mobile" = String, Path, description = "The number")),
    responses(
        (status = 200, description = "The document", content_type = "application/json"),
        (status = 400, description = "`invalid_mobile_number`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn export(
    _: Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
) -> Result<Json<person_export::Export>, Failed> {
    let mobile = mobile(&app.live.now(), &text)?;
    read_export(&app, &mobile).await.map(Json).map_err(Failed)
}

/// Erase a person.
///
/// Everything that came to be until now, in every store. From this answer on it happens: what cannot be done now is
/// `owed`, and is finished when the store that is away is back.
#[utoipa::path(
    post, path = "/admin/persons/{mobile}/erase", operation_id = "erase_person", tag = "admin",
    security(("admin_token" = [])),
    params(
        ("mobile" = String, Path, description = "The number"),
        ("blacklist" = Option<String>, Query, description = "What to do with a block: keep, or lift; keep when not given"),
    ),
    responses(
        (status = 200, description = "Every store is done", body = ErasureReceipt),
        (status = 202, description = "Something is owed", body = ErasureReceipt),
        (status = 400, description = "`invalid_mobile_number`, `invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing was noted, nothing was done", body = ProblemBody),
    )
)]
pub async fn erase(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
    parts: Parts,
) -> Result<(StatusCode, Json<ErasureReceipt>), Failed> {
    let mobile = mobile(&app.live.now(), &text)?;
    let block = match query_value(parts.uri.query(), "blacklist").as_deref() {
        None | Some("keep") => Block::Keep,
        Some("lift") => Block::Lift,
        Some(_) => {
            return Err(Problem::field(Code::InvalidRequest, "blacklist", "must be keep or lift").into());
        }
    };
    let receipt = erase_person(&app, &actor, mobile, block).await?;
    let status = if receipt.state == "done" { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(receipt)))
}

/// Receipts of erasures.
#[utoipa::path(
    get, path = "/admin/erasures", operation_id = "list_erasures", tag = "admin", security(("admin_token" = [])),
    params(("mobile" = Option<String>, Query, description = "Only those of this number")),
    responses(
        (status = 200, body = ErasurePage),
        (status = 400, description = "`invalid_mobile_number`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn receipts(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<ErasurePage>, Failed> {
    let asked =
        query_value(parts.uri.query(), "mobile").map(|text| mobile(&app.live.now(), &text)).transpose()?;
    Ok(Json(ErasurePage { items: receipts_of(&app, asked.as_ref()).await? }))
}

/// Take a number off the validated ones.
///
/// The person may register again; what was judged stays on record.
#[utoipa::path(
    delete, path = "/admin/validated/{mobile}", operation_id = "remove_validated", tag = "admin",
    security(("admin_token" = [])), params(("mobile" = String, Path, description = "The number")),
    responses(
        (status = 200, body = Unvalidated),
        (status = 400, description = "`invalid_mobile_number`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`: it was not validated", body = ProblemBody),
        (status = 503, description = "`unavailable`: a store is away, try again", body = ProblemBody),
    )
)]
pub async fn remove_validated(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
) -> Result<Json<Unvalidated>, Failed> {
    let mobile = mobile(&app.live.now(), &text)?;
    unvalidate(&app, &actor, &mobile).await.map(Json).map_err(Failed)
}
