//! Who is recognised as which receiver.

use std::sync::Arc;

use bridge_core::Span;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{added, admin, post_to, text};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, RECEIVER_KEY};

fn sms(id: &str) -> Value {
    json!({"mobile_number": "+919876543210", "message": "hello", "message_id": id})
}

async fn rows(bridge: &Bridge) -> Vec<String> {
    bridge.rows("+919876543210").await.iter().map(|item| text(item, "receiver_id").to_owned()).collect()
}

/// Signed as `generic` signs: body and stamp.
async fn signed(bridge: &Bridge, url: &str, key: &str, at: i64, body: &Value) -> Answer {
    let body = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.update(at.to_string().as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = bridge
        .http
        .post(url)
        .header("content-type", "application/json")
        .header("x-timestamp", at.to_string())
        .header("x-signature", signature)
        .body(body);
    bridge.send(request).await
}

#[tokio::test]
async fn a_secret_opens_in_any_place_that_apps_have_for_one() {
    let bridge = Bridge::start().await;
    let given =
        added(&bridge, json!({"name": "hall", "format": "generic", "secret": "hall-secret-of-the-tests-1"}))
            .await;
    let secret = text(&given, "secret");
    let url = format!("{}/sms/receive/generic", bridge.url);
    let post = || bridge.http.post(&url);
    let in_body = json!({"from": "+919876543210", "text": "five", "secret": secret});
    for (what, request) in [
        ("url", bridge.http.post(text(&given, "url")).json(&sms("1"))),
        ("bearer", post().bearer_auth(secret).json(&sms("2"))),
        ("basic", post().basic_auth("anybody", Some(secret)).json(&sms("3"))),
        ("body", post().json(&in_body)),
        (
            "generic route",
            bridge.http.post(format!("{}/sms/receive?apiKey={secret}", bridge.url)).json(&sms("4")),
        ),
    ] {
        assert_eq!(bridge.send(request).await.status, 200, "{what}");
    }
    for request in [post().json(&sms("6")), post().bearer_auth("hall-secret-of-the-tests-2").json(&sms("7"))]
    {
        let refused = bridge.send(request).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (401, "unauthorized"));
    }
    // The key of `default` goes on to work, for `default`.
    let default = post().bearer_auth(RECEIVER_KEY).json(&sms("8"));
    assert_eq!(bridge.send(default).await.status, 200);
    bridge.settle().await;
    let rows = rows(&bridge).await;
    assert_eq!(rows.iter().filter(|row| *row == "hall").count(), 5, "{rows:?}");
    assert_eq!(rows.iter().filter(|row| *row == "default").count(), 1, "{rows:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn one_with_a_signing_key_must_sign() {
    let bridge = Bridge::start().await;
    let key = "signing-key-of-the-tests";
    let given = added(&bridge, json!({"name": "hall", "format": "generic", "signing_key": key})).await;
    let (url, secret) = (text(&given, "url"), text(&given, "secret"));
    assert!(!url.contains(secret), "what is signed needs no secret in its address: {url}");
    let now = bridge.clock.now().epoch_seconds();
    let unsigned = bridge.http.post(url).bearer_auth(secret).json(&sms("1"));
    let no_secret_is_enough = bridge.send(unsigned).await;
    assert_eq!(no_secret_is_enough.status, 401);
    assert!(no_secret_is_enough.text("detail").contains("must sign"));
    assert_eq!(signed(&bridge, url, key, now, &sms("1")).await.status, 200);
    for (at, key, why) in
        [(now, "another", "another"), (now - 301, key, "five minutes"), (now + 301, key, "five minutes")]
    {
        let refused = signed(&bridge, url, key, at, &sms("2")).await;
        assert_eq!(refused.status, 401, "{}", refused.body);
        assert!(refused.text("detail").contains(why), "{}", refused.body);
    }
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert_eq!(health.body["components"]["receivers"]["hall"]["rejected"], 4, "{}", health.body);
    // Nobody named: found by its signature alone.
    let unnamed = format!("{}/sms/receive/generic", bridge.url);
    assert_eq!(signed(&bridge, &unnamed, key, now, &sms("3")).await.status, 200);
    bridge.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_of_one_that_never_spoke_is_a_note() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "smsgate", "signing_key": true})).await;
    let url = text(&given, "url");
    assert_eq!(post_to(&bridge, url, &sms("1")).await.status, 401);
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert_eq!(health.text("status"), "healthy", "it never spoke: that is for whoever sets it up");
    assert_eq!(health.body["components"]["receivers"]["hall"]["status"], "never_seen");
    assert!(
        health.body["components"]["notes"].to_string().contains("wrong secret or signature"),
        "{}",
        health.body
    );
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await;
    assert!(metrics.body.as_str().unwrap().contains("sms_bridge_wrong_secret_total 1"));
    bridge.stop().await;
}

#[tokio::test]
async fn rotation_leaves_the_one_before_until_it_is_finished() {
    let bridge = Bridge::start().await;
    let first = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    let rotate = |body: Value| admin_owned(&bridge, "/admin/receivers/hall/rotate", body);
    let second = rotate(json!({})).await.body;
    assert_ne!(first["secret"], second["secret"]);
    for given in [&first, &second] {
        assert_eq!(post_to(&bridge, text(given, "url"), &sms("1")).await.status, 200);
    }
    let finished = rotate(json!({"finish": true})).await;
    assert!(finished.status.is_success() && finished.body.is_null(), "{}", finished.body);
    assert_eq!(post_to(&bridge, text(&first, "url"), &sms("2")).await.status, 401);
    assert_eq!(post_to(&bridge, text(&second, "url"), &sms("2")).await.status, 200);
    bridge.stop().await;
}

async fn admin_owned(bridge: &Bridge, path: &str, body: Value) -> Answer {
    admin(bridge, Method::POST, path, &body).await
}

#[tokio::test]
async fn a_revoked_one_is_nobody_and_its_name_is_free() {
    let bridge = Bridge::start().await;
    let first = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    assert_eq!(admin(&bridge, Method::DELETE, "/admin/receivers/hall", &json!({})).await.status, 204);
    assert_eq!(post_to(&bridge, text(&first, "url"), &sms("1")).await.status, 401);
    assert_eq!(admin(&bridge, Method::DELETE, "/admin/receivers/hall", &json!({})).await.status, 404);
    let second = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    assert_eq!(post_to(&bridge, text(&second, "url"), &sms("1")).await.status, 200);
    bridge.stop().await;
}

#[tokio::test]
async fn receivers_survive_a_restart_and_are_recognised_while_the_audit_store_is_away() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    let secret = text(&given, "secret").to_owned();
    let (folder, clock) = (bridge.folder.clone(), bridge.clock.clone());
    bridge.stop().await;
    let note = std::fs::metadata(folder.path().join("receivers.json")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&note.permissions()) & 0o777, 0o600);
    let text = std::fs::read_to_string(folder.path().join("receivers.json")).unwrap();
    assert!(!text.contains(&secret), "a secret is kept as its hash");
    clock.advance(Span(1_000));
    let bridge = Bridge::start_on(Arc::clone(&folder), clock, &[]).await;
    let url = format!("{}/sms/receive?apiKey={secret}", bridge.url);
    assert_eq!(post_to(&bridge, &url, &sms("1")).await.status, 200);
    bridge.stop().await;
}
