//! What the edge in front vouches for (outside.md section 3): the one place that reads its headers and believes them. A
//! client's address is believed only so. Not what follows from it: that is for the handlers.

use std::net::IpAddr;

use axum::http::HeaderMap;
use axum::http::request::Parts;
use bridge_app::base::edge_keys::{EdgeKey, Signable};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::edge::{SKEW_SECONDS, first_time};
use bridge_app::registration::Origin;
use bridge_core::{Settings, Timestamp};

use crate::client;

const TIME: &str = "x-edge-time";
const ID: &str = "x-edge-id";
const CLIENT: &str = "x-edge-client";
const SIGNATURE: &str = "x-edge-signature";
const RECEIVED: &str = "x-edge-received";

const ID_CHARS: usize = 32;

/// What a signature that holds vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeStamp {
    /// The client's address; none: the edge does not know it, or asks by itself.
    pub client: Option<IpAddr>,
    /// The country that it comes from, as two letters.
    pub country: Option<String>,
    /// When an SMS arrived that the edge kept: the first time that it was ours.
    pub received: Option<Timestamp>,
}

/// A request that the edge signed.
pub struct Signed<'a> {
    /// What it vouches for.
    pub stamp: EdgeStamp,
    /// The secret that it was signed with.
    pub key: EdgeKey<'a>,
    id: String,
}

/// Does it say of itself that the edge kept it? Then its body must be read before it is known whether that is true.
pub(crate) fn claims_to_be_kept(app: &App, headers: &HeaderMap) -> bool {
    !app.secrets.edge.is_empty() && headers.contains_key(RECEIVED) && headers.contains_key(SIGNATURE)
}

/// What the edge vouches for. None: it did not come through the edge. A signature that does not hold is a problem.
pub fn signed<'a>(app: &'a App, parts: &Parts, body: &[u8]) -> Result<Option<Signed<'a>>, Problem> {
    let is_claimed =
        [TIME, ID, CLIENT, SIGNATURE, RECEIVED].iter().any(|name| parts.headers.contains_key(*name));
    if app.secrets.edge.is_empty() || !is_claimed {
        return Ok(None);
    }
    let now = app.clock.now();
    match read(app, parts, body, now) {
        Ok(signed) => {
            app.edge.signed(now);
            Ok(Some(signed))
        }
        Err(why) => {
            app.edge.wrong(why, now);
            app.metrics.wrong_secret_total.inc();
            Err(Problem::new(Code::EdgeSignature, why))
        }
    }
}

/// The same for what must not be taken twice: a copy of it is a problem.
pub async fn signed_once<'a>(
    app: &'a App,
    parts: &Parts,
    body: &[u8],
) -> Result<Option<Signed<'a>>, Problem> {
    let signed = signed(app, parts, body)?;
    if let Some(signed) = &signed {
        first_time(app, &signed.id).await?;
    }
    Ok(signed)
}

/// The same where only the edge may ask.
pub async fn edge_alone<'a>(app: &'a App, parts: &Parts, body: &[u8]) -> Result<Signed<'a>, Problem> {
    signed_once(app, parts, body).await?.ok_or_else(|| {
        Problem::new(
            Code::EdgeSignature,
            "only the edge may ask this, with its signature (SMS_BRIDGE_EDGE_SECRET)",
        )
    })
}

/// Of a registration: refused where it must come through the edge and does not.
pub async fn of_registration(
    app: &App,
    settings: &Settings,
    parts: &Parts,
    body: &[u8],
) -> Result<Option<EdgeStamp>, Problem> {
    match signed_once(app, parts, body).await? {
        Some(signed) => Ok(Some(signed.stamp)),
        None if settings.edge_required => Err(Problem::new(
            Code::EdgeRequired,
            "edge_required is on: this registration did not come through the edge",
        )),
        None => Ok(None),
    }
}

/// Where a registration comes from: as the edge says, else as far as it can be seen.
pub fn origin(app: &App, parts: &Parts, stamp: Option<EdgeStamp>) -> Origin {
    match stamp {
        Some(EdgeStamp { client, country, .. }) => Origin { seen: client, signed: client, place: country },
        None => Origin { seen: client::address(app, parts), ..Origin::default() },
    }
}

/// Of a delivery of SMS: what cannot be believed is as if it were not there. The receiver has its own secret, a copy of an
/// SMS is known by itself (D9), and a clock that is wrong must not cost an SMS.
pub(crate) fn of_delivery(app: &App, parts: &Parts, body: &[u8]) -> Option<EdgeStamp> {
    match signed(app, parts, body) {
        Ok(signed) => signed.map(|signed| signed.stamp),
        Err(problem) => {
            tracing::debug!(
                why = problem.detail(),
                "a delivery carries an edge's signature that does not hold"
            );
            None
        }
    }
}

fn read<'a>(app: &'a App, parts: &Parts, body: &[u8], now: Timestamp) -> Result<Signed<'a>, &'static str> {
    // Two of one name: whoever reads the other one would read something else.
    let one = |name: &str| {
        let mut values = parts.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().map(Some).map_err(|_| "a header of the edge is no text"),
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err("a header of the edge is there twice"),
        }
    };
    let needed = |name: &str| one(name)?.ok_or("a header of the edge is missing");
    let (time, id, client) = (needed(TIME)?, needed(ID)?, needed(CLIENT)?);
    let (signature, received) = (needed(SIGNATURE)?, one(RECEIVED)?);
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = Signable { method: parts.method.as_str(), target, time, id, client, body, received };
    let key =
        app.secrets.edge.that_signed(&request, signature).ok_or(
            "the edge's signature is another: have both the same secret, and is this what was signed?",
        )?;
    let is_id = id.len() == ID_CHARS && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !is_id {
        return Err("X-Edge-Id must be 32 lowercase hex digits");
    }
    let seconds = epoch_seconds(time).ok_or("X-Edge-Time must be a whole number of seconds")?;
    if (now.epoch_seconds() - seconds).abs() > SKEW_SECONDS {
        return Err(
            "the edge signed this more than five minutes ago, or in the future: is the clock of this machine right?",
        );
    }
    let received = match received {
        None => None,
        Some(text) => {
            let seconds = epoch_seconds(text).ok_or("X-Edge-Received must be a whole number of seconds")?;
            // What it kept arrived before it was handed in.
            Some(Timestamp(seconds * 1000).min(now))
        }
    };
    let (address, country) = client.rsplit_once(' ').unwrap_or((client, ""));
    let stamp = EdgeStamp {
        client: address.parse::<IpAddr>().ok().map(|address| address.to_canonical()),
        country: is_country(country).then(|| country.to_owned()),
        received,
    };
    Ok(Signed { stamp, key, id: id.to_owned() })
}

/// Digits alone: no sign, no space, nothing that two languages read apart.
fn epoch_seconds(text: &str) -> Option<i64> {
    let is_plain = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}

/// Two letters, or Cloudflare's `T1` of Tor. `XX` is one that it does not know.
pub(crate) fn is_country(text: &str) -> bool {
    let [first, second] = text.as_bytes() else { return false };
    first.is_ascii_uppercase() && (second.is_ascii_uppercase() || second.is_ascii_digit()) && text != "XX"
}
