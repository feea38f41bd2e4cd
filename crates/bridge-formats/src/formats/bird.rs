//! Bird's webhook of the channels that it has (it was MessageBird before): JSON, for SMS and others. The signature covers the
//! time of this try, the URL and the digest of the body.
//! Sources: docs.bird.com/api/channels-api/supported-channels/programmable-sms/receiving-messages and
//! docs.bird.com/api/notifications-api/api-reference/webhook-subscriptions/verifying-a-webhook-subscription.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, hmac_sha256};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "bird",
    about: "Bird",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // Numbers are in E.164, as it documents; digits without a plus lost theirs.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named =
            |fields: &Fields| ["service", "event", "payload"].iter().all(|name| fields.get(name).is_some());
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
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In Bird, open Developers, Webhooks, and add a webhook for the service Channels and the event sms.inbound.",
        "Enter {url} as its URL, and give the receiver the signing key that you choose there.",
        "Set SMS_BRIDGE_PUBLIC_URL of the bridge to the address that Bird calls: its signature covers it.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SIGNATURE: &str = "messagebird-signature";
const STAMP: &str = "messagebird-request-timestamp";

/// Which event, and what it holds, whatever that is.
#[derive(Deserialize)]
struct Webhook {
    event: Option<FieldValue>,
    payload: Message,
}

#[derive(Deserialize)]
struct Message {
    id: Option<FieldValue>,
    sender: Option<Sender>,
    body: Option<Body>,
    #[serde(rename = "createdAt")]
    created_at: Option<FieldValue>,
    #[serde(rename = "channelId")]
    channel_id: Option<FieldValue>,
}

#[derive(Deserialize)]
struct Sender {
    contact: Option<Fields>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: Option<FieldValue>,
    text: Option<Fields>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let Webhook { event, payload } = incoming.json()?;
    let mut reader = FieldReader::default();
    let event = reader.text("event", event.as_ref(), "which event this is");
    let sender = payload.sender.as_ref().and_then(|sender| sender.contact.as_ref());
    let sender = sender.and_then(|contact| contact.get("identifierValue"));
    let text = payload.body.as_ref().and_then(|body| body.text.as_ref()).and_then(|text| text.get("text"));
    let is_text =
        matches!(payload.body.as_ref().and_then(|body| body.kind.as_ref()), None | Some(FieldValue::Text(_)))
            && text.is_some();
    let kind = match event.split_once('.') {
        Some(("sms", "inbound")) if is_text => None,
        Some(("sms", "inbound")) => Some(EventKind::Mms),
        Some(("rcs", "inbound")) => Some(EventKind::Rcs),
        Some((_, "inbound")) => Some(EventKind::OtherChannel),
        Some((_, "outbound" | "interactions")) => return Ok(Content::of(EventKind::DeliveryReport)),
        _ => return reader.finish(Delivered::default()).map(|_| Content::of(EventKind::Other)),
    };
    if let Some(kind) = kind {
        return Ok(Content::event(Event::message(kind, sender, text)));
    }
    let sms = Delivered {
        sender: reader.text("payload.sender.contact.identifierValue", sender, "the sender"),
        text: reader.text("payload.body.text.text", text, "the text"),
        stamp: FieldReader::utc_stamp(payload.created_at.as_ref()),
        delivery_id: reader.optional("payload.id", payload.id.as_ref()),
        device: reader.optional("payload.channelId", payload.channel_id.as_ref()),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Base64 of HMAC-SHA256 over the time, the URL and the raw SHA-256 of the body, a line feed between them.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let (Some(given), Some(stamp)) = (incoming.header(SIGNATURE), incoming.header(STAMP)) else {
        return Err(Unsigned::Missing);
    };
    let digest = Sha256::digest(incoming.body);
    let signed = |url: &str| {
        signing.any_key(given.as_bytes(), |key| {
            let parts: [&[u8]; 5] = [stamp.as_bytes(), b"\n", url.as_bytes(), b"\n", &digest];
            STANDARD.encode(hmac_sha256(key, &parts)).into_bytes()
        })
    };
    signing.urls.iter().find_map(|url| signed(url).ok()).ok_or(Unsigned::Wrong)?;
    signing.fresh(Timestamp::parse(stamp).map_err(|_| Unsigned::Wrong)?)
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let stamp = signing.now.epoch_seconds().to_string();
    let digest = Sha256::digest(written.bytes());
    let parts: [&[u8]; 5] = [stamp.as_bytes(), b"\n", signing.url().as_bytes(), b"\n", &digest];
    let made = STANDARD.encode(hmac_sha256(signing.key(), &parts));
    written.headers.extend([(SIGNATURE, made), (STAMP, stamp)]);
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.to_string();
    object(
        &json!({"service": "channels", "event": "sms.inbound", "payload": {"id": sms.id, "channelId": "test-lab",
        "sender": {"contact": {"id": "test-lab", "identifierKey": "phonenumber", "identifierValue": sms.sender}},
        "body": {"type": "text", "text": {"text": sms.text}}, "status": "delivered", "direction": "incoming",
        "createdAt": stamp, "updatedAt": stamp}}),
    )
}
