//! One person by their number: what is kept of them, their erasure and its receipts, and taking a validated number off.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_core::Mobile;
use bridge_core::phone::masked;
use bridge_store::person::{Block, Blocked, Erasure};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Shared;
use super::auth::{Operator, query_value};
use super::segment::Segment;
use crate::admin::blacklist::mobile;
use crate::admin::{person, person_export};
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem, ProblemBody};
use crate::state::erasures::Owed;

/// Every store is asked, and the slowest of them may go through whole tables.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const RECEIPTS_MAX: usize = 500;

/// The receipt of an erasure: everything but the number.
#[derive(Serialize, ToSchema)]
pub struct ErasureReceipt {
    pub(crate) id: Uuid,
    /// The number under a key that no store has.
    pub(crate) number_hash: String,
    /// What came later was not erased.
    #[schema(format = DateTime)]
    pub(crate) requested_at: String,
    pub(crate) requested_by: String,
    /// `done`, or `owed`: it is finished by itself as soon as what it waits for is there.
    pub(crate) state: &'static str,
    #[schema(format = DateTime)]
    pub(crate) finished_at: Option<String>,
    /// `none`, `kept` or `lifted`.
    pub(crate) blacklist: &'static str,
    /// How much of what was removed, by store.
    pub(crate) removed: BTreeMap<String, BTreeMap<String, u64>>,
    /// Which stores it waits for, and why.
    pub(crate) waits_for: BTreeMap<String, String>,
    /// What remains, in words.
    pub(crate) remains: Vec<&'static str>,
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
    pub(crate) devices: u64,
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
) -> Result<Json<person_export::Export>, Problem> {
    let mobile = mobile(&app, &text)?;
    read_export(&app, &mobile).await.map(Json)
}

/// Everything that is kept of a number.
pub(crate) async fn read_export(app: &Shared, mobile: &Mobile) -> Result<person_export::Export, Problem> {
    tokio::time::timeout(ANSWER_WITHIN, person_export::export(app, mobile)).await.map_err(|_| too_slow())
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
) -> Result<(StatusCode, Json<ErasureReceipt>), Problem> {
    let mobile = mobile(&app, &text)?;
    let block = match query_value(parts.uri.query(), "blacklist").as_deref() {
        None | Some("keep") => Block::Keep,
        Some("lift") => Block::Lift,
        Some(_) => return Err(Problem::field(Code::InvalidRequest, "blacklist", "must be keep or lift")),
    };
    let receipt = erase_person(&app, &actor, mobile, block).await?;
    let status = if receipt.state == "done" { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(receipt)))
}

/// Erases a person, and answers with what is done by now.
pub(crate) async fn erase_person(
    app: &Shared,
    actor: &Actor,
    mobile: Mobile,
    block: Block,
) -> Result<ErasureReceipt, Problem> {
    let subject = masked(mobile.e164());
    // While the log cannot be written, the wish is kept all the same: the receipt says who had it, and when.
    let noted = app.note_change(actor, "person.erase", &subject, Value::Null, Value::Null).await;
    if let Err(problem) = noted {
        tracing::warn!(?problem, "an erasure is in its receipt alone");
    }
    let id = person::begin(app, mobile, block, &actor.who).map_err(|error| Problem::unavailable(&error))?;
    let carried_out = tokio::time::timeout(ANSWER_WITHIN, person::carry_out(app, id)).await;
    match carried_out {
        Ok(Ok(Some(owed))) => Ok(owed.into()),
        // Given up half way, or a store is away: what is known of it is noted.
        _ => match app.erasures.all().into_iter().find(|owed| owed.receipt.id == id) {
            Some(owed) => Ok(owed.into()),
            None => receipt(app, id).await,
        },
    }
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
    Ok(Json(ErasurePage { items: receipts_of(&app, asked.as_ref()).await? }))
}

/// Receipts, newest first, of one number or of all.
pub(crate) async fn receipts_of(
    app: &Shared,
    asked: Option<&Mobile>,
) -> Result<Vec<ErasureReceipt>, Problem> {
    let hashes = asked.map(|mobile| app.secrets.number_hashes(mobile.e164()));
    let owed = app.erasures.all();
    let mut kept = in_time(app.audit.erasures(RECEIPTS_MAX)).await?;
    kept.retain(|receipt| owed.iter().all(|owed| owed.receipt.id != receipt.id));
    let owed = owed.into_iter().rev().map(ErasureReceipt::from);
    let kept = kept.into_iter().map(|receipt| ErasureReceipt::of(receipt, BTreeMap::new()));
    let is_asked =
        |item: &ErasureReceipt| hashes.as_ref().is_none_or(|hashes| hashes.contains(&item.number_hash));
    Ok(owed.chain(kept).filter(is_asked).collect())
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
) -> Result<Json<Unvalidated>, Problem> {
    let mobile = mobile(&app, &text)?;
    unvalidate(&app, &actor, &mobile).await.map(Json)
}

/// Takes a number off the validated ones, here and at the remote.
pub(crate) async fn unvalidate(app: &Shared, actor: &Actor, mobile: &Mobile) -> Result<Unvalidated, Problem> {
    app.note_change(actor, "validated.remove", mobile.e164(), Value::Null, Value::Null).await?;
    let removed = tokio::time::timeout(ANSWER_WITHIN, person::unvalidate(app, mobile)).await;
    match removed.map_err(|_| too_slow())?.map_err(|error| Problem::unavailable(&error))? {
        0 => Err(Problem::new(Code::NotFound, "this number is not validated")),
        devices => Ok(Unvalidated { devices }),
    }
}
