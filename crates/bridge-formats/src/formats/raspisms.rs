//! RaspiSMS's webhook: a form whose `body` is JSON. The signature covers an id that begins with the time and nothing of the SMS:
//! whoever reads one request can write another one for five minutes. RaspiSMS tries once.
//! Sources: `controllers/internals/{Webhook,Received}.php`, `daemons/Webhook.php` and `models/Webhook.php` of
//! RaspbianFrance/RaspiSMS.

use bridge_core::Timestamp;
use bridge_core::onboarding::hex;
use bridge_core::phone::BareDigits;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, hmac_sha256};
use crate::steps::TRY_THE_PHONE;
use crate::writing::{Example, Written, form, without_zone};

pub(crate) const FORMAT: Format = Format {
    name: "raspisms",
    about: "RaspiSMS",
    behind: Behind::Gateway,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: Some(|incoming| {
        let own = ["webhook_random_id", "webhook_type", "webhook_signature"];
        incoming.fields().is_ok_and(|fields| own.iter().all(|name| fields.get(name).is_some()))
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In RaspiSMS, open Settings, and turn webhooks on.",
        "Open Webhooks, add one with the URL {url} and the type \"Reception of an SMS\".",
        "Give the receiver the API key of your RaspiSMS account as signing key.",
        "Keep the bridge up: RaspiSMS tries once and never again.",
        TRY_THE_PHONE,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let outer = incoming.fields()?;
    let mut reader = FieldReader::default();
    let kind = reader.text("webhook_type", outer.get("webhook_type"), "which event this is");
    match kind.as_str() {
        "receive_sms" | "" => {}
        "send_sms" => return Ok(Content::of(EventKind::DeliveryReport)),
        "inbound_call" => return Ok(Content::of(EventKind::Call)),
        _ => return Ok(Content::of(EventKind::Other)),
    }
    let body = reader.text("body", outer.get("body"), "the SMS, as JSON");
    if kind.is_empty() || body.is_empty() {
        reader.finish(Delivered::default())?;
        return Err(Unusable::because("body is empty: RaspiSMS writes the SMS there, as JSON"));
    }
    let fields = Fields::read("application/json", body.as_bytes()).map_err(|why| why.of("body"))?;
    if fields.get("mms") == Some(&FieldValue::Bool(true)) {
        return Ok(Content::event(Event::message(EventKind::Mms, fields.get("origin"), fields.get("text"))));
    }
    let id = fields.get("id");
    let sms = Delivered {
        sender: reader.text("body.origin", fields.get("origin"), "the sender"),
        text: reader.text("body.text", fields.get("text"), "the text"),
        // `at` is the server's time without its zone; this is when it read the SMS.
        stamp: FieldReader::utc_stamp(outer.get("webhook_timestamp")),
        delivery_id: reader.optional("body.id", id),
        device: reader.optional("body.destination", fields.get("destination")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// `webhook_signature`: lowercase hex HMAC-SHA256 over `webhook_random_id`, which is the time, `-` and chance.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let text = |name: &str| {
        let (_, text) = incoming.fields().ok()?.text(&[name]).ok()??;
        Some(text)
    };
    let (Some(given), Some(id)) = (text("webhook_signature"), text("webhook_random_id")) else {
        return Err(Unsigned::Missing);
    };
    signing.any_key(given.as_bytes(), |key| hex(&hmac_sha256(key, &[id.as_bytes()])).into_bytes())?;
    let stamp = id.split('-').next().unwrap_or_default();
    signing.fresh(Timestamp::parse(stamp).map_err(|_| Unsigned::Wrong)?)
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let id = format!("{}-test-lab", signing.now.epoch_seconds());
    written.push("webhook_signature", &hex(&hmac_sha256(signing.key(), &[id.as_bytes()])));
    written.push("webhook_random_id", &id);
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    let stamp = sms.at.epoch_seconds().to_string();
    let body = json!({"id": sms.id, "at": without_zone(sms.at), "text": sms.text, "destination": 1, "origin": sms.sender,
        "command": false, "mms": false, "medias": []});
    form(&[("webhook_timestamp", &stamp), ("webhook_type", "receive_sms"), ("body", &body.to_string())])
}
