//! playSMS, which calls a URL for each SMS that no other feature of it took: GET by the template of the steps below, or with
//! all of it as JSON in one parameter. It asks once, has no id, and its times have no zone.
//! Source: `web/plugin/feature/incoming/fn.php` and `web/plugin/feature/sms_custom/fn.php` of playsms/playsms.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, query, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "playsms",
    about: "playSMS",
    behind: Behind::Gateway,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    // The server's, without a zone.
    clock: Clock::None,
    recognises: Some(|incoming| {
        incoming
            .fields()
            .is_ok_and(|fields| fields.get("sms_sender").is_some() && fields.get("sms_datetime").is_some())
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
        "In playSMS, open Settings, Route incoming SMS, and \"Forward all sandbox SMS to a URL\".",
        "Enter {url}&sms_datetime={SANDBOX_DATETIME}&sms_sender={SANDBOX_SENDER}&sms_receiver={SANDBOX_RECEIVER}\
         &smsc={SANDBOX_SMSC}&message={SANDBOX_MESSAGE}.",
        "Keep the bridge up: playSMS asks once and never again.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    match fields.get("payload") {
        Some(FieldValue::Text(payload)) => {
            read(&Fields::read("application/json", payload.as_bytes()).map_err(|why| why.of("payload"))?)
        }
        _ => read(fields),
    }
}

fn read(fields: &Fields) -> Result<Content, Unusable> {
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("sms_sender", fields.get("sms_sender"), "the sender"),
        text: reader.text("message", fields.get("message"), "the text"),
        stamp: FieldReader::stamp(fields.get("sms_datetime")),
        number: reader.optional("sms_receiver", fields.get("sms_receiver")),
        device: reader.optional("smsc", fields.get("smsc")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    query(&[
        ("sms_datetime", &without_zone(sms.at)),
        ("sms_sender", sms.sender),
        ("sms_receiver", ""),
        ("smsc", sms.id),
        ("message", sms.text),
    ])
}
