//! The banner: whether people can register and be validated now comes first, with why, since when, and what to do.

use bridge_core::Span;
use reqwest::StatusCode;
use serde_json::json;

use super::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};
use crate::receivers::{added, post_to, text};

async fn html(visitor: &Visitor, path: &str) -> String {
    let page = visitor.open(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
    page.body.as_str().unwrap().to_owned()
}

/// The first sentence of the banner.
fn truth(html: &str) -> (&str, &str) {
    let (_, banner) = html.split_once("<section class=\"health ").unwrap();
    let (level, rest) = banner.split_once('"').unwrap();
    let (_, sentence) = rest.split_once("<b>").unwrap();
    (level, sentence.split("</b>").next().unwrap())
}

#[tokio::test]
async fn maintenance_is_told_first_and_ended_there() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.clock.advance(Span(60_000));
    let page = html(&owner, "/admin/ui/me").await;
    let (level, sentence) = truth(&page);
    assert_eq!(level, "bad");
    assert!(sentence.starts_with("Nobody can register and no SMS is judged, because"), "{sentence}");
    assert!(page.contains("Since <time") && page.contains("60 s ago"), "{page}");
    assert!(page.contains("action=\"/admin/ui/maintenance/end\""), "{page}");
    let viewer = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    assert!(!html(&viewer, "/admin").await.contains("/admin/ui/maintenance/end"));
    assert_eq!(viewer.submit("/admin/ui/maintenance/end", &[]).await.status, StatusCode::FORBIDDEN);

    assert_eq!(owner.submit("/admin/ui/maintenance/end", &[]).await.status, StatusCode::OK);
    bridge.set("sms_receiver_number", json!("+919800000000")).await;
    let page = html(&owner, "/admin").await;
    assert!(truth(&page).1.starts_with("People can register and are validated"), "{page}");
    bridge.stop().await;
}

#[tokio::test]
async fn that_nobody_is_told_a_number_is_said() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let (_, sentence) = (0, truth(&html(&owner, "/admin").await).1.to_owned());
    assert!(sentence.starts_with("Nobody can be validated yet"), "{sentence}");
    added(&bridge, json!({"name": "hall", "format": "generic", "numbers": ["+919800000000"]})).await;
    owner.submit("/admin/ui/receivers/change", &[("name", "hall"), ("paused", "yes")]).await;
    let page = html(&owner, "/admin").await;
    assert_eq!(truth(&page).0, "bad");
    assert!(truth(&page).1.contains("every receiver is paused"), "{page}");
    bridge.stop().await;
}

#[tokio::test]
async fn a_stranger_on_a_shared_address_blames_no_receiver() {
    let bridge = Bridge::start().await;
    let hall = added(&bridge, json!({"name": "hall", "format": "smsgate", "signing_key": true})).await;
    let sms = json!({"event": "sms:received", "payload": {"message": "x", "phoneNumber": "+919876543210",
        "receivedAt": bridge.clock.now().to_string()}});
    // It speaks, as its own.
    let heartbeat = format!("{}/receivers/heartbeat", bridge.url);
    let secret = text(&hall, "secret");
    let beat = bridge.http.post(&heartbeat).bearer_auth(secret).json(&json!({})).send().await.unwrap();
    let spoke = beat.status().is_success();
    bridge.clock.advance(Span(1_000));
    let shared = format!("{}/sms/receive/smsgate", bridge.url);
    let request = bridge.http.post(&shared).header("X-Signature", "00").header("X-Timestamp", "1").json(&sms);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    let receiver = &health.body["components"]["receivers"]["hall"];
    assert_ne!(receiver["status"], "wrong_secret", "{spoke} {}", health.body);
    assert_eq!(receiver["wrong_secret"], json!(null), "{}", health.body);
    let notes = health.body["components"]["notes"].to_string();
    assert!(
        notes.contains("somebody unknown used a wrong secret on the shared address of smsgate"),
        "{notes}"
    );
    assert!(notes.contains("from 127.0.0.1"), "{notes}");

    // On its own address it is its own.
    assert_eq!(post_to(&bridge, text(&hall, "url"), &sms).await.status, StatusCode::UNAUTHORIZED);
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert_ne!(
        health.body["components"]["receivers"]["hall"]["wrong_secret"],
        json!(null),
        "{}",
        health.body
    );
    bridge.stop().await;
}

#[tokio::test]
async fn a_remote_that_does_not_answer_is_said_to() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let clock = bridge_app::base::clock::Clock::standing_at(crate::harness::NOON);
    let flags = ["--remote-url", "http://127.0.0.1:9/rest/v1", "--remote-key", "the-key-of-the-remote"];
    let bridge = Bridge::start_on(folder, clock, &flags).await;
    bridge.set("sms_receiver_number", json!("+919800000000")).await;
    let owner = Visitor::owner(&bridge).await;
    let registered = bridge.registered("+919876543210").await;
    bridge.deliver(&bridge.right_sms("+919876543210", &registered)).await;
    bridge.settle().await;
    bridge.clock.advance(Span(90_000));
    let page = html(&owner, "/admin/ui/recovery").await;
    assert!(truth(&page).1.contains("the remote is not told: it does not answer"), "{page}");
    let seen = page.split_once("id=\"remote\"").unwrap().1;
    for part in [
        "It does not answer since",
        "none since this bridge started",
        "The oldest waits",
        "Next try",
        "Try now",
    ] {
        assert!(seen.contains(part), "{part} in {seen}");
    }
    assert_eq!(owner.submit("/admin/ui/recovery/try", &[]).await.status, StatusCode::OK);
    bridge.stop().await;
}
