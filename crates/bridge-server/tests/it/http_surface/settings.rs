//! Settings over HTTP: their shape, and that a change holds before it is answered.

use bridge_core::catalog;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge};

/// Contract section 6: key, type and default where they are not plain from the table's first words.
const SOME: &[(&str, &str, &str)] = &[
    ("onboarding_ttl_seconds", "general", "86400"),
    ("sms_receiver_number", "general", "\"\""),
    ("permitted_headers", "general", "[\"ONBOARD\"]"),
    ("default_country_code", "general", "\"91\""),
    ("local_sync_interval_seconds", "sync", "120"),
    ("onboarding_sync_interval_seconds", "sync", "1"),
    ("time_window_check_enabled", "validation", "true"),
    ("allowed_country_codes", "validation", "[\"91\"]"),
    ("late_delivery_policy", "validation", "\"accept\""),
    ("blacklist_threshold", "thresholds", "10"),
    ("durability", "infrastructure", "\"strict\""),
    ("log_level", "monitoring", "\"INFO\""),
    ("maintenance_mode", "monitoring", "false"),
];

#[tokio::test]
async fn every_setting_is_listed_and_typed() {
    let bridge = Bridge::start().await;
    let list = bridge.get("/admin/settings", ADMIN_TOKEN).await.body;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), catalog::all().len());
    for item in items {
        let key = item["setting_key"].as_str().unwrap();
        let one = bridge.get(&format!("/admin/settings/{key}"), ADMIN_TOKEN).await.body;
        assert_eq!(&one, item, "{key}");
        for member in ["setting_type", "category", "description"] {
            assert!(item[member].as_str().is_some_and(|text| !text.is_empty()), "{key}.{member}: {item}");
        }
        assert_eq!(item["setting_value"], item["default"], "{key}");
        assert_eq!(item["updated_at"], "2026-01-31T12:00:00Z", "{key}");
        let typed = match item["setting_type"].as_str().unwrap() {
            "integer" => item["setting_value"].is_u64(),
            "boolean" => item["setting_value"].is_boolean(),
            "string" => item["setting_value"].is_string(),
            "json" => item["setting_value"].is_array(),
            other => panic!("{key} is of type {other}"),
        };
        assert!(typed, "{key}: {item}");
    }
    for (key, category, default) in SOME {
        let item = items.iter().find(|item| item["setting_key"] == *key).unwrap();
        let default: Value = serde_json::from_str(default).unwrap();
        assert_eq!((&item["category"], &item["default"]), (&json!(category), &default), "{key}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_change_holds_before_it_is_answered() {
    let bridge = Bridge::start().await;
    bridge.clock.advance(bridge_core::Span(60_000));
    let changed = bridge.set("user_timelimit_seconds", json!(90)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let setting = |name: &str| changed.body[name].clone();
    assert_eq!((setting("setting_value"), setting("default")), (json!(90), json!(300)));
    assert_eq!(
        (setting("setting_key"), setting("category")),
        (json!("user_timelimit_seconds"), json!("general"))
    );
    assert_eq!(setting("updated_at"), "2026-01-31T12:01:00Z");
    assert_eq!(bridge.get("/admin/settings/user_timelimit_seconds", ADMIN_TOKEN).await.body, changed.body);
    let untouched = bridge.get("/admin/settings/log_level", ADMIN_TOKEN).await;
    assert_eq!(untouched.text("updated_at"), "2026-01-31T12:00:00Z");
    let registered = bridge.registered("+919876543210").await;
    assert_eq!(registered.body["user_timelimit_seconds"], 90);
    // Every kind of value.
    for (key, value) in [
        ("permitted_headers", json!(["JOIN", "ONBOARD"])),
        ("maintenance_mode", json!(true)),
        ("maintenance_mode", json!(false)),
        ("late_delivery_policy", json!("reject")),
        ("sms_receiver_number", json!("+919800000000")),
        ("local_sync_interval_seconds", json!(1)),
    ] {
        let answer = bridge.set(key, value.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["setting_value"]), (200, &value), "{key}");
    }
    let registered = bridge.registered("+919876543211").await;
    assert!(registered.text("sms_body").starts_with("JOIN:"), "{}", registered.body);
    bridge.stop().await;
}

#[tokio::test]
async fn a_change_survives_a_restart() {
    let bridge = Bridge::start().await;
    bridge.set("count_check_threshold", json!(7)).await;
    let clock = bridge.clock.clone();
    let bridge = Bridge::start_on(bridge.stop().await, clock, &[]).await;
    let kept = bridge.get("/admin/settings/count_check_threshold", ADMIN_TOKEN).await;
    assert_eq!(kept.body["setting_value"], 7);
    bridge.stop().await;
}

/// Each look is a whole request, so this is ample for a worker that was woken.
const LOOKS_MAX: usize = 2_000;

#[tokio::test]
async fn a_changed_interval_ends_the_wait_that_is_running() {
    let bridge = Bridge::start().await;
    let last_run = async || {
        let health = bridge.get("/health", API_KEY).await;
        health.body["components"]["workers"]["purge_expired_audit"]["last_run"].clone()
    };
    let until = async |expected: &str| {
        for _ in 0..LOOKS_MAX {
            if last_run().await == expected {
                return;
            }
        }
        panic!("the worker did not run at {expected}, but at {}", last_run().await);
    };
    until("2026-01-31T12:00:00Z").await;
    bridge.clock.advance(bridge_core::Span(60_000));
    // The standing clock wakes nobody: the worker waits for the hour that began when it ran. Another
    // setting does not end that wait.
    bridge.set("count_check_threshold", json!(6)).await;
    assert_eq!(last_run().await, "2026-01-31T12:00:00Z");
    bridge.set("purge_interval_seconds", json!(86_400)).await;
    until("2026-01-31T12:01:00Z").await;
    bridge.stop().await;
}
