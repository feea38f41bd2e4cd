//! Bogkonstantin's "Incoming SMS to URL forwarder" (Android), with its own template or one that keeps its names.
//! The signature covers the body and no time. The app's heartbeat is an empty body that it does not sign: only a
//! receiver without a signing key takes it.
//! Sources: README.md and `ForwardingConfig.java` of bogkonstantin/android_income_sms_gateway_webhook.

use bridge_core::phone::BareDigits;
use serde_json::json;

use crate::content::{Content, Delivered, Report, Unusable, best_stamp};
use crate::field_reader::FieldReader;
use crate::fields::Fields;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{body_alone, sign_body_alone};
use crate::steps::KEEP_IT_AWAKE;
use crate::writing::{Example, Written, object};

pub(crate) const FORMAT: Format = Format {
    name: "bogkonstantin",
    about: "Incoming SMS to URL forwarder (Android app of bogkonstantin)",
    behind: Behind::Phone,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: Some(|incoming| {
        let named = |fields: &Fields| {
            ["from", "text", "sentStamp", "receivedStamp"].iter().all(|name| fields.get(name).is_some())
        };
        incoming.fields().is_ok_and(named)
    }),
    told_by: ToldBy::Own,
    parse,
    secret: None,
    verify: Some(body_alone),
    sign: Some(sign_body_alone),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &[
        "Install the app from F-Droid or its releases page, version 2.4.0 or newer, and grant it SMS and notifications.",
        "Add a rule with the sender * and the URL {url}, and leave the template as it is.",
        "Turn on \"Sign with HMAC-SHA-256\" with the secret {signing_key}; a version that cannot sign needs the header \
         {\"Authorization\": \"Bearer {secret}\"} instead.",
        "Turn on \"Store failed messages\", so that nothing is dropped after the tenth try.",
        "On a network without internet turn on \"Local network mode\"; on a version before 2.4.0 leave chunked mode on, \
         or texts with letters beyond ASCII arrive cut short.",
        KEEP_IT_AWAKE,
        "Press Test, then text the phone and look for both in the bridge's log.",
    ],
    example,
};

fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    if incoming.body.trim_ascii().is_empty() {
        return Ok(Content::sign_of_life(Report::default()));
    }
    let fields: Fields = incoming.json()?;
    let mut reader = FieldReader::default();
    let stamp = ["receivedStamp", "sentStamp"].map(|field| FieldReader::stamp(fields.get(field)));
    let stamp = best_stamp(stamp);
    let sms = Delivered {
        sender: reader.text("from", fields.get("from"), "the sender"),
        text: reader.text("text", fields.get("text"), "the text"),
        stamp,
        device: reader.optional("sim", fields.get("sim")).filter(|sim| sim != "undetected"),
        ..Delivered::default()
    };
    let mut content = Content::one(reader.finish(sms)?);
    content.report = report(&fields);
    Ok(content)
}

/// What `%battery%`, `%power%`, `%network%` and `%version%` say, where the template has fields of these names.
fn report(fields: &Fields) -> Option<Report> {
    let told = |field: &str| {
        let (_, text) = fields.text(&[field]).ok().flatten()?;
        Some(text).filter(|text| !text.is_empty() && text != "unknown")
    };
    let report = Report {
        // -1 where the phone does not know.
        battery: told("battery").and_then(|percent| percent.parse().ok()).filter(|percent| *percent <= 100),
        charging: told("power").map(|source| source != "unplugged"),
        network: told("network")
            .map(|network| if network == "mobile" { "cellular".to_owned() } else { network }),
        app_version: told("version"),
    };
    (report != Report::default()).then_some(report)
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(&json!({"from": sms.sender, "text": sms.text, "sentStamp": sms.at.0, "receivedStamp": sms.at.0,
        "sim": "sim1"}))
}
