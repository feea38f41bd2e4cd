//! /livez, /readyz, /status, /health and /metrics, and the private listener.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use serde_json::{Value, json};

use super::{open, open_at};
use crate::bad_input::{assert_refused, refusal};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge, NOON};

/// Contract section 7.
const WORKERS: [&str; 8] = [
    "dump_queue_input_sms_to_postgres",
    "dump_queue_onboarding_to_postgres",
    "sync_validated_mobiles_to_hetzner",
    "populate_blacklist_from_postgres",
    "cleanup_expired_sorted_sets",
    "persist_counters_to_postgres",
    "replay_power_down_store",
    "purge_expired_audit",
];

/// Contract section 8.
const SERIES: [&str; 16] = [
    "http_requests_total",
    "http_request_duration_seconds",
    "sms_received_total",
    "check_results_total",
    "verdict_duration_seconds",
    "store_operation_duration_seconds",
    "dump_duration_seconds",
    "dumped_rows_total",
    "queue_size",
    "worker_last_success_timestamp_seconds",
    "worker_failures_total",
    "redelivered_total",
    "quarantined_total",
    "spool_bytes",
    "remote_synced_total",
    "receiver_last_seen_timestamp_seconds",
];

/// Register, pass, deliver again, and everything written.
async fn journey(bridge: &Bridge) {
    let registered = bridge.registered("+919876543210").await;
    let sms = bridge.right_sms("+919876543210", &registered);
    assert_eq!(bridge.deliver(&sms).await.verdict(), "passed");
    assert_eq!(bridge.deliver(&sms).await.body["duplicate_delivery"], true);
    bridge.settle().await;
}

#[tokio::test]
async fn the_open_questions_are_answered_without_a_key() {
    let bridge = Bridge::start().await;
    assert_eq!(open(&bridge, "/livez").await.status, 200);
    assert_eq!(open(&bridge, "/readyz").await.status, 200);
    let accepting = json!({"onboarding": "accepting", "message": "Mobile onboarding is open", "since": null, "reason": null});
    assert_eq!(open(&bridge, "/status").await.body, accepting);
    bridge.settle().await;
    assert_eq!(open(&bridge, "/health").await.body, json!({"status": "healthy"}));
    bridge.set("maintenance_mode", json!(true)).await;
    let paused = open(&bridge, "/status").await.body;
    let expected = "Mobile onboarding is currently paused";
    assert_eq!((&paused["onboarding"], &paused["message"]), (&json!("paused"), &json!(expected)));
    assert_eq!(paused["since"], "2026-01-31T12:00:00Z");
    assert_eq!(open(&bridge, "/health").await.body, json!({"status": "degraded"}));
    assert_eq!(open(&bridge, "/readyz").await.status, 200, "an SMS is stored for later");
    bridge.stop().await;
}

#[tokio::test]
async fn health_tells_part_by_part_to_those_with_a_key() {
    let bridge = Bridge::start().await;
    journey(&bridge).await;
    for key in [API_KEY, ADMIN_TOKEN] {
        let health = bridge.get("/health", key).await;
        assert_eq!(health.text("status"), "healthy", "{}", health.body);
        let parts = &health.body["components"];
        assert_eq!((&parts["redis"]["status"], &parts["postgresql"]["status"]), (&json!("up"), &json!("up")));
        assert_eq!(parts["spool"]["waiting_sms"], 0);
        assert_eq!(parts["receivers"]["default"]["last_seen"], "2026-01-31T12:00:00Z");
        for worker in WORKERS {
            let view = &parts["workers"][worker];
            assert_eq!(view["status"], "ok", "{worker}: {view}");
            assert_eq!(view["last_run"], "2026-01-31T12:00:00Z", "{worker}");
            assert_eq!((&view["lag_seconds"], &view["last_error"]), (&json!(0), &Value::Null), "{worker}");
        }
        let notes = parts["notes"].to_string();
        assert!(notes.contains("sms_receiver_number"), "no number is set, and health says so: {notes}");
    }
    let wrong = bridge.get("/health", "no-key-of-ours").await;
    assert!(wrong.body.get("components").is_none(), "{}", wrong.body);
    bridge.set("sms_receiver_number", json!("+919800000000")).await;
    let notes = bridge.get("/health", API_KEY).await.body["components"]["notes"].clone();
    assert_eq!(notes.as_array().unwrap().len(), 1, "{notes}");
    assert!(notes[0].as_str().unwrap().starts_with("no receiver was added by name"), "{notes}");
    bridge.stop().await;
}

fn assert_every_series(text: &str) {
    for name in SERIES {
        let sample = format!("sms_bridge_{name}");
        let found = text.lines().any(|line| line.starts_with(&sample) && !line.starts_with('#'));
        assert!(found, "{sample} is missing in:\n{text}");
    }
    for worker in WORKERS {
        assert!(text.contains(&format!("worker=\"{worker}\"")), "{worker} is missing");
    }
}

#[tokio::test]
async fn metrics_have_every_series_and_need_the_admin_token() {
    let bridge = Bridge::start().await;
    journey(&bridge).await;
    assert_refused("no token", &open(&bridge, "/metrics").await, refusal(401, "unauthorized"));
    assert_refused("another", &bridge.get("/metrics", API_KEY).await, refusal(401, "unauthorized"));
    let answer = bridge.get("/metrics", ADMIN_TOKEN).await;
    assert_eq!(answer.status, 200);
    let text = answer.body.as_str().unwrap();
    assert_every_series(text);
    for line in [
        r#"sms_bridge_sms_received_total{format="generic",outcome="passed"} 1"#,
        r#"sms_bridge_check_results_total{check="mobile_check",result="pass"} 1"#,
        "sms_bridge_redelivered_total 1",
        "sms_bridge_dumped_rows_total 1",
        r#"sms_bridge_queue_size{queue="queue_input_sms"} 0"#,
        r#"sms_bridge_http_requests_total{route="/onboard/register",method="POST",status="201"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
    }
    assert!(!text.contains("9876543210"), "a series names a person's number");
    bridge.stop().await;
}

#[tokio::test]
async fn a_private_listener_takes_what_is_private_away_from_the_public_one() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let flags = ["--private-bind", "127.0.0.1:0"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &flags).await;
    let private = bridge.private_url();
    for path in [
        "/admin/settings",
        "/admin/settings/log_level",
        "/admin/sms?mobile=1",
        "/admin/blacklist",
        "/metrics",
        "/docs",
        "/docs/",
    ] {
        let public = bridge.get(path, ADMIN_TOKEN).await;
        assert_refused(path, &public, refusal(404, "not_found"));
        let answer = bridge.send(bridge.http.get(format!("{private}{path}")).bearer_auth(ADMIN_TOKEN)).await;
        assert_eq!(answer.status, 200, "{path} at the private listener: {}", answer.body);
    }
    let refused = open_at(&bridge, &format!("{private}/admin/settings")).await;
    assert_refused("no token", &refused, refusal(401, "unauthorized"));
    let metrics = open_at(&bridge, &format!("{private}/metrics")).await;
    assert_eq!(metrics.status, 200, "Prometheus needs no token where nobody else can ask");
    for path in ["/livez", "/readyz", "/health", "/openapi.json"] {
        assert_eq!(open(&bridge, path).await.status, 200, "{path}");
        assert_eq!(open_at(&bridge, &format!("{private}{path}")).await.status, 200, "private {path}");
    }
    let answer = open_at(&bridge, &format!("{private}/onboard/status/+919876543210")).await;
    assert_refused("registrations", &answer, refusal(404, "not_found"));
    bridge.stop().await;
}
