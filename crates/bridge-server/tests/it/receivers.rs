//! Receivers by name, over real sockets: added, recognised, signed, rotated, revoked, missed, and the numbers that
//! users are told.

mod alive;
mod auth;
mod events;
pub(crate) mod formats;
mod kept;
mod phone;
mod quarantine;
mod tried;

use bridge_formats::FORMATS;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Answer, Bridge};

/// Adds a receiver that must be accepted, and answers what its app is to be given.
pub(crate) async fn added(bridge: &Bridge, receiver: Value) -> Value {
    let answer = admin(bridge, Method::POST, "/admin/receivers", &receiver).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

pub(crate) async fn admin(bridge: &Bridge, method: Method, path: &str, body: &Value) -> Answer {
    bridge.send(bridge.request(method, path).bearer_auth(ADMIN_TOKEN).json(body)).await
}

/// Delivers to a URL that a receiver was given, without any other secret.
pub(crate) async fn post_to(bridge: &Bridge, url: &str, body: &Value) -> Answer {
    bridge.send(bridge.http.post(url).json(body)).await
}

/// It pings six times, a minute apart: that is its habit from now on (D50).
pub(crate) async fn has_a_habit(bridge: &Bridge, given: &Value) {
    for n in 0..6 {
        if n > 0 {
            bridge.clock.advance(bridge_core::Span(60_000));
        }
        assert_eq!(post_to(bridge, text(given, "heartbeat_url"), &json!({})).await.status, 200);
    }
}

pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}"))
}

#[tokio::test]
async fn every_format_can_be_added_and_its_url_leads_to_its_secret() {
    let bridge = Bridge::start().await;
    for (n, format) in FORMATS.iter().map(|format| format.name).chain(["generic"]).enumerate() {
        let name = format!("{format}-{n}");
        let given = added(&bridge, json!({"name": name, "format": format})).await;
        let (url, secret) = (text(&given, "url"), text(&given, "secret"));
        assert!(url.starts_with(&format!("{}/sms/receive/{format}?", bridge.url)), "{url}");
        assert!(url.contains(secret) && secret.len() >= 32, "{url}");
        assert!(!given["steps"].as_array().unwrap().is_empty(), "{format} has no steps");
        assert!(!given["steps"].to_string().contains("{url}"), "{given}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_receiver_is_named() {
    let bridge = Bridge::start().await;
    for (body, field) in [
        (json!({"format": "generic"}), "name"),
        (json!({"name": "a b", "format": "generic"}), "name"),
        (json!({"name": "default", "format": "generic"}), "name"),
        (json!({"name": "a", "format": "pigeon"}), "format"),
        (json!({"name": "a"}), "format"),
        (json!({"name": "a", "format": "generic", "numbers": ["hello"]}), "numbers"),
        (json!({"name": "a", "format": "generic", "numbers": [7]}), "numbers"),
        (json!({"name": "a", "format": "generic", "secret": "short"}), "secret"),
        (json!({"name": "a", "format": "kannel", "signing_key": "k"}), "signing_key"),
        (json!({"name": "a", "format": "twilio", "signing_key": true}), "signing_key"),
        (json!({"name": "a", "format": "smsgate", "inbox_url": "192.168.1.5"}), "inbox_url"),
    ] {
        let answer = admin(&bridge, Method::POST, "/admin/receivers", &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "invalid_request"),
            "{body}: {}",
            answer.body
        );
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
    }
    let weak = added(&bridge, json!({"name": "hall", "format": "generic", "secret": "s3cret"})).await;
    assert!(text(&weak, "warning").contains("shorter than 16"), "an app may allow no other: {weak}");
    let again =
        admin(&bridge, Method::POST, "/admin/receivers", &json!({"name": "hall", "format": "generic"})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "receiver_exists"));
    for (method, path) in
        [(Method::DELETE, "/admin/receivers/none"), (Method::PATCH, "/admin/receivers/none")]
    {
        assert_eq!(admin(&bridge, method, path, &json!({})).await.status, 404);
    }
    bridge.stop().await;
}
