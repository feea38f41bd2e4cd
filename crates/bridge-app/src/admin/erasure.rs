//! Showing and erasing one person, and taking a validated number off: each with its deadline, its entry in the admin
//! log and, for an erasure, its receipt. How it is carried out, store by store, is in [`super::person`].

use std::collections::BTreeMap;

use bridge_core::Mobile;
use bridge_core::phone::masked;
use bridge_store::person::{Block, Blocked, Erasure};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::admin::{person, person_export};
use crate::admin_log::Actor;
use crate::base::deadline::{Late, PERSON, in_time, within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::state::erasures::Owed;

const RECEIPTS_MAX: usize = 500;

/// The receipt of an erasure: everything but the number.
#[derive(Debug, Serialize, ToSchema)]
#[expect(missing_docs, reason = "the names say it, and what is said here is in openapi.json")]
pub struct ErasureReceipt {
    pub id: Uuid,
    /// The number under a key that no store has.
    pub number_hash: String,
    /// What came later was not erased.
    #[schema(format = DateTime)]
    pub requested_at: String,
    pub requested_by: String,
    /// `done`, or `owed`: it is finished by itself as soon as what it waits for is there.
    pub state: &'static str,
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
    /// `none`, `kept` or `lifted`.
    pub blacklist: &'static str,
    /// How much of what was removed, by store.
    pub removed: BTreeMap<String, BTreeMap<String, u64>>,
    /// Which stores it waits for, and why.
    pub waits_for: BTreeMap<String, String>,
    /// What remains, in words.
    pub remains: Vec<&'static str>,
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

/// What was taken off.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unvalidated {
    /// On how many devices the number was validated.
    pub devices: u64,
}

/// Everything that is kept of a number.
pub async fn read_export(app: &App, mobile: &Mobile) -> Result<person_export::Export, Problem> {
    Ok(within(PERSON, person_export::export(app, mobile)).await?)
}

/// Erases a person, and answers with what is done by now.
pub async fn erase_person(
    app: &App,
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
    let carried_out = within(PERSON, person::carry_out(app, id)).await;
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
async fn receipt(app: &App, id: Uuid) -> Result<ErasureReceipt, Problem> {
    let all = in_time(app.audit.erasures(RECEIPTS_MAX)).await?;
    let found = all.into_iter().find(|receipt| receipt.id == id);
    found.map(|receipt| ErasureReceipt::of(receipt, BTreeMap::new())).ok_or_else(|| Late(PERSON).into())
}

/// Receipts, newest first, of one number or of all.
pub async fn receipts_of(app: &App, asked: Option<&Mobile>) -> Result<Vec<ErasureReceipt>, Problem> {
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

/// Takes a number off the validated ones, here and at the remote.
pub async fn unvalidate(app: &App, actor: &Actor, mobile: &Mobile) -> Result<Unvalidated, Problem> {
    app.note_change(actor, "validated.remove", mobile.e164(), Value::Null, Value::Null).await?;
    let removed = within(PERSON, person::unvalidate(app, mobile)).await?;
    match removed.map_err(|error| Problem::unavailable(&error))? {
        0 => Err(Problem::new(Code::NotFound, "this number is not validated")),
        devices => Ok(Unvalidated { devices }),
    }
}
