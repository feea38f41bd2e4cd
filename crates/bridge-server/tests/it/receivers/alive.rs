//! Signs of life, silence, and which number a user is told.

use std::collections::BTreeMap;

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::{added, admin, post_to, text};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge, RECEIVER_KEY};

const SILENCE: Span = Span(601_000);

async fn heartbeat(bridge: &Bridge, given: &Value, body: Value) -> u16 {
    post_to(bridge, text(given, "heartbeat_url"), &body).await.status.as_u16()
}

async fn receivers(bridge: &Bridge) -> Value {
    bridge.get("/health", ADMIN_TOKEN).await.body["components"]["receivers"].clone()
}

#[tokio::test]
async fn a_heartbeat_tells_how_the_phone_is() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "smsgate"})).await;
    assert_eq!(receivers(&bridge).await["hall"]["status"], "never_seen");
    let body = json!({"battery": 17, "charging": false, "network": "wifi", "app_version": "1.66.0"});
    assert_eq!(heartbeat(&bridge, &given, body).await, 200);
    let hall = receivers(&bridge).await["hall"].clone();
    assert_eq!((hall["status"].as_str(), hall["battery"].as_u64()), (Some("ok"), Some(17)), "{hall}");
    assert_eq!((hall["network"].as_str(), hall["app_version"].as_str()), (Some("wifi"), Some("1.66.0")));
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    let notes = health.body["components"]["notes"].to_string();
    assert!(notes.contains("17 % battery left"), "{notes}");
    assert!(hall["app_warning"].is_string() && notes.contains("receiver hall:"), "1.66.0 loses SMS: {notes}");
    // What cannot be read is named, and it was heard all the same.
    bridge.clock.advance(Span(5_000));
    let answer = post_to(&bridge, text(&given, "heartbeat_url"), &json!({"battery": "full"})).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["errors"][0]["field"], "battery");
    assert_eq!(receivers(&bridge).await["hall"]["last_seen"], bridge.clock.now().to_string());
    // An empty one will do, for `default` too.
    let empty = bridge.request(Method::POST, "/receivers/heartbeat").bearer_auth(RECEIVER_KEY);
    let answer = bridge.send(empty).await;
    assert_eq!((answer.status.as_u16(), answer.text("receiver")), (200, "default"));
    let refused =
        bridge.send(bridge.request(Method::POST, "/receivers/heartbeat").bearer_auth(API_KEY)).await;
    assert_eq!(refused.status, 401);
    bridge.stop().await;
}

#[tokio::test]
async fn registration_pauses_while_every_receiver_is_silent() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "generic", "numbers": ["+919000000001"]})).await;
    // Never heard of: not missed.
    bridge.clock.advance(SILENCE);
    bridge.registered("+919876543210").await;
    assert_eq!(heartbeat(&bridge, &hall, json!({})).await, 200);
    let cellar = added(&bridge, json!({"name": "cellar", "format": "generic"})).await;
    assert_eq!(heartbeat(&bridge, &cellar, json!({})).await, 200);
    bridge.clock.advance(Span(400_000));
    assert_eq!(heartbeat(&bridge, &cellar, json!({})).await, 200);
    bridge.clock.advance(Span(300_000));
    let one_silent = bridge.get("/health", ADMIN_TOKEN).await;
    assert_eq!(one_silent.text("status"), "degraded");
    assert_eq!(one_silent.body["components"]["receivers"]["hall"]["status"], "silent");
    assert_eq!(one_silent.body["components"]["receivers"]["cellar"]["status"], "ok");
    bridge.registered("+919876543211").await;

    bridge.clock.advance(Span(400_000));
    let paused = bridge.register("+919876543212", "user@example.com", "d1").await;
    assert_eq!((paused.status.as_u16(), paused.code()), (503, "onboarding_paused"), "{}", paused.body);
    assert!(paused.headers.contains_key("retry-after"));
    let status = bridge.get("/status", API_KEY).await;
    assert_eq!(status.text("onboarding"), "paused");
    assert!(status.text("reason").contains("receiver"), "{}", status.body);
    assert!(status.body["since"].is_string());
    // `default` never pauses anything, and never ends a pause either.
    bridge.deliver(&bridge.sms("+919876543210", "hello")).await;
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "paused");

    assert_eq!(heartbeat(&bridge, &hall, json!({})).await, 200);
    bridge.registered("+919876543212").await;
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "accepting");

    // One that the operator paused is not missed.
    bridge.clock.advance(Span(700_000));
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "paused");
    for name in ["hall", "cellar"] {
        let path = format!("/admin/receivers/{name}");
        assert_eq!(admin(&bridge, Method::PATCH, &path, &json!({"paused": true})).await.status, 204);
    }
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "accepting");
    bridge.stop().await;
}

