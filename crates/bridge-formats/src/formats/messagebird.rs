//! MessageBird's webhook of an SMS at a virtual number or a short code, as a form. The signature is a JWT that names the
//! digests of the URL and of the body.
//! Sources: developers.messagebird.com/api/sms-messaging (receive a message), api/#verifying-http-requests, and
//! `handlers/messagebird/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, is_sha256_of, jwt, made_jwt, sha256_hex};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, form};

pub(crate) const FORMAT: Format = Format {
    name: "messagebird",
    about: "MessageBird",
    takes_get: false,
    asks_first: false,
    // It documents numbers in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let own = ["originator", "recipient", "body", "createdDatetime"];
        let named = |fields: &Fields| own.iter().all(|name| fields.get(name).is_some());
        incoming.header(SIGNATURE).is_some() || incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/plain", body: "OK" },
    version: None,
    warning: None,
    steps: &[
        "In the MessageBird dashboard, open Numbers, choose the number that users text to, and add a flow to it.",
        "Choose \"Forward to URL\" with method POST and {url}.",
        "Give the receiver the account's signing key from Developers, Signed requests.",
        "Set SMS_BRIDGE_PUBLIC_URL of the bridge to the address that MessageBird calls: its signature names it.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SIGNATURE: &str = "messagebird-signature-jwt";

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    if fields.get("status").is_some() && fields.get("originator").is_none() {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let is_there = |name: &str| matches!(fields.get(name), Some(FieldValue::Text(text)) if !text.is_empty());
    // Short codes have names of their own for text, id and time.
    let (text, id, time) = if is_there("shortcode") {
        ("message", "mid", "receive_datetime")
    } else {
        ("body", "id", "createdDatetime")
    };
    if ["mediaUrls", "mediaURLs"].into_iter().any(is_there) {
        let text = fields.get(text).or_else(|| fields.get("message"));
        return Ok(Content::event(Event::message(EventKind::Mms, fields.get("originator"), text)));
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("originator", fields.get("originator"), "the sender"),
        text: reader.text(text, fields.get(text), "the text"),
        stamp: FieldReader::stamp(fields.get(time)),
        delivery_id: reader.optional(id, fields.get(id)),
        number: reader.optional("recipient", fields.get("recipient")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Of the JWT. Times are unix seconds.
#[derive(Deserialize)]
struct Claims {
    url_hash: Option<String>,
    payload_hash: Option<String>,
    nbf: Option<f64>,
    exp: Option<f64>,
}

fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let claims: Claims = jwt(incoming.header(SIGNATURE).ok_or(Unsigned::Missing)?, signing)?;
    let url_hash = claims.url_hash.ok_or(Unsigned::Wrong)?;
    let is_called = |url: &String| is_sha256_of(&url_hash, url.as_bytes());
    let is_body = claims.payload_hash.is_some_and(|hash| is_sha256_of(&hash, incoming.body));
    if !is_body || !signing.urls.iter().any(is_called) {
        return Err(Unsigned::Wrong);
    }
    let now = signing.now.epoch_seconds() as f64;
    let fresh = claims.nbf.is_none_or(|nbf| nbf <= now + SLACK_SECONDS)
        && claims.exp.is_none_or(|exp| now <= exp + SLACK_SECONDS);
    if fresh || signing.any_time { Ok(()) } else { Err(Unsigned::Stale) }
}

/// Clocks of both sides are a little off.
const SLACK_SECONDS: f64 = 60.0;

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let now = signing.now.epoch_seconds();
    let (url, body) = (sha256_hex(signing.url().as_bytes()), sha256_hex(written.bytes()));
    let claims =
        json!({"iss": "MessageBird", "nbf": now, "exp": now + 60, "url_hash": url, "payload_hash": body});
    written.headers.push((SIGNATURE, made_jwt(&claims, signing)));
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[
        ("id", sms.id),
        ("recipient", digits(LINE)),
        ("originator", digits(sms.sender)),
        ("body", sms.text),
        ("createdDatetime", &sms.at.to_string().replace('Z', "+00:00")),
    ])
}
