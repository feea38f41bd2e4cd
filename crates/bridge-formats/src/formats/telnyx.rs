//! Telnyx's webhook of an inbound message. The signature covers body and time, and is made again at every try. The
//! signing key of a receiver is Telnyx's public key.
//! Sources: developers.telnyx.com/api-reference/callbacks/inbound-message and docs/messaging/messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use bridge_core::phone::BareDigits;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event as Other, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::FieldValue;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "telnyx",
    about: "Telnyx",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // Numbers are in E.164, as it documents; digits without a plus lost theirs.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        incoming.header(SIGNATURE).is_some()
            || incoming.may_have("data")
                && incoming.json::<Webhook>().is_ok_and(|webhook| {
                    is(webhook.data.record_type.as_ref(), "event") && webhook.data.event_type.is_some()
                })
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: None,
    wrong_key: Some(wrong_key),
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In the Telnyx portal, open Account, Public key, and give the receiver that key as signing key.",
        "Open Messaging, choose the messaging profile of the number that users text to, or add one.",
        "Enter {url} as webhook URL and as failover URL, with webhook API version 2.",
        "Assign the number to that profile.",
        "Keep the bridge close to the internet: Telnyx waits two seconds and tries three times.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SIGNATURE: &str = "telnyx-signature-ed25519";
const STAMP: &str = "telnyx-timestamp";

#[derive(Deserialize)]
struct Webhook {
    data: Event,
}

#[derive(Deserialize)]
struct Event {
    record_type: Option<FieldValue>,
    event_type: Option<FieldValue>,
    occurred_at: Option<FieldValue>,
    payload: Option<Message>,
}

/// Of `data.payload`: of other events than messages too, so that nothing must be there.
#[derive(Deserialize)]
struct Message {
    id: Option<FieldValue>,
    direction: Option<FieldValue>,
    #[serde(rename = "type")]
    kind: Option<FieldValue>,
    from: Option<Phone>,
    to: Option<Phones>,
    text: Option<FieldValue>,
    received_at: Option<FieldValue>,
}

/// Version 1 of the API and other events write a bare number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Phone {
    Named { phone_number: Option<FieldValue> },
    Bare(FieldValue),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Phones {
    List(Vec<Phone>),
    One(Phone),
}

impl Phone {
    fn number(&self) -> Option<&FieldValue> {
        match self {
            Phone::Named { phone_number } => phone_number.as_ref(),
            Phone::Bare(number) => Some(number),
        }
    }
}

fn is(value: Option<&FieldValue>, wanted: &str) -> bool {
    matches!(value, Some(FieldValue::Text(text)) if text == wanted)
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let event = incoming.json::<Webhook>()?.data;
    let Some(message) = event.payload.filter(|_| is(event.event_type.as_ref(), "message.received")) else {
        let about = |prefix: &str| matches!(event.event_type.as_ref(), Some(FieldValue::Text(kind)) if kind.starts_with(prefix));
        return Ok(Content::of(match () {
            () if about("message.") => EventKind::DeliveryReport,
            () if about("call.") => EventKind::Call,
            () => EventKind::Other,
        }));
    };
    if is(message.direction.as_ref(), "outbound") {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let mut reader = FieldReader::default();
    let from = message.from.as_ref().and_then(Phone::number);
    let unjudged = match message.kind.as_ref() {
        Some(FieldValue::Text(kind)) => match kind.to_ascii_uppercase().as_str() {
            "MMS" => Some(EventKind::Mms),
            "RCS" => Some(EventKind::Rcs),
            "WHATSAPP" => Some(EventKind::OtherChannel),
            _ => None,
        },
        _ => None,
    };
    if let Some(kind) = unjudged {
        return Ok(Content::event(Other::message(kind, from, message.text.as_ref())));
    }
    let to = message.to.as_ref().and_then(|to| match to {
        Phones::List(list) => list.first().and_then(Phone::number),
        Phones::One(one) => one.number(),
    });
    let stamp = match FieldReader::stamp(message.received_at.as_ref()) {
        None => FieldReader::stamp(event.occurred_at.as_ref()),
        some => some,
    };
    let sms = Delivered {
        sender: reader.text("data.payload.from.phone_number", from, "the sender"),
        text: reader.text("data.payload.text", message.text.as_ref(), "the text"),
        stamp,
        delivery_id: reader.optional("data.payload.id", message.id.as_ref()),
        number: reader.optional("data.payload.to.phone_number", to),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Ed25519 over `telnyx-timestamp`, `|` and the raw body.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let (Some(given), Some(stamp)) = (incoming.header(SIGNATURE), incoming.header(STAMP)) else {
        return Err(Unsigned::Missing);
    };
    let given = STANDARD.decode(given).map_err(|_| Unsigned::Wrong)?;
    let signed = [stamp.as_bytes(), b"|", incoming.body].concat();
    let by = |key: &String| {
        let key = STANDARD.decode(key.trim()).unwrap_or_default();
        UnparsedPublicKey::new(&ED25519, key).verify(&signed, &given).is_ok()
    };
    if !signing.keys.iter().any(by) {
        return Err(Unsigned::Wrong);
    }
    signing.fresh(Timestamp::parse(stamp).map_err(|_| Unsigned::Wrong)?)
}

const KEY_BYTES: usize = 32;

/// Nothing can be verified with another key, and each SMS would be refused.
fn wrong_key(key: &str) -> Option<&'static str> {
    let decoded = STANDARD.decode(key.trim()).unwrap_or_default();
    // All zeros is base64 of the right length and nobody's key.
    let is_key = decoded.len() == KEY_BYTES && decoded.iter().any(|byte| *byte != 0);
    (!is_key).then_some(
        "is not the public key of a Telnyx account: that is 44 characters of base64, in the portal under Account, Public key",
    )
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.to_string();
    object(&json!({"data": {"record_type": "event", "id": sms.id, "event_type": "message.received",
        "occurred_at": stamp, "payload": {"id": sms.id, "direction": "inbound", "type": "SMS",
        "from": {"phone_number": sms.sender}, "to": [{"phone_number": LINE}], "text": sms.text,
        "received_at": stamp, "parts": 1}}, "meta": {"attempt": 1}}))
}
