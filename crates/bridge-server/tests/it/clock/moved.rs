//! What goes with a clock that is set while the bridge runs: registrations, deadlines, receivers, workers, and times that
//! name no zone (decisions.md D49). Not the real program under it: that is `jumps`.

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::Span;
use reqwest::Method;
use serde_json::json;

use super::{ALICE, BOB, DAYS, MINUTE, started_again};
use crate::harness::{ADMIN_TOKEN, Bridge, NOON};
use crate::receivers::{added, has_a_habit, post_to, text};

impl Bridge {
    async fn accepts_its_clock(&self) {
        let accept = self.request(Method::POST, "/admin/doctor/accept-clock").bearer_auth(ADMIN_TOKEN);
        assert_eq!(self.send(accept).await.status, 200);
        self.look().await;
    }
}

#[tokio::test]
async fn nobody_registers_by_a_clock_that_was_set_a_moment_ago() {
    let bridge = Bridge::start().await;
    // Nobody can know that it is wrong: it is taken for right, once it was seen.
    bridge.clock.set(NOON + DAYS);
    let registered = bridge.registered(ALICE).await;
    let deadline = (NOON + DAYS + Span(5 * MINUTE.0)).to_string();
    assert_eq!(bridge.status(&registered).await.text("user_deadline"), deadline);
    bridge.clock.set(NOON);
    let refused = bridge.register(BOB, "b@example.com", "d").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "onboarding_paused"), "{}", refused.body);
    bridge.stop().await;
}

#[tokio::test]
async fn what_was_registered_by_a_clock_that_was_ahead_ends_when_it_should() {
    let bridge = started_again(Arc::new(tempfile::tempdir().unwrap()), NOON + DAYS).await;
    let (alice, bob) = (bridge.registered(ALICE).await, bridge.registered(BOB).await);
    bridge.clock.advance(MINUTE);
    bridge.set_clock(NOON + MINUTE).await;
    assert_eq!(bridge.cause().await, "clock_not_set");
    bridge.accepts_its_clock().await;
    assert_eq!(bridge.cause().await, "");
    let deadline = (NOON + Span(5 * MINUTE.0)).to_string();
    assert_eq!(bridge.status(&alice).await.text("user_deadline"), deadline);
    assert_eq!(bridge.phone_sends(ALICE, &alice, bridge.clock.now()).await.verdict(), "passed");
    bridge.clock.advance(Span(7 * MINUTE.0));
    let late = bridge.phone_sends(BOB, &bob, bridge.clock.now()).await;
    assert_eq!(late.verdict(), "time_window_check", "{}", late.body);
    bridge.stop().await;
}

#[tokio::test]
async fn nobody_is_silent_and_no_worker_behind_because_the_clock_was_set() {
    let bridge = Bridge::start().await;
    let hall = added(&bridge, json!({"name": "hall", "format": "generic"})).await;
    has_a_habit(&bridge, &hall).await;
    bridge.settle().await;
    bridge.set_clock(bridge.clock.now() + DAYS).await;
    assert_eq!(bridge.cause().await, "");
    bridge.registered(ALICE).await;
    let health = bridge.get("/health", ADMIN_TOKEN).await.body["components"].clone();
    assert_eq!(health["receivers"]["hall"]["status"], "ok", "{health}");
    let workers = health["workers"].as_object().unwrap();
    assert!(workers.values().all(|worker| worker["status"] == "ok"), "{health}");

    assert_eq!(post_to(&bridge, text(&hall, "heartbeat_url"), &json!({})).await.status, 200);
    // Back again, and somebody says that it is right: a phone that says nothing now is missed, not in two days.
    bridge.set_clock(bridge.clock.now() - DAYS).await;
    bridge.accepts_its_clock().await;
    assert_eq!(bridge.cause().await, "");
    bridge.clock.advance(Span(11 * MINUTE.0));
    assert_eq!(bridge.cause().await, "receivers_silent");
    bridge.stop().await;
}

#[tokio::test]
async fn a_time_without_zone_keeps_that_of_its_receiver_until_the_clock_is_right() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "generic", "time_zone": "Asia/Kolkata"})).await;
    let registered = bridge.registered(ALICE).await;
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON - DAYS).await;
    bridge.clock.advance(Span(30 * MINUTE.0));
    // Sent a minute after she registered, and half an hour on its way.
    let sms = json!({"from": ALICE, "text": registered.text("sms_body"), "timestamp": "2026-01-31 17:31:00"});
    let path = text(&hall, "url").split_once("/sms/").unwrap().1;
    let kept = post_to(&bridge, &format!("{}/sms/{path}", bridge.url), &sms).await;
    assert_eq!(kept.text("status"), "stored", "{}", kept.body);
    bridge.set_clock(NOON + Span(30 * MINUTE.0)).await;
    bridge.judged().await;
    let row = bridge.rows(ALICE).await.remove(0);
    assert_eq!(row["received_timestamp"], (NOON + MINUTE).to_string(), "{row}");
    assert_eq!(row["validation_status"], "passed", "{row}");
    bridge.stop().await;
}

#[tokio::test]
async fn a_bridge_that_is_years_ahead_deletes_nothing_of_its_group() {
    let name = "a_bridge_that_is_years_ahead_deletes_nothing_of_its_group";
    let Some(group) = crate::real_stores::group::Group::start(name) else { return };
    let now = Clock::system().now();
    let right = group.bridge_elsewhere(now).await;
    right.look().await;
    let registered = right.registered(ALICE).await;
    assert_eq!(right.phone_sends(ALICE, &registered, now).await.verdict(), "passed");
    right.settle().await;
    let wrong = group.bridge_elsewhere(now + Span(1_826 * DAYS.0)).await;
    wrong.look().await;
    assert_eq!(wrong.cause().await, "clock_not_set");
    wrong.settle().await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1");
    wrong.stop().await;
    right.stop().await;
}
