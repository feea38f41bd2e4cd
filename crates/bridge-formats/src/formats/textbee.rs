//! textbee's webhook of a received SMS. The signature covers the body and no time.
//! textbee gives an SMS up at the first answer with 4xx, a wrong signature's 401 too.
//! Source: `api/src/webhook/webhook.service.ts` of textbee/textbee.

use bridge_core::phone::BareDigits;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{body_alone, sign_body_alone};
use crate::steps::{KEEP_IT_AWAKE, TRY_THE_PHONE};
use crate::writing::{Example, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "textbee",
    about: "textbee (Android app with a cloud)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            fields.get("webhookSubscriptionId").is_some() && fields.get("webhookEvent").is_some()
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(body_alone),
    sign: Some(sign_body_alone),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "Install the textbee app, register the phone in the dashboard, and turn on \"Receive SMS\" in the app.",
        "In the dashboard, under Webhooks, add a webhook with the delivery URL {url}.",
        "Enter {signing_key} as its signing secret, exactly: textbee never tries again what was refused once.",
        "Choose the event MESSAGE_RECEIVED.",
        KEEP_IT_AWAKE,
        TRY_THE_PHONE,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields: Fields = incoming.json()?;
    if let Some(FieldValue::Text(event)) = fields.get("webhookEvent")
        && event != "MESSAGE_RECEIVED"
    {
        return Ok(match event.as_str() {
            "MESSAGE_SENT" | "MESSAGE_DELIVERED" | "MESSAGE_FAILED" | "UNKNOWN_STATE" => {
                Content::of(EventKind::DeliveryReport)
            }
            mms if mms.contains("MMS") => {
                let (sender, text) = (fields.get("sender"), fields.get("message"));
                Content::event(Event::message(EventKind::Mms, sender, text))
            }
            _ => Content::of(EventKind::Other),
        });
    }
    let mut reader = FieldReader::default();
    let (delivery, sms) = (fields.get("idempotencyKey"), fields.get("smsId"));
    let sms = Delivered {
        sender: reader.text("sender", fields.get("sender"), "the sender"),
        text: reader.text("message", fields.get("message"), "the text"),
        stamp: FieldReader::stamp(fields.get("receivedAt")),
        delivery_id: reader.optional("idempotencyKey", delivery).or_else(|| reader.optional("smsId", sms)),
        device: reader.optional("deviceId", fields.get("deviceId")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"smsId": sms.id, "message": sms.text, "deviceId": "test-lab",
        "webhookSubscriptionId": "test-lab", "webhookEvent": "MESSAGE_RECEIVED", "idempotencyKey": sms.id,
        "sender": sms.sender, "receivedAt": sms.at.to_string()}))
}
