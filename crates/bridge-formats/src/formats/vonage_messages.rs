//! Vonage's Messages API: the other webhook of the same numbers, JSON alone, for SMS and for other services beside it. The
//! signature is a JWT under the account's signature secret; it names the digest of the body and when it was made, which is
//! anew at every try.
//! Sources: developer.vonage.com/en/messages/concepts/inbound-sms, api/messages (inbound message), and
//! getting-started/concepts/webhooks (signed webhooks).

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, is_sha256_of, jwt, made_jwt, sha256_hex};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, object};

pub(crate) const FORMAT: Format = Format {
    name: "vonage_messages",
    about: "Vonage Messages API",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // It documents numbers in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let own = ["message_uuid", "channel", "from", "timestamp"];
        incoming.fields().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()))
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/plain", body: "" },
    version: None,
    warning: None,
    steps: &[
        "In the Vonage dashboard, open API Settings, SMS settings, and choose the Messages API for inbound SMS.",
        "Open Applications, add one with the capability Messages, and enter {url} as Inbound URL.",
        "Link the number that users text to with that application.",
        "Give the receiver the account's signature secret as signing key: Vonage signs these webhooks by itself.",
        "Do not block Vonage: after a 4xx answer it drops the SMS.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields: Fields = incoming.json()?;
    let text = |name: &str| match fields.get(name) {
        Some(FieldValue::Text(text)) => text.as_str(),
        _ => "",
    };
    if fields.get("status").is_some() && fields.get("text").is_none() {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let kind = match (text("channel"), text("message_type")) {
        ("sms", "" | "text") | ("", _) => None,
        ("sms", _) => Some(EventKind::Binary),
        ("mms", _) => Some(EventKind::Mms),
        ("rcs", _) => Some(EventKind::Rcs),
        _ => Some(EventKind::OtherChannel),
    };
    if let Some(kind) = kind {
        return Ok(Content::event(Event::message(kind, fields.get("from"), fields.get("text"))));
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp: FieldReader::utc_stamp(fields.get("timestamp")),
        delivery_id: reader.optional("message_uuid", fields.get("message_uuid")),
        number: reader.optional("to", fields.get("to")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Of the JWT. Times are unix seconds.
#[derive(Deserialize)]
struct Claims {
    payload_hash: Option<String>,
    iat: Option<f64>,
}

/// `Authorization: Bearer` and a JWT whose `payload_hash` is the SHA-256 of the body, in hex.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let token = incoming.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let claims: Claims = jwt(token.ok_or(Unsigned::Missing)?, signing)?;
    // Without it the token is good for any body.
    if !claims.payload_hash.is_some_and(|hash| is_sha256_of(&hash, incoming.body)) {
        return Err(Unsigned::Wrong);
    }
    signing.fresh_seconds(claims.iat.ok_or(Unsigned::Wrong)?)
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let hash = sha256_hex(written.bytes());
    let claims = json!({"iat": signing.now.epoch_seconds(), "iss": "Vonage", "payload_hash": hash});
    written.headers.push(("authorization", format!("Bearer {}", made_jwt(&claims, signing))));
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"channel": "sms", "message_uuid": sms.id, "to": digits(LINE), "from": digits(sms.sender),
        "timestamp": sms.at.to_string(), "text": sms.text, "message_type": "text",
        "sms": {"num_messages": "1"}, "usage": {"currency": "EUR", "price": "0.0333"}}))
}
