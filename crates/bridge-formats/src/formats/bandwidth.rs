//! Bandwidth's callback of a received message: a list of events, mostly of one. Nothing is signed; it can send Basic
//! authentication.
//! Sources: dev.bandwidth.com/docs/messaging/webhooks, and `handlers/bandwidth/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;

use crate::content::{Content, Delivered, Held, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::FieldValue;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "bandwidth",
    about: "Bandwidth",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // Numbers are in E.164, as it documents; digits without a plus lost theirs.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let is_its =
            |one: &Callback| one.message.as_ref().is_some_and(|message| message.application_id.is_some());
        incoming.may_be_list()
            && incoming.json::<Vec<Callback>>().is_ok_and(|all| all.first().is_some_and(is_its))
    }),
    told_by: ToldBy::Own,
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
        "In the Bandwidth dashboard, open Applications and the messaging application of the number that users text to.",
        "Enter {url} as inbound callback URL.",
        "Choose Basic authentication with any user name and the password {secret}.",
        TRY_THE_NUMBER,
    ],
    example,
};

#[derive(Deserialize)]
struct Callback {
    #[serde(rename = "type")]
    kind: Option<FieldValue>,
    time: Option<FieldValue>,
    message: Option<Message>,
}

/// Of other events than messages too, so that nothing must be there.
#[derive(Deserialize)]
struct Message {
    id: Option<FieldValue>,
    time: Option<FieldValue>,
    owner: Option<FieldValue>,
    from: Option<FieldValue>,
    text: Option<FieldValue>,
    media: Option<Vec<FieldValue>>,
    channel: Option<FieldValue>,
    #[serde(rename = "applicationId")]
    application_id: Option<FieldValue>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let all: Vec<Callback> = incoming.json()?;
    if all.is_empty() {
        return Err(Unusable::because("the list of events is empty"));
    }
    Ok(Content::each(all.into_iter().enumerate().map(|(at, one)| read(at, one))))
}

fn read(at: usize, one: Callback) -> Result<Held, Unusable> {
    let mut reader = FieldReader::default();
    let name = |field: &str| format!("[{at}].{field}");
    let kind = reader.text(&name("type"), one.kind.as_ref(), "which event this is");
    match kind.as_str() {
        "message-received" | "" => {}
        report if report.starts_with("message-") => {
            return Ok(Held::Event(Event::of(EventKind::DeliveryReport)));
        }
        _ => return Ok(Held::Event(Event::of(EventKind::Other))),
    }
    let Some(message) = one.message else {
        reader.wrong(&name("message"), "is missing: the message");
        return reader.finish(Delivered::default()).map(Held::from);
    };
    let other = match message.channel.as_ref() {
        Some(FieldValue::Text(channel)) if channel.eq_ignore_ascii_case("rcs") => Some(EventKind::Rcs),
        Some(FieldValue::Text(channel)) if channel.eq_ignore_ascii_case("mms") => Some(EventKind::Mms),
        _ => None,
    };
    let has_media = message.media.as_ref().is_some_and(|media| !media.is_empty());
    if let Some(kind) = other.or(has_media.then_some(EventKind::Mms)) {
        return Ok(Held::Event(Event::message(kind, message.from.as_ref(), message.text.as_ref())));
    }
    let stamp = match FieldReader::utc_stamp(message.time.as_ref()) {
        None => FieldReader::utc_stamp(one.time.as_ref()),
        some => some,
    };
    let sms = Delivered {
        sender: reader.text(&name("message.from"), message.from.as_ref(), "the sender"),
        text: reader.text(&name("message.text"), message.text.as_ref(), "the text"),
        stamp,
        delivery_id: reader.optional(&name("message.id"), message.id.as_ref()),
        number: reader.optional(&name("message.owner"), message.owner.as_ref()),
        ..Delivered::default()
    };
    Ok(reader.finish(sms)?.into())
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.to_string();
    object(
        &json!([{"type": "message-received", "time": stamp, "description": "Incoming message received", "to": LINE,
        "message": {"id": sms.id, "owner": LINE, "applicationId": "test-lab", "time": stamp, "segmentCount": 1,
        "direction": "in", "to": [LINE], "from": sms.sender, "text": sms.text}}]),
    )
}
