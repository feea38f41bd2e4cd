//! Webhooks end to end: what an app is told, in which order, how often, and where a message never goes.

pub(crate) mod endpoint;
mod killed;
mod proof;
mod receivers;
mod verified;

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::Span;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON};
use endpoint::{Endpoint, Mode};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";
const LOOPBACK: [&str; 2] = ["--webhook-allow", "127.0.0.0/8"];

async fn bridge() -> Bridge {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    Bridge::start_on(folder, Clock::standing_at(NOON), &LOOPBACK).await
}

impl Bridge {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).bearer_auth(ADMIN_TOKEN).json(body)).await
    }

    /// Adds a webhook; answers its id and its secret.
    async fn webhook(&self, url: &str, events: &[&str]) -> (String, String) {
        let body = json!({"url": url, "events": events, "description": "the shop"});
        let added = self.ask(Method::POST, "/admin/webhooks", &body).await;
        assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
        (added.text("id").to_owned(), added.text("secret").to_owned())
    }

    async fn look_at(&self, webhook: &str) -> Value {
        self.get(&format!("/admin/webhooks/{webhook}"), ADMIN_TOKEN).await.body
    }

    async fn deliveries(&self, webhook: &str) -> Vec<Value> {
        let page = self.get(&format!("/admin/webhooks/{webhook}/deliveries"), ADMIN_TOKEN).await;
        page.body["items"].as_array().unwrap().clone()
    }

    async fn cancel(&self, registered: &Answer) {
        let path = format!("/onboard/{}/cancel", registered.text("onboarding_id"));
        let answer = self.send(self.request(Method::POST, &path).bearer_auth(API_KEY)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_app_is_told_what_becomes_of_a_registration() {
    let bridge = bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(204)).await;
    let (id, secret) = bridge.webhook(&endpoint.url, &[]).await;
    let body = json!({"mobile_number": ALICE, "email": "a@example.com", "device_id": "d1", "metadata": {"order": 7}});
    let register = bridge.request(Method::POST, "/onboard/register").bearer_auth(API_KEY).json(&body);
    let alice = bridge.send(register).await;
    bridge.text(ALICE, "no hash at all").await;
    assert_eq!(bridge.text(ALICE, alice.text("sms_body")).await.verdict(), "passed");

    let told = endpoint.next(3).await;
    let types: Vec<&str> = told.iter().map(endpoint::Message::kind).collect();
    assert_eq!(types, ["sms.judged", "sms.judged", "onboarding.validated"]);
    for message in &told {
        message.verify(&secret, bridge.clock.now());
        assert!(!message.body.contains(alice.text("hash")) && !message.body.contains("ONBOARD"));
        assert_eq!(message.data()["metadata"], json!({"order": 7}));
        assert_eq!(message.data()["mobile_number"], ALICE);
        assert_eq!(message.data()["onboarding_id"], alice.body["onboarding_id"]);
    }
    assert_eq!(told[0].data()["status"], "failed");
    assert_eq!(told[0].data()["failed_at_check"], "header_hash_check");
    assert_eq!(
        (&told[2].data()["status"], &told[2].data()["device_id"]),
        (&json!("validated"), &json!("d1"))
    );

    until("all is noted", async || bridge.look_at(&id).await["deliveries"]["delivered"] == 3).await;
    let deliveries = bridge.deliveries(&id).await;
    assert_eq!(deliveries.len(), 3);
    assert_eq!(
        (&deliveries[0]["type"], &deliveries[0]["state"]),
        (&json!("onboarding.validated"), &json!("delivered"))
    );
    assert_eq!(deliveries[0]["event_id"], told[2].id.as_str());
    assert_eq!(deliveries[0]["tries"][0]["status"], 204);
    let listed = bridge.get("/admin/webhooks", ADMIN_TOKEN).await;
    assert!(!listed.body.to_string().contains(&secret), "a secret is shown once");
    assert_eq!(listed.body["items"][0]["deliveries"], json!({"waiting": 0, "delivered": 3, "failed": 0}));
    bridge.stop().await;
}

#[tokio::test]
async fn whatever_ends_an_onboarding_is_told() {
    let bridge = bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    let wanted = ["onboarding.expired", "onboarding.failed", "onboarding.cancelled", "onboarding.superseded"];
    bridge.webhook(&endpoint.url, &wanted).await;
    let cancelled = bridge.registered(ALICE).await;
    bridge.cancel(&cancelled).await;
    bridge.registered(BOB).await;
    bridge.text(BOB, "no hash at all").await;
    bridge.registered("+919876543212").await;
    bridge.clock.advance(Span(301_000));
    bridge.register("+919876543212", "user@example.com", "d1").await;
    bridge.settle().await;
    let told = endpoint.next(3).await;
    let mut types: Vec<(&str, String)> =
        told.iter().map(|message| (message.kind(), message.data()["mobile_number"].to_string())).collect();
    types.sort();
    let of = |kind: &'static str, number: &str| (kind, format!("\"{number}\""));
    let last = types.pop().unwrap();
    assert_eq!(types, [of("onboarding.cancelled", ALICE), of("onboarding.failed", BOB)]);
    // It had passed its deadline when it was registered again: whichever came first.
    assert!(["onboarding.expired", "onboarding.superseded"].contains(&last.0), "{last:?}");
    let failed = told.iter().find(|message| message.kind() == "onboarding.failed").unwrap();
    assert_eq!(failed.data()["failed_at_check"], "header_hash_check");
    bridge.stop().await;
}

#[tokio::test]
async fn a_pause_a_block_and_their_end_are_told() {
    let bridge = bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    bridge.webhook(&endpoint.url, &["bridge.paused", "bridge.resumed", "number.blacklisted"]).await;
    bridge.set("maintenance_mode", json!(true)).await;
    let paused = endpoint.next(1).await;
    assert_eq!((paused[0].kind(), &paused[0].data()["cause"]), ("bridge.paused", &json!("maintenance")));
    bridge.set("maintenance_mode", json!(false)).await;
    assert_eq!(endpoint.next(1).await[0].kind(), "bridge.resumed");
    bridge.ask(Method::POST, "/admin/blacklist", &json!({"mobile_number": BOB, "reason": "spam"})).await;
    let blocked = endpoint.next(1).await;
    assert_eq!((blocked[0].kind(), &blocked[0].data()["reason"]), ("number.blacklisted", &json!("spam")));
    bridge.settle().await;
    assert_eq!(endpoint.waiting(), 0, "each once");
    bridge.stop().await;
}

#[tokio::test]
async fn what_fails_is_tried_again_in_order_and_one_that_hangs_holds_nobody_up() {
    let bridge = bridge().await;
    let hanging = Endpoint::start(Mode::Hangs).await;
    let mut failing = Endpoint::start(Mode::Answers(500)).await;
    let mut healthy = Endpoint::start(Mode::Answers(200)).await;
    bridge.webhook(&hanging.url, &[]).await;
    let (failing_id, _) = bridge.webhook(&failing.url, &[]).await;
    bridge.webhook(&healthy.url, &[]).await;
    let alice = bridge.registered(ALICE).await;
    bridge.text(ALICE, alice.text("sms_body")).await;
    let kinds = |told: &[endpoint::Message]| told.iter().map(|m| m.kind().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&healthy.next(2).await), ["sms.judged", "onboarding.validated"]);
    let first = failing.next(1).await;
    assert_eq!(kinds(&first), ["sms.judged"], "what comes after it waits for it");
    until("it is noted", async || bridge.look_at(&failing_id).await["failing_since"] != Value::Null).await;
    // Not before its time.
    bridge.clock.advance(Span(4_000));
    bridge.settle().await;
    assert_eq!(failing.waiting(), 0);
    failing.answers(200);
    bridge.clock.advance(Span(2_000));
    let again = failing.next(2).await;
    assert_eq!(kinds(&again), ["sms.judged", "onboarding.validated"]);
    assert_eq!((&again[0].id, &again[0].body), (&first[0].id, &first[0].body), "the same message");
    assert_ne!(again[0].signature, first[0].signature, "signed at the time of the try");
    until("all is noted", async || bridge.look_at(&failing_id).await["deliveries"]["delivered"] == 2).await;
    assert_eq!(bridge.look_at(&failing_id).await["failing_since"], Value::Null);
    let tries = bridge.deliveries(&failing_id).await[1]["tries"].clone();
    assert_eq!((&tries[0]["status"], &tries[1]["status"]), (&json!(500), &json!(200)));
    assert_eq!(tries[0]["answer"].as_str().unwrap().len(), 1024, "the beginning of what it said");

    let path = format!("/admin/webhooks/{failing_id}/replay");
    let replayed = bridge.ask(Method::POST, &path, &json!({"since": "2026-01-01T00:00:00Z"})).await;
    assert_eq!(replayed.body, json!({"replayed": 2}));
    assert_eq!(kinds(&failing.next(2).await), ["sms.judged", "onboarding.validated"]);
    bridge.stop_with_a_hanging_webhook().await;
}

