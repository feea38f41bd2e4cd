//! MSG91's callback of an SMS at a long code (India). Which names it has is in none of its public documents but its panel:
//! read are those that its users have published, and its keyword, which it takes off the text, is put back. Nothing is signed.
//! Sources: msg91.com/help/what-is-a-virtual-number-or-longcode, and receivers of the callback in public repositories.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::event::EventKind;
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, digits, form};

pub(crate) const FORMAT: Format = Format {
    name: "msg91",
    about: "MSG91 (India)",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    // Its time is India's and has no zone.
    clock: Clock::None,
    recognises: None,
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
        "In the MSG91 panel, open Virtual Number, and the number that users text to.",
        "Add the keyword ONBOARD, or the header that you chose, and enter {url} as its callback URL.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SENDER: [&str; 4] = ["number", "mobile", "sender", "from"];
const TEXT: [&str; 3] = ["message", "content", "text"];
const ID: [&str; 3] = ["requestId", "request_id", "id"];

/// The first of these names that is there.
fn first<'a>(fields: &'a Fields, names: &[&'static str]) -> (&'static str, Option<&'a FieldValue>) {
    let there = names.iter().find(|name| !matches!(fields.get(name), None | Some(FieldValue::Null)));
    let name = there.or(names.first()).copied().unwrap_or_default();
    (name, fields.get(name))
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let (text_name, text) = first(fields, &TEXT);
    let is_report =
        fields.get("data").is_some() || fields.get("desc").is_some() || fields.get("report").is_some();
    if is_report && text.is_none() {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let mut reader = FieldReader::default();
    let text = reader.text(text_name, text, "the text");
    let keyword = reader.optional("keyword", fields.get("keyword"));
    let (sender_name, sender) = first(fields, &SENDER);
    let (id_name, id) = first(fields, &ID);
    let sms = Delivered {
        sender: reader.text(sender_name, sender, "the sender"),
        text: keyword.map_or(text.clone(), |keyword| with_keyword(&keyword, text)),
        delivery_id: reader.optional(id_name, id),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// The text as it was sent: its first word, where that was taken off.
fn with_keyword(keyword: &str, text: String) -> String {
    let begins = text.trim_start().to_lowercase().starts_with(&keyword.trim().to_lowercase());
    if begins { text } else { format!("{keyword} {text}") }
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[("number", digits(sms.sender)), ("message", sms.text), ("requestId", sms.id)])
}
