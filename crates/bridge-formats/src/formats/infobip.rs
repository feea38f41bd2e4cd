//! Infobip's webhook of inbound SMS, several in one request (`MO_JSON_2`). Infobip offers Basic authentication
//! and an HMAC; how the latter is sent is in none of its public documents, and the bridge verifies none.
//! Sources: infobip.com/docs/api/channels/sms/inbound-sms, docs/api/platform/subscriptions-api, and
//! `handlers/infobip/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;

use crate::content::{Content, Delivered, Held, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, Row};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, object};

pub(crate) const FORMAT: Format = Format {
    name: "infobip",
    about: "Infobip",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // It documents numbers in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            fields.get("results").is_some()
                && (fields.get("messageCount").is_some() || fields.get("pendingMessageCount").is_some())
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::CommonNames,
    parse,
    secret: None,
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In the Infobip portal, open Channels and Numbers, Numbers, and the number that users text to.",
        "Under SMS, add the inbound configuration \"Forward to HTTP\" with {url} and the format MO_JSON_2.",
        "Choose Basic authentication with any user name and the password {secret}; where that is not offered, \
         enter {url} instead.",
        "Leave keywords empty, so that every SMS is forwarded.",
        TRY_THE_NUMBER,
    ],
    example,
};

#[derive(Deserialize)]
struct Webhook {
    results: Vec<Row>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let rows = incoming.json::<Webhook>()?.results;
    Ok(Content::each(rows.into_iter().enumerate().map(|(at, row)| read(at, row))))
}

/// An SMS, a delivery report, or a message of another kind.
fn read(at: usize, row: Row) -> Result<Held, Unusable> {
    let fields = row.0.map_err(|why| why.of(&format!("results[{at}]")))?;
    let is_report = fields.get("status").is_some() && fields.get("receivedAt").is_none();
    if is_report {
        return Ok(Held::Event(Event::of(EventKind::DeliveryReport)));
    }
    // `message` is an object, of which only the kind is told here: its text stands in the body that is kept.
    if fields.get("message").is_some() && fields.get("text").is_none() {
        let kind = match fields.get("integrationType") {
            Some(FieldValue::Text(kind)) if kind == "RCS" => EventKind::Rcs,
            Some(FieldValue::Text(kind)) if kind != "MMS" => EventKind::OtherChannel,
            _ => EventKind::Mms,
        };
        return Ok(Held::Event(Event::message(kind, fields.get("from"), None)));
    }
    let mut reader = FieldReader::default();
    let name = |field: &str| format!("results[{at}].{field}");
    let sms = Delivered {
        sender: reader.text(&name("from"), fields.get("from"), "the sender"),
        text: reader.text(&name("text"), fields.get("text"), "the text"),
        stamp: FieldReader::stamp(fields.get("receivedAt")),
        delivery_id: reader.optional(&name("messageId"), fields.get("messageId")),
        number: reader.optional(&name("to"), fields.get("to")),
        ..Delivered::default()
    };
    Ok(reader.finish(sms)?.into())
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(
        &json!({"results": [{"messageId": sms.id, "from": digits(sms.sender), "to": digits(LINE), "text": sms.text,
        "receivedAt": sms.at.to_rfc3339_millis().replace('Z', "+0000"), "smsCount": 1}],
        "messageCount": 1, "pendingMessageCount": 0}),
    )
}
