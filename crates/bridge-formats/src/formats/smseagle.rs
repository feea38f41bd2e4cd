//! SMSEagle's callback URL plugin: GET or POST. Its secret is the API key of the plugin, in the parameter `apikey`; it is
//! tried again for a day. Its time is the device's own and has no zone.
//! Source: smseagle.eu/callback-url.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::FieldValue;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, digits, query, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "smseagle",
    about: "SMSEagle (hardware gateway)",
    behind: Behind::Gateway,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    // The device's, without a zone.
    clock: Clock::None,
    recognises: Some(|incoming| {
        let own = ["sender", "timestamp", "text", "msgid"];
        incoming.fields().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()))
    }),
    told_by: ToldBy::CommonNames,
    parse,
    secret: Some(secret),
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In SMSEagle, open Settings, Callback URL, and add one.",
        "Enter {url} with method POST.",
        "Or enter the address without the key behind `?`, and {secret} as its API key.",
        "Turn it on, and press \"Test URL\".",
        TRY_THE_NUMBER,
    ],
    example,
};

fn secret(incoming: &Incoming<'_>) -> Option<String> {
    match incoming.fields().ok()?.get("apikey") {
        Some(FieldValue::Text(secret)) => Some(secret.clone()),
        _ => None,
    }
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("sender", fields.get("sender"), "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp: FieldReader::stamp(fields.get("timestamp")),
        delivery_id: reader.optional("msgid", fields.get("msgid")),
        device: reader.optional("modemno", fields.get("modemno")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    query(&[
        ("sender", digits(sms.sender)),
        ("timestamp", &without_zone(sms.at).replace(['-', ' ', ':'], "")),
        ("msgid", sms.id),
        ("text", sms.text),
    ])
}
