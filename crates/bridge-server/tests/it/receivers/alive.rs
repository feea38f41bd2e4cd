//! Signs of life, silence, and which number a user is told.

use std::collections::BTreeMap;

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::{added, admin, has_a_habit, post_to, text};
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
    let cellar = added(&bridge, json!({"name": "cellar", "format": "generic"})).await;
    has_a_habit(&bridge, &hall).await;
    has_a_habit(&bridge, &cellar).await;
    has_a_habit(&bridge, &cellar).await;
    bridge.clock.advance(Span(1_000));
    let one_silent = bridge.get("/health", ADMIN_TOKEN).await;
    assert_eq!(one_silent.text("status"), "degraded");
    assert_eq!(one_silent.body["components"]["receivers"]["hall"]["status"], "silent");
    assert_eq!(one_silent.body["components"]["receivers"]["cellar"]["status"], "ok");
    bridge.registered("+919876543211").await;

    bridge.clock.advance(Span(700_000));
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
    bridge.clock.advance(Span(86_400_000));
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "paused");
    for name in ["hall", "cellar"] {
        let path = format!("/admin/receivers/{name}");
        assert_eq!(admin(&bridge, Method::PATCH, &path, &json!({"paused": true})).await.status, 204);
    }
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "accepting");
    bridge.stop().await;
}

#[tokio::test]
async fn a_quiet_night_ends_nothing() {
    let bridge = Bridge::start().await;
    let numbers = json!({"name": "provider", "format": "twilio", "numbers": ["+919000000001"]});
    let provider = added(&bridge, numbers).await;
    let app = added(&bridge, json!({"name": "app", "format": "generic"})).await;
    let sms = json!({"from": "+919876543299", "text": "hello"});
    post_to(&bridge, text(&app, "url"), &sms).await;
    let form = bridge
        .http
        .post(text(&provider, "url"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("From=%2B919876543298&Body=hello&MessageSid=SM1");
    assert_eq!(bridge.send(form).await.status, 200);
    // Two pings are no habit.
    for _ in 0..2 {
        assert_eq!(heartbeat(&bridge, &app, json!({})).await, 200);
        bridge.clock.advance(Span(60_000));
    }
    bridge.clock.advance(Span(8 * 3_600_000));
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "accepting");
    let all = receivers(&bridge).await;
    assert_eq!((&all["provider"]["status"], &all["app"]["status"]), (&json!("ok"), &json!("ok")));
    bridge.registered("+919876543210").await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_receiver_is_silent_after_three_times_what_its_operator_expects() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "generic", "expected_every_seconds": 60})).await;
    assert_eq!(heartbeat(&bridge, &hall, json!({})).await, 200);
    bridge.clock.advance(Span(180_000));
    assert_eq!(receivers(&bridge).await["hall"]["status"], "ok");
    bridge.clock.advance(Span(1));
    assert_eq!(receivers(&bridge).await["hall"]["status"], "silent");
    let longer = json!({"expected_every_seconds": 86_400});
    assert_eq!(admin(&bridge, Method::PATCH, "/admin/receivers/hall", &longer).await.status, 204);
    assert_eq!(receivers(&bridge).await["hall"]["status"], "ok");
    bridge.stop().await;
}

#[tokio::test]
async fn a_pause_for_silence_lets_one_try_now_and_then_and_ends_by_itself() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "generic", "numbers": ["+919000000001"]})).await;
    has_a_habit(&bridge, &hall).await;
    bridge.clock.advance(SILENCE);
    let status = bridge.get("/status", API_KEY).await;
    assert_eq!((status.text("onboarding"), status.text("cause")), ("paused", "receivers_silent"));
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await.body.to_string();
    assert!(metrics.contains("sms_bridge_onboarding_paused{cause=\\\"receivers_silent\\\"} 1"), "{metrics}");
    let early = bridge.register("+919876543210", "a@example.com", "d1").await;
    assert_eq!((early.status.as_u16(), early.code()), (503, "onboarding_paused"));
    assert_eq!(early.headers["retry-after"], "30");
    bridge.clock.advance(Span(30_000));
    let tries = bridge.registered("+919876543210").await;
    let second = bridge.register("+919876543211", "b@example.com", "d2").await;
    assert_eq!((second.status.as_u16(), second.headers["retry-after"].to_str().unwrap()), (503, "60"));
    // The phone was well all the time, only its pings were lost.
    let sms = json!({"from": "+919876543210", "text": tries.text("sms_body")});
    assert_eq!(post_to(&bridge, text(&hall, "url"), &sms).await.verdict(), "passed");
    assert_eq!(bridge.get("/status", API_KEY).await.text("onboarding"), "accepting");
    bridge.registered("+919876543211").await;
    bridge.stop().await;
}

#[tokio::test]
async fn several_in_a_row_without_an_sms_are_a_warning_and_no_pause() {
    let bridge = Bridge::start().await;
    bridge.deliver(&bridge.sms("+919876543299", "hello")).await;
    for n in 0..5 {
        bridge.registered(&format!("+91987654320{n}")).await;
    }
    bridge.clock.advance(Span(400_000));
    let status = bridge.get("/status", API_KEY).await;
    assert_eq!(status.text("onboarding"), "accepting");
    assert!(status.text("warning").contains("no SMS came"), "{}", status.body);
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert!(health.body["components"]["notes"].to_string().contains("no SMS came"), "{}", health.body);
    bridge.registered("+919876543210").await;
    bridge.deliver(&bridge.sms("+919876543299", "hello again")).await;
    assert!(bridge.get("/status", API_KEY).await.body["warning"].is_null());
    bridge.stop().await;
}

#[tokio::test]
async fn what_was_not_said_while_the_bridge_was_away_is_no_silence() {
    let bridge = Bridge::start().await;
    let given = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    has_a_habit(&bridge, &given).await;
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
        has_a_habit(&bridge, &one).await;
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
