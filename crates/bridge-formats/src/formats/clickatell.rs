//! Clickatell: the reply callback of its platform, and that of its One API, where several messages of SMS and WhatsApp come
//! together. Nothing is signed; both can send Basic authentication. Letters beyond ASCII may come percent-encoded in the
//! JSON, in the alphabet that `charset` says.
//! Sources: clickatell.com/developers/api-documentation/http-api-reply-callback, one-api-received-message-callback, and
//! `handlers/clickatell/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;
use serde::Deserialize;
use serde_json::json;

use crate::coding::Alphabet;
use crate::content::{Content, Delivered, Held, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, Row, decoded_bytes};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, object};

pub(crate) const FORMAT: Format = Format {
    name: "clickatell",
    about: "Clickatell",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: false,
    // It documents numbers in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            let has = |names: &[&str]| names.iter().all(|name| fields.get(name).is_some());
            has(&["fromNumber", "toNumber", "messageId"]) || has(&["integrationId", "event"])
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/plain", body: "" },
    version: None,
    warning: None,
    steps: &[
        "In the Clickatell portal, open the SMS integration that the number belongs to, and its two-way settings.",
        "Enter {url} as reply callback URL, with method POST.",
        "Where authentication is offered, choose Basic with any user name and the password {secret}.",
        TRY_THE_NUMBER,
    ],
    example,
};

/// Of the One API.
#[derive(Deserialize)]
struct Webhook {
    event: Kinds,
}

/// Each of them a list; what is not there is none of that kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kinds {
    #[serde(default)]
    mo_text: Vec<Row>,
    #[serde(default)]
    mo_media: Vec<Row>,
    #[serde(default)]
    mo_location: Vec<Row>,
    #[serde(default)]
    message_status_update: Vec<Row>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    if fields.get("event").is_some() {
        return one_api(incoming);
    }
    if fields.get("statusCode").is_some() && fields.get("text").is_none() {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let mut reader = FieldReader::default();
    let text = reader.text("text", fields.get("text"), "the text");
    // Of a reply, `messageId` is that of the message which it answers.
    let own_id = reader.optional("replyMessageId", fields.get("replyMessageId"));
    let sms = Delivered {
        sender: reader.text("fromNumber", fields.get("fromNumber"), "the sender"),
        text: decoded(text, fields.get("charset")),
        stamp: FieldReader::utc_stamp(fields.get("timestamp")),
        delivery_id: own_id.or_else(|| reader.optional("messageId", fields.get("messageId"))),
        number: reader.optional("toNumber", fields.get("toNumber")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

fn one_api(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let Kinds { mo_text, mo_media, mo_location, message_status_update } = incoming.json::<Webhook>()?.event;
    let texts = mo_text.into_iter().enumerate().map(|(at, row)| read(at, row));
    let others = mo_media.into_iter().chain(mo_location).map(|row| {
        let fields = row.0.unwrap_or_default();
        Ok(Held::Event(Event::message(EventKind::OtherChannel, fields.get("from"), fields.get("caption"))))
    });
    let reports =
        message_status_update.into_iter().map(|_| Ok(Held::Event(Event::of(EventKind::DeliveryReport))));
    Ok(Content::each(texts.chain(others).chain(reports)))
}

fn read(at: usize, row: Row) -> Result<Held, Unusable> {
    let name = |field: &str| format!("event.moText[{at}].{field}");
    let fields = row.0.map_err(|why| why.of(&format!("event.moText[{at}]")))?;
    if let Some(FieldValue::Text(channel)) = fields.get("channel")
        && channel.trim() != "sms"
    {
        let message = Event::message(EventKind::OtherChannel, fields.get("from"), fields.get("content"));
        return Ok(Held::Event(message));
    }
    let mut reader = FieldReader::default();
    let text = reader.text(&name("content"), fields.get("content"), "the text");
    let sms = Delivered {
        sender: reader.text(&name("from"), fields.get("from"), "the sender"),
        text: decoded(text, fields.get("charset")),
        stamp: FieldReader::utc_stamp(fields.get("timestamp")),
        delivery_id: reader.optional(&name("messageId"), fields.get("messageId")),
        number: reader.optional(&name("to"), fields.get("to")),
        ..Delivered::default()
    };
    Ok(reader.finish(sms)?.into())
}

/// What stands percent-encoded in another alphabet. A text of letters is one as it is.
fn decoded(text: String, charset: Option<&FieldValue>) -> String {
    let Some(FieldValue::Text(charset)) = charset else { return text };
    let alphabet = Alphabet::of_charset(charset);
    if alphabet == Alphabet::Unknown || !text.is_ascii() || !text.contains('%') {
        return text;
    }
    alphabet.text(&decoded_bytes(text.as_bytes()))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"integrationName": "test-lab", "messageId": sms.id, "replyMessageId": sms.id,
        "fromNumber": digits(sms.sender), "toNumber": digits(LINE), "timestamp": sms.at.0, "text": sms.text,
        "charset": "UTF-8", "udh": "", "network": "", "keyword": ""}))
}