impl Bridge {
    /// What hangs waits for the next start.
    async fn stop_with_a_hanging_webhook(self) {
        drop(self.stop().await);
    }
}

#[tokio::test]
async fn one_that_is_gone_or_fails_for_days_is_switched_off_with_an_incident() {
    let bridge = bridge().await;
    let mut gone = Endpoint::start(Mode::Answers(410)).await;
    let mut failing = Endpoint::start(Mode::Answers(503)).await;
    let (gone_id, _) = bridge.webhook(&gone.url, &["sms.judged"]).await;
    let (failing_id, _) = bridge.webhook(&failing.url, &["sms.judged"]).await;
    bridge.text(ALICE, "hello").await;
    gone.next(1).await;
    failing.next(1).await;
    until("it is off", async || bridge.look_at(&gone_id).await["enabled"] == false).await;
    let off = bridge.look_at(&gone_id).await;
    assert!(off["disabled_reason"].as_str().unwrap().contains("410"), "{off}");
    until("it is noted", async || bridge.look_at(&failing_id).await["failing_since"] != Value::Null).await;
    assert_eq!(bridge.look_at(&failing_id).await["enabled"], true);
    bridge.clock.advance(Span(5 * 86_400_000));
    bridge.settle().await;
    until("it is off", async || bridge.look_at(&failing_id).await["enabled"] == false).await;
    bridge.look().await;
    bridge.settle().await;
    let incidents = bridge.stores.desk.incidents(NOON, bridge.clock.now() + Span(1)).await.unwrap();
    let what: Vec<&str> = incidents.iter().map(|incident| incident.what.as_str()).collect();
    assert!(what.contains(&format!("webhook:{failing_id}").as_str()), "{what:?}");

    // Switched on again it goes on where it was.
    failing.answers(200);
    let path = format!("/admin/webhooks/{failing_id}");
    let on = bridge.ask(Method::PATCH, &path, &json!({"enabled": true})).await;
    assert_eq!((&on.body["enabled"], &on.body["disabled_reason"]), (&json!(true), &Value::Null));
    bridge.clock.advance(Span(86_400_000 * 2));
    assert_eq!(failing.last().await.kind(), "sms.judged");
    bridge.stop().await;
}

