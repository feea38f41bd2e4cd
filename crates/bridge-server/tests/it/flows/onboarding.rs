//! Registering again, cancelling, late SMS, strangers and second devices.

use bridge_core::Span;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::harness::{API_KEY, Bridge};

const USER: &str = "+919876543210";

#[tokio::test]
async fn the_same_person_before_the_deadline_gets_the_same_hash() {
    let bridge = Bridge::start().await;
    let first = bridge.registered(USER).await;
    bridge.clock.advance(Span(299_000));
    let again = bridge.registered(USER).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.body, first.body);
    bridge.stop().await;
}

#[tokio::test]
async fn after_the_deadline_there_is_a_new_hash_and_the_old_one_is_dead() {
    let bridge = Bridge::start().await;
    let first = bridge.registered(USER).await;
    bridge.clock.advance(Span(300_001));
    let second = bridge.registered(USER).await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_ne!(second.text("hash"), first.text("hash"));
    assert_eq!(bridge.status(&first).await.text("status"), "superseded");
    let old = bridge.text(USER, first.text("sms_body")).await;
    assert_eq!((old.verdict(), old.text("reason")), ("header_hash_check", "hash_mismatch"));
    assert_eq!(bridge.text(USER, second.text("sms_body")).await.verdict(), "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn a_stranger_who_registers_the_number_never_gets_the_first_ones_hash_or_token() {
    let bridge = Bridge::start().await;
    let first = bridge.register(USER, "owner@example.com", "d1").await;
    for (email, device) in
        [("thief@example.com", "d1"), ("owner@example.com", "d2"), ("", "d1"), ("owner@example.com", "")]
    {
        let other = bridge.register(USER, email, device).await;
        assert_eq!(other.status, StatusCode::CREATED);
        for secret in ["hash", "token", "onboarding_id"] {
            assert_ne!(other.text(secret), first.text(secret), "{secret}");
        }
    }
    let nameless = bridge.register(USER, "owner@example.com", "").await;
    let again = bridge.register(USER, "owner@example.com", "").await;
    assert_ne!(nameless.text("hash"), again.text("hash"), "without a device nobody is the same again");
    bridge.stop().await;
}

#[tokio::test]
async fn two_devices_on_one_number_are_validated_each() {
    let bridge = Bridge::start().await;
    for device in ["d1", "d2"] {
        let registered = bridge.register(USER, "user@example.com", device).await;
        assert_eq!(bridge.text(USER, registered.text("sms_body")).await.verdict(), "passed");
        assert_eq!(bridge.register(USER, "user@example.com", device).await.code(), "already_validated");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn ten_new_hashes_an_hour_and_then_429_until_the_hour_is_over() {
    let bridge = Bridge::start().await;
    for n in 0..10 {
        assert_eq!(bridge.register(USER, "user@example.com", &format!("d{n}")).await.status, 201);
    }
    let refused = bridge.register(USER, "user@example.com", "d10").await;
    assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_registrations"));
    assert_eq!(refused.headers["retry-after"], "3600");
    bridge.clock.advance(Span(3_600_000));
    assert_eq!(bridge.register(USER, "user@example.com", "d10").await.status, 201);
    bridge.stop().await;
}

#[tokio::test]
async fn refused_registrations_are_kept_with_their_reason_and_no_address() {
    let bridge = Bridge::start().await;
    bridge.register("+447911123456", "user@example.com", "d1").await;
    bridge.register("12", "user@example.com", "d1").await;
    bridge.settle().await;
    let kept = bridge.stores.audit.refusals(10).await.unwrap();
    let reasons: Vec<&str> = kept.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons, ["invalid_mobile_number", "country_not_allowed"]);
    assert!(kept.iter().all(|r| r.address_hash.as_ref().is_some_and(|hash| hash.len() == 64)));
    bridge.stop().await;
}

#[tokio::test]
async fn a_late_but_honest_sms_validates_an_expired_onboarding() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    bridge.clock.advance(Span(60_000));
    let kept_back = bridge.right_sms(USER, &registered);
    bridge.clock.advance(Span(7_200_000));
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "expired");
    let answer = bridge.deliver(&kept_back).await;
    assert_eq!((answer.verdict(), &answer.body["late_delivery"]), ("passed", &json!(true)));
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}

