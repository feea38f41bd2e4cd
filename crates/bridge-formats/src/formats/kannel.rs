//! Kannel's `sms-service`: GET by the template of the steps below, or POST with the text as body and the rest in
//! `X-Kannel-*` headers. Kannel signs nothing, and sends whatever the bridge answers to the user as an SMS.
//! Sources: `doc/userguide/userguide.xml`, `gw/urltrans.c` and `gw/smsbox.c` of Kannel, and
//! `handlers/kannel/handler.go` of nyaruka/courier, whose template is understood too.

use bridge_core::phone::BareDigits;
use bridge_core::sms::Part;
use http::Method;

use crate::coding::{self, Alphabet};
use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, decoded_bytes, plain};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::pairs;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, query};

pub(crate) const FORMAT: Format = Format {
    name: "kannel",
    about: "Kannel (SMPP, modems)",
    behind: Behind::Gateway,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let agent = incoming.header("user-agent").unwrap_or_default();
        agent.starts_with("Kannel/") || incoming.header("x-kannel-to").is_some()
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
        "In kannel.conf, add `group = sms-service` with `keyword = default` and `catch-all = true`.",
        "Set there `get-url = \"{url}&sender=%p&to=%P&message=%b&ts=%T&id=%I&smsc=%i&coding=%c\
         &charset=%C&udh=%u\"`.",
        "Set there `max-messages = 0` and `omit-empty = true`, so that the user gets no answer by SMS.",
        "In `group = smsbox` set `mo-recode = true`, `http-request-retry = 10000` and `http-queue-delay = 10`: \
         without them Kannel does not try again.",
        "In `group = core` set `store-file` or `store-type = spool`, and `sms-combine-concatenated-mo = true`.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let sms = if incoming.method == Method::GET { by_query(incoming) } else { by_headers(incoming) };
    Ok(Content::one(sms?))
}

/// The template, in its own names and in courier's.
fn by_query(incoming: &Incoming<'_>) -> Result<Delivered, Unusable> {
    let fields = incoming.fields()?;
    let mut reader = FieldReader::default();
    let sender = match (fields.get("sender"), incoming.header("x-kannel-from")) {
        (None, Some(sender)) => sender.to_owned(),
        (sender, _) => reader.text("sender", sender, "the sender, as sender=%p"),
    };
    let text = match fields.get("message") {
        Some(FieldValue::Text(_)) => {
            alphabet_of(fields).text(&pairs::value(incoming, "message").unwrap_or_default())
        }
        other => reader.text("message", other, "the text, as message=%b"),
    };
    let sms = Delivered {
        sender,
        text,
        stamp: FieldReader::utc_stamp(fields.get("ts")),
        delivery_id: reader.optional("id", fields.get("id")),
        number: reader.optional("to", fields.get("to")),
        device: reader.optional("smsc", fields.get("smsc")),
        part: pairs::value(incoming, "udh").and_then(|header| part(&header)),
        ..Delivered::default()
    };
    reader.finish(sms)
}

/// `%C`, or `%c` where only that is there.
fn alphabet_of(fields: &Fields) -> Alphabet {
    match (fields.get("charset"), fields.get("coding")) {
        (Some(FieldValue::Text(charset)), _) if !charset.is_empty() => Alphabet::of_charset(charset),
        (_, Some(FieldValue::Text(coding))) if coding == "2" => Alphabet::Ucs2,
        _ => Alphabet::Unknown,
    }
}

/// `post-url`: the headers that smsbox writes, and no id.
fn by_headers(incoming: &Incoming<'_>) -> Result<Delivered, Unusable> {
    let mut reader = FieldReader::default();
    let header = |name: &str| {
        let value = incoming.headers.get(name)?;
        Some(FieldValue::Text(plain(value.as_bytes())))
    };
    let what = "the sender: set `send-sender = true` in Kannel's sms-service";
    let sms = Delivered {
        sender: reader.text("X-Kannel-From", header("x-kannel-from").as_ref(), what),
        text: alphabet_of_header(incoming).text(incoming.body),
        stamp: FieldReader::utc_stamp(header("x-kannel-time").as_ref()),
        number: reader.optional("X-Kannel-To", header("x-kannel-to").as_ref()),
        device: reader.optional("X-Kannel-SMSC", header("x-kannel-smsc").as_ref()),
        part: incoming.header("x-kannel-udh").and_then(|header| part(&decoded_bytes(header.as_bytes()))),
        ..Delivered::default()
    };
    reader.finish(sms)
}

fn alphabet_of_header(incoming: &Incoming<'_>) -> Alphabet {
    incoming.charset().map_or(Alphabet::Unknown, Alphabet::of_charset)
}

/// The user data header as its bytes, or as hex digits: versions of Kannel differ.
fn part(header: &[u8]) -> Option<Part> {
    coding::part(header).or_else(|| coding::part(&coding::bytes_of_hex(header)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    query(&[
        ("id", sms.id),
        ("ts", &sms.at.epoch_seconds().to_string()),
        ("sender", sms.sender),
        ("message", sms.text),
    ])
}
