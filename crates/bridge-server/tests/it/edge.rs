//! An edge in front of the bridge: what is believed of it and what is not (outside.md section 3). How the edge itself
//! behaves is tested in `edge/test`, in its own runtime.

mod kept;
mod page;
mod supabase;
mod workerd;

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::Span;
use bridge_core::onboarding::hex;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON};

const SECRET: &str = "edge-secret-of-the-tests-0001";
const OLD_SECRET: &str = "edge-secret-of-the-tests-0000";
const ALICE: &str = "+919876543210";

fn hmac(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// What the edge sends, each part to be made wrong by a test.
#[derive(Clone)]
struct Edge {
    secret: &'static str,
    method: Method,
    target: String,
    time: String,
    id: String,
    client: String,
    body: String,
    received: Option<String>,
    /// The body that was signed, where another one is sent.
    signed_body: Option<String>,
    signed_target: Option<String>,
    signed_method: Option<&'static str>,
}

impl Edge {
    fn of(bridge: &Bridge, method: Method, target: &str, body: &Value) -> Edge {
        Edge {
            secret: SECRET,
            method,
            target: target.to_owned(),
            time: bridge.clock.now().epoch_seconds().to_string(),
            id: hex(&Sha256::digest(format!("{target}{body}{}", bridge.clock.now().0)))[..32].to_owned(),
            client: "203.0.113.9 IN".to_owned(),
            body: if body.is_null() { String::new() } else { body.to_string() },
            received: None,
            signed_body: None,
            signed_target: None,
            signed_method: None,
        }
    }

    fn registration(bridge: &Bridge, device: &str) -> Edge {
        let body = json!({"mobile_number": ALICE, "email": "user@example.com", "device_id": device});
        Edge::of(bridge, Method::POST, "/onboard/register", &body)
    }

    fn signature(&self) -> String {
        let body = hex(&Sha256::digest(self.signed_body.as_ref().unwrap_or(&self.body)));
        let target = self.signed_target.as_ref().unwrap_or(&self.target);
        let method = self.signed_method.unwrap_or(self.method.as_str());
        let mut lines = vec![method, target, &self.time, &self.id, &self.client, &body];
        lines.extend(self.received.as_deref());
        hmac(self.secret, &lines.join("\n"))
    }

    fn request(&self, bridge: &Bridge) -> RequestBuilder {
        let mut request = bridge
            .request(self.method.clone(), &self.target)
            .header("X-Edge-Time", &self.time)
            .header("X-Edge-Id", &self.id)
            .header("X-Edge-Client", &self.client)
            .header("X-Edge-Signature", self.signature())
            .header("Content-Type", "application/json")
            .body(self.body.clone());
        if let Some(received) = &self.received {
            request = request.header("X-Edge-Received", received);
        }
        request
    }

    async fn send(&self, bridge: &Bridge) -> Answer {
        bridge.send(self.request(bridge).bearer_auth(API_KEY)).await
    }
}

async fn bridge_with_edge() -> Bridge {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let secrets = format!("{SECRET},{OLD_SECRET}");
    Bridge::start_on(folder, Clock::standing_at(NOON), &["--edge-secret", &secrets]).await
}

async fn attempts(bridge: &Bridge) -> Vec<Value> {
    bridge.settle().await;
    let answer = bridge.get("/admin/registration-attempts", ADMIN_TOKEN).await;
    answer.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_registration_is_believed_as_the_edge_signed_it() {
    let bridge = bridge_with_edge().await;
    let right = Edge::registration(&bridge, "d1");
    assert_eq!(right.send(&bridge).await.status, 201);
    let old = Edge { secret: OLD_SECRET, ..Edge::registration(&bridge, "d2") };
    assert_eq!(old.send(&bridge).await.status, 201, "while one secret is replaced both hold");
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_forged_old_or_taken_twice_is_refused_and_captured() {
    let bridge = bridge_with_edge().await;
    let now = NOON.epoch_seconds();
    let right = |n: usize| Edge::registration(&bridge, &format!("d{n}"));
    let at = |seconds: i64| (now + seconds).to_string();
    let cases: Vec<(&str, Edge)> = vec![
        ("another secret", Edge { secret: "edge-secret-of-the-tests-0009", ..right(1) }),
        ("another body", Edge { signed_body: Some("{}".into()), ..right(2) }),
        ("another path", Edge { signed_target: Some("/onboarding/register".into()), ..right(3) }),
        (
            "another query",
            Edge {
                target: "/onboard/register?a=1".into(),
                signed_target: Some("/onboard/register".into()),
                ..right(4)
            },
        ),
        ("another method", Edge { signed_method: Some("GET"), ..right(5) }),
        ("five minutes and a second old", Edge { time: at(-301), ..right(6) }),
        ("five minutes and a second ahead", Edge { time: at(301), ..right(7) }),
        ("a time that is none", Edge { time: format!("{now}.0"), ..right(8) }),
        ("a time with a sign", Edge { time: format!("+{now}"), ..right(9) }),
        ("an id that is none", Edge { id: "A".repeat(32), ..right(10) }),
        ("a short id", Edge { id: "a".repeat(31), ..right(11) }),
    ];
    let count = cases.len();
    for (case, edge) in cases {
        let answer = edge.send(&bridge).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (401, "edge_signature"),
            "{case}: {}",
            answer.body
        );
    }
    let other_client = right(12).request(&bridge).bearer_auth(API_KEY);
    let mut other_client = other_client.build().unwrap();
    other_client.headers_mut().insert("x-edge-client", "198.51.100.1 IN".parse().unwrap());
    assert_eq!(bridge.http.execute(other_client).await.unwrap().status(), 401, "a forged client");
    let twice = right(13).request(&bridge).header("X-Edge-Client", "198.51.100.1 IN").bearer_auth(API_KEY);
    assert_eq!(bridge.send(twice).await.code(), "edge_signature", "two clients");
    let unsigned =
        bridge.request(Method::POST, "/onboard/register").header("X-Edge-Client", "198.51.100.1 IN");
    let unsigned = unsigned.bearer_auth(API_KEY).json(&json!({"mobile_number": ALICE}));
    assert_eq!(bridge.send(unsigned).await.code(), "edge_signature", "a client that nobody signed");
    for seconds in [-300, 300] {
        let n = usize::try_from(1_000 + seconds).unwrap();
        let edge = Edge { time: at(seconds), ..right(n) };
        assert_eq!(edge.send(&bridge).await.status, 201, "{seconds} s are no reason");
        let copy = edge.send(&bridge).await;
        assert_eq!((copy.status.as_u16(), copy.code()), (401, "edge_signature"), "a copy");
    }
    let captured = attempts(&bridge).await;
    let by_signature = captured.iter().filter(|one| one["reason"] == "edge_signature");
    assert_eq!(by_signature.count(), count + 5);
    bridge.stop().await;
}

/// The hot store knows an id for as long as a signature can be fresh.
#[tokio::test]
async fn a_copy_is_refused_after_a_restart_too() {
    let bridge = bridge_with_edge().await;
    let edge = Edge { time: (NOON.epoch_seconds() + 300).to_string(), ..Edge::registration(&bridge, "d1") };
    assert_eq!(edge.send(&bridge).await.status, 201);
    let clock = bridge.clock.clone();
    let folder = bridge.stop().await;
    clock.advance(Span(599_000));
    let bridge = Bridge::start_on(folder, clock, &["--edge-secret", SECRET]).await;
    let copy = edge.send(&bridge).await;
    assert_eq!((copy.status.as_u16(), copy.code()), (401, "edge_signature"));
    assert!(copy.text("detail").contains("taken already"), "{}", copy.body);
    bridge.stop().await;
}

#[tokio::test]
async fn people_are_told_apart_by_the_address_that_the_edge_signed() {
    let bridge = bridge_with_edge().await;
    bridge.set("registrations_per_mobile_per_hour", json!(1)).await;
    let from =
        |client: &str, device: &str| Edge { client: client.into(), ..Edge::registration(&bridge, device) };
    assert_eq!(from("203.0.113.9 IN", "d1").send(&bridge).await.status, 201);
    let more = from("203.0.113.9 IN", "d2").send(&bridge).await;
    assert_eq!(more.code(), "too_many_registrations");
    assert_eq!(from("198.51.100.1 IN", "d3").send(&bridge).await.status, 201, "a stranger used up nothing");
    assert_eq!(from("2001:db8:0:1::7 DE", "d4").send(&bridge).await.status, 201);
    let same_network = from("2001:db8:0:1:ffff::1 DE", "d5").send(&bridge).await;
    assert_eq!(same_network.code(), "too_many_registrations");
    // Behind an app's own server the edge sees that server: what the app says goes before it.
    let body = json!({"mobile_number": ALICE, "device_id": "d6", "client_ip": "192.0.2.1"});
    let edge = Edge { body: body.to_string(), ..from("203.0.113.9 IN", "d6") };
    assert_eq!(edge.send(&bridge).await.status, 201);
    let captured = attempts(&bridge).await;
    let places: Vec<&str> = captured.iter().filter_map(|one| one["place"].as_str()).collect();
    assert_eq!(places, ["DE", "IN"]);
    bridge.stop().await;
}

#[tokio::test]
async fn registrations_past_the_edge_are_refused_where_it_is_required() {
    let bridge = bridge_with_edge().await;
    assert_eq!(bridge.register(ALICE, "user@example.com", "d1").await.status, 201);
    assert_eq!(bridge.set("edge_required", json!(true)).await.status, 200);
    let past = bridge.register(ALICE, "user@example.com", "d2").await;
    assert_eq!((past.status.as_u16(), past.code()), (403, "edge_required"));
    assert_eq!(Edge::registration(&bridge, "d3").send(&bridge).await.status, 201);
    let captured = attempts(&bridge).await;
    assert_eq!((captured.len(), &captured[0]["reason"]), (1, &json!("edge_required")));
    bridge.stop().await;
}

#[tokio::test]
async fn without_a_secret_nobody_is_an_edge() {
    let bridge = Bridge::start().await;
    assert_eq!(Edge::registration(&bridge, "d1").send(&bridge).await.status, 201, "as if nothing were there");
    let batch = Edge::of(&bridge, Method::POST, "/edge/refusals", &json!({"refusals": []}));
    assert_eq!(batch.send(&bridge).await.code(), "edge_signature");
    assert_eq!(bridge.get("/edge/blocklist", API_KEY).await.code(), "edge_signature");
    bridge.set("edge_required", json!(true)).await;
    let findings = bridge.get("/admin/doctor", ADMIN_TOKEN).await.body["items"].as_array().unwrap().clone();
    let edge = findings.iter().find(|finding| finding["what"] == "edge").unwrap();
    assert_eq!(edge["level"], "problem", "{edge}");
    bridge.stop().await;
}

fn refusal(reason: &str, number: &str) -> Value {
    json!({"at": "2026-01-31T11:59:00Z", "reason": reason, "mobile_number": number, "address": "203.0.113.9", "country": "PK", "count": 3})
}

#[tokio::test]
async fn what_the_edge_refused_is_kept_with_its_place_and_without_its_address() {
    let bridge = bridge_with_edge().await;
    let refusals = [
        refusal("too_many_registrations", ALICE),
        json!({"at": "2026-01-31T12:59:00Z", "reason": "turnstile_failed", "address": "unknown", "country": "XX", "count": 1}),
    ];
    let batch = Edge::of(&bridge, Method::POST, "/edge/refusals", &json!({"refusals": refusals}));
    let answer = batch.send(&bridge).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, &json!({"kept": 2})));
    assert_eq!(batch.send(&bridge).await.code(), "edge_signature", "a copy is not kept twice");
    let kept = attempts(&bridge).await;
    assert_eq!(kept.len(), 2);
    let flood = kept.iter().find(|one| one["reason"] == "too_many_registrations").unwrap();
    assert_eq!(
        (&flood["mobile_number"], &flood["place"], &flood["stands_for"]),
        (&json!(ALICE), &json!("PK"), &json!(3))
    );
    let hash = flood["address_hash"].as_str().unwrap();
    assert!(hash.len() == 64 && !hash.contains("203.0"));
    let other = kept.iter().find(|one| one["reason"] == "turnstile_failed").unwrap();
    assert_eq!((&other["place"], &other["address_hash"]), (&Value::Null, &Value::Null));
    assert_eq!(other["at"], "2026-01-31T12:00:00Z", "the edge's clock is ahead");
    let by_reason = bridge.get("/admin/registration-attempts?reason=turnstile_failed", ADMIN_TOKEN).await;
    assert_eq!(by_reason.body["items"].as_array().unwrap().len(), 1);
    let first = bridge.get("/admin/registration-attempts?limit=1", ADMIN_TOKEN).await.body;
    let next = first["next"].as_str().unwrap();
    let second =
        bridge.get(&format!("/admin/registration-attempts?limit=1&before={next}"), ADMIN_TOKEN).await.body;
    assert_ne!(first["items"], second["items"]);
    bridge.stop().await;
}

