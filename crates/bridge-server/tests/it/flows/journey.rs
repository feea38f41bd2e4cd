//! Use case 1 of 002, whole: register, send, be told, be found in the audit tables.

use bridge_core::Span;
use futures_util::{FutureExt, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};

const USER: &str = "+919876543210";

#[tokio::test]
async fn a_user_registers_sends_the_sms_and_is_validated() {
    let bridge = Bridge::start().await;
    bridge.set("sms_receiver_number", json!("+919800000000")).await;
    let registered = bridge.register(USER, "user@example.com", "d1").await;
    assert_eq!(registered.status, StatusCode::CREATED);
    let hash = registered.text("hash").to_owned();
    let id = registered.text("onboarding_id").to_owned();
    let expected = json!({
        "status": "success",
        "mobile_number": USER,
        "hash": hash,
        "generated_at": "2026-01-31T12:00:00Z",
        "user_deadline": "2026-01-31T12:05:00Z",
        "user_timelimit_seconds": 300,
        "expires_at": "2026-02-01T12:00:00Z",
        "redis_ttl_seconds": 86400,
        "onboarding_id": id,
        "token": registered.text("token"),
        "sms_receiver_number": "+919800000000",
        "sms_body": format!("ONBOARD:{hash}"),
        "sms_links": {
            "ios": format!("sms:+919800000000&body=ONBOARD:{hash}"),
            "android": format!("sms:+919800000000?body=ONBOARD:{hash}"),
            "universal": format!("sms:+919800000000?&body=ONBOARD:{hash}"),
        },
        "status_url": format!("/onboard/{id}"),
        "page_url": format!("/v/{id}.{}", registered.text("token")),
    });
    assert_eq!(registered.body, expected);

    bridge.clock.advance(Span(20_000));
    let answer = bridge.deliver(&bridge.right_sms(USER, &registered)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!((answer.verdict(), answer.codes().as_str()), ("passed", "1111111"));
    assert_eq!((&answer.body["id"], &answer.body["duplicate_delivery"]), (&json!(1), &json!(false)));

    let status = bridge.status(&registered).await;
    assert_eq!((status.text("status"), status.text("validated_at")), ("validated", "2026-01-31T12:00:20Z"));
    assert_eq!(status.body["last_sms"]["validation_status"], "passed");
    let by_number = bridge.get(&format!("/onboarding/status/{USER}"), API_KEY).await;
    let mut of_number = status.body.clone();
    of_number["open"] = json!(0);
    assert_eq!(by_number.body, of_number);

    let rows = bridge.rows(USER).await;
    assert_eq!(rows.len(), 1);
    for (column, value) in [
        ("redis_id", json!(1)),
        ("mobile_number", json!(USER)),
        ("country_code", json!("91")),
        ("local_mobile", json!("9876543210")),
        ("device_id", json!("d1")),
        ("validation_status", json!("passed")),
        ("failed_at_check", json!(null)),
        ("time_window_check", json!(1)),
        ("receiver_id", json!("default")),
        ("format", json!("generic")),
        ("received_timestamp", json!("2026-01-31T12:00:20Z")),
    ] {
        assert_eq!(rows[0][column], value, "{column}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_long_poll_returns_at_the_change() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    let waiting = bridge.send(bridge.request(Method::GET, &format!("/onboard/{id}?wait=30&token={token}")));
    let sending = async {
        // Once the poll waits, or before: either way it must see the change.
        bridge.deliver(&bridge.right_sms(USER, &registered)).await
    };
    let (status, answer) = tokio::join!(waiting, sending);
    assert_eq!(answer.verdict(), "passed");
    assert_eq!(status.text("status"), "validated");
    bridge.stop().await;
}

#[tokio::test]
async fn an_event_stream_tells_now_and_every_change_and_ends() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    let request = bridge.request(Method::GET, &format!("/onboard/{id}/events")).bearer_auth(token);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache, no-transform");
    let mut stream = response.bytes_stream();
    let mut read = String::new();
    let mut until = async |mark: &str| {
        while !read.contains(mark) {
            read.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
        read.clone()
    };
    let first = until("\n\n").await;
    assert!(first.contains("event: status\n") && first.contains("id: 1\n"), "{first}");
    assert!(first.contains(r#""status":"pending""#), "{first}");
    bridge.text(USER, "ONBOARD:nonsense").await;
    assert!(until("no_hash").await.contains("id: 2\n"));
    bridge.text(USER, registered.text("sms_body")).await;
    assert!(until(r#""status":"validated""#).await.contains("id: 3\n"));
    assert!(stream.next().await.is_none(), "a final state ends the stream");

    // A client that comes again with what it has hears the final state once more, and the end.
    let again = bridge.request(Method::GET, &format!("/onboard/{id}/events")).bearer_auth(token);
    let text = again.header("Last-Event-ID", "3").send().await.unwrap().text().await.unwrap();
    assert_eq!(text.matches("event: status").count(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn a_stream_ends_when_the_bridge_stops() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let path = format!("/onboard/{}/events", registered.text("onboarding_id"));
    let response = bridge.request(Method::GET, &path).bearer_auth(API_KEY).send().await.unwrap();
    let reading = response.text().boxed();
    let (text, _) = tokio::join!(reading, bridge.stop());
    assert!(text.unwrap().contains("pending"));
}

#[tokio::test]
async fn only_the_one_who_registered_or_an_app_may_ask() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let other = bridge.registered("+919876543211").await;
    let path = format!("/onboard/{}", registered.text("onboarding_id"));
    for (secret, expected) in [
        (registered.text("token"), StatusCode::OK),
        (API_KEY, StatusCode::OK),
        (other.text("token"), StatusCode::UNAUTHORIZED),
        (ADMIN_TOKEN, StatusCode::UNAUTHORIZED),
        ("", StatusCode::UNAUTHORIZED),
    ] {
        for path in [path.clone(), format!("{path}/events")] {
            let response = bridge.request(Method::GET, &path).bearer_auth(secret).send().await.unwrap();
            assert_eq!(response.status(), expected, "{path} with {secret:?}");
        }
    }
    let by_number = bridge.get(&format!("/onboard/status/{USER}"), registered.text("token")).await;
    assert_eq!(by_number.status, StatusCode::UNAUTHORIZED, "a number is never asked about with a token");
    bridge.stop().await;
}
