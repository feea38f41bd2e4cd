//! Plivo's webhook of an incoming message. The signature covers the URL without its query and a nonce, and so
//! neither the SMS nor a time: it says that Plivo called once, not what it said. The SMS carries no stamp.
//! Sources: plivo.com/docs/messaging/xml/request, docs/messaging/concepts/signature-validation, and
//! `handlers/plivo/handler.go` of nyaruka/courier.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::phone::BareDigits;

use crate::content::{Content, Delivered, Unusable};
use crate::field_reader::FieldReader;
use crate::fields::FieldValue;
use crate::format::{Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::hmac_sha256;
use crate::signing::{Signing, Unsigned};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, form};

pub(crate) const FORMAT: Format = Format {
    name: "plivo",
    about: "Plivo",
    takes_get: true,
    // It documents `From` as the number with its country code, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::None,
    recognises: Some(|incoming| {
        incoming.header(NONCE).is_some()
            || incoming.fields().is_ok_and(|fields| fields.get("MessageUUID").is_some())
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/xml", body: "<Response/>" },
    version: None,
    warning: None,
    steps: &[
        "In the Plivo console, open Messaging, Applications, and add an XML application.",
        "Enter {url} as Message URL, with method POST: Plivo's signature does not cover the SMS.",
        "Give the receiver your account's Auth Token as signing key.",
        "Set SMS_BRIDGE_PUBLIC_URL of the bridge to the address that Plivo calls: its signature covers it.",
        "Open Phone Numbers, choose the number that users text to, and assign the application to it.",
        TRY_THE_NUMBER,
    ],
    example,
};

const NONCE: &str = "x-plivo-signature-v2-nonce";
/// By the token of the account that owns the number, and by that of the main account.
const SIGNATURES: [&str; 2] = ["x-plivo-signature-v2", "x-plivo-signature-ma-v2"];

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let is_report = fields.get("Status").is_some() && fields.get("Text").is_none();
    let is_mms = matches!(fields.get("Type"), Some(FieldValue::Text(kind)) if kind == "mms");
    if is_report || is_mms {
        return Ok(Content::nothing());
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("From", fields.get("From"), "the sender"),
        text: reader.text("Text", fields.get("Text"), "the text"),
        delivery_id: reader.optional("MessageUUID", fields.get("MessageUUID")),
        number: reader.optional("To", fields.get("To")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Base64 of HMAC-SHA256 over the URL up to its query, followed by the nonce.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let nonce = incoming.header(NONCE).ok_or(Unsigned::Missing)?;
    let given: Vec<&str> = SIGNATURES.iter().filter_map(|name| incoming.header(name)).collect();
    if given.is_empty() {
        return Err(Unsigned::Missing);
    }
    let signed = |given: &str, url: &str| {
        let base = url.split(['?', '#']).next().unwrap_or_default();
        signing.any_key(given.as_bytes(), |key| {
            STANDARD.encode(hmac_sha256(key, &[base.as_bytes(), nonce.as_bytes()])).into_bytes()
        })
    };
    let tried = given.iter().flat_map(|given| signing.urls.iter().map(move |url| (*given, url)));
    tried.into_iter().find_map(|(given, url)| signed(given, url).ok()).ok_or(Unsigned::Wrong)
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[
        ("From", digits(sms.sender)),
        ("To", digits(LINE)),
        ("Text", sms.text),
        ("Type", "sms"),
        ("MessageUUID", sms.id),
    ])
}
