//! `/edge/…`: what an edge in front of the bridge asks, with its signature and nothing else. What that means is
//! [`bridge_app::edge`].

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::query_value;
use crate::body::{self, Whole};
use crate::client;
use crate::edge;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::edge::{Reported, blocklist as blocked, keep_refusals};
use bridge_app::state::bodies::Sender;
use bridge_app::state::places::Who;

const REFUSALS_MAX_BYTES: usize = 256 * 1024;
const REFUSALS_MAX: usize = 1_000;
const REASON_MAX_CHARS: usize = 64;
/// One row may stand for so many.
const COUNT_MAX: i64 = 1_000_000;

/// Something that the edge refused.
#[derive(Deserialize, ToSchema)]
pub struct EdgeRefusal {
    /// When it was refused, by the edge's clock.
    #[schema(format = DateTime)]
    at: String,
    /// The code that it answered.
    #[schema(example = "too_many_registrations")]
    reason: String,
    /// The number as it was given; empty where it was not read.
    #[serde(default)]
    mobile_number: String,
    /// The client's address: kept as a keyed hash.
    #[serde(default)]
    address: String,
    /// The country it came from.
    #[serde(default)]
    #[schema(example = "IN")]
    country: String,
    /// How many refusals this one stands for.
    count: i64,
}

/// A batch of them.
#[derive(Deserialize, ToSchema)]
pub struct EdgeRefusals {
    refusals: Vec<EdgeRefusal>,
}

/// That they are kept.
#[derive(Serialize, ToSchema)]
pub struct EdgeRefusalsKept {
    kept: usize,
}

/// Hand in what the edge refused.
///
/// Only with the edge's signature. A copy of a request is refused.
#[utoipa::path(
    post, path = "/edge/refusals", operation_id = "edge_refusals", tag = "edge", request_body = EdgeRefusals,
    responses(
        (status = 200, description = "On their way to ops.registration_attempts", body = EdgeRefusalsKept),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`edge_signature`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn refusals(State(app): State<Shared>, request: Request) -> Result<Json<EdgeRefusalsKept>, Failed> {
    let (parts, body) = request.into_parts();
    let Whole { sent, bytes } =
        body::read_whole(&app, Sender::Known, &parts.headers, body, REFUSALS_MAX_BYTES).await?;
    edge::edge_alone(&app, &parts, &sent).await?;
    client::is(&parts, Who::App);
    let batch: EdgeRefusals = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::new(Code::InvalidRequest, format!("the batch cannot be read: {error}")))?;
    if batch.refusals.len() > REFUSALS_MAX {
        let detail = format!("must be at most {REFUSALS_MAX}");
        return Err(Problem::field(Code::InvalidRequest, "refusals", detail).into());
    }
    let reported = batch.refusals.into_iter().map(reported).collect::<Result<Vec<_>, _>>()?;
    let kept = reported.len();
    keep_refusals(&app, reported);
    Ok(Json(EdgeRefusalsKept { kept }))
}

fn reported(one: EdgeRefusal) -> Result<Reported, Problem> {
    let wrong = |field: &str, detail: &str| Problem::field(Code::InvalidRequest, field, detail);
    let is_reason = (1..=REASON_MAX_CHARS).contains(&one.reason.len())
        && one.reason.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !is_reason {
        return Err(wrong("reason", "must be a code like too_many_registrations"));
    }
    if !(1..=COUNT_MAX).contains(&one.count) {
        return Err(wrong("count", "must be a whole number above 0"));
    }
    let at =
        Timestamp::parse(&one.at).map_err(|_| wrong("at", "must be a time like 2026-01-31T12:00:00Z"))?;
    Ok(Reported {
        at,
        reason: one.reason,
        mobile_number: one.mobile_number,
        address: one.address,
        country: edge::is_country(&one.country).then_some(one.country),
        count: one.count,
    })
}

/// The e-mail addresses that may not register, as hashes under the edge's secret, and who may read the edge's own answers.
#[derive(Serialize, ToSchema)]
pub struct EdgeBlocklist {
    /// An address is to be compared without what stands behind a `+` in its name.
    ignore_tags: bool,
    addresses: Vec<String>,
    /// The setting `status_origins`: websites whose pages may follow a registration. Missing where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    status_origins: Vec<String>,
}

/// Which e-mail addresses are blocked, and which websites may follow.
///
/// Only with the edge's signature. Each is the hex HMAC-SHA256 of `blocked e-mail`, a line break and the address in its
/// normal form. `If-None-Match` is answered with 304 while nothing changed.
#[utoipa::path(
    get, path = "/edge/blocklist", operation_id = "edge_blocklist", tag = "edge",
    params(
        ("waiting" = Option<u64>, Query, description = "SMS that wait at the edge, for the desk"),
        ("aside" = Option<u64>, Query, description = "SMS that the bridge did not take and that are kept there for a while"),
        ("dropped" = Option<u64>, Query, description = "How many of these were dropped, since the edge was set up"),
    ),
    responses(
        (status = 200, description = "All that hold now", body = EdgeBlocklist),
        (status = 304, description = "The same as before"),
        (status = 401, description = "`edge_signature`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn blocklist(State(app): State<Shared>, parts: Parts) -> Result<Response, Failed> {
    // A copy of it tells nobody anything new: its id is not remembered.
    let Some(signed) = edge::signed(&app, &parts, &[])? else {
        let detail = "only the edge may ask this, with its signature (SMS_BRIDGE_EDGE_SECRET)";
        return Err(Problem::new(Code::EdgeSignature, detail).into());
    };
    client::is(&parts, Who::App);
    let said = |name| query_value(parts.uri.query(), name).and_then(|text| text.parse::<u64>().ok());
    if let Some(waiting) = said("waiting") {
        app.edge.waiting(waiting, app.clock.now());
        app.edge.not_taken(said("aside").unwrap_or_default(), said("dropped").unwrap_or_default());
    }
    let list = blocked(&app);
    let tag = list.tag(signed.key);
    let is_known = parts.headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let addresses = list.hashes(signed.key);
    let told =
        EdgeBlocklist { ignore_tags: list.ignore_tags, addresses, status_origins: list.status_origins };
    Ok(([(ETAG, tag)], Json(told)).into_response())
}
