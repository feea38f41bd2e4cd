//! Sinch's callback of an inbound SMS (its SMS API, XMS). The signature is made where Sinch's support turned it on; it covers
//! the body, a nonce and the time of this try.
//! Sources: developers.sinch.com/docs/sms/api-reference/sms/webhooks (mo_text, mo_binary, mo_media, callback signature).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use bridge_core::phone::BareDigits;
use serde_json::json;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::Fields;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned, hmac_sha256};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, object};

pub(crate) const FORMAT: Format = Format {
    name: "sinch",
    about: "Sinch",
    behind: Behind::Provider,
    takes_get: false,
    asks_first: false,
    // It documents numbers in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            let kind = fields.text(&["type"]).ok().flatten().map(|(_, kind)| kind).unwrap_or_default();
            kind.starts_with("mo_")
                || kind.ends_with("delivery_report_sms")
                || kind.ends_with("delivery_report_mms")
        };
        incoming.header(SIGNATURE).is_some() || incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/plain", body: "" },
    version: None,
    warning: None,
    steps: &[
        "In the Sinch dashboard, open SMS, Service APIs, and the service plan that the number belongs to.",
        "Enter {url} as callback URL.",
        "Better than the key in the URL: let Sinch's support turn on signed callbacks, and give the receiver their secret \
         as signing key.",
        "Do not block Sinch: after a 4xx answer it drops the SMS.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SIGNATURE: &str = "x-sinch-webhook-signature";
const NONCE: &str = "x-sinch-webhook-signature-nonce";
const STAMP: &str = "x-sinch-webhook-signature-timestamp";

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields: Fields = incoming.json()?;
    let mut reader = FieldReader::default();
    let kind = reader.text("type", fields.get("type"), "which kind of callback this is");
    let unjudged = |kind| Ok(Content::event(Event::message(kind, fields.get("from"), fields.get("body"))));
    match kind.as_str() {
        "mo_text" | "" => {}
        "mo_binary" => return unjudged(EventKind::Binary),
        "mo_media" => return unjudged(EventKind::Mms),
        other if other.contains("delivery_report") => return Ok(Content::of(EventKind::DeliveryReport)),
        _ => return Ok(Content::of(EventKind::Other)),
    }
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("body", fields.get("body"), "the text"),
        stamp: FieldReader::utc_stamp(fields.get("received_at")),
        delivery_id: reader.optional("id", fields.get("id")),
        number: reader.optional("to", fields.get("to")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Base64 of HMAC-SHA256 over the raw body, the nonce and the time in unix seconds, a dot between them.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let (Some(given), Some(nonce), Some(stamp)) =
        (incoming.header(SIGNATURE), incoming.header(NONCE), incoming.header(STAMP))
    else {
        return Err(Unsigned::Missing);
    };
    signing.any_key(given.as_bytes(), |key| {
        let parts: [&[u8]; 5] = [incoming.body, b".", nonce.as_bytes(), b".", stamp.as_bytes()];
        STANDARD.encode(hmac_sha256(key, &parts)).into_bytes()
    })?;
    signing.fresh(Timestamp::parse(stamp).map_err(|_| Unsigned::Wrong)?)
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let (nonce, stamp) = ("test-lab", signing.now.epoch_seconds().to_string());
    let parts: [&[u8]; 5] = [written.bytes(), b".", nonce.as_bytes(), b".", stamp.as_bytes()];
    let made = STANDARD.encode(hmac_sha256(signing.key(), &parts));
    written.headers.extend([(SIGNATURE, made), (NONCE, nonce.to_owned()), (STAMP, stamp)]);
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"type": "mo_text", "id": sms.id, "from": digits(sms.sender), "to": digits(LINE),
        "body": sms.text, "received_at": sms.at.to_rfc3339_millis(), "operator_id": "40470"}))
}
