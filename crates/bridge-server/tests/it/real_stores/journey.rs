//! Use case 1 on real stores, two bridges wide.

use serde_json::json;

use super::group::{Group, until, until_rows};
use crate::harness::{ADMIN_TOKEN, API_KEY};

const ALICE: &str = "+919876543210";

#[tokio::test(flavor = "multi_thread")]
async fn registered_at_one_bridge_and_proven_at_another() {
    let Some(group) = Group::start("registered_at_one_bridge_and_proven_at_another") else { return };
    let (one, two) = (group.bridge().await, group.bridge().await);
    let registered = one.registered(ALICE).await;
    let sms = one.right_sms(ALICE, &registered);
    let waiting = {
        let path = format!("/onboard/{}?wait=25", registered.text("onboarding_id"));
        let (http, url, token) = (one.http.clone(), one.url.clone(), registered.text("token").to_owned());
        async move {
            let request = http.get(format!("{url}{path}")).bearer_auth(token);
            request.send().await.unwrap().json::<serde_json::Value>().await.unwrap()
        }
    };
    let (changed, judged) = tokio::join!(waiting, async {
        // The long poll must be waiting before the SMS comes; should it not be, it answers the same.
        two.deliver(&sms).await
    });
    assert_eq!((judged.status.as_u16(), judged.verdict()), (200, "passed"), "{}", judged.body);
    assert_eq!(judged.codes(), "1111111");
    assert_eq!(changed["status"], "validated", "the other bridge woke whoever waited: {changed}");
    // Its token opens it at either.
    let path = format!("/onboard/{}", registered.text("onboarding_id"));
    assert_eq!(two.get(&path, registered.text("token")).await.text("status"), "validated");

    let again = one.deliver(&sms).await;
    assert_eq!(again.body["duplicate_delivery"], true);
    assert_eq!(
        (&again.body["id"], &again.body["message_id"]),
        (&judged.body["id"], &judged.body["message_id"])
    );
    assert_eq!(one.register(ALICE, "user@example.com", "d1").await.code(), "already_validated");

    let rows = until_rows(&one, ALICE, 1).await;
    assert_eq!(rows[0]["validation_status"], "passed");
    assert_eq!(rows[0]["redis_id"], judged.body["id"]);
    until("the remote", async || {
        let there = group.remote_sql("SELECT count(*) FROM validated_mobiles WHERE mobile_validated");
        (there == "1").then_some(())
    })
    .await;
    until("synced_at", async || {
        (group.sql("SELECT count(*) FROM input_sms WHERE synced_at IS NOT NULL") == "1").then_some(())
    })
    .await;
    assert_eq!(group.sql("SELECT mobile_number, device_id FROM ops.validated_mobile"), format!("{ALICE}|d1"));
    until("onboarding_mobile", async || {
        (group.sql("SELECT status FROM onboarding_mobile") == "validated").then_some(())
    })
    .await;
    let member: i64 = group.redis(&["SISMEMBER", "Queue_validated_mobiles", &format!("{ALICE}:d1")]).await;
    assert_eq!(member, 1);
    for bridge in [one, two] {
        assert!(
            bridge.stores.journal.is_empty() || {
                bridge.settle().await;
                true
            }
        );
        bridge.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_changed_at_one_bridge_holds_at_all_and_is_cached() {
    let Some(group) = Group::start("a_setting_changed_at_one_bridge_holds_at_all_and_is_cached") else {
        return;
    };
    let (one, two) = (group.bridge().await, group.bridge().await);
    assert_eq!(two.get("/admin/settings/batch_size", ADMIN_TOKEN).await.body["setting_value"], 500);
    let (cached, ttl): (String, i64) = (
        group.redis(&["GET", "setting:batch_size"]).await,
        group.redis(&["TTL", "setting:batch_size"]).await,
    );
    assert_eq!(cached, "500");
    assert!((1..=60).contains(&ttl), "{ttl}");
    assert_eq!(one.set("batch_size", json!(123)).await.status, 200);
    until("the other bridge", async || (two.app().live.now().batch_size == 123).then_some(())).await;
    let cached: Option<String> = group.redis(&["GET", "setting:batch_size"]).await;
    assert_ne!(cached.as_deref(), Some("500"), "the old value is not cached any more");
    assert_eq!(group.sql("SELECT setting_value FROM sms_settings WHERE setting_key = 'batch_size'"), "123");
    let health = one.get("/health", API_KEY).await;
    assert_eq!(health.text("status"), "healthy", "{}", health.body);
    assert_eq!(health.body["components"]["redis"]["backend"], "redis");
    assert_eq!(health.body["components"]["postgresql"]["backend"], "postgresql");
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_delivers_on_real_stores() {
    let Some(group) = Group::start("every_format_delivers_on_real_stores") else { return };
    let bridge = group.bridge().await;
    crate::receivers::formats::every_format_delivers(&bridge).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_judged_is_judged_again_on_real_stores() {
    let Some(group) = Group::start("what_was_judged_is_judged_again_on_real_stores") else { return };
    let bridge = group.bridge().await;
    crate::judging_again::goes_back_in_the_history(&bridge).await;
    crate::judging_again::whose_verdict_would_differ(&bridge).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_accepts_an_sms_on_real_stores() {
    let Some(group) = Group::start("an_operator_accepts_an_sms_on_real_stores") else { return };
    let bridge = group.bridge().await;
    crate::acceptance::an_operator_accepts_a_late_sms(&bridge).await;
    bridge.stop().await;
}
