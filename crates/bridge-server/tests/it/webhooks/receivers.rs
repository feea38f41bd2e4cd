//! A receiver that falls silent and speaks again: apps are told, each once, and so is the operator.

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use super::endpoint::{Endpoint, Mode};
use super::{bridge, until};
use crate::harness::{ADMIN_TOKEN, Bridge};
use crate::notify::sink::Sink;

async fn add(bridge: &Bridge, name: &str) -> Value {
    let request = bridge.request(Method::POST, "/admin/receivers").bearer_auth(ADMIN_TOKEN);
    let body = json!({"name": name, "format": "generic", "expected_every_seconds": 60});
    bridge.send(request.json(&body)).await.body
}

async fn heartbeat(bridge: &Bridge, receiver: &Value) {
    let url = receiver["heartbeat_url"].as_str().unwrap();
    assert_eq!(bridge.send(bridge.http.post(url).json(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_receiver_that_falls_silent_and_speaks_again_is_told_once_each() {
    let bridge = bridge().await;
    let (hall, roof) = (add(&bridge, "hall").await, add(&bridge, "roof").await);
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    let sink = Sink::start().await;
    bridge.webhook(&endpoint.url, &["receiver.silent", "receiver.back"]).await;
    bridge.told(json!({"kind": "ntfy", "url": format!("{}/x", sink.url), "events": ["receiver"]})).await;
    heartbeat(&bridge, &hall).await;
    heartbeat(&bridge, &roof).await;
    let heard_at = bridge.clock.now();
    // The one on the roof goes on speaking.
    until("it is missed", async || {
        bridge.clock.advance(Span(30_000));
        heartbeat(&bridge, &roof).await;
        endpoint.waiting() > 0
    })
    .await;
    let silent = endpoint.next(1).await;
    assert_eq!((silent[0].kind(), &silent[0].data()["receiver"]), ("receiver.silent", &json!("hall")));
    assert_eq!(silent[0].data()["last_seen_at"], heard_at.to_string());
    until("the operator is told", async || {
        bridge.clock.advance(Span(1_000));
        heartbeat(&bridge, &roof).await;
        sink.count() > 0
    })
    .await;
    assert_eq!(sink.all()[0].body["title"], "SMS Bridge: receiver hall is silent");
    heartbeat(&bridge, &hall).await;
    let back = endpoint.next(1).await;
    assert_eq!((back[0].kind(), &back[0].data()["receiver"]), ("receiver.back", &json!("hall")));
    until("the operator is told of its return", async || {
        bridge.clock.advance(Span(1_000));
        heartbeat(&bridge, &roof).await;
        heartbeat(&bridge, &hall).await;
        sink.count() > 1
    })
    .await;
    assert_eq!(sink.all()[1].body["title"], "SMS Bridge: receiver hall speaks again");
    bridge.settle().await;
    assert_eq!((endpoint.waiting(), sink.count()), (0, 2), "each once");
    bridge.stop().await;
}