#[tokio::test]
async fn a_batch_that_cannot_be_read_is_named() {
    let bridge = bridge_with_edge().await;
    let with = |name: &str, value: Value| {
        let mut one = refusal("blacklisted", ALICE);
        one[name] = value;
        json!({"refusals": [one]})
    };
    for (case, body) in [
        ("no list", json!({})),
        ("a reason with a text in it", with("reason", json!("<b>"))),
        ("no reason", with("reason", json!(""))),
        ("a time that is none", with("at", json!("yesterday"))),
        ("nobody", with("count", json!(0))),
        ("more than there are", with("count", json!(i64::MAX))),
        ("too many", json!({"refusals": vec![refusal("blacklisted", ""); 1_001]})),
    ] {
        let answer = Edge::of(&bridge, Method::POST, "/edge/refusals", &body).send(&bridge).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "invalid_request"),
            "{case}: {}",
            answer.body
        );
    }
    assert_eq!(attempts(&bridge).await.len(), 0);
    bridge.stop().await;
}

#[tokio::test]
async fn blocked_e_mail_addresses_are_told_as_hashes_and_only_when_they_changed() {
    let bridge = bridge_with_edge().await;
    let block = |address: &str| {
        let request = bridge.request(Method::POST, "/admin/blocked-emails").bearer_auth(ADMIN_TOKEN);
        bridge.send(request.json(&json!({"address": address})))
    };
    assert!(block("Mallory+x@Example.com.").await.status.is_success());
    let ask = |tag: Option<String>| {
        bridge.clock.advance(Span(1_000));
        let mut request =
            Edge::of(&bridge, Method::GET, "/edge/blocklist?waiting=7&aside=2&dropped=1", &Value::Null)
                .request(&bridge);
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        bridge.send(request)
    };
    let tag = |answer: &Answer| answer.headers["etag"].to_str().unwrap().to_owned();
    let first = ask(None).await;
    let hash = |address: &str| hmac(SECRET, &format!("blocked e-mail\n{address}"));
    assert_eq!(first.body, json!({"ignore_tags": true, "addresses": [hash("mallory@example.com")]}));
    let same = ask(Some(tag(&first))).await;
    assert_eq!((same.status.as_u16(), &same.body), (304, &json!("")));
    bridge.set("blocked_emails_ignore_tags", json!(false)).await;
    let with_tags = ask(Some(tag(&first))).await;
    assert_eq!(with_tags.body, json!({"ignore_tags": false, "addresses": [hash("mallory+x@example.com")]}));
    let removed = bridge.request(Method::DELETE, "/admin/blocked-emails/mallory%2Bx%40example.com");
    assert!(bridge.send(removed.bearer_auth(ADMIN_TOKEN)).await.status.is_success());
    let none = ask(Some(tag(&with_tags))).await;
    assert_eq!(none.body["addresses"], json!([]));
    // Whose pages may read what the edge answers by itself, as soon as the operator says so.
    bridge.set("status_origins", json!(["https://shop.example"])).await;
    let named = ask(Some(tag(&none))).await;
    assert_eq!(named.body["status_origins"], json!(["https://shop.example"]));
    bridge.set("status_origins", json!(["https://other.example"])).await;
    assert_eq!(ask(Some(tag(&named))).await.body["status_origins"], json!(["https://other.example"]));
    // The desk says what was heard, and the doctor that all is well.
    let heard = bridge.app().edge.now();
    assert_eq!((heard.waiting.map(|(count, _)| count), heard.aside, heard.dropped), (Some(7), 2, 1));
    let findings = bridge.get("/admin/doctor", ADMIN_TOKEN).await.body["items"].clone();
    let edge = findings.as_array().unwrap().iter().find(|finding| finding["what"] == "edge").cloned();
    assert_eq!(edge.unwrap()["level"], "good");
    bridge.stop().await;
}
