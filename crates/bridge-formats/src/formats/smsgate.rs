//! SMSGate's webhooks (the Android app "SMS Gateway for Android"). The signature covers the body and a time that
//! is signed again at every try. One SMS may come by two ways, the phone's own and the app's cloud, with another
//! event id and another device: `messageId` is the same.
//! Sources: `modules/webhooks` and `modules/health` of capcom6/android-sms-gateway, and
//! `docs/features/{webhooks,health}.md` of android-sms-gateway/docs-web.

use std::borrow::Cow;

use bridge_core::message::storable;
use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::content::{Content, Delivered, Report, Unusable};
use crate::event::{Event as Other, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, Row};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{body_and_stamp, sign_body_and_stamp};
use crate::steps::{KEEP_IT_AWAKE, TRY_THE_PHONE};
use crate::writing::{Example, LINE, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "smsgate",
    about: "SMSGate (Android app)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named =
            |fields: &Fields| ["event", "payload", "webhookId"].iter().all(|name| fields.get(name).is_some());
        version(incoming).is_some() || incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(body_and_stamp),
    sign: Some(sign_body_and_stamp),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: true,
    reply: Reply::Ours,
    version: Some(version),
    warning: Some(warning),
    steps: &[
        "Install SMSGate 1.66.2 or newer, open it and turn on Local or Cloud mode.",
        "Under Settings, Webhooks, enter {signing_key} as signing key: the one the app makes is only eight characters.",
        "Where the phone has no internet, turn off Settings, Webhooks, \"Require Internet connection\"; for a bridge \
         without a public certificate install the project's own, see its documentation.",
        "Register {url} for the event sms:received with POST /webhooks of the app, in one mode only.",
        "Register {url} for system:ping and app:started too, and turn on Settings, Ping: the bridge then tells when \
         the phone falls silent and when its battery runs low.",
        KEEP_IT_AWAKE,
        TRY_THE_PHONE,
    ],
    example,
};

/// Which event; the rest may be of any shape.
#[derive(Deserialize)]
struct Kind {
    event: Option<FieldValue>,
}

#[derive(Deserialize)]
struct Event<P> {
    id: Option<FieldValue>,
    #[serde(rename = "deviceId")]
    device_id: Option<FieldValue>,
    payload: P,
}

#[derive(Deserialize)]
struct Batch {
    messages: Vec<Row>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let mut reader = FieldReader::default();
    let kind = reader.text("event", incoming.json::<Kind>()?.event.as_ref(), "which event this is");
    // Of no SMS; it says what is wrong with `event`.
    reader.finish(Delivered::default())?;
    match kind.as_str() {
        "sms:received" => {
            let event = incoming.json::<Event<Fields>>()?;
            Ok(Content::one(read(&event, &event.payload, None)?))
        }
        "sms:batch:received" => {
            let mut event = incoming.json::<Event<Batch>>()?;
            let rows = std::mem::take(&mut event.payload.messages);
            Ok(Content::each(rows.into_iter().enumerate().map(|(at, row)| {
                let fields = row.0.map_err(|why| why.of(&format!("payload.messages[{at}]")))?;
                read(&event, &fields, Some(at))
            })))
        }
        "system:ping" => {
            Ok(Content::sign_of_life(health(incoming, &incoming.json::<Event<Value>>()?.payload)))
        }
        "app:started" => Ok(Content::sign_of_life(health(incoming, &Value::Null))),
        // What later versions think of counts too.
        other => Ok(no_sms(other, incoming)),
    }
}

/// An event of no SMS. Its payload may be of any shape: what it says is kept, and nothing depends on it.
fn no_sms(event: &str, incoming: &Incoming<'_>) -> Content {
    let kind = match event {
        "sms:sent" | "sms:delivered" | "sms:failed" | "sms:cancelled" => EventKind::DeliveryReport,
        mms if mms.starts_with("mms:") => EventKind::Mms,
        data if data.starts_with("sms:") && data.contains("data") => EventKind::Binary,
        rcs if rcs.starts_with("rcs:") => EventKind::Rcs,
        _ => EventKind::Other,
    };
    if kind == EventKind::DeliveryReport || kind == EventKind::Other {
        return Content::of(kind);
    }
    let message = |fields: &Fields| {
        let first = |names: [&str; 2]| names.into_iter().find_map(|name| fields.get(name));
        Other::message(kind, first(["sender", "phoneNumber"]), first(TEXT_OF_MMS))
    };
    if let Ok(batch) = incoming.json::<Event<Batch>>() {
        let rows = batch.payload.messages.into_iter();
        let events =
            rows.map(|row| row.0.map_or_else(|_| Other::message(kind, None, None), |row| message(&row)));
        return Content { events: events.collect(), ..Content::default() };
    }
    let one = incoming.json::<Event<Fields>>().map(|event| message(&event.payload));
    Content::event(one.unwrap_or_else(|_| Other::message(kind, None, None)))
}

