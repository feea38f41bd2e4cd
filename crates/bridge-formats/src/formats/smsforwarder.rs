//! SmsForwarder's webhook (pppscn, Android): its default parameters, or ones that keep their names. `content` may
//! be decorated by the app's template and is kept as it is. The signature covers the time of sending alone, not
//! the body: whoever reads one request can sign another one for five minutes.
//! Source: `utils/sender/WebhookUtils.kt` of pppscn/SmsForwarder.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable, best_stamp};
use crate::field_reader::FieldReader;
use crate::fields::{Fields, decoded_bytes};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::pairs;
use crate::signing::{Signing, Unsigned, hmac_sha256};
use crate::steps::{KEEP_IT_AWAKE, TRY_THE_PHONE};
use crate::writing::{Example, Written, form};

pub(crate) const FORMAT: Format = Format {
    name: "smsforwarder",
    about: "SmsForwarder (Android app of pppscn)",
    behind: Behind::Phone,
    takes_get: true,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            ["from", "content", "timestamp", "sign"].iter().all(|name| fields.get(name).is_some())
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "In SmsForwarder, add a sender of the kind Webhook with the method POST and the address {url}.",
        "Enter {signing_key} as its secret.",
        "As parameters enter from=[from]&content=[org_content]&receive_time=[receive_time:yyyy-MM-dd'T'HH:mm:ssXXX]\
         &card_slot=[card_slot]&device_mark=[device_mark]&timestamp=[timestamp]&sign=[sign].",
        "Add a forwarding rule for every SMS of every SIM to that sender.",
        "Under settings, raise the number of retries from 0 to 5: the app drops what it could not deliver.",
        KEEP_IT_AWAKE,
        TRY_THE_PHONE,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let mut reader = FieldReader::default();
    // Which pattern a template gives it is the operator's choice: without a zone it is worse than the time of
    // sending, which the app writes itself.
    let stamp = ["receive_time", "timestamp"].map(|field| FieldReader::stamp(fields.get(field)));
    let mut optional = |field: &str| reader.optional(field, fields.get(field));
    let device: Vec<String> = ["device_mark", "card_slot"].into_iter().filter_map(&mut optional).collect();
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("content", fields.get("content"), "the text"),
        stamp: best_stamp(stamp),
        device: Some(device.join("/")).filter(|device| !device.is_empty()),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// `sign`: base64 HMAC-SHA256 over `timestamp`, a line feed and the secret itself, percent-encoded once more than
/// the way it comes needs, or not.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let text = |name: &str| {
        let (_, text) = incoming.fields().ok()?.text(&[name]).ok()??;
        Some(text)
    };
    let (Some(given), Some(stamp)) = (text("sign"), text("timestamp")) else {
        return Err(Unsigned::Missing);
    };
    let given = if given.contains('%') { decoded_bytes(given.as_bytes()) } else { given.into_bytes() };
    let given = STANDARD.decode(given).map_err(|_| Unsigned::Wrong)?;
    signing.any_key(&given, |key| hmac_sha256(key, &[stamp.as_bytes(), b"\n", key]))?;
    // Retries come within seconds; later ones would be an open door, since nothing else is signed.
    signing.fresh(Timestamp::parse(&stamp).map_err(|_| Unsigned::Wrong)?)
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let stamp = pairs::of(written.bytes()).into_iter().find(|(name, _)| name == b"timestamp");
    let (_, stamp) = stamp.unwrap_or_default();
    let made = STANDARD.encode(hmac_sha256(signing.key(), &[&stamp, b"\n", signing.key()]));
    written.push("sign", &made);
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[("from", sms.sender), ("content", sms.text), ("timestamp", &sms.at.0.to_string())])
}
