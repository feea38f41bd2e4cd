//! Vonage's (Nexmo's) webhook of an inbound SMS: GET, form or JSON. A long SMS comes in parts. The signature is
//! off until Vonage's support turns it on; it covers all parameters, and a time of which it is not
//! documented that a retry gets a new one, so a signature never goes stale here.
//! Sources: developer.vonage.com/messaging/sms/guides/inbound-sms, concepts/guides/signing-messages, and
//! `Client/Signature.php` of vonage-php-sdk-core.

use bridge_core::onboarding::hex;
use bridge_core::phone::BareDigits;
use bridge_core::sms::Part;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use ring::hmac as ring_hmac;

use crate::coding::one_of_several;
use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{Signing, Unsigned};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, query};

pub(crate) const FORMAT: Format = Format {
    name: "vonage",
    about: "Vonage SMS API (Nexmo)",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: false,
    // It documents `msisdn` as the number in international form, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::Network,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            fields.get("message-timestamp").is_some()
                && fields.get("msisdn").is_some()
                && fields.get("messageId").is_some()
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::CommonNames,
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
        "In the Vonage dashboard, open Numbers, Your numbers, and edit the number that users text to.",
        "Enter {url} as inbound webhook URL of SMS.",
        "In API Settings choose the SMS API and POST-JSON as webhook format.",
        "Better than the key in the URL: let Vonage's support enable signed webhooks, choose SHA-256 HMAC in API \
         Settings, and give the receiver the signature secret as signing key.",
        "Do not block Vonage: after a 4xx answer it drops the SMS.",
        TRY_THE_NUMBER,
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let is_receipt = fields.get("status").is_some() && fields.get("text").is_none();
    if is_receipt {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    if matches!(fields.get("type"), Some(FieldValue::Text(kind)) if kind == "binary") {
        return Ok(Content::event(Event::message(
            EventKind::Binary,
            fields.get("msisdn"),
            fields.get("text"),
        )));
    }
    let mut reader = FieldReader::default();
    let stamp = match FieldReader::utc_stamp(fields.get("message-timestamp")) {
        None => FieldReader::utc_stamp(fields.get("timestamp")),
        some => some,
    };
    let sms = Delivered {
        sender: reader.text("msisdn", fields.get("msisdn"), "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp,
        delivery_id: reader.optional("messageId", fields.get("messageId")),
        number: reader.optional("to", fields.get("to")),
        part: part(fields),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// A part whose place cannot be read is an SMS of its own: better than one that waits forever.
fn part(fields: &Fields) -> Option<Part> {
    let text = |name: &str| match fields.get(name) {
        Some(FieldValue::Text(text) | FieldValue::Number(text)) => Some(text.as_str()),
        _ => None,
    };
    let reference = text("concat-ref").filter(|reference| !reference.contains('\0'))?;
    let (total, number) = (text("concat-total")?.parse().ok()?, text("concat-part")?.parse().ok()?);
    one_of_several(reference.to_owned(), total, number)
}

/// The account's signature method, which the request does not name. All are tried: each is made with the secret,
/// and whoever does not know it can make none of them, whichever the account is set to.
#[derive(Clone, Copy, Debug)]
enum Method {
    Md5Hash,
    Md5,
    Ring(ring_hmac::Algorithm),
}

const METHODS: [Method; 5] = [
    Method::Md5Hash,
    Method::Md5,
    Method::Ring(ring_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    Method::Ring(ring_hmac::HMAC_SHA256),
    Method::Ring(ring_hmac::HMAC_SHA512),
];

impl Method {
    fn sign(self, signed: &[u8], key: &[u8]) -> Vec<u8> {
        let made = match self {
            Method::Md5Hash => hex(&Md5::new().chain_update(signed).chain_update(key).finalize()),
            Method::Md5 => {
                // HMAC takes keys of any length; the impossible error becomes a signature that nothing equals.
                let Ok(mac) = Hmac::<Md5>::new_from_slice(key) else { return Vec::new() };
                hex(&mac.chain_update(signed).finalize().into_bytes())
            }
            Method::Ring(algorithm) => {
                hex(ring_hmac::sign(&ring_hmac::Key::new(algorithm, key), signed).as_ref())
            }
        };
        made.into_bytes()
    }
}

/// `sig`: over `&name=value` of all other parameters, sorted by name, with `&` and `=` in values made `_`.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let fields = incoming.fields().map_err(|_| Unsigned::Missing)?;
    let Some(FieldValue::Text(given)) = fields.get("sig") else { return Err(Unsigned::Missing) };
    let given = given.to_ascii_lowercase();
    // A name with a mark in it could be two of the names that were signed.
    if fields.iter().any(|(name, _)| name.contains(['&', '='])) {
        return Err(Unsigned::Wrong);
    }
    let signed = signed(fields);
    let by =
        |method: Method| signing.any_key(given.as_bytes(), |key| method.sign(signed.as_bytes(), key)).is_ok();
    if METHODS.into_iter().any(by) { Ok(()) } else { Err(Unsigned::Wrong) }
}

fn signed(fields: &Fields) -> String {
    let mut values: Vec<(&str, String)> = fields
        .iter()
        .filter(|(name, _)| *name != "sig")
        .filter_map(|(name, value)| match value {
            FieldValue::Text(text) | FieldValue::Number(text) => Some((name, text.replace(['&', '='], "_"))),
            _ => None,
        })
        .collect();
    values.sort();
    values.into_iter().map(|(name, value)| format!("&{name}={value}")).collect()
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    // What stands in the URL of the receiver is a parameter like the others.
    let in_url = signing.url().split_once('?').map_or("", |(_, query)| query);
    let all = format!("{in_url}&{}", written.query);
    let signed = Fields::form(all.as_bytes()).map(|fields| signed(&fields)).unwrap_or_default();
    let made = Method::Ring(ring_hmac::HMAC_SHA256).sign(signed.as_bytes(), signing.key());
    written.push("sig", &String::from_utf8(made).unwrap_or_default());
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    query(&[
        ("msisdn", digits(sms.sender)),
        ("to", digits(LINE)),
        ("messageId", sms.id),
        ("text", sms.text),
        ("type", "text"),
        ("message-timestamp", &sms.at.to_string().replace('T', " ").replace('Z', "")),
    ])
}
