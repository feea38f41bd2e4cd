//! SMS that cannot be read are refused and kept; whatever can be read is taken, however odd.

use bridge_app::sms::quarantine::KEPT_MAX_BYTES;
use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use super::{FORM, JSON, Refusal, assert_refused, blames, post, quarantine, refusal, sms_json};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge, NOON, RECEIVER_KEY};

const RECEIVE: &str = "/sms/receive";
const INVALID: Refusal<'static> = refusal(400, "invalid_request");

const fn blamed<'a>(fields: &'a [&'a str]) -> Refusal<'a> {
    blames(400, "invalid_request", fields)
}

const NO_SMS: Refusal<'static> = blamed(&["mobile_number", "sms_message"]);
const NO_TEXT: Refusal<'static> = blamed(&["sms_message"]);

/// Name, content type, body, refusal.
type Unreadable = (&'static str, &'static str, Vec<u8>, Refusal<'static>);

/// Name, `Authorization`, query, content type, body.
type Stranger<'a> = (&'a str, Option<&'a str>, &'a str, &'a str, &'a [u8]);

fn unreadable() -> Vec<Unreadable> {
    let many = |sep: &str, name: fn(usize) -> String| (0..5_000).map(name).collect::<Vec<_>>().join(sep);
    let many_names = format!("{{{}}}", many(",", |n| format!("\"n{n}\":1")));
    let text = |body: &str| body.as_bytes().to_vec();
    vec![
        ("empty", JSON, vec![], INVALID),
        ("empty form", FORM, vec![], INVALID),
        ("empty, no type", "", vec![], INVALID),
        ("blanks", "", text(" \r\n\t"), INVALID),
        ("only a byte order mark", JSON, text("\u{feff}"), INVALID),
        ("cut short", JSON, text(r#"{"mobile_number":"+91987654"#), INVALID),
        ("single quotes", JSON, text("{'mobile_number':'1'}"), INVALID),
        ("more behind it", JSON, sms_json(r#""message":"a"}"#), INVALID),
        ("a list of SMS", JSON, text(r#"[{"from":"1","text":"a"}]"#), INVALID),
        ("a text", JSON, text(r#""hello""#), INVALID),
        ("a number", JSON, text("1e999999"), INVALID),
        ("a million brackets", JSON, b"[".repeat(1_000_000), INVALID),
        ("nested objects", JSON, br#"{"a":"#.repeat(100_000), INVALID),
        ("plain text", "text/plain", text("hello from +919876543210"), INVALID),
        ("an image", "image/png", b"\x89PNG\r\n\x1a\n\x00".to_vec(), INVALID),
        ("all bytes", "application/octet-stream", (0..=255).filter(|b| *b != b'=').collect(), INVALID),
        ("invalid UTF-8 outside a text", JSON, b"{\xff}".to_vec(), INVALID),
        ("UTF-16 without an SMS", JSON, b"\xff\xfe{\0}\0".to_vec(), NO_SMS),
        ("raw NUL outside a text", JSON, b"{\"from\":\"1\",\0\"text\":\"ab\"}".to_vec(), INVALID),
        ("5000 names", JSON, text(&many_names), INVALID),
        ("5000 names in a form", FORM, text(&many("&", |n| format!("n{n}=1"))), INVALID),
        ("a name twice", JSON, sms_json(r#""message":"a","message":"b""#), blamed(&["message"])),
        ("a name twice, one escaped", JSON, sms_json(r#""text":"a","t\u0065xt":"b""#), blamed(&["text"])),
        ("a name twice in a form", FORM, text("from=1&text=a&from=2"), blamed(&["from"])),
        ("no SMS", JSON, text("{}"), NO_SMS),
        ("a form of something else", FORM, text("a=b"), NO_SMS),
        ("half of JSON that says it is a form", FORM, text(r#"{"from":"1","text":"a""#), NO_SMS),
        ("no text", JSON, text(r#"{"from":"+919876543210"}"#), NO_TEXT),
        ("null text", JSON, sms_json(r#""message":null"#), NO_TEXT),
        ("no sender", FORM, text("text=hello"), blamed(&["mobile_number"])),
        ("nested as SMSGate does", JSON, text(r#"{"payload":{"message":"a","sender":"1"}}"#), NO_SMS),
        ("sender a list", JSON, text(r#"{"from":["1"],"text":"a"}"#), blamed(&["from"])),
        ("sender a boolean", JSON, text(r#"{"sender":true,"text":"a"}"#), blamed(&["sender"])),
        ("text an object", JSON, sms_json(r#""message":{"a":"b"}"#), blamed(&["message"])),
        ("id a list", JSON, sms_json(r#""text":"a","message_id":[1]"#), blamed(&["message_id"])),
        ("phone an object", JSON, sms_json(r#""text":"a","device_id":{}"#), blamed(&["device_id"])),
        (
            "everything at once",
            JSON,
            text(r#"{"from":[],"text":{},"timestamp":"x","id":true,"sim":[]}"#),
            blamed(&["from", "text", "id", "sim"]),
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_kept_byte_for_byte() {
    let bridge = Bridge::start().await;
    let mut expected = Vec::new();
    for (case, kind, mut body, refusal) in unreadable() {
        let answer = post(&bridge, RECEIVE, RECEIVER_KEY, kind, &body).await;
        assert_refused(case, &answer, refusal);
        // Of a long one its beginning.
        body.truncate(KEPT_MAX_BYTES);
        expected.insert(0, body);
        assert!(quarantine(&bridge).await == expected, "{case}: not in quarantine as it came");
    }
    let entry = &bridge.stores.audit.quarantined(1).await.unwrap()[0];
    assert_eq!((entry.receiver_id.as_str(), entry.at, entry.content_type.as_str()), ("default", NOON, JSON));
    assert!(entry.reason.contains("from must be a text, not a list"), "{}", entry.reason);
    assert_eq!(super::next_id(&bridge).await, 1, "nothing of all that was taken for an SMS");
    bridge.stop().await;
}

#[tokio::test]
async fn whoever_has_no_key_is_refused_and_nothing_is_kept() {
    let bridge = Bridge::start().await;
    let good = sms_json(r#""message":"hello""#);
    let with_secret = sms_json(r#""message":"hello","secret":"wrong-key-of-a-phone""#);
    let cases: &[Stranger<'_>] = &[
        ("no secret", None, "", JSON, &good),
        ("no secret, unreadable", None, "", JSON, b"{"),
        ("no secret, empty", None, "", "", b""),
        ("wrong bearer", Some("Bearer wrong-key"), "", JSON, &good),
        ("empty bearer", Some("Bearer "), "", JSON, &good),
        ("bearer of bytes", Some("Bearer \u{e9}"), "", JSON, &good),
        ("only the scheme", Some("Bearer"), "", JSON, &good),
        ("unknown scheme", Some("Digest a=b"), "", JSON, &good),
        ("wrong Basic", Some("Basic cGhvbmU6d3Jvbmc="), "", JSON, &good),
        ("Basic that is no base64", Some("Basic !!"), "", JSON, &good),
        ("Basic without a colon", Some("Basic cGhvbmU="), "", JSON, &good),
        ("wrong apiKey", None, "?apiKey=wrong", JSON, &good),
        ("broken apiKey", None, "?apiKey=%ff%zz", JSON, &good),
        ("wrong secret in the body", None, "", JSON, &with_secret),
        ("wrong secret in a form", None, "", FORM, b"from=1&text=a&secret=wrong"),
        ("secret a list", None, "", JSON, br#"{"from":"1","text":"a","secret":["x"]}"#),
    ];
    for (case, authorization, query, kind, body) in cases {
        let path = format!("{RECEIVE}{query}");
        let mut request = bridge.request(Method::POST, &path).header("content-type", *kind);
        if let Some(value) = authorization {
            request = request.header("authorization", *value);
        }
        let answer = bridge.send(request.body(body.to_vec())).await;
        assert_refused(case, &answer, refusal(401, "unauthorized"));
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{case}");
    }
    for key in [API_KEY, ADMIN_TOKEN] {
        let answer = post(&bridge, RECEIVE, key, JSON, &good).await;
        assert_refused("another key of ours", &answer, refusal(401, "unauthorized"));
    }
    assert!(quarantine(&bridge).await.is_empty(), "a stranger fills no disk");
    assert_eq!(super::next_id(&bridge).await, 1, "nothing of all that was taken in");
    bridge.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_shows_in_health_and_a_missing_one_does_not() {
    let bridge = Bridge::start().await;
    let good = sms_json(r#""message":"hello""#);
    let seen = async || {
        let health = bridge.get("/health", API_KEY).await;
        (health.text("status").to_owned(), health.body["components"]["receivers"]["default"].clone())
    };
    post(&bridge, RECEIVE, "", JSON, &good).await;
    assert_eq!(seen().await.1, json!(null), "scanners without a secret are no news");
    post(&bridge, RECEIVE, "wrong-key", JSON, &good).await;
    let (status, default) = seen().await;
    assert_eq!((status.as_str(), &default["status"]), ("healthy", &json!("never_seen")), "nobody uses it");
    assert_eq!((&default["last_seen"], &default["rejected"]), (&json!(null), &json!(1)));
    assert_eq!(default["wrong_secret"], "2026-01-31T12:00:00Z");
    bridge.text("+919876543210", "a phone uses it").await;
    bridge.clock.advance(Span(1_000));
    post(&bridge, RECEIVE, "wrong-key", JSON, &good).await;
    let (status, default) = seen().await;
    assert_eq!((status.as_str(), &default["status"]), ("degraded", &json!("wrong_secret")));
    let open = bridge.send(bridge.request(Method::GET, "/health")).await;
    assert_eq!(open.body, json!({"status": "degraded"}), "the details need a key");
    bridge.text("+919876543210", "the phone was put right").await;
    assert_eq!(seen().await.0, "healthy");
    bridge.clock.advance(Span(1_000));
    post(&bridge, RECEIVE, "wrong-key", JSON, &good).await;
    assert_eq!(seen().await.0, "degraded");
    bridge.clock.advance(Span(3_600_000));
    assert_eq!(seen().await.1["status"], "ok", "blame ends");
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await;
    assert!(
        metrics.body.as_str().unwrap().contains("sms_bridge_wrong_secret_total 4"),
        "counted all the same"
    );
    bridge.stop().await;
}

#[tokio::test]
async fn every_place_for_the_secret_is_looked_into() {
    let bridge = Bridge::start().await;
    let message = |n: usize| sms_json(&format!(r#""message":"hello {n}""#));
    let url = format!("{RECEIVE}?apiKey={RECEIVER_KEY}");
    let requests = [
        ("bearer", bridge.request(Method::POST, RECEIVE).bearer_auth(RECEIVER_KEY).body(message(1))),
        ("bearer in capitals", {
            let value = format!("BEARER  {RECEIVER_KEY}");
            bridge.request(Method::POST, RECEIVE).header("authorization", value).body(message(2))
        }),
        (
            "Basic",
            bridge.request(Method::POST, RECEIVE).basic_auth("any", Some(RECEIVER_KEY)).body(message(3)),
        ),
        ("apiKey", bridge.request(Method::POST, &url).body(message(4))),
        ("apiKey beside a proxy's login", {
            bridge.request(Method::POST, &url).basic_auth("proxy", Some("other")).body(message(5))
        }),
        ("secret in JSON", {
            let body = sms_json(&format!(r#""message":"hello 6","secret":"{RECEIVER_KEY}""#));
            bridge.request(Method::POST, RECEIVE).body(body)
        }),
        ("secret in a form", {
            let body = format!("from=%2B919876543210&text=hello+7&secret={RECEIVER_KEY}");
            bridge.request(Method::POST, RECEIVE).header("content-type", FORM).body(body)
        }),
    ];
    for (case, request) in requests {
        let answer = bridge.send(request).await;
        assert_eq!(answer.status, 200, "{case}: {}", answer.body);
        assert!(!super::request_id(case, &answer).is_empty());
    }
    assert_eq!(bridge.rows("+919876543210").await.len(), 7);
    bridge.stop().await;
}
