//! The remote (D20): told once, paused as a whole, one row refused by itself.

use serde_json::json;
use test_servers::Server as _;

use super::group::{Group, until};
use crate::harness::{ADMIN_TOKEN, Bridge};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

async fn validated(bridge: &Bridge, mobile: &str) {
    let registered = bridge.registered(mobile).await;
    let judged = bridge.deliver(&bridge.right_sms(mobile, &registered)).await;
    assert_eq!(judged.verdict(), "passed", "{}", judged.body);
}

async fn until_synced(bridge: &Bridge, group: &Group, count: &str) {
    until("synced", async || {
        bridge.settle().await;
        (group.sql("SELECT count(*) FROM input_sms WHERE synced_at IS NOT NULL") == count).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_waits_visibly_and_can_be_replayed() {
    let Some(group) = Group::start("a_row_that_is_refused_waits_visibly_and_can_be_replayed") else { return };
    group.remote_sql(&format!(
        "ALTER TABLE validated_mobiles ADD CONSTRAINT no_alice CHECK (mobile_number <> '{ALICE}')"
    ));
    let bridge = group.bridge().await;
    assert_eq!(bridge.set("max_database_retries", json!(1)).await.status, 200);
    validated(&bridge, ALICE).await;
    validated(&bridge, BOB).await;
    until_synced(&bridge, &group, "1").await;
    let parked = until("parked", async || {
        bridge.settle().await;
        let page = bridge.get("/admin/sync", ADMIN_TOKEN).await.body;
        (page["items"][0]["parked"] == true).then_some(page)
    })
    .await;
    assert_eq!(parked["items"][0]["mobile_number"], ALICE);
    assert!(parked["items"][0]["reason"].as_str().unwrap().contains("no_alice"), "{parked}");
    assert_eq!(group.remote_sql("SELECT mobile_number FROM validated_mobiles"), BOB);

    group.remote_sql("ALTER TABLE validated_mobiles DROP CONSTRAINT no_alice");
    let request = bridge.request(reqwest::Method::POST, "/admin/sync/replay").bearer_auth(ADMIN_TOKEN);
    assert_eq!(bridge.send(request).await.body["replayed"], 1);
    until_synced(&bridge, &group, "2").await;
    assert_eq!(group.remote_sql("SELECT count(*) FROM validated_mobiles WHERE mobile_validated"), "2");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_remote_parks_nothing() {
    let Some(group) = Group::start("an_outage_of_the_remote_parks_nothing") else { return };
    let bridge = group.bridge().await;
    group.sql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", group.remote));
    group.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
        group.remote
    ));
    validated(&bridge, ALICE).await;
    for _ in 0..5 {
        bridge.settle().await;
    }
    assert_eq!(bridge.get("/admin/sync", ADMIN_TOKEN).await.body["items"], json!([]));
    assert_eq!(group.sql("SELECT count(*) FROM input_sms WHERE synced_at IS NULL"), "1");
    group.sql(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", group.remote));
    until_synced(&bridge, &group, "1").await;
    assert!(group.postgres.pid().is_ok());
    bridge.stop().await;
}
