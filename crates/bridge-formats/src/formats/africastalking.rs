//! Africa's Talking's notification of an incoming message. It has neither a signature nor a secret of its own:
//! the address that it calls must hold one.
//! Sources: developers.africastalking.com/docs/sms/notifications and `handlers/africastalking/handler.go` of
//! nyaruka/courier.

use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::event::EventKind;
use crate::field_reader::FieldReader;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::writing::{Example, Written, form};

pub(crate) const FORMAT: Format = Format {
    name: "africastalking",
    about: "Africa's Talking",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // It documents numbers in international form.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let own = ["linkId", "from", "to", "text", "date"];
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
        "In the Africa's Talking dashboard, open SMS, SMS Callback URLs, Incoming Messages.",
        "Enter {url}: Africa's Talking signs nothing and sends no password.",
        "Let only TLS reach that address, and keep it out of the logs of your proxy.",
        "Text your short code or number from a phone and look for the SMS in the bridge's log.",
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    // Delivery reports, opt-outs and subscriptions name the other side so, and hold no text.
    if fields.get("phoneNumber").is_some() && fields.get("from").is_none() && fields.get("text").is_none() {
        let is_report = fields.get("status").is_some();
        return Ok(Content::of(if is_report { EventKind::DeliveryReport } else { EventKind::Other }));
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp: FieldReader::utc_stamp(fields.get("date")),
        delivery_id: reader.optional("id", fields.get("id")),
        number: reader.optional("to", fields.get("to")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[
        ("from", sms.sender),
        ("to", "12345"),
        ("text", sms.text),
        ("date", &sms.at.to_string()),
        ("id", sms.id),
        ("linkId", ""),
    ])
}
