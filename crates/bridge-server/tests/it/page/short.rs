//! The short code: for people who type, and for nobody else.

use reqwest::StatusCode;
use serde_json::json;

use super::{USER, bridge, html, look, page_of, register};

#[tokio::test]
async fn a_short_code_is_typed_and_validates() {
    let bridge = bridge().await;
    bridge.set("hash_style", json!("short")).await;
    let registered = register(&bridge, json!({"device_id": "d1"})).await;
    let body = registered.text("sms_body");
    assert_eq!(registered.text("hash").len(), 64);
    assert_eq!(body.len(), "ONBOARD:".len() + 19, "{body}");
    assert!(html(&look(&bridge, &page_of(&registered)).await).contains(body));
    // As people type it.
    let typed = body.to_lowercase().replace('-', " ").replace(':', ": ").replace('0', "O");
    assert_eq!(bridge.text(USER, &typed).await.verdict(), "passed");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
}

#[tokio::test]
async fn the_hash_itself_still_counts_and_survives_the_audit_store() {
    let bridge = bridge().await;
    bridge.set("hash_style", json!("short")).await;
    let registered = register(&bridge, json!({})).await;
    // The setting changes: whoever was given a short code may still use it.
    bridge.set("hash_style", json!("sha256")).await;
    let wrong = registered.text("sms_body").replace(|c: char| c.is_ascii_digit(), "7");
    assert_eq!(bridge.text(USER, &wrong).await.verdict(), "header_hash_check");
    let hash = format!("ONBOARD:{}", registered.text("hash"));
    assert_eq!(bridge.text(USER, &hash).await.verdict(), "passed");
}

#[tokio::test]
async fn whoever_was_given_a_hash_cannot_be_validated_by_eighty_bits_of_it() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({})).await;
    assert_eq!(registered.status, StatusCode::CREATED);
    let code = bridge_core::short_code::of(registered.text("hash"));
    assert_eq!(bridge.text(USER, &format!("ONBOARD:{code}")).await.verdict(), "header_hash_check");
    assert_eq!(bridge.text(USER, registered.text("sms_body")).await.verdict(), "passed");
}
