//! Twilio's webhook of an incoming message, as a form or JSON, and the same as an event of its Event Streams. The signature covers the URL and every parameter but no time, and
//! joins names and values without a mark between them; the SMS carries no stamp.
//! Sources: twilio.com/docs/messaging/guides/webhook-request, docs/usage/webhooks/webhooks-security, and
//! `request_validator.py` of twilio-python.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::phone::BareDigits;
use http::Method;
use ring::hmac;
use serde::Deserialize;

use crate::content::{Content, Delivered, Held, Unusable};
use crate::event::{Event, EventKind};
use crate::field_reader::FieldReader;
use crate::fields::{FieldValue, Fields};
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::pairs;
use crate::signing::{Signing, Unsigned, is_sha256_of};
use crate::steps::TRY_THE_NUMBER;
use crate::writing::{Example, LINE, Written, form};

pub(crate) const FORMAT: Format = Format {
    name: "twilio",
    about: "Twilio",
    behind: Behind::Provider,
    takes_get: true,
    asks_first: false,
    // Numbers are in E.164, as it documents; digits without a plus lost theirs.
    bare_digits: BareDigits::InternationalFirst,
    clock: Clock::None,
    recognises: Some(|incoming| {
        let named =
            |fields: &Fields| fields.get("MessageSid").is_some() && fields.get("AccountSid").is_some();
        incoming.header(SIGNATURE).is_some()
            || incoming.fields().is_ok_and(named)
            || streamed(incoming).is_some()
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
        "Give the receiver your account's primary Auth Token as signing key.",
        "In the Twilio Console, open Phone Numbers, Manage, Active numbers, and the number that users text to.",
        "Under Messaging, \"A message comes in\", choose Webhook, HTTP POST and {url}#rc=5&rp=all, without which \
         Twilio tries only twice.",
        "Enter the same address as fallback URL: Twilio does not try again after an answer that it does not like.",
        "Set SMS_BRIDGE_PUBLIC_URL of the bridge to the address that Twilio calls: its signature covers it.",
        TRY_THE_NUMBER,
    ],
    example,
};

const SIGNATURE: &str = "x-twilio-signature";

/// An event of Twilio's Event Streams, which come as a list (CloudEvents).
#[derive(Deserialize)]
struct Streamed {
    #[serde(rename = "type")]
    kind: Option<FieldValue>,
    data: Fields,
}

const RECEIVED: &str = "com.twilio.messaging.inbound-message.received";

/// The list, where the body is one of Twilio's.
fn streamed(incoming: &Incoming<'_>) -> Option<Vec<Streamed>> {
    let is_its =
        |one: &Streamed| matches!(&one.kind, Some(FieldValue::Text(kind)) if kind.starts_with("com.twilio."));
    let all: Vec<Streamed> = incoming.json().ok()?;
    all.first().is_some_and(is_its).then_some(all)
}

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    match streamed(incoming) {
        Some(all) => Ok(Content::each(all.into_iter().enumerate().map(|(at, one)| event(at, &one)))),
        None => webhook(incoming.fields()?),
    }
}

fn event(at: usize, one: &Streamed) -> Result<Held, Unusable> {
    let kind = match &one.kind {
        Some(FieldValue::Text(kind)) => kind.as_str(),
        _ => "",
    };
    if kind != RECEIVED {
        let is_message = kind.starts_with("com.twilio.messaging.");
        let kind = if is_message { EventKind::DeliveryReport } else { EventKind::Other };
        return Ok(Held::Event(Event::of(kind)));
    }
    let fields = &one.data;
    if let Some(kind) = unjudged(fields, ["from", "numMedia"]) {
        return Ok(Held::Event(Event::message(kind, fields.get("from"), fields.get("body"))));
    }
    let name = |field: &str| format!("[{at}].data.{field}");
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text(&name("from"), fields.get("from"), "the sender"),
        text: reader.text(&name("body"), fields.get("body"), "the text"),
        stamp: FieldReader::utc_stamp(fields.get("timestamp")),
        delivery_id: reader.optional(&name("messageSid"), fields.get("messageSid")),
        number: reader.optional(&name("to"), fields.get("to")),
        ..Delivered::default()
    };
    Ok(reader.finish(sms)?.into())
}

