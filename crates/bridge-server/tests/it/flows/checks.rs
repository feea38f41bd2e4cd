//! Each check failing alone, each disabled alone, what a failure leaves of the later ones, and the order.

use bridge_core::Span;
use bridge_core::checks::CHECKS;
use serde_json::json;

use crate::harness::{Answer, Bridge};

const USER: &str = "+919876543210";

/// Brings about the failure of exactly one check and returns the answer to the SMS that shows it.
async fn break_check(bridge: &Bridge, check: &str) -> Answer {
    match check {
        "mobile_check" => bridge.text("MYBANK", "hello").await,
        "duplicate_check" => {
            let registered = bridge.registered(USER).await;
            assert_eq!(bridge.text(USER, registered.text("sms_body")).await.verdict(), "passed");
            bridge.text(USER, registered.text("sms_body")).await
        }
        "header_hash_check" => {
            bridge.registered(USER).await;
            bridge.text(USER, &format!("ONBOARD:{}", "0".repeat(64))).await
        }
        "count_check" => {
            let registered = bridge.registered(USER).await;
            for _ in 0..5 {
                bridge.text(USER, "hello").await;
            }
            bridge.text(USER, registered.text("sms_body")).await
        }
        "foreign_number_check" => {
            let registered = bridge.registered(USER).await;
            bridge.set("allowed_country_codes", json!(["44"])).await;
            bridge.text(USER, registered.text("sms_body")).await
        }
        "blacklist_check" => {
            let registered = bridge.registered(USER).await;
            let body = json!({"mobile_number": USER, "reason": "test"});
            let request = bridge.request(reqwest::Method::POST, "/admin/blacklist");
            bridge.send(request.bearer_auth(crate::harness::ADMIN_TOKEN).json(&body)).await;
            bridge.text(USER, registered.text("sms_body")).await
        }
        "time_window_check" => {
            let registered = bridge.registered(USER).await;
            bridge.clock.advance(Span(361_000));
            bridge.text(USER, registered.text("sms_body")).await
        }
        other => panic!("no way to break {other}"),
    }
}

#[tokio::test]
async fn each_fails_alone_and_leaves_the_later_ones_not_run() {
    for (index, check) in CHECKS.iter().enumerate() {
        let bridge = Bridge::start().await;
        let answer = break_check(&bridge, check.name).await;
        let expected: String = (0..CHECKS.len())
            .map(|i| match i.cmp(&index) {
                std::cmp::Ordering::Less => '1',
                std::cmp::Ordering::Equal => '2',
                std::cmp::Ordering::Greater => '4',
            })
            .collect();
        assert_eq!((answer.verdict(), answer.codes()), (check.name, expected));
        bridge.stop().await;
    }
}

#[tokio::test]
async fn each_disabled_alone_never_decides() {
    for check in &CHECKS {
        let bridge = Bridge::start().await;
        let set = bridge.set(&format!("{}_enabled", check.name), json!(false)).await;
        assert!(set.status.is_success(), "{}", set.body);
        let answer = break_check(&bridge, check.name).await;
        assert_eq!(answer.body["checks"][check.name]["code"], 3, "{}", check.name);
        // Without the check the SMS passes; only an unreadable sender and a pair validated already are
        // stopped by the match that no toggle removes.
        let expected = match check.name {
            "mobile_check" => "header_hash_check",
            "duplicate_check" => "onboarding_match",
            _ => "passed",
        };
        assert_eq!(answer.verdict(), expected, "{} off: {}", check.name, answer.body);
        bridge.stop().await;
    }
}

#[tokio::test]
async fn the_order_is_a_setting_and_the_report_is_not() {
    let bridge = Bridge::start().await;
    let mut sequence: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
    sequence.reverse();
    bridge.set("check_sequence", json!(sequence)).await;
    let answer = bridge.text("+447911123456", "hello").await;
    assert_eq!((answer.verdict(), answer.codes().as_str()), ("foreign_number_check", "4444211"));
    bridge.stop().await;
}

#[tokio::test]
async fn without_header_hash_check_the_sender_alone_decides() {
    let bridge = Bridge::start().await;
    bridge.set("header_hash_check_enabled", json!(false)).await;
    let stranger = bridge.text("+919876543299", "hello").await;
    assert_eq!((stranger.verdict(), stranger.codes().as_str()), ("onboarding_match", "1131111"));
    bridge.registered(USER).await;
    assert_eq!(bridge.text(USER, "hello").await.verdict(), "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn everything_off_still_validates_only_the_registered_number_once() {
    let bridge = Bridge::start().await;
    for check in &CHECKS {
        bridge.set(&format!("{}_enabled", check.name), json!(false)).await;
    }
    let registered = bridge.registered(USER).await;
    assert_eq!(bridge.text("+919876543211", registered.text("sms_body")).await.verdict(), "onboarding_match");
    assert_eq!(bridge.text("MYBANK", registered.text("sms_body")).await.verdict(), "onboarding_match");
    let answer = bridge.text(USER, "anything").await;
    assert_eq!((answer.verdict(), answer.codes().as_str()), ("passed", "3333333"));
    assert_eq!(bridge.text(USER, "anything").await.verdict(), "onboarding_match");
    bridge.stop().await;
}

#[tokio::test]
async fn a_flood_blacklists_and_the_operator_can_forgive() {
    let bridge = Bridge::start().await;
    for n in 1..=11 {
        let answer = bridge.text(USER, "hello").await;
        assert_eq!(answer.verdict(), "header_hash_check", "SMS {n}");
    }
    assert_eq!(bridge.register(USER, "user@example.com", "d1").await.code(), "blacklisted");
    bridge.settle().await;
    let list = bridge.get("/admin/blacklist", crate::harness::ADMIN_TOKEN).await;
    assert_eq!(list.body["items"][0]["reason"], "threshold_exceeded");
    assert_eq!(list.body["items"][0]["message_count"], 11);
    let remove = bridge.request(reqwest::Method::DELETE, &format!("/admin/blacklist/{USER}"));
    let removed = bridge.send(remove.bearer_auth(crate::harness::ADMIN_TOKEN)).await;
    assert_eq!(removed.status, 204);
    let registered = bridge.registered(USER).await;
    assert_eq!(bridge.text(USER, registered.text("sms_body")).await.verdict(), "passed");
    bridge.stop().await;
}
