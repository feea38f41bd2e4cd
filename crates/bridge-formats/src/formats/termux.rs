//! The list that `termux-sms-list` prints on a phone, posted by a script as it is. It has the SMS that the phone sent too, and
//! its times are the phone's without their zone; a newer one has the SMS of before as well, which are known by their ids.
//! Source: `app/src/main/java/com/termux/api/apis/SmsInboxAPI.java` of termux/termux-api.

use bridge_core::phone::BareDigits;
use serde_json::json;

use crate::content::{Content, Delivered, Held, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields, Row};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::steps::{KEEP_IT_AWAKE, TRY_THE_PHONE};
use crate::writing::{Example, Written, object, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "termux",
    about: "Termux (Android, `termux-sms-list`)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    // The phone's, without a zone.
    clock: Clock::None,
    recognises: Some(|incoming| {
        let own = ["threadid", "received", "body"];
        let is_its =
            |row: &Row| row.0.as_ref().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()));
        incoming.may_be_list()
            && incoming.json::<Vec<Row>>().is_ok_and(|list| list.first().is_some_and(is_its))
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
        "Install Termux and Termux:API from F-Droid, and in Termux the packages termux-api and curl.",
        "Grant Termux:API the permission for SMS.",
        "Run every minute, by cronie or termux-job-scheduler: `termux-sms-list -l 50 -t inbox | curl -fsS -H 'Content-Type: \
         application/json' --data-binary @- '{url}'`.",
        KEEP_IT_AWAKE,
        TRY_THE_PHONE,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let rows: Vec<Row> = incoming.json()?;
    if rows.is_empty() {
        return Err(Unusable::because(
            "the list is empty: the phone has no SMS, or Termux may not read them",
        ));
    }
    Ok(Content::each(rows.into_iter().enumerate().map(|(at, row)| read(at, row))))
}

fn read(at: usize, row: Row) -> Result<Held, Unusable> {
    let name = |field: &str| format!("[{at}].{field}");
    let fields: Fields = row.0.map_err(|why| why.of(&format!("[{at}]")))?;
    if let Some(FieldValue::Text(kind)) = fields.get("type")
        && kind != "inbox"
    {
        // Sent by the phone, or a draft.
        return Ok(Held::Event(Event::of(EventKind::DeliveryReport)));
    }
    let mut reader = FieldReader::default();
    // Older versions know `number` alone; `sender` is the name in the phone's book.
    let from = if fields.get("address").is_some() { "address" } else { "number" };
    let sms = Delivered {
        sender: reader.text(&name(from), fields.get(from), "the sender"),
        text: reader.text(&name("body"), fields.get("body"), "the text"),
        stamp: FieldReader::stamp(fields.get("received")),
        delivery_id: reader.optional(&name("_id"), fields.get("_id")),
        ..Delivered::default()
    };
    Ok(reader.finish(sms)?.into())
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(
        &json!([{"threadid": 1, "type": "inbox", "read": false, "address": sms.sender, "number": sms.sender,
        "received": without_zone(sms.at), "body": sms.text, "_id": sms.id}]),
    )
}
