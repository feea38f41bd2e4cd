//! JSON to an address of the operator's own, signed where they give a secret. For what the other ways do not reach.

use serde_json::json;

use super::{Call, Field, Message, Values, Way, Wrong, given, host, json as post, needed, wrong};
use crate::state::webhooks::signature;

pub(super) const WAY: Way = Way {
    word: "webhook",
    title: "Webhook",
    about: "JSON to an address of yours, for a program that tells somebody by its own way.",
    fields: &[
        Field::needed("url", "Address", "Where it is posted.", "https://alerts.example.com/bridge").secret(),
        Field::free("token", "Bearer token", "Sent along as Authorization: Bearer …", "").secret(),
        Field::free(
            "secret",
            "Signing secret",
            "whsec_…: then messages are signed as Standard Webhooks say.",
            "whsec_…",
        )
        .secret(),
    ],
    make,
    whom: host,
};

fn make(values: &Values, message: &Message) -> Result<Call, Wrong> {
    let url = needed(values, "url")?.to_owned();
    let body = json!({
        "type": "notice", "timestamp": message.at.to_rfc3339_millis(),
        "data": {
            "title": message.title, "text": message.text, "urgent": message.is_urgent, "over": message.is_good,
            "troubles": message.troubles,
        },
    });
    let Call::Post { url, mut headers, body } = post(url, given(values, "token"), &body) else {
        return Err(wrong("url", "is no address"));
    };
    headers.push(("webhook-id", message.id.clone()));
    headers.push(("webhook-timestamp", message.at.epoch_seconds().to_string()));
    if let Some(secret) = given(values, "secret") {
        let signed = signature::sign(std::iter::once(secret), &message.id, message.at, &body);
        let signed = signed.ok_or_else(|| wrong("secret", "must be whsec_ and base64 behind it"))?;
        headers.push(("webhook-signature", signed));
    }
    Ok(Call::Post { url, headers, body })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{message, values};
    use super::*;

    #[test]
    fn it_is_signed_where_there_is_a_secret() {
        let made = |pairs: &[(&str, &str)]| make(&values(pairs), &message());
        let url = ("url", "https://a.example/x");
        let Ok(Call::Post { headers, .. }) = made(&[url]) else { panic!("a POST") };
        assert!(!headers.iter().any(|(name, _)| *name == "webhook-signature"));
        let Ok(Call::Post { headers, .. }) = made(&[url, ("secret", "whsec_bmV3"), ("token", "t")]) else {
            panic!("a POST")
        };
        assert!(headers.iter().any(|(name, value)| *name == "webhook-signature" && value.starts_with("v1,")));
        assert!(headers.contains(&("authorization", "Bearer t".to_owned())));
        assert_eq!(made(&[url, ("secret", "x")]).err().map(|wrong| wrong.field), Some("secret"));
    }
}
