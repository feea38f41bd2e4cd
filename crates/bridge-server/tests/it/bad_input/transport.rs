//! What goes wrong below the routes: bodies that are too large or break off, connections that say
//! nothing, ids that try to be headers.

use reqwest::Method;

use super::{JSON, assert_refused, post, quarantine, refusal, request_id, sms_json};
use crate::harness::{API_KEY, Bridge, RECEIVER_KEY};
use crate::raw::{self, Then};

const RECEIVE: &str = "/sms/receive";

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_one_at_it_is_taken() {
    let bridge = Bridge::start().await;
    for (case, length) in [("one byte more", 1024 * 1024 + 1), ("2 MiB", 2 * 1024 * 1024)] {
        let answer = post(&bridge, RECEIVE, RECEIVER_KEY, JSON, &vec![b'a'; length]).await;
        assert_refused(case, &answer, refusal(413, "body_too_large"));
    }
    let largest = |text: usize| sms_json(&format!(r#""message":"{}""#, "a".repeat(text)));
    let whole = largest(1024 * 1024 - largest(0).len());
    assert_eq!(whole.len(), 1024 * 1024);
    let answer = post(&bridge, RECEIVE, RECEIVER_KEY, JSON, &whole).await;
    assert_eq!(answer.status, 200, "1 MiB: {}", answer.body);
    assert_eq!(bridge.rows("+919876543210").await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_the_clients_problem() {
    let bridge = Bridge::start().await;
    for (case, path, key) in [("SMS", RECEIVE, RECEIVER_KEY), ("registration", "/onboard/register", API_KEY)]
    {
        let head = format!(
            "POST {path} HTTP/1.1\nHost: x\nAuthorization: Bearer {key}\nContent-Type: application/json\nContent-Length: 1000"
        );
        let answer = raw::send(&bridge, &head, &sms_json(r#""message":"hello""#), Then::BreaksOff).await;
        assert_refused(case, &answer, refusal(400, "invalid_request"));
        let chunked = head.replace("Content-Length: 1000", "Transfer-Encoding: chunked");
        for (case, body) in [("half a chunk", "ff\r\n{\"from\":"), ("chunk of no size", "zz\r\nhello\r\n")] {
            let answer = raw::send(&bridge, &chunked, body.as_bytes(), Then::BreaksOff).await;
            assert_refused(case, &answer, refusal(400, "invalid_request"));
        }
    }
    assert!(quarantine(&bridge).await.is_empty(), "the sender was told: what came is not the SMS");
    assert_eq!(super::next_id(&bridge).await, 1);
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_harms_nobody() {
    let bridge = Bridge::start().await;
    for (case, bytes) in [
        ("TLS", &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..]),
        ("nothing", b""),
        ("half a request line", b"POST /sms/rec"),
        ("no version", b"GET /livez\r\n\r\n"),
        ("NUL in a header", b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\0b\r\n\r\n"),
        (
            "two lengths",
            b"POST /sms/receive HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        ),
        ("no length at all", b"POST /sms/receive HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n"),
    ] {
        let answer = raw::exchange(&bridge, bytes, Then::BreaksOff).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{case}: {text}");
    }
    assert_eq!(bridge.get("/livez", "").await.status, 200);
    bridge.stop().await;
}

#[tokio::test]
async fn clients_that_say_nothing_block_nobody() {
    let bridge = Bridge::start().await;
    let silent: Vec<_> = (0..50).map(|_| raw::connect(&bridge)).collect();
    assert_eq!(bridge.get("/livez", "").await.status, 200);
    assert_eq!(bridge.text("+919876543210", "hello").await.status, 200);
    drop(silent);
    bridge.stop().await;
}

#[tokio::test]
async fn an_id_is_the_clients_own_only_if_it_is_harmless() {
    let bridge = Bridge::start().await;
    let long = "x".repeat(65);
    for (case, given, kept) in [
        ("a sensible one", &b"req-42/a.b"[..], true),
        ("64 characters", &long.as_bytes()[1..], true),
        ("65 characters", long.as_bytes(), false),
        ("empty", b"", false),
        ("a blank", b"a b", false),
        ("a tab", b"a\tb", false),
        ("not ASCII", "ümlaut".as_bytes(), false),
        ("no UTF-8", b"\xff\xfe", false),
    ] {
        for path in ["/livez", "/nowhere"] {
            let value = reqwest::header::HeaderValue::from_bytes(given).unwrap();
            let request = bridge.request(Method::GET, path).header("X-Request-Id", value);
            let answer = bridge.send(request).await;
            let id = request_id(case, &answer);
            assert_eq!(id.as_bytes() == given, kept, "{case} on {path}: {id}");
            assert!(!id.is_empty() && id.len() <= 64, "{case} on {path}: {id}");
        }
    }
    // Line breaks end a header: what follows is a header of the request, never of the answer.
    let head = "GET /nowhere HTTP/1.1\nHost: x\nX-Request-Id: a\nSet-Cookie: b=c";
    let answer = raw::send(&bridge, head, b"", Then::Waits).await;
    assert_refused("injected", &answer, refusal(404, "not_found"));
    assert_eq!(request_id("injected", &answer), "a");
    assert!(!answer.headers.contains_key("set-cookie"));
    let quoted = bridge.request(Method::GET, "/nowhere").header("X-Request-Id", r#"","code":"x"#);
    assert_refused("quotation marks", &bridge.send(quoted).await, refusal(404, "not_found"));
    bridge.stop().await;
}

#[tokio::test]
async fn every_answer_carries_an_id() {
    let bridge = Bridge::start().await;
    for (method, path) in [
        (Method::GET, "/livez"),
        (Method::GET, "/health"),
        (Method::GET, "/openapi.json"),
        (Method::GET, "/docs/"),
        (Method::GET, "/docs/nothing.js"),
        (Method::GET, "/nowhere"),
        (Method::HEAD, "/livez"),
        (Method::OPTIONS, "/sms/receive"),
        (Method::from_bytes(b"BREW").unwrap(), "/livez"),
        (Method::POST, "/docs/"),
    ] {
        let answer = bridge.send(bridge.request(method.clone(), path)).await;
        request_id(&format!("{method} {path}"), &answer);
        assert!(!answer.status.is_server_error(), "{method} {path}: {}", answer.status);
    }
    bridge.stop().await;
}
