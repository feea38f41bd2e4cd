//! Jasmin's HTTP client connector (`deliverSmHttpThrower`), GET or POST. Jasmin signs nothing; it hands on the
//! bytes of the network, as they are in `content` and in hex in `binary`, and joins the parts of a long SMS.
//! Sources: docs.jasminsms.com/en/latest/apis/http, `jasmin/routing/throwers.py` of jookies/jasmin, and
//! `handlers/jasmin/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;

use crate::coding::{Alphabet, bytes_of_hex};
use crate::content::{Content, Delivered, Unusable};
use crate::event::EventKind;
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::pairs;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, form};

pub(crate) const FORMAT: Format = Format {
    name: "jasmin",
    about: "Jasmin SMS gateway (SMPP)",
    behind: Behind::Gateway,
    takes_get: true,
    asks_first: false,
    // As the network gave them: each in its own way.
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::None,
    recognises: Some(|incoming| {
        incoming.fields().is_ok_and(|fields| fields.get("origin-connector").is_some())
    }),
    told_by: ToldBy::OneName,
    parse,
    secret: None,
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/plain", body: "ACK/Jasmin" },
    version: None,
    warning: None,
    steps: &[
        "In jcli, run `httpccm -a` and set `cid bridge`, `method POST` and `url {url}`; then `ok`.",
        "Add a route to it: `morouter -a`, `type DefaultRoute`, `connector http(bridge)`, `ok`, and `persist`.",
        "Set `max_retries` under `[deliversm-thrower]` in jasmin.cfg to 200 or more: after the last try Jasmin \
         throws the SMS away.",
        "Do not use failover routes: Jasmin does not try again on them.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    if fields.get("message_status").is_some() {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: text(incoming, fields, &mut reader),
        delivery_id: reader.optional("id", fields.get("id")),
        number: reader.optional("to", fields.get("to")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// The bytes of `binary`, or those of `content`, in the alphabet that `coding` says.
fn text(incoming: &Incoming<'_>, fields: &Fields, reader: &mut FieldReader) -> String {
    let coding = reader.optional("coding", fields.get("coding"));
    let alphabet = match coding.as_deref().map(str::parse) {
        Some(Ok(coding)) => Alphabet::of_smpp(coding),
        Some(Err(_)) | None => Alphabet::Unknown,
    };
    let binary = reader.optional("binary", fields.get("binary"));
    match (binary, fields.get("content")) {
        (Some(binary), content) => match bytes_of_hex(binary.as_bytes()) {
            Some(bytes) => alphabet.text(&bytes),
            None if content.is_some() => written(incoming, alphabet),
            None => {
                reader.wrong("binary", "is not hex");
                String::new()
            }
        },
        // An empty SMS: Jasmin writes both, and both are empty.
        (None, None) if matches!(fields.get("binary"), Some(FieldValue::Text(_))) => String::new(),
        (None, Some(FieldValue::Text(_))) => written(incoming, alphabet),
        (None, content) => reader.text("content", content, "the text, unless `binary` holds it"),
    }
}

fn written(incoming: &Incoming<'_>, alphabet: Alphabet) -> String {
    alphabet.text(&pairs::value(incoming, "content").unwrap_or_default())
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    // As UCS-2: whatever is in the text comes through.
    let units: String = sms.text.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
    form(&[
        ("id", sms.id),
        ("from", digits(sms.sender)),
        ("to", digits(LINE)),
        ("coding", "8"),
        ("binary", &units),
        ("origin-connector", "test-lab"),
    ])
}
