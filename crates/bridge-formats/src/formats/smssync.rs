//! SMSSync's sync URL (Ushahidi, Android), as a form, JSON or XML. There is no signature: the secret stands in the body.
//! The app counts an SMS as delivered only if the answer is its own JSON. What it polls for with GET, tasks and
//! texts to be sent, is no business of the bridge.
//! Sources: `data/net/MessageHttpClient.java` and `data/message/ProcessMessage.java` of ushahidi/SMSSync.

use std::borrow::Cow;

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::Fields;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::generic;
use crate::incoming::Incoming;
use crate::steps::{KEEP_IT_AWAKE, TRY_THE_PHONE};
use crate::writing::{Example, Written, form};
use crate::xml;

pub(crate) const FORMAT: Format = Format {
    name: "smssync",
    about: "SMSSync (Android app of Ushahidi)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            ["from", "message", "message_id", "sent_timestamp"].iter().all(|name| fields.get(name).is_some())
        };
        fields_of(incoming).is_ok_and(|fields| named(&fields))
    }),
    told_by: ToldBy::Own,
    parse,
    secret: Some(|incoming| fields_of(incoming).ok().and_then(|fields| generic::secret(&fields))),
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed {
        content_type: "application/json",
        body: r#"{"payload":{"success":true,"error":null}}"#,
    },
    version: None,
    warning: None,
    steps: &[
        "In SMSSync, open Integration, add a custom web service with the URL {url} and the secret {secret}.",
        "Leave its method POST, its data format URLEncoded and the names of its keys as they are.",
        "Turn the service on, then start SMSSync.",
        "Under Settings, turn on automatic sync, and raise its retries: the app drops an SMS that failed three times.",
        KEEP_IT_AWAKE,
        TRY_THE_PHONE,
    ],
    example,
};

/// `<payload><from>…</from>…</payload>`, where its data format is XML.
fn fields_of<'a>(incoming: &'a Incoming<'_>) -> Result<Cow<'a, Fields>, Unusable> {
    let body = incoming.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(incoming.body).trim_ascii_start();
    if body.starts_with(b"<") {
        xml::children(body).map(Cow::Owned)
    } else {
        incoming.fields().map(Cow::Borrowed)
    }
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = fields_of(incoming)?;
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("message", fields.get("message"), "the text"),
        stamp: FieldReader::stamp(fields.get("sent_timestamp")),
        delivery_id: reader.optional("message_id", fields.get("message_id")),
        number: reader.optional("sent_to", fields.get("sent_to")),
        device: reader.optional("device_id", fields.get("device_id")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[
        ("from", sms.sender),
        ("message", sms.text),
        ("message_id", sms.id),
        ("sent_timestamp", &sms.at.0.to_string()),
        ("sent_to", ""),
        ("device_id", "test-lab"),
    ])
}