#[tokio::test]
async fn what_waits_for_hours_is_tried_at_once_when_the_operator_changes_the_webhook() {
    let bridge = bridge().await;
    let mut failing = Endpoint::start(Mode::Answers(500)).await;
    let (id, _) = bridge.webhook(&failing.url, &["sms.judged"]).await;
    bridge.text(ALICE, "hello").await;
    let first = failing.next(1).await;
    until("it is noted", async || bridge.look_at(&id).await["failing_since"] != Value::Null).await;
    bridge.clock.advance(Span(6_000));
    failing.next(1).await;
    until("it waits", async || bridge.deliveries(&id).await[0]["tries"].as_array().unwrap().len() == 2).await;
    failing.answers(200);
    let path = format!("/admin/webhooks/{id}");
    let changed = bridge.ask(Method::PATCH, &path, &json!({"description": "it is mended"})).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    assert_eq!(failing.next(1).await[0].id, first[0].id, "though five minutes were not over");
    bridge.stop().await;
}

#[tokio::test]
async fn what_was_under_way_when_the_operator_changed_the_webhook_is_tried_again_at_once() {
    let bridge = bridge().await;
    let mut hanging = Endpoint::start(Mode::Hangs).await;
    let mut well = Endpoint::start(Mode::Answers(204)).await;
    let (id, _) = bridge.webhook(&hanging.url, &["sms.judged"]).await;
    bridge.text(ALICE, "hello").await;
    let first = hanging.next(1).await;
    let path = format!("/admin/webhooks/{id}");
    let changed = bridge.ask(Method::PATCH, &path, &json!({"url": well.url})).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    hanging.gives_up();
    assert_eq!(well.next(1).await[0].id, first[0].id, "though the time of its second try has not come");
    bridge.stop().await;
}

