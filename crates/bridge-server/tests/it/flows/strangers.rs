//! Strangers who register somebody else's number: they neither end that person's hash nor use up their hour (D51).

use axum::http::StatusCode;
use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use crate::harness::{API_KEY, Answer, Bridge};

const OWNER: &str = "+919876543210";

async fn register_from(bridge: &Bridge, address: Option<&str>, device: &str) -> Answer {
    let body = json!({
        "mobile_number": OWNER, "email": format!("{device}@example.com"), "device_id": device, "client_ip": address,
    });
    let request = bridge.request(Method::POST, "/onboard/register").bearer_auth(API_KEY).json(&body);
    bridge.send(request).await
}

#[tokio::test]
async fn nine_registrations_by_a_stranger_leave_the_owner_theirs() {
    let bridge = Bridge::start().await;
    let owner = register_from(&bridge, Some("203.0.113.7"), "owner").await;
    for n in 0..9 {
        let stranger = register_from(&bridge, Some("198.51.100.1"), &format!("stranger-{n}")).await;
        assert_eq!(stranger.status, StatusCode::CREATED);
    }
    assert_eq!(bridge.status(&owner).await.text("status"), "pending");
    // Nor is the owner refused another one.
    let tablet = register_from(&bridge, Some("203.0.113.7"), "tablet").await;
    assert_eq!(tablet.status, StatusCode::CREATED);
    for registered in [&owner, &tablet] {
        assert_eq!(bridge.text(OWNER, registered.text("sms_body")).await.verdict(), "passed");
        assert_eq!(bridge.status(registered).await.text("status"), "validated");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn the_hour_counts_for_each_client_address_alone() {
    let bridge = Bridge::start().await;
    for n in 0..10 {
        let stranger = register_from(&bridge, Some("198.51.100.1"), &format!("stranger-{n}")).await;
        assert_eq!(stranger.status, StatusCode::CREATED);
    }
    let refused = register_from(&bridge, Some("198.51.100.1"), "stranger-10").await;
    assert_eq!(refused.code(), "too_many_registrations");
    assert_eq!(register_from(&bridge, Some("203.0.113.7"), "owner").await.status, StatusCode::CREATED);
    assert_eq!(register_from(&bridge, None, "nowhere").await.status, StatusCode::CREATED);
    // A subscriber of IPv6 has a network of addresses.
    for n in 0..10 {
        register_from(&bridge, Some(&format!("2001:db8:1:2::{n}")), &format!("v6-{n}")).await;
    }
    let refused = register_from(&bridge, Some("2001:db8:1:2:ffff::1"), "v6-10").await;
    assert_eq!(refused.code(), "too_many_registrations");
    assert_eq!(register_from(&bridge, Some("2001:db8:1:3::1"), "v6-11").await.status, StatusCode::CREATED);
    bridge.stop().await;
}

#[tokio::test]
async fn each_sms_validates_the_one_it_names_and_no_other() {
    let bridge = Bridge::start().await;
    let first = register_from(&bridge, None, "d1").await;
    let second = register_from(&bridge, None, "d2").await;
    let wrong = bridge.text(OWNER, &format!("ONBOARD:{}", "0".repeat(64))).await;
    assert_eq!(wrong.text("reason"), "hash_mismatch");
    let last = bridge.status(&second).await;
    assert_eq!(last.body["last_sms"]["reason"], "hash_mismatch", "without a match it is the newest one's");
    assert_eq!(bridge.status(&first).await.body["last_sms"], json!(null));

    assert_eq!(bridge.text(OWNER, first.text("sms_body")).await.verdict(), "passed");
    assert_eq!(bridge.status(&first).await.text("status"), "validated");
    assert_eq!(bridge.status(&second).await.text("status"), "pending");
    // The same text once more, as a new SMS: its onboarding is validated already.
    bridge.clock.advance(Span(5_000));
    let again = bridge.text(OWNER, first.text("sms_body")).await;
    assert_eq!(again.text("reason"), "already_validated");
    assert_eq!(bridge.rows(OWNER).await.len(), 3);
    bridge.stop().await;
}

#[tokio::test]
async fn without_header_hash_check_a_text_that_names_none_of_several_is_ambiguous() {
    let bridge = Bridge::start().await;
    bridge.set("header_hash_check_enabled", json!(false)).await;
    let first = register_from(&bridge, None, "d1").await;
    register_from(&bridge, None, "d2").await;
    let ambiguous = bridge.text(OWNER, "hello").await;
    assert_eq!((ambiguous.verdict(), ambiguous.text("reason")), ("onboarding_match", "ambiguous"));
    let named = bridge.text(OWNER, first.text("sms_body")).await;
    assert_eq!(named.verdict(), "passed");
    // One is left, and so there is no doubt.
    bridge.clock.advance(Span(5_000));
    let only = bridge.text(OWNER, "hello once more").await;
    assert_eq!(only.verdict(), "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn the_status_of_a_number_says_how_many_are_open_and_finds_one_persons() {
    let bridge = Bridge::start().await;
    let first = register_from(&bridge, None, "d1").await;
    let second = register_from(&bridge, None, "d2").await;
    let status = async |query: &str| bridge.get(&format!("/onboard/status/{OWNER}{query}"), API_KEY).await;
    let newest = status("").await;
    assert_eq!(
        (newest.text("onboarding_id"), &newest.body["open"]),
        (second.text("onboarding_id"), &json!(2))
    );
    assert_eq!(status("?device_id=d1").await.text("onboarding_id"), first.text("onboarding_id"));
    assert_eq!(status("?email=d1@example.com").await.text("onboarding_id"), first.text("onboarding_id"));
    assert_eq!(status("?device_id=d1&email=d2@example.com").await.status, StatusCode::NOT_FOUND);
    bridge.stop().await;
}

#[tokio::test]
async fn a_late_sms_finds_its_archived_onboarding_beside_a_strangers() {
    let bridge = Bridge::start().await;
    let owner = register_from(&bridge, None, "owner").await;
    bridge.clock.advance(Span(10_000));
    let kept_back = bridge.right_sms(OWNER, &owner);
    bridge.settle().await;
    bridge.clock.advance(Span(3 * 86_400_000));
    bridge.settle().await;
    let stranger = register_from(&bridge, None, "stranger").await;
    let answer = bridge.deliver(&kept_back).await;
    assert_eq!((answer.verdict(), &answer.body["late_delivery"]), ("passed", &json!(true)));
    assert_eq!(bridge.rows(OWNER).await[0]["device_id"], "owner");
    assert_eq!(bridge.status(&stranger).await.text("status"), "pending");
    bridge.stop().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_named_and_doctor_tells_an_app_that_sends_none() {
    let bridge = Bridge::start().await;
    let refused = register_from(&bridge, Some("not an address"), "d1").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, "invalid_request"));
    assert_eq!(refused.body["errors"][0]["field"], "client_ip");
    let told = async || {
        let found = bridge.get("/admin/doctor", crate::harness::ADMIN_TOKEN).await;
        found.body.to_string().contains("client_ip")
    };
    assert!(!told().await, "nobody registered yet");
    register_from(&bridge, None, "d1").await;
    assert!(told().await);
    register_from(&bridge, Some("203.0.113.7"), "d2").await;
    assert!(!told().await);
    bridge.stop().await;
}
