//! httpSMS: the webhook of its cloud (CloudEvents), and what its phone app tells the cloud. The signature is a JWT
//! that names the URL and the time and covers nothing of the body: whoever reads one request can write another one
//! for ten minutes.
//! Sources: `api/pkg/services/webhook_service.go`, `api/pkg/events` and `HttpSmsApiService.kt` of
//! NdoleStudio/httpsms.

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::content::{Content, Delivered, Report, Unusable};
use crate::event::{Event as Other, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, jwt, made_jwt};
use crate::steps::TRY_THE_PHONE;
use crate::writing::{Example, JSON, LINE, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "httpsms",
    about: "httpSMS (Android app with a cloud)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
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
    sign: Some(sign),
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
    /// What else came with it: then it was an MMS.
    attachments: Option<Value>,
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
    attachments: Option<Value>,
    /// Of a heartbeat, which the app sends every fifteen minutes: it names its own numbers, and no sender.
    phone_numbers: Option<FieldValue>,
    charging: Option<FieldValue>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let mut reader = FieldReader::default();
    let kind = reader.optional("type", incoming.json::<Kind>()?.kind.as_ref());
    match kind.as_deref() {
        Some("message.phone.received") => {}
        // The cloud has heard the phone. Of `phone.heartbeat.offline` the contrary is true.
        Some("phone.heartbeat.online") => return Ok(Content::sign_of_life(Report::default())),
        Some(other) => return Ok(Content::of(kind_of(other))),
        None => return told(incoming, reader),
    }
    let Event { id, data } = incoming.json()?;
    if has_more(data.attachments.as_ref()) {
        return Ok(Content::event(Other::message(
            EventKind::Mms,
            data.contact.as_ref(),
            data.content.as_ref(),
        )));
    }
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

/// What the cloud says besides of a message.
fn kind_of(event: &str) -> EventKind {
    match event {
        "message.call.missed" => EventKind::Call,
        "phone.heartbeat.offline" | "phone.heartbeat.missed" => EventKind::Availability,
        message if message.starts_with("message.") => EventKind::DeliveryReport,
        _ => EventKind::Other,
    }
}

fn has_more(attachments: Option<&Value>) -> bool {
    attachments.and_then(Value::as_array).is_some_and(|all| !all.is_empty())
}

fn told(incoming: &Incoming<'_>, mut reader: FieldReader) -> Result<Content, Unusable> {
    let told: Told = incoming.json()?;
    if told.phone_numbers.is_some() && told.from.is_none() && told.content.is_none() {
        let charging = match told.charging {
            Some(FieldValue::Bool(charging)) => Some(charging),
            _ => None,
        };
        return Ok(Content::sign_of_life(Report { charging, ..Report::default() }));
    }
    if has_more(told.attachments.as_ref()) {
        return Ok(Content::event(Other::message(EventKind::Mms, told.from.as_ref(), told.content.as_ref())));
    }
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

/// `Authorization: Bearer` and a JWT that is made again at every try, for ten minutes before and after.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let token = incoming.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let claims: Claims = jwt(token.ok_or(Unsigned::Missing)?, signing)?;
    let names = |aud: &Value| aud.as_str().is_some_and(|aud| signing.urls.iter().any(|url| url == aud));
    if !(names(&claims.aud) || claims.aud.as_array().is_some_and(|all| all.iter().any(names))) {
        return Err(Unsigned::Wrong);
    }
    let now = signing.now.epoch_seconds() as f64;
    if now <= claims.exp && claims.nbf.is_none_or(|nbf| nbf <= now) { Ok(()) } else { Err(Unsigned::Stale) }
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let now = signing.now.epoch_seconds();
    let claims = json!({"aud": signing.url(), "iss": "api.httpsms.com", "exp": now + 600, "nbf": now - 600});
    written.headers.push(("authorization", format!("Bearer {}", made_jwt(&claims, signing))));
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.to_string();
    object(&json!({"specversion": "1.0", "id": sms.id, "source": "/v1/messages/receive",
        "type": "message.phone.received", "datacontenttype": JSON, "time": stamp, "data": {"message_id": sms.id,
        "user_id": "test-lab", "owner": LINE, "contact": sms.sender, "content": sms.text, "encrypted": false,
        "sim": "SIM1", "timestamp": stamp}}))
}