#[tokio::test]
async fn a_late_sms_is_refused_where_the_operator_wants_it_so() {
    let bridge = Bridge::start().await;
    bridge.set("late_delivery_policy", json!("reject")).await;
    let registered = bridge.registered(USER).await;
    let kept_back = bridge.right_sms(USER, &registered);
    bridge.clock.advance(Span(7_200_000));
    let answer = bridge.deliver(&kept_back).await;
    assert_eq!((answer.verdict(), answer.text("reason")), ("time_window_check", "late_delivery"));
    assert_eq!(bridge.status(&registered).await.text("status"), "failed");
    bridge.stop().await;
}

#[tokio::test]
async fn after_a_weekend_without_power_the_archived_onboarding_is_found() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    bridge.clock.advance(Span(10_000));
    let kept_back = bridge.right_sms(USER, &registered);
    bridge.settle().await;
    bridge.clock.advance(Span(3 * 86_400_000));
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.status, StatusCode::NOT_FOUND, "it has left the hot store");
    let answer = bridge.deliver(&kept_back).await;
    assert_eq!((answer.verdict(), &answer.body["late_delivery"]), ("passed", &json!(true)));
    assert_eq!(bridge.rows(USER).await[0]["device_id"], "d1");
    bridge.stop().await;
}

#[tokio::test]
async fn a_cancelled_onboarding_validates_nothing_and_a_final_one_stays() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    let path = format!("/onboard/{}/cancel", registered.text("onboarding_id"));
    let cancel = || bridge.send(bridge.request(Method::POST, &path).bearer_auth(registered.text("token")));
    assert_eq!(cancel().await.text("status"), "cancelled");
    assert_eq!(cancel().await.status, StatusCode::OK, "cancelling twice is cancelling once");
    let answer = bridge.text(USER, registered.text("sms_body")).await;
    assert_eq!((answer.verdict(), answer.text("reason")), ("onboarding_match", "onboarding_cancelled"));

    let second = bridge.registered(USER).await;
    assert_eq!(bridge.text(USER, second.text("sms_body")).await.verdict(), "passed");
    let path = format!("/onboard/{}/cancel", second.text("onboarding_id"));
    let refused = bridge.send(bridge.request(Method::POST, &path).bearer_auth(API_KEY)).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "onboarding_final"));
    bridge.stop().await;
}

#[tokio::test]
async fn maintenance_pauses_registration_and_keeps_sms_in_their_order() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(USER).await;
    bridge.set("maintenance_mode", json!(true)).await;
    let paused = bridge.register("+919876543211", "", "d1").await;
    assert_eq!((paused.status, paused.code()), (StatusCode::SERVICE_UNAVAILABLE, "onboarding_paused"));
    assert!(paused.headers.contains_key("retry-after"));
    let status = bridge.get("/status", "").await;
    assert_eq!((status.text("onboarding"), status.text("since")), ("paused", "2026-01-31T12:00:00Z"));

    let stored = bridge.text(USER, registered.text("sms_body")).await;
    assert_eq!((stored.status, stored.text("status")), (StatusCode::ACCEPTED, "stored"));
    bridge.text(USER, registered.text("sms_body")).await;
    bridge.clock.advance(Span(600_000));
    bridge.set("maintenance_mode", json!(false)).await;
    let rows = bridge.rows(USER).await;
    let verdicts: Vec<&str> = rows.iter().map(|r| r["validation_status"].as_str().unwrap()).collect();
    assert_eq!(
        verdicts,
        ["failed", "passed"],
        "newest first: the first one validated, the second is a duplicate"
    );
    assert_eq!(rows[1]["received_timestamp"], "2026-01-31T12:00:01Z");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}