#[tokio::test]
async fn a_secret_is_rotated_without_a_gap() {
    let bridge = bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    let (id, first) = bridge.webhook(&endpoint.url, &["sms.judged"]).await;
    let path = format!("/admin/webhooks/{id}");
    let rotated = bridge.ask(Method::POST, &format!("{path}/rotate"), &json!({})).await;
    let second = rotated.text("secret").to_owned();
    assert_ne!(first, second);
    bridge.text(ALICE, "hello").await;
    let told = endpoint.next(1).await;
    told[0].verify(&first, bridge.clock.now());
    told[0].verify(&second, bridge.clock.now());
    bridge.clock.advance(Span(86_400_000));
    let tested = bridge.ask(Method::POST, &format!("{path}/test"), &json!({})).await;
    assert_eq!((&tested.body["delivered"], &tested.body["status"]), (&json!(true), &json!(200)));
    let test = endpoint.next(1).await;
    assert_eq!(test[0].kind(), "webhook.test");
    test[0].verify(&second, bridge.clock.now());
    assert!(!test[0].is_signed_with(&first), "after a day the one before has ended");
    assert_eq!(bridge.ask(Method::DELETE, &path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(bridge.get(&path, ADMIN_TOKEN).await.status, StatusCode::NOT_FOUND);
    bridge.stop().await;
}

#[tokio::test]
async fn what_stands_beside_the_bridge_is_not_reached() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &[]).await;
    let endpoint = Endpoint::start(Mode::Answers(200)).await;
    for url in [
        endpoint.url.clone(),
        "https://[::ffff:10.0.0.1]/".into(),
        "https://0x7f.1/".into(),
        "ftp://a.example/".into(),
    ] {
        let refused = bridge.ask(Method::POST, "/admin/webhooks", &json!({"url": url})).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{url}");
        assert_eq!(refused.body["errors"][0]["field"], "url");
    }
    // A name that stands for it is found out when it is looked up.
    let port = endpoint.url.rsplit(':').next().unwrap().split('/').next().unwrap().to_owned();
    for url in [format!("http://localhost:{port}/"), format!("https://localhost:{port}/")] {
        let (id, _) = bridge.webhook(&url, &[]).await;
        let tested = bridge.ask(Method::POST, &format!("/admin/webhooks/{id}/test"), &json!({})).await;
        assert_eq!(tested.body["delivered"], false);
        let why = tested.text("error");
        assert!(why.contains("SMS_BRIDGE_WEBHOOK_ALLOW"), "{why}");
    }
    assert_eq!(endpoint.connections(), 0);
    bridge.stop().await;
}

#[tokio::test]
async fn a_redirect_leads_nowhere_and_an_answer_without_end_is_cut() {
    let bridge = bridge().await;
    let elsewhere = Endpoint::start(Mode::Answers(200)).await;
    let redirecting = Endpoint::start(Mode::Redirects(elsewhere.url.clone())).await;
    let endless = Endpoint::start(Mode::Endless).await;
    let tested = async |url: &str| {
        let (id, _) = bridge.webhook(url, &[]).await;
        bridge.ask(Method::POST, &format!("/admin/webhooks/{id}/test"), &json!({})).await.body
    };
    let redirected = tested(&redirecting.url).await;
    assert_eq!((&redirected["delivered"], &redirected["status"]), (&json!(false), &json!(302)));
    assert_eq!(elsewhere.connections(), 0);
    let endless = tested(&endless.url).await;
    assert_eq!(endless["delivered"], true, "its status counts");
    assert!(endless["answer"].as_str().unwrap().len() <= 1024);
    bridge.stop().await;
}

#[tokio::test]
async fn a_wrong_wish_says_which_field_is_wrong() {
    let bridge = bridge().await;
    for (body, field) in [
        (json!({}), "url"),
        (json!({"url": 7}), "url"),
        (json!({"url": "nowhere"}), "url"),
        (json!({"url": "https://user:pass@a.example/"}), "url"),
        (json!({"url": "https://a.example/", "events": ["onboarding.started"]}), "events"),
        (json!({"url": "https://a.example/", "events": 7}), "events"),
        (json!({"url": "https://a.example/", "enabled": "maybe"}), "enabled"),
        (json!({"url": "https://a.example/", "description": "x".repeat(201)}), "description"),
    ] {
        let answer = bridge.ask(Method::POST, "/admin/webhooks", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["field"], field, "{body}: {}", answer.body);
    }
    let (id, _) = bridge.webhook("https://a.example/", &[]).await;
    let path = format!("/admin/webhooks/{id}");
    for (body, field) in [
        (json!({}), "since"),
        (json!({"since": "yesterday"}), "since"),
        (json!({"delivery": "x"}), "delivery"),
        (json!({"since": "2026-01-01T00:00:00Z", "delivery": 1}), "since"),
    ] {
        let answer = bridge.ask(Method::POST, &format!("{path}/replay"), &body).await;
        assert_eq!(
            (answer.status, &answer.body["errors"][0]["field"]),
            (StatusCode::BAD_REQUEST, &json!(field))
        );
    }
    let unknown = bridge.ask(Method::POST, &format!("{path}/replay"), &json!({"delivery": 99})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for id in ["x", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(
            bridge.get(&format!("/admin/webhooks/{id}"), ADMIN_TOKEN).await.status,
            StatusCode::NOT_FOUND
        );
    }
    assert_eq!(bridge.get("/admin/webhooks", API_KEY).await.status, StatusCode::UNAUTHORIZED);
    bridge.stop().await;
}

/// Waits for what workers do by themselves, with an end.
pub(crate) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never: {what}");
}
