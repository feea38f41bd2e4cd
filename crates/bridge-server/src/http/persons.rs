//! One person by their number: what is kept of them, their erasure and its receipts, and taking a validated number off.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_core::Mobile;
use bridge_core::phone::BareDigits;
use bridge_store::person::{Block, Blocked, Erasure};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::auth::{Operator, query_value};
use super::problem::{Code, Problem, ProblemBody};
use super::segment::Segment;
use super::{Shared, in_time};
use crate::person::{self, Owed};

/// Every store is asked, and the slowest of them may go through whole tables.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const RECEIPTS_MAX: usize = 500;

/// The receipt of an erasure: everything but the number.
#[derive(Serialize, ToSchema)]
pub struct ErasureReceipt {
    id: Uuid,
    /// The number under a key that no store has.
    number_hash: String,
    /// What came later was not erased.
    #[schema(format = DateTime)]
    requested_at: String,
    requested_by: String,
    /// `done`, or `owed`: it is finished by itself as soon as what it waits for is there.
    state: &'static str,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// `none`, `kept` or `lifted`.
    blacklist: &'static str,
    /// How much of what was removed, by store.
    removed: BTreeMap<String, BTreeMap<String, u64>>,
    /// Which stores it waits for, and why.
    waits_for: BTreeMap<String, String>,
    /// What remains, in words.
    remains: Vec<&'static str>,
}

impl ErasureReceipt {
    fn of(receipt: Erasure, waits_for: BTreeMap<String, String>) -> ErasureReceipt {
        let mut remains = Vec::new();
        if receipt.blacklist == Blocked::Kept {
            remains.push("the number itself stays in the blacklist, for that purpose alone");
        }
        remains.push("an SMS that a phone still holds comes back if the phone delivers it again");
        ErasureReceipt {
            id: receipt.id,
            number_hash: receipt.number_hash,
            requested_at: receipt.requested_at.to_string(),
            requested_by: receipt.requested_by,
            state: if receipt.finished_at.is_some() { "done" } else { "owed" },
            finished_at: receipt.finished_at.map(|at| at.to_string()),
            blacklist: receipt.blacklist.as_str(),
            removed: receipt.removed,
            waits_for,
            remains,
        }
    }
}

impl From<Owed> for ErasureReceipt {
    fn from(owed: Owed) -> ErasureReceipt {
        ErasureReceipt::of(owed.receipt, owed.waits_for)
    }
}

/// Receipts, newest first.
#[derive(Serialize, ToSchema)]
pub struct ErasurePage {
    items: Vec<ErasureReceipt>,
}

/// What was taken off.
#[derive(Serialize, ToSchema)]
pub struct Unvalidated {
    /// On how many devices the number was validated.
    devices: u64,
}

pub(super) fn mobile(app: &Shared, text: &str) -> Result<Mobile, Problem> {
    let default = app.live.now().default_country_code.clone();
    Mobile::parse(text, &default, BareDigits::NationalFirst)
        .map_err(|why| Problem::field(Code::InvalidMobileNumber, "mobile_number", why.to_string()))
}

fn too_slow() -> Problem {
    Problem::new(Code::Unavailable, "the stores did not answer in time")
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
) -> Result<Json<person::Export>, Problem> {
    let mobile = mobile(&app, &text)?;
    let export = tokio::time::timeout(ANSWER_WITHIN, person::export(&app, &mobile)).await;
    export.map(Json).map_err(|_| too_slow())
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
    _: Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
    parts: Parts,
) -> Result<(StatusCode, Json<ErasureReceipt>), Problem> {
    let mobile = mobile(&app, &text)?;
    let block = match query_value(parts.uri.query(), "blacklist").as_deref() {
        None | Some("keep") => Block::Keep,
        Some("lift") => Block::Lift,
        Some(_) => return Err(Problem::field(Code::InvalidRequest, "blacklist", "must be keep or lift")),
    };
    let id = person::begin(&app, mobile, block, "operator").map_err(|error| Problem::unavailable(&error))?;
    let carried_out = tokio::time::timeout(ANSWER_WITHIN, person::carry_out(&app, id)).await;
    let receipt = match carried_out {
        Ok(Ok(Some(owed))) => owed.into(),
        // Given up half way, or a store is away: what is known of it is noted.
        _ => match app.erasures.all().into_iter().find(|owed| owed.receipt.id == id) {
            Some(owed) => owed.into(),
            None => receipt(&app, id).await?,
        },
    };
    let status = if receipt.state == "done" { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(receipt)))
}

/// A worker was faster.
async fn receipt(app: &Shared, id: Uuid) -> Result<ErasureReceipt, Problem> {
    let all = in_time(app.audit.erasures(RECEIPTS_MAX)).await?;
    let found = all.into_iter().find(|receipt| receipt.id == id);
    found.map(|receipt| ErasureReceipt::of(receipt, BTreeMap::new())).ok_or_else(too_slow)
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
) -> Result<Json<ErasurePage>, Problem> {
    let asked = query_value(parts.uri.query(), "mobile").map(|text| mobile(&app, &text)).transpose()?;
    let hashes = asked.map(|mobile| app.secrets.number_hashes(mobile.e164()));
    let owed = app.erasures.all();
    let mut kept = in_time(app.audit.erasures(RECEIPTS_MAX)).await?;
    kept.retain(|receipt| owed.iter().all(|owed| owed.receipt.id != receipt.id));
    let owed = owed.into_iter().rev().map(ErasureReceipt::from);
    let kept = kept.into_iter().map(|receipt| ErasureReceipt::of(receipt, BTreeMap::new()));
    let is_asked =
        |item: &ErasureReceipt| hashes.as_ref().is_none_or(|hashes| hashes.contains(&item.number_hash));
    Ok(Json(ErasurePage { items: owed.chain(kept).filter(is_asked).collect() }))
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
    _: Operator,
    State(app): State<Shared>,
    Segment(text): Segment,
) -> Result<Json<Unvalidated>, Problem> {
    let mobile = mobile(&app, &text)?;
    let removed = tokio::time::timeout(ANSWER_WITHIN, person::unvalidate(&app, &mobile)).await;
    match removed.map_err(|_| too_slow())?.map_err(|error| Problem::unavailable(&error))? {
        0 => Err(Problem::new(Code::NotFound, "this number is not validated")),
        devices => Ok(Json(Unvalidated { devices })),
    }
}
