//! The list that `sms_tool -j recv` prints on OpenWrt, posted by a script as it is. A long SMS comes in parts. Its times are
//! the network's digits without their zone.
//! Source: `sms_main.c` of obsy/sms_tool.

use bridge_core::phone::BareDigits;
use bridge_core::sms::Part;
use serde::Deserialize;
use serde_json::json;

use crate::coding::one_of_several;
use crate::content::{Content, Delivered, Held, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, Row};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, Written, object, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "smstool",
    about: "sms_tool (OpenWrt)",
    behind: Behind::Gateway,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    // The network's digits without their zone.
    clock: Clock::None,
    recognises: Some(|incoming| {
        let own = ["index", "sender", "timestamp", "content"];
        let is_its =
            |row: &Row| row.0.as_ref().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()));
        incoming.may_have("msg")
            && incoming.json::<List>().is_ok_and(|list| list.msg.first().is_some_and(is_its))
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: None,
    sign: None,
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "On the router, install the package sms-tool and curl with TLS.",
        "Run every minute by cron: `sms_tool -d /dev/ttyUSB2 -j recv > /tmp/sms && curl -fsS -H 'Content-Type: \
         application/json' --data-binary @/tmp/sms '{url}' && sms_tool -d /dev/ttyUSB2 delete all`.",
        "It deletes only after the bridge said that every SMS is on its disk.",
        TRY_THE_NUMBER,
    ],
    example,
};

#[derive(Deserialize)]
struct List {
    msg: Vec<Row>,
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let rows = incoming.json::<List>()?.msg;
    Ok(Content::each(rows.into_iter().enumerate().map(|(at, row)| read(at, row).map(Held::from))))
}

fn read(at: usize, row: Row) -> Result<Delivered, Unusable> {
    let name = |field: &str| format!("msg[{at}].{field}");
    let fields = row.0.map_err(|why| why.of(&format!("msg[{at}]")))?;
    let mut reader = FieldReader::default();
    if let Some(FieldValue::Text(error)) = fields.get("error") {
        reader.wrong(&name("error"), format!("says: {error}"));
    }
    let sms = Delivered {
        sender: reader.text(&name("sender"), fields.get("sender"), "the sender"),
        text: reader.text(&name("content"), fields.get("content"), "the text"),
        stamp: FieldReader::stamp(fields.get("timestamp")),
        part: part(&fields),
        ..Delivered::default()
    };
    reader.finish(sms)
}

/// A part whose place cannot be read is an SMS of its own: better than one that waits forever.
fn part(fields: &Fields) -> Option<Part> {
    let number = |name: &str| match fields.get(name) {
        Some(FieldValue::Text(text) | FieldValue::Number(text)) => text.parse::<u16>().ok(),
        _ => None,
    };
    let small = |name: &str| u8::try_from(number(name)?).ok();
    one_of_several(number("reference")?.to_string(), small("total")?, small("part")?)
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(
        &json!({"msg": [{"index": 0, "sender": sms.sender, "timestamp": without_zone(sms.at), "content": sms.text}]}),
    )
}
