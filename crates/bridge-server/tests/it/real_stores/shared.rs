//! Several bridges on the same stores: every job is done once, and a number waits behind its own SMS wherever it comes.

use serde_json::json;
use test_servers::Server as _;

use super::group::{Group, until, until_rows};
use crate::harness::ADMIN_TOKEN;

const ALICE: &str = "+919876543210";

#[tokio::test(flavor = "multi_thread")]
async fn an_sms_waits_behind_one_that_another_bridge_stored() {
    let Some(group) = Group::start("an_sms_waits_behind_one_that_another_bridge_stored") else { return };
    let (one, two) = (group.bridge().await, group.bridge().await);
    let registered = one.registered(ALICE).await;
    assert_eq!(one.set("maintenance_mode", json!(true)).await.status, 200);
    let stored = one.text(ALICE, "ONBOARD:0000").await;
    assert_eq!(stored.status, 202);
    assert_eq!(one.set("replay_interval_seconds", json!(3600)).await.status, 200);
    // Maintenance is over at the second bridge; the first SMS still waits.
    assert_eq!(two.set("maintenance_mode", json!(false)).await.status, 200);
    let right = two.text(ALICE, registered.text("sms_body")).await;
    assert!(right.status == 202 || right.verdict() == "passed", "{}", right.body);
    // Whether it waited or the replay was faster: they were judged in the order in which they came.
    let rows = until_rows(&one, ALICE, 2).await;
    let verdicts = [&rows[0]["validation_status"], &rows[1]["validation_status"]];
    assert_eq!(verdicts, [&json!("failed"), &json!("passed")]);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bridges_rebuild_a_flushed_redis_once() {
    let Some(group) = Group::start("two_bridges_rebuild_a_flushed_redis_once") else { return };
    let (one, two) = (group.bridge().await, group.bridge().await);
    let registered = one.registered(ALICE).await;
    let judged = two.deliver(&one.right_sms(ALICE, &registered)).await;
    assert_eq!(judged.verdict(), "passed");
    let before = group.sql("SELECT name FROM ops.epoch");
    let _: String = group.redis(&["FLUSHALL"]).await;
    until("a new epoch", async || (group.sql("SELECT name FROM ops.epoch") != before).then_some(())).await;
    for bridge in [&one, &two] {
        until("it knows again", async || {
            let answer = bridge.register(ALICE, "user@example.com", "d1").await;
            assert!(!answer.status.is_success(), "{}", answer.body);
            (answer.code() == "already_validated").then_some(())
        })
        .await;
        assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    }
    until_rows(&one, ALICE, 1).await;
    let epochs = group.sql("SELECT name FROM ops.epoch");
    let there: String = group.redis(&["GET", "bridge:epoch"]).await;
    assert_eq!(epochs, there, "one epoch, known to both");
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_and_repairs_what_redis_misses() {
    let Some(group) = Group::start("doctor_finds_and_repairs_what_redis_misses") else { return };
    let bridge = group.bridge().await;
    let registered = bridge.registered(ALICE).await;
    bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    until_rows(&bridge, ALICE, 1).await;
    let _: i64 = group.redis(&["DEL", "Queue_validated_mobiles"]).await;
    let finding = |body: &serde_json::Value| {
        let items = body["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["what"] == "validated numbers").unwrap()
    };
    let found = bridge.get("/admin/doctor", ADMIN_TOKEN).await;
    assert_eq!(finding(&found.body)["level"], "problem", "{}", found.body);
    let request = bridge.request(reqwest::Method::POST, "/admin/doctor/repair").bearer_auth(ADMIN_TOKEN);
    assert_eq!(finding(&bridge.send(request).await.body)["level"], "good");
    assert_eq!(bridge.register(ALICE, "user@example.com", "d1").await.code(), "already_validated");
    assert!(group.redis.pid().is_ok());
    bridge.stop().await;
}
