//! httpSMS: the webhook of its cloud (CloudEvents), and what its phone app tells the cloud. The signature is a JWT
//! that names the URL and the time and covers nothing of the body: whoever reads one request can write another one
//! for ten minutes.
//! Sources: `api/pkg/services/webhook_service.go`, `api/pkg/events` and `HttpSmsApiService.kt` of
//! NdoleStudio/httpsms.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::content::{Content, Delivered, Report, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::hmac_sha256;
use crate::signing::{Signing, Unsigned};
use crate::steps::TRY_THE_PHONE;
use crate::writing::{Example, JSON, LINE, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "httpsms",
    about: "httpSMS (Android app with a cloud)",
    takes_get: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            let kind = fields.text(&["type"]).ok().flatten().map(|(_, kind)| kind).unwrap_or_default();
            let is_its = ["message.", "phone."].iter().any(|prefix| kind.starts_with(prefix));
            is_its && fields.get("specversion").is_some() && fields.get("data").is_some()
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "Install the httpSMS app, sign in, and turn on \"Receive SMS\" for each SIM; leave end-to-end encryption off.",
        "On the settings page of httpSMS, add a webhook with the callback URL {url}.",
        "Enter {signing_key} as its signing key.",
        "Choose the events message.phone.received and phone.heartbeat.online, and the numbers that users text to.",
        "Set SMS_BRIDGE_PUBLIC_URL of the bridge to the address that httpSMS calls: its signature names it.",
        "Keep the bridge up: httpSMS tries twice within seconds and never again.",
        TRY_THE_PHONE,
    ],
    example,
};

/// Which event; the rest may be of any shape.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: Option<FieldValue>,
}

#[derive(Deserialize)]
struct Event {
    id: Option<FieldValue>,
    data: Message,
}

#[derive(Deserialize)]
struct Message {
    message_id: Option<FieldValue>,
    owner: Option<FieldValue>,
    contact: Option<FieldValue>,
    content: Option<FieldValue>,
    timestamp: Option<FieldValue>,
    sim: Option<FieldValue>,
    encrypted: Option<FieldValue>,
}

/// What the phone app tells the cloud: without an event, without an id.
#[derive(Deserialize)]
struct Told {
    from: Option<FieldValue>,
    to: Option<FieldValue>,
    content: Option<FieldValue>,
    timestamp: Option<FieldValue>,
    sim: Option<FieldValue>,
    encrypted: Option<FieldValue>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let mut reader = FieldReader::default();
    let kind = reader.optional("type", incoming.json::<Kind>()?.kind.as_ref());
    match kind.as_deref() {
        Some("message.phone.received") => {}
        // The cloud has heard the phone. Of `phone.heartbeat.offline` the contrary is true.
        Some("phone.heartbeat.online") => return Ok(Content::sign_of_life(Report::default())),
        Some(_) => return Ok(Content::nothing()),
        None => return told(incoming, reader),
    }
    let Event { id, data } = incoming.json()?;
    readable(&mut reader, "data.content", data.encrypted.as_ref());
    let message_id = reader.optional("data.message_id", data.message_id.as_ref());
    let sms = Delivered {
        sender: reader.text("data.contact", data.contact.as_ref(), "the sender"),
        text: reader.text("data.content", data.content.as_ref(), "the text"),
        stamp: FieldReader::stamp(data.timestamp.as_ref()),
        delivery_id: message_id.or_else(|| reader.optional("id", id.as_ref())),
        number: reader.optional("data.owner", data.owner.as_ref()),
        device: reader.optional("data.sim", data.sim.as_ref()),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

fn told(incoming: &Incoming<'_>, mut reader: FieldReader) -> Result<Content, Unusable> {
    let told: Told = incoming.json()?;
    readable(&mut reader, "content", told.encrypted.as_ref());
    let sms = Delivered {
        sender: reader.text("from", told.from.as_ref(), "the sender"),
        text: reader.text("content", told.content.as_ref(), "the text"),
        stamp: FieldReader::stamp(told.timestamp.as_ref()),
        number: reader.optional("to", told.to.as_ref()),
        device: reader.optional("sim", told.sim.as_ref()),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

fn readable(reader: &mut FieldReader, field: &str, encrypted: Option<&FieldValue>) {
    if encrypted == Some(&FieldValue::Bool(true)) {
        reader.wrong(field, "is encrypted: turn end-to-end encryption off in the httpSMS app");
    }
}

/// Of the JWT. Times are unix seconds.
#[derive(Deserialize)]
struct Claims {
    aud: Value,
    exp: f64,
    nbf: Option<f64>,
}

/// `Authorization: Bearer` and a JWT by HS256, whatever its header says: no other algorithm is computed, so that
/// none can be asked for. It is made again at every try, for ten minutes before and after. (The library for JWT
/// would bring RSA and three curves for this one HMAC.)
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let token = incoming.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    // Anything else that is presented there is no signature.
    let (signed, given) = token.and_then(|token| token.trim().rsplit_once('.')).ok_or(Unsigned::Missing)?;
    let (_, claims) = signed.split_once('.').ok_or(Unsigned::Missing)?;
    let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| Unsigned::Wrong)?;
    signing.any_key(&given, |key| hmac_sha256(key, &[signed.as_bytes()]))?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Unsigned::Wrong)?;
    let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Unsigned::Wrong)?;
    let names = |aud: &Value| aud.as_str().is_some_and(|aud| signing.urls.iter().any(|url| url == aud));
    if !(names(&claims.aud) || claims.aud.as_array().is_some_and(|all| all.iter().any(names))) {
        return Err(Unsigned::Wrong);
    }
    let now = signing.now.epoch_seconds() as f64;
    if now <= claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now) { Ok(()) } else { Err(Unsigned::Stale) }
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.to_string();
    object(&json!({"specversion": "1.0", "id": sms.id, "source": "/v1/messages/receive",
        "type": "message.phone.received", "datacontenttype": JSON, "time": stamp, "data": {"message_id": sms.id,
        "user_id": "test-lab", "owner": LINE, "contact": sms.sender, "content": sms.text, "encrypted": false,
        "sim": "SIM1", "timestamp": stamp}}))
}
