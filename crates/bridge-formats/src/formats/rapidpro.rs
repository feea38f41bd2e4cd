//! What sends to an external channel of RapidPro and TextIt sends to the bridge: its `receive` URL takes a sender, a text and
//! a time, by GET or POST, under two names each. Nothing is signed, and there is no id.
//! Source: `handlers/external/handler.go` of nyaruka/courier.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, form};

pub(crate) const FORMAT: Format = Format {
    name: "rapidpro",
    about: "RapidPro, TextIt (what sends to their external channel)",
    behind: Behind::Gateway,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: None,
    told_by: ToldBy::CommonNames,
    parse,
    secret: None,
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed {
        content_type: "application/json",
        body: r#"{"message":"Message Accepted","data":[]}"#,
    },
    version: None,
    warning: None,
    steps: &[
        "Open what sends to your external channel: a phone's relayer, a gateway, a script.",
        "Enter {url} where it has the channel's `receive` URL, and leave its names from (or sender), text, date (or time).",
        "Let it write the time in RFC 3339 with its zone, or leave it out.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn first<'a>(fields: &'a Fields, names: [&'static str; 2]) -> (&'static str, Option<&'a FieldValue>) {
    let there = names.into_iter().find(|name| fields.get(name).is_some());
    let name = there.unwrap_or(names[0]);
    (name, fields.get(name))
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let mut reader = FieldReader::default();
    let (from, sender) = first(fields, ["from", "sender"]);
    let (_, time) = first(fields, ["date", "time"]);
    let sms = Delivered {
        sender: reader.text(from, sender, "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp: FieldReader::stamp(time),
        number: reader.optional("to", fields.get("to")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[("from", sms.sender), ("text", sms.text), ("date", &sms.at.to_string())])
}
