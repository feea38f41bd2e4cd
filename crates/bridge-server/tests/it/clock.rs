//! The clock of the machine is wrong, or is set, at every point of a journey (decisions.md D49).

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;

use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON, RECEIVER_KEY};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";
const MINUTE: Span = Span(60_000);
const DAYS: Span = Span(2 * 86_400_000);

impl Bridge {
    /// An SMS of a phone whose clock is right.
    async fn phone_sends(&self, mobile: &str, registered: &Answer, at: Timestamp) -> Answer {
        let text = registered.text("sms_body");
        let body = json!({"from": mobile, "text": text, "timestamp": at.to_string()});
        self.send(self.request(Method::POST, "/sms/receive").bearer_auth(RECEIVER_KEY).json(&body)).await
    }

    /// Somebody sets the clock of the machine.
    async fn set_clock(&self, now: Timestamp) {
        self.clock.set(now);
        self.look().await;
    }

    async fn cause(&self) -> String {
        self.get("/status", "").await.body["cause"].as_str().unwrap_or_default().to_owned()
    }

    async fn judged(&self) {
        self.look().await;
        self.settle().await;
        self.settle().await;
    }
}

/// It ran until then, and starts again by a clock that says `now`.
async fn started_again(folder: Arc<TempDir>, now: Timestamp) -> Bridge {
    let bridge = Bridge::start_on(folder, Clock::standing_at(now), &[]).await;
    bridge.look().await;
    bridge
}

#[tokio::test]
async fn after_a_power_cut_two_days_back_sms_are_kept_and_pass_when_the_clock_is_right() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    bridge.clock.advance(MINUTE);
    bridge.look().await;
    let folder = bridge.stop().await;

    let right = NOON + Span(2 * MINUTE.0);
    let bridge = started_again(folder, right - DAYS).await;
    assert_eq!(bridge.cause().await, "clock_not_set");
    let refused = bridge.register(BOB, "bob@example.com", "d").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "onboarding_paused"), "{}", refused.body);
    let health = bridge.get("/health", ADMIN_TOKEN).await;
    assert_eq!(health.text("status"), "degraded");
    let notes = health.body["components"]["notes"].to_string();
    assert!(notes.contains("cannot be right") && notes.contains("--accept-clock"), "{notes}");
    let doctor = bridge.get("/admin/doctor", ADMIN_TOKEN).await.body.to_string();
    assert!(doctor.contains("this bridge was already running at"), "{doctor}");

    let kept = bridge.phone_sends(ALICE, &registered, right).await;
    assert_eq!((kept.status.as_u16(), kept.text("status")), (202, "stored"), "{}", kept.body);
    bridge.judged().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "pending", "nothing is judged by that clock");

    // Half an hour later somebody sets it.
    bridge.clock.advance(Span(30 * MINUTE.0));
    bridge.set_clock(right + Span(30 * MINUTE.0)).await;
    bridge.judged().await;
    assert_eq!(bridge.cause().await, "");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    let row = bridge.rows(ALICE).await.remove(0);
    assert_eq!(row["server_received_at"], json!(right.to_string()), "when it came by the right time");
    assert_eq!((&row["received_timestamp"], &row["remark"]), (&json!(right.to_string()), &json!(null)));
    bridge.registered(BOB).await;
    let told = format!("{:?}", bridge.stores.desk.incidents(NOON - DAYS - DAYS, NOON + DAYS).await.unwrap());
    assert!(told.contains("it cannot be right") && told.contains("it was set forward"), "{told}");
    bridge.stop().await;
}

#[tokio::test]
async fn what_came_before_another_power_cut_is_judged_too() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON - DAYS).await;
    assert_eq!(bridge.phone_sends(ALICE, &registered, NOON + MINUTE).await.text("status"), "stored");
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON + DAYS).await;
    bridge.judged().await;
    assert_eq!(bridge.rows(ALICE).await[0]["validation_status"], "passed");
    bridge.stop().await;
}

#[tokio::test]
async fn an_operator_says_that_the_clock_is_right() {
    let bridge = started_again(Arc::new(tempfile::tempdir().unwrap()), NOON + DAYS).await;
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON).await;
    assert_eq!(bridge.cause().await, "clock_not_set");
    let accept = bridge.request(Method::POST, "/admin/doctor/accept-clock").bearer_auth(ADMIN_TOKEN);
    assert_eq!(bridge.send(accept).await.status, 200);
    bridge.look().await;
    assert_eq!(bridge.cause().await, "");
    let registered = bridge.registered(ALICE).await;
    assert_eq!(bridge.phone_sends(ALICE, &registered, NOON).await.verdict(), "passed");
    let log = bridge.get("/admin/log", ADMIN_TOKEN).await.body.to_string();
    assert!(log.contains("doctor.accept_clock"), "{log}");
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON + MINUTE).await;
    assert_eq!(bridge.cause().await, "", "it is not asked again");
    bridge.stop().await;
}

#[tokio::test]
async fn a_clock_that_goes_back_while_the_bridge_runs() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    bridge.clock.set(NOON - DAYS);
    // Before anybody has looked.
    assert_eq!(bridge.phone_sends(ALICE, &registered, NOON).await.text("status"), "stored");
    bridge.judged().await;
    assert_eq!(bridge.cause().await, "clock_not_set");
    bridge.set_clock(NOON + Span(1_000)).await;
    bridge.judged().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}
