//! Plivo's webhook of an incoming message. Its signature of version 3 covers the SMS and a nonce; that of version 2 covers
//! the URL without its query and a nonce, and so neither the SMS nor a time: it says that Plivo called once, not what it
//! said. The SMS carries no stamp.
//! Sources: plivo.com/docs/messaging/xml/request, docs/messaging/concepts/signature-validation, `utils/signature_v3.py` of
//! plivo/plivo-python, and `handlers/plivo/handler.go` of nyaruka/courier.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::phone::BareDigits;
use http::Method;

use crate::content::{Content, Delivered, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::FieldValue;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::pairs::{self, Pair};
use crate::signing::{Signing, Unsigned, hmac_sha256};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, digits, form};

pub(crate) const FORMAT: Format = Format {
    name: "plivo",
    about: "Plivo",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: false,
    // It documents `From` as the number with its country code, without a plus.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::None,
    recognises: Some(|incoming| {
        incoming.header(NONCE).is_some()
            || incoming.header(NONCE_V3).is_some()
            || incoming.fields().is_ok_and(|fields| fields.get("MessageUUID").is_some())
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(verify),
    sign: Some(sign),
    wrong_key: None,
    takes_our_key: false,
    has_inbox: false,
    reply: Reply::Fixed { content_type: "text/xml", body: "<Response/>" },
    version: None,
    warning: None,
    steps: &[
        "In the Plivo console, open Messaging, Applications, and add an XML application.",
        "Enter {url} as Message URL, with method POST.",
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
const NONCE_V3: &str = "x-plivo-signature-v3-nonce";
const SIGNATURES_V3: [&str; 2] = ["x-plivo-signature-v3", "x-plivo-signature-ma-v3"];

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let fields = incoming.fields()?;
    let is_report = fields.get("Status").is_some() && fields.get("Text").is_none();
    if is_report {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    let kind = match fields.get("Type") {
        Some(FieldValue::Text(kind)) => kind.to_ascii_lowercase(),
        _ => String::new(),
    };
    let kind = match kind.as_str() {
        "mms" => Some(EventKind::Mms),
        "whatsapp" => Some(EventKind::OtherChannel),
        _ => None,
    };
    if let Some(kind) = kind {
        return Ok(Content::event(Event::message(kind, fields.get("From"), fields.get("Text"))));
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

/// As version 3 signs, else as version 2: whoever sends both must be right in the one that covers the SMS.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    if incoming.header(NONCE_V3).is_some() {
        return verify_v3(incoming, signing);
    }
    let nonce = incoming.header(NONCE).ok_or(Unsigned::Missing)?;
    let given: Vec<&str> = SIGNATURES.iter().filter_map(|name| incoming.header(name)).collect();
    let signed = |url: &str| [base(url).as_bytes(), nonce.as_bytes()].concat();
    matches(&given, signing, signed)
}

/// Over the URL up to its query, its parameters and those of the body, and the nonce: it covers the SMS.
fn verify_v3(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let nonce = incoming.header(NONCE_V3).ok_or(Unsigned::Missing)?;
    let given: Vec<&str> = SIGNATURES_V3.iter().filter_map(|name| incoming.header(name)).collect();
    // Where several tokens are live, each has signed.
    let given: Vec<&str> = given.into_iter().flat_map(|all| all.split(',')).map(str::trim).collect();
    let in_body = if incoming.method == Method::GET { Vec::new() } else { pairs::of(incoming.body) };
    let in_query = pairs::of(incoming.uri.query().unwrap_or_default().as_bytes());
    // Names and values are joined without a mark between them: a name that holds more than these was made of a value.
    let plain = |name: &[u8]| name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if !in_body.iter().all(|(name, _)| plain(name)) {
        return Err(Unsigned::Wrong);
    }
    matches(&given, signing, |url| signed_v3(url, &in_query, &in_body, nonce))
}

fn signed_v3(url: &str, in_query: &[Pair], in_body: &[Pair], nonce: &str) -> Vec<u8> {
    let mut signed = base(url).as_bytes().to_vec();
    if !in_query.is_empty() || !in_body.is_empty() {
        signed.push(b'?');
        signed.extend(joined(in_query, b"=", b"&"));
    }
    if !in_query.is_empty() && !in_body.is_empty() {
        signed.push(b'.');
    }
    signed.extend(joined(in_body, b"", b""));
    signed.push(b'.');
    signed.extend_from_slice(nonce.as_bytes());
    signed
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let (url, nonce) = (signing.url(), "test-lab");
    let in_query = pairs::of(url.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let signed = signed_v3(url, &in_query, &pairs::of(written.bytes()), nonce);
    let made = STANDARD.encode(hmac_sha256(signing.key(), &[&signed]));
    written.headers.extend([(SIGNATURES_V3[0], made), (NONCE_V3, nonce.to_owned())]);
}

/// Sorted by name, and values of one name among themselves.
fn joined(pairs: &[Pair], between: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort();
    let each: Vec<Vec<u8>> =
        sorted.into_iter().map(|(name, value)| [name.as_slice(), between, value].concat()).collect();
    each.join(behind)
}

fn base(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Is one of these base64 of HMAC-SHA256 over what is signed, with one of the keys, under one of the URLs?
fn matches(given: &[&str], signing: &Signing<'_>, signed: impl Fn(&str) -> Vec<u8>) -> Result<(), Unsigned> {
    if given.is_empty() {
        return Err(Unsigned::Missing);
    }
    let is_right = |given: &str, url: &str| {
        let signed = signed(url);
        signing.any_key(given.as_bytes(), |key| STANDARD.encode(hmac_sha256(key, &[&signed])).into_bytes())
    };
    let tried = given.iter().flat_map(|given| signing.urls.iter().map(move |url| (*given, url)));
    tried.into_iter().find_map(|(given, url)| is_right(given, url).ok()).ok_or(Unsigned::Wrong)
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