/// What it is, where it is no SMS. `whatsapp:+91…`, `rcs:…`: the same webhook serves them, where the account has them.
fn unjudged(fields: &Fields, [from, media]: [&str; 2]) -> Option<EventKind> {
    let text = |name: &str| match fields.get(name) {
        Some(FieldValue::Text(text) | FieldValue::Number(text)) => Some(text.as_str()),
        _ => None,
    };
    match text(from).and_then(|from| from.split_once(':')).map(|(channel, _)| channel) {
        Some("rcs") => return Some(EventKind::Rcs),
        Some("whatsapp" | "messenger" | "viber" | "telegram" | "instagram") => {
            return Some(EventKind::OtherChannel);
        }
        _ => {}
    }
    text(media).is_some_and(|media| !media.trim_matches('0').is_empty()).then_some(EventKind::Mms)
}

fn webhook(fields: &Fields) -> Result<Content, Unusable> {
    let text = |name: &str| match fields.get(name) {
        Some(FieldValue::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    // An incoming message is `received`, or still `receiving`; a message of ours is all else.
    let is_ours = |status: &str| !status.to_ascii_lowercase().starts_with("receiv");
    let is_status_callback = [text("MessageStatus"), text("SmsStatus")].into_iter().flatten().any(is_ours);
    if is_status_callback {
        return Ok(Content::of(EventKind::DeliveryReport));
    }
    if let Some(kind) = unjudged(fields, ["From", "NumMedia"]) {
        return Ok(Content::event(Event::message(kind, fields.get("From"), fields.get("Body"))));
    }
    let mut reader = FieldReader::default();
    let sms = Delivered {
        sender: reader.text("From", fields.get("From"), "the sender"),
        text: reader.text("Body", fields.get("Body"), "the text"),
        delivery_id: reader.optional("MessageSid", fields.get("MessageSid").or_else(|| fields.get("SmsSid"))),
        number: reader.optional("To", fields.get("To")),
        ..Delivered::default()
    };
    Ok(Content::one(reader.finish(sms)?))
}

/// Base64 of HMAC-SHA1 over the URL that Twilio called, followed by each parameter's name and value, sorted; of JSON, over
/// the URL alone.
fn verify(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let given = incoming.header(SIGNATURE).ok_or(Unsigned::Missing)?;
    // A body that is no form is signed by its digest, which is a parameter of the URL.
    let digest = incoming.query("bodySHA256");
    if digest.as_ref().is_some_and(|digest| !is_sha256_of(digest, incoming.body)) {
        return Err(Unsigned::Wrong);
    }
    let is_in_url = incoming.method == Method::GET || digest.is_some();
    let sent = if is_in_url { Vec::new() } else { pairs::of(incoming.body) };
    // Names and values are joined without a mark between them: a name that holds more than these was made of a value.
    let plain =
        |name: &[u8]| !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    if !sent.iter().all(|(name, _)| plain(name)) {
        return Err(Unsigned::Wrong);
    }
    let parameters = joined(sent);
    let signed_with = |url: &str| signing.any_key(given.as_bytes(), |key| made(key, url, &parameters));
    let urls = signing.urls.iter().flat_map(|url| [Some(url.clone()), with_standard_port(url)]);
    urls.flatten().find_map(|url| signed_with(&url).ok()).ok_or(Unsigned::Wrong)
}

/// Names and values, sorted, each pair once.
fn joined(mut sent: Vec<pairs::Pair>) -> Vec<u8> {
    sent.sort();
    sent.dedup();
    sent.into_iter().flat_map(|(name, value)| [name, value]).collect::<Vec<_>>().concat()
}

fn made(key: &[u8], url: &str, parameters: &[u8]) -> Vec<u8> {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key));
    mac.update(url.as_bytes());
    mac.update(parameters);
    STANDARD.encode(mac.sign()).into_bytes()
}

fn sign(written: &mut Written, signing: &Signing<'_>) {
    let signature = made(signing.key(), signing.url(), &joined(pairs::of(written.bytes())));
    written.headers.push((SIGNATURE, String::from_utf8(signature).unwrap_or_default()));
}

/// Twilio signs some requests with the standard port in the URL: its own libraries try both.
fn with_standard_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    (!has_port).then(|| format!("{scheme}://{authority}:{port}{path}"))
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    form(&[
        ("AccountSid", "AC0"),
        ("Body", sms.text),
        ("From", sms.sender),
        ("MessageSid", sms.id),
        ("To", LINE),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_port_is_added_where_none_stands() {
        let added = |url| with_standard_port(url);
        assert_eq!(added("https://a.example/x?y=1").as_deref(), Some("https://a.example:443/x?y=1"));
        assert_eq!(added("http://a.example").as_deref(), Some("http://a.example:80"));
        assert_eq!(added("http://[::1]/x").as_deref(), Some("http://[::1]:80/x"));
        assert_eq!(added("https://a.example:8443/x"), None);
        assert_eq!(added("/x"), None);
    }
}