#[tokio::test]
async fn what_was_not_said_while_the_bridge_was_away_is_no_silence() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    assert_eq!(heartbeat(&bridge, &given, json!({})).await, 200);
    let (folder, clock) = (bridge.folder.clone(), bridge.clock.clone());
    bridge.stop().await;
    clock.advance(Span(86_400_000));
    let bridge = Bridge::start_on(folder, clock, &[]).await;
    bridge.registered("+919876543210").await;
    bridge.clock.advance(SILENCE);
    assert_eq!(
        bridge.register("+919876543211", "user@example.com", "d1").await.status,
        503,
        "seen before, silent now"
    );
    bridge.stop().await;
}

#[tokio::test]
async fn users_are_told_a_number_that_is_alive_and_of_their_country() {
    let bridge = Bridge::start().await;
    let settings = json!({"value": ["91", "44"]});
    assert!(
        admin(&bridge, Method::PUT, "/admin/settings/allowed_country_codes", &settings)
            .await
            .status
            .is_success()
    );
    let receivers =
        [("india-1", "+919000000001"), ("india-2", "+919000000002"), ("britain", "+447911123456")];
    let mut given = BTreeMap::new();
    for (name, number) in receivers {
        let one = added(&bridge, json!({"name": name, "format": "generic", "numbers": [number]})).await;
        assert_eq!(heartbeat(&bridge, &one, json!({})).await, 200);
        given.insert(name, one);
    }
    let mut told = BTreeMap::<String, u32>::new();
    for n in 0..10 {
        let answer = bridge.registered(&format!("+9198765432{n:02}")).await;
        *told.entry(answer.text("sms_receiver_number").to_owned()).or_default() += 1;
        assert!(
            answer.body["sms_links"]["android"]
                .as_str()
                .unwrap()
                .contains(answer.text("sms_receiver_number"))
        );
    }
    assert_eq!(told, BTreeMap::from([("+919000000001".to_owned(), 5), ("+919000000002".to_owned(), 5)]));
    assert_eq!(bridge.registered("+447911999999").await.text("sms_receiver_number"), "+447911123456");
    // One falls silent, one is paused: what is left is told.
    bridge.clock.advance(SILENCE);
    for name in ["india-2", "britain"] {
        assert_eq!(heartbeat(&bridge, &given[name], json!({})).await, 200);
    }
    assert_eq!(bridge.registered("+919876543220").await.text("sms_receiver_number"), "+919000000002");
    let paused = admin(&bridge, Method::PATCH, "/admin/receivers/india-2", &json!({"paused": true})).await;
    assert_eq!(paused.status, 204);
    let answer = bridge.registered("+919876543221").await;
    assert_eq!(answer.text("sms_receiver_number"), "+447911123456");
    // At whatever number it comes in, it is accepted.
    let sms = json!({"from": "+919876543221", "text": answer.text("sms_body")});
    assert_eq!(post_to(&bridge, text(&given["india-1"], "url"), &sms).await.verdict(), "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn a_clock_that_is_steadily_ahead_is_corrected() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    let ahead = Span(3_600_000);
    let deliver = |sender: String, text: String| {
        let stamp = (bridge.clock.now() + ahead).to_string();
        let body = json!({"from": sender, "text": text, "timestamp": stamp});
        let url = super::text(&given, "url").to_owned();
        let bridge = &bridge;
        async move { post_to(bridge, &url, &body).await }
    };
    let first = bridge.registered("+919876543210").await;
    let answer = deliver("+919876543210".into(), first.text("sms_body").into()).await;
    assert_eq!(answer.verdict(), "passed", "it arrived in time (D39)");
    for n in 0..4 {
        deliver(format!("+9198765432{:02}", 20 + n), "hello".into()).await;
        bridge.clock.advance(Span(1_000));
    }
    let hall = receivers(&bridge).await["hall"].clone();
    assert_eq!(hall["clock_skew_seconds"], 3600, "{hall}");
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert!(health.body["components"]["notes"].to_string().contains("3600 s ahead"), "{}", health.body);
    // The skew decides for one that comes late: it was sent in time, by the true clock.
    let second = bridge.registered("+919876543211").await;
    let stamp = (bridge.clock.now() + ahead).to_string();
    let kept_back = json!({"from": "+919876543211", "text": second.text("sms_body"), "timestamp": stamp});
    bridge.clock.advance(Span(7_200_000));
    let late = post_to(&bridge, text(&given, "url"), &kept_back).await;
    assert_eq!((late.verdict(), &late.body["late_delivery"]), ("passed", &json!(true)), "{}", late.body);
    for (mobile, skew) in [("+919876543211", 3_600_000), ("+919876543210", 0)] {
        let rows = bridge.rows(mobile).await;
        assert_eq!(rows[0]["clock_skew_ms"], json!(skew), "the row says why: {rows:?}");
    }
    bridge.stop().await;
}