/// Once it is downloaded it has a body; before, a subject at most.
const TEXT_OF_MMS: [&str; 2] = ["body", "subject"];

/// One SMS, alone or in a batch.
fn read<P>(event: &Event<P>, fields: &Fields, at: Option<usize>) -> Result<Delivered, Unusable> {
    let mut reader = FieldReader::default();
    let name = |field: &str| match at {
        None => format!("payload.{field}"),
        Some(at) => format!("payload.messages[{at}].{field}"),
    };
    let mut optional = |field: &str| reader.optional(&name(field), fields.get(field));
    let (number, content_id, sim) = (optional("recipient"), optional("messageId"), optional("simNumber"));
    let by = ["sender", "phoneNumber"];
    // Versions before 1.54 know `phoneNumber` alone.
    let sender = by.into_iter().find(|field| !matches!(fields.get(field), None | Some(FieldValue::Null)));
    let sender = sender.unwrap_or(by[0]);
    let delivery_id = reader.optional("id", event.id.as_ref());
    let device = reader.optional("deviceId", event.device_id.as_ref());
    let sms = Delivered {
        sender: reader.text(&name(sender), fields.get(sender), "the sender"),
        also_sender: Vec::new(),
        text: reader.text(&name("message"), fields.get("message"), "the text"),
        stamp: FieldReader::stamp(fields.get("receivedAt")),
        // A batch has one id for all that it holds.
        delivery_id: delivery_id.map(|id| at.map_or(id.clone(), |at| format!("{id}/{at}"))),
        number,
        device: device.map(|device| sim.map_or(device.clone(), |sim| format!("{device}/sim{sim}"))),
        content_id,
        part: None,
    };
    reader.finish(sms)
}

/// What the phone says about itself; what it does not say stays open.
fn health(incoming: &Incoming<'_>, payload: &Value) -> Report {
    let observed = |check: &str| payload.pointer(&format!("/health/checks/{check}/observedValue"))?.as_u64();
    let told = payload.pointer("/health/version").and_then(Value::as_str).map(storable);
    Report {
        battery: observed("battery:level").and_then(|percent| u8::try_from(percent.min(100)).ok()),
        charging: observed("battery:charging").map(|flags| flags != 0),
        network: observed("connection:transport").and_then(transport).map(str::to_owned),
        app_version: version(incoming).or(told.map(Cow::into_owned)).filter(|version| !version.is_empty()),
    }
}

/// One flag: the app tells one network even where the phone has several.
fn transport(flag: u64) -> Option<&'static str> {
    match flag {
        0 => Some("none"),
        2 => Some("cellular"),
        4 => Some("wifi"),
        8 => Some("ethernet"),
        _ => None,
    }
}

fn version(incoming: &Incoming<'_>) -> Option<String> {
    let rest = incoming.header("user-agent")?.strip_prefix("me.capcom.smsgateway/")?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn warning(version: &str) -> Option<&'static str> {
    let mut numbers = version.split('.').map(|part| {
        let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse::<u32>().ok()
    });
    let mut next = || numbers.next().flatten();
    let known = (next()?, next()?, next().unwrap_or_default());
    if known < (1, 52, 0) {
        return Some(
            "This version forgets what it could not deliver when the phone restarts: update SMSGate to 1.66.2 or newer.",
        );
    }
    if ((1, 65, 2)..=(1, 66, 1)).contains(&known) {
        return Some(
            "This version drops an SMS that it has seen before, even weeks later: update SMSGate to 1.66.2 or newer.",
        );
    }
    None
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"deviceId": "test-lab", "event": "sms:received", "id": sms.id, "webhookId": "test-lab",
        "payload": {"message": sms.text, "messageId": sms.id, "sender": sms.sender, "recipient": LINE,
        "receivedAt": sms.at.to_string(), "simNumber": 1}}))
}
