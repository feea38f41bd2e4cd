//! A stream says at once when registration is paused, and when it goes on.

use futures_util::StreamExt;
use reqwest::Method;
use serde_json::json;

use super::{bridge, register};

#[tokio::test]
async fn a_pause_is_pushed() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({})).await;
    let path =
        format!("/onboard/{}/events?token={}", registered.text("onboarding_id"), registered.text("token"));
    let response = bridge.request(Method::GET, &path).send().await.unwrap();
    let mut stream = response.bytes_stream();
    let mut said = String::new();
    let mut until = async |what: &str| {
        while !said.contains(what) {
            said.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
        }
        said.clear();
    };
    until("event: status").await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.settle().await;
    until("\"paused\"").await;
    bridge.set("maintenance_mode", json!(false)).await;
    bridge.settle().await;
    until("\"accepting\"").await;
    // Whoever comes during a pause is told at once.
    bridge.set("maintenance_mode", json!(true)).await;
    let other = bridge.request(Method::GET, &path).send().await.unwrap();
    let mut stream = other.bytes_stream();
    let mut all = String::new();
    while !all.contains("event: bridge") {
        all.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(all.contains("event: status"), "{all}");
}
