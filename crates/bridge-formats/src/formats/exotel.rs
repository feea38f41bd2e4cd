//! Exotel's call of a URL for an incoming SMS (India): GET, and whatever is answered is texted to the user. Before the first
//! SMS it asks with HEAD whether the URL answers in plain text. Nothing is signed.
//! Source: support.exotel.com, "Send a SMS reply in response to an incoming SMS".

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, query, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "exotel",
    about: "Exotel (India)",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: true,
    bare_digits: BareDigits::OneWayOnly,
    // Its time is India's and has no zone.
    clock: Clock::None,
    recognises: Some(|incoming| {
        let own = ["SmsSid", "From", "To", "Date", "Body"];
        incoming.fields().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()))
    }),
    told_by: ToldBy::CommonNames,
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
        "In Exotel, open Installed apps, and \"Edit SMS app\" of the app that the number belongs to.",
        "Drag the applet \"Send a Reply\" into it, and enter {url} as its text: the bridge answers nothing, so that nothing is \
         sent.",
        "Let only TLS reach that address, and keep it out of the logs of your proxy.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("From", fields.get("From"), "the sender"),
        text: reader.text("Body", fields.get("Body"), "the text"),
        stamp: FieldReader::stamp(fields.get("Date")),
        delivery_id: reader.optional("SmsSid", fields.get("SmsSid")),
        number: reader.optional("To", fields.get("To")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    query(&[
        ("SmsSid", sms.id),
        ("From", sms.sender),
        ("To", LINE),
        ("Date", &without_zone(sms.at)),
        ("Body", sms.text),
    ])
}
