//! The clock of the machine is wrong, or is set, at every point of a journey (decisions.md D49).

mod jumps;
mod moved;

use std::sync::Arc;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use test_servers::{legs, programs};

use crate::desk::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON, RECEIVER_KEY};
use crate::process::{Process, command};

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

#[tokio::test]
async fn a_deadline_moves_with_a_clock_that_is_set_while_somebody_waits() {
    // Forward by the time server, an hour after a start without a battery; and back, where somebody vouches for it.
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    bridge.clock.advance(MINUTE);
    bridge.set_clock(NOON + MINUTE + Span(60 * MINUTE.0)).await;
    let status = bridge.status(&registered).await;
    assert_eq!(status.text("user_deadline"), (NOON + Span(65 * MINUTE.0)).to_string(), "{}", status.body);
    bridge.clock.advance(MINUTE);
    let right = bridge.clock.now();
    let sms = bridge.phone_sends(ALICE, &registered, right).await;
    assert_eq!(sms.verdict(), "passed", "{}", sms.body);
    crate::judging_again::judged_the_same_again(&bridge).await;

    // The deadline that passed by neither clock has passed by both, six minutes on.
    let late = bridge.registered(BOB).await;
    bridge.set_clock(bridge.clock.now() + Span(60 * MINUTE.0)).await;
    bridge.clock.advance(Span(7 * MINUTE.0));
    let sms = bridge.phone_sends(BOB, &late, bridge.clock.now()).await;
    assert_eq!(sms.verdict(), "time_window_check", "{}", sms.body);
    bridge.stop().await;
}

#[tokio::test]
async fn another_machine_tells_a_group_which_of_two_clocks_is_wrong() {
    let Some(group) =
        crate::real_stores::group::Group::start("another_machine_tells_a_group_which_of_two_clocks_is_wrong")
    else {
        return;
    };
    // Redis says the time of today, as a machine of its own would; these bridges stand elsewhere in time.
    let now = Clock::system().now();
    let (wrong, right) = (group.bridge_elsewhere(now - DAYS).await, group.bridge_elsewhere(now).await);
    wrong.look().await;
    right.look().await;
    assert_eq!((wrong.cause().await.as_str(), right.cause().await.as_str()), ("clock_not_set", ""));
    let registered = right.registered(ALICE).await;
    let kept = wrong.phone_sends(ALICE, &registered, now).await;
    assert_eq!(kept.text("status"), "stored", "{}", kept.body);
    let doctor = wrong.get("/admin/doctor", ADMIN_TOKEN).await.body.to_string();
    assert!(doctor.contains("the clock of Redis is 2 d ahead"), "{doctor}");
    wrong.set_clock(now).await;
    wrong.judged().await;
    assert_eq!(right.status(&registered).await.text("status"), "validated");
    wrong.stop().await;
    right.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_under_a_clock_two_days_back_after_kill_9() {
    let name = "the_program_under_a_clock_two_days_back_after_kill_9";
    let Some(library) = legs::or_skip(name, programs::faketime()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let register = |mobile: &str| json!({"mobile_number": mobile});
    let registered = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(register(ALICE))).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    bridge.kill9().await;

    let shift = folder.path().join("faketime");
    std::fs::write(&shift, "-2d").unwrap();
    let mut command = command(folder.path(), &[]);
    command
        .env("LD_PRELOAD", &library)
        .env("FAKETIME_TIMESTAMP_FILE", &shift)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let bridge = Process::start_with(command).await.unwrap();
    let cause = async || bridge.get("/status", "").await.body["cause"].clone();
    assert_eq!(cause().await, "clock_not_set");
    let refused = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(register(BOB))).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "onboarding_paused"), "{}", refused.body);
    let sms = json!({
        "from": ALICE,
        "text": registered.text("sms_body"),
        "timestamp": Clock::system().now().to_string(),
    });
    let kept = bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(sms)).await;
    assert_eq!((kept.status.as_u16(), kept.text("status")), (202, "stored"), "{}", kept.body);

    // Somebody sets the clock while the app waits.
    let path = format!("/onboard/{}?wait=60", registered.text("onboarding_id"));
    let waiting = bridge.get(&path, API_KEY);
    std::fs::write(&shift, "+0").unwrap();
    assert_eq!(waiting.await.text("status"), "validated");
    assert_eq!(cause().await, json!(null));

    // And back again, while the bridge runs.
    let registered = bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(register(BOB))).await;
    std::fs::write(&shift, "-2d").unwrap();
    let sms = json!({"from": BOB, "text": registered.text("sms_body"), "timestamp": null});
    let kept = bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(sms)).await;
    assert_eq!(kept.text("status"), "stored", "{}", kept.body);
    let path = format!("/onboard/{}?wait=60", registered.text("onboarding_id"));
    let waiting = bridge.get(&path, API_KEY);
    std::fs::write(&shift, "+0").unwrap();
    assert_eq!(waiting.await.text("status"), "validated");
    bridge.stop().await;
}

#[tokio::test]
async fn the_desk_says_that_nobody_can_register_and_has_the_button() {
    let bridge = started_again(Arc::new(tempfile::tempdir().unwrap()), NOON + DAYS).await;
    let folder = bridge.stop().await;
    let bridge = started_again(folder, NOON).await;
    let owner = Visitor::owner(&bridge).await;
    let html = owner.open("/admin").await;
    let html = html.body.as_str().unwrap();
    assert!(html.contains("The clock is right") && html.contains("clock"), "{html}");
    assert_eq!(owner.submit("/admin/ui/clock/accept", &[]).await.status, 200);
    bridge.look().await;
    assert_eq!(bridge.cause().await, "");
    bridge.registered(ALICE).await;
    bridge.stop().await;
}
