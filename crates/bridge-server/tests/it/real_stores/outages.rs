//! Every store away, one at a time and together, empty, old and full: nothing acknowledged is lost, and every verdict is
//! the one that it would have been.

use bridge_core::Span;
use bridge_store::journal::Subject;
use serde_json::json;
use test_servers::{Server, redis};

use super::group::{Group, until, until_onboarding, until_rows};
use crate::harness::{API_KEY, Bridge, NOON};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

async fn sent_twice_in_order(bridge: &Bridge, mobile: &str) -> (crate::harness::Sms, crate::harness::Sms) {
    let registered = bridge.registered(mobile).await;
    let wrong = bridge.sms(mobile, &format!("ONBOARD:{}", "0".repeat(64)));
    bridge.clock.advance(Span(1_000));
    (wrong, bridge.right_sms(mobile, &registered))
}

/// What became of the two: first the wrong one failed, then the right one passed.
async fn judged_in_order(bridge: &Bridge, mobile: &str) {
    let rows = until_rows(bridge, mobile, 2).await;
    let verdicts: Vec<_> = rows.iter().map(|row| row["failed_at_check"].clone()).collect();
    assert_eq!(verdicts, [json!("header_hash_check"), json!(null)], "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_away_and_back() {
    let Some(group) = Group::start("redis_away_and_back") else { return };
    let bridge = group.bridge().await;
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    group.redis.kill().unwrap();
    let first = bridge.deliver(&wrong).await;
    assert_eq!((first.status.as_u16(), first.text("status")), (202, "stored"));
    let paused = until_onboarding(&bridge, "paused").await;
    assert!(paused.body["since"].is_string() && paused.text("reason").contains("Redis"), "{}", paused.body);
    let refused = bridge.register(BOB, "b@example.com", "d2").await;
    assert_eq!((refused.status.as_u16(), refused.code()), (503, "onboarding_paused"));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(bridge.deliver(&right).await.status, 202);
    let health = bridge.get("/health", API_KEY).await;
    assert_eq!((health.status.as_u16(), health.text("status")), (200, "degraded"));
    assert_eq!(group.sql("SELECT count(*) FROM power_down_store WHERE NOT processed"), "2");

    group.redis.restart().unwrap();
    until_onboarding(&bridge, "accepting").await;
    judged_in_order(&bridge, ALICE).await;
    until("all processed", async || {
        bridge.settle().await;
        (group.sql("SELECT count(*) FROM power_down_store WHERE NOT processed") == "0").then_some(())
    })
    .await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_flushed_while_connected_forgets_nothing() {
    let Some(group) = Group::start("redis_flushed_while_connected_forgets_nothing") else { return };
    let bridge = group.bridge().await;
    let registered = bridge.registered(ALICE).await;
    let sms = bridge.right_sms(ALICE, &registered);
    let judged = bridge.deliver(&sms).await;
    assert_eq!(judged.verdict(), "passed");
    let pending = bridge.registered(BOB).await;

    let _: String = group.redis(&["FLUSHALL"]).await;
    // Nobody is judged by what an empty store knows: stored, or judged after the rebuild.
    let again = bridge.deliver(&sms).await;
    assert!(again.status == 202 || again.body["id"] == judged.body["id"], "{}", again.body);
    until_onboarding(&bridge, "accepting").await;
    let again = until("the first answer", async || {
        bridge.settle().await;
        let again = bridge.deliver(&sms).await;
        (again.status == 200).then_some(again)
    })
    .await;
    assert_eq!(again.body["duplicate_delivery"], true);
    assert_eq!(
        (&again.body["id"], &again.body["message_id"]),
        (&judged.body["id"], &judged.body["message_id"])
    );
    assert_eq!(bridge.register(ALICE, "user@example.com", "d1").await.code(), "already_validated");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    let same = bridge.registered(BOB).await;
    assert_eq!(same.text("hash"), pending.text("hash"), "the onboarding that waited is still the same");
    let passed = until("judged again", async || {
        let answer = bridge.deliver(&bridge.right_sms(BOB, &pending)).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(passed.verdict(), "passed");
    assert!(passed.body["id"].as_i64() > judged.body["id"].as_i64(), "no id comes twice");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_away_and_back() {
    let Some(group) = Group::start("postgresql_away_and_back") else { return };
    let bridge = group.bridge().await;
    group.postgres.kill().unwrap();
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    assert_eq!(bridge.deliver(&wrong).await.status, 200);
    let judged = bridge.deliver(&right).await;
    assert_eq!((judged.status.as_u16(), judged.verdict()), (200, "passed"));
    assert!(!bridge.stores.journal.is_empty(), "the journal keeps what no table has");
    group.postgres.restart().unwrap();
    judged_in_order(&bridge, ALICE).await;
    until("an empty journal", async || {
        bridge.settle().await;
        bridge.stores.journal.is_empty().then_some(())
    })
    .await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_away_and_back() {
    let Some(group) = Group::start("both_away_and_back") else { return };
    let bridge = group.bridge().await;
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    bridge.settle().await;
    group.redis.kill().unwrap();
    group.postgres.kill().unwrap();
    for sms in [&wrong, &right] {
        let kept = bridge.deliver(sms).await;
        assert_eq!((kept.status.as_u16(), kept.text("status")), (202, "stored"));
    }
    assert_eq!(bridge.stores.journal.waiting(), 2);
    assert_eq!(bridge.get("/readyz", "").await.status, 200, "an SMS can be made durable");
    group.redis.restart().unwrap();
    until_onboarding(&bridge, "paused").await;
    group.postgres.restart().unwrap();
    until_onboarding(&bridge, "accepting").await;
    judged_in_order(&bridge, ALICE).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_starts_while_both_are_away() {
    let Some(group) = Group::start("a_bridge_starts_while_both_are_away") else { return };
    let bridge = group.bridge().await;
    assert_eq!(bridge.set("batch_size", json!(77)).await.status, 200);
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    let folder = bridge.stop().await;
    group.redis.kill().unwrap();
    group.postgres.kill().unwrap();
    let bridge = group.bridge_on(folder).await;
    assert_eq!(bridge.app().live.now().batch_size, 77, "the last known settings hold");
    for sms in [&wrong, &right] {
        assert_eq!(bridge.deliver(sms).await.status, 202);
    }
    group.redis.restart().unwrap();
    group.postgres.restart().unwrap();
    until_onboarding(&bridge, "accepting").await;
    judged_in_order(&bridge, ALICE).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_pauses_and_keeps() {
    let options = redis::Options { max_memory: Some(64 * 1024 * 1024), ..redis::Options::default() };
    let Some(group) = Group::start_with("a_full_redis_pauses_and_keeps", &options) else { return };
    let bridge = group.bridge().await;
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    for _ in 0..36 {
        let _: i64 = group.redis(&["RPUSH", "ballast", &"x".repeat(1024 * 1024)]).await;
    }
    assert_eq!(bridge.set("redis_memory_limit_percent", json!(50)).await.status, 200);
    let paused = until("full", async || {
        bridge.clock.advance(Span(1_000));
        let status = bridge.get("/status", "").await;
        (status.text("onboarding") == "paused").then_some(status)
    })
    .await;
    assert!(paused.text("reason").contains("nearly full"), "{}", paused.body);
    for sms in [&wrong, &right] {
        assert_eq!(bridge.deliver(sms).await.status, 202);
    }
    let _: i64 = group.redis(&["DEL", "ballast"]).await;
    until("room again", async || {
        bridge.clock.advance(Span(1_000));
        (bridge.get("/status", "").await.text("onboarding") == "accepting").then_some(())
    })
    .await;
    judged_in_order(&bridge, ALICE).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hanging_redis_is_answered_within_two_seconds() {
    let Some(group) = Group::start("a_hanging_redis_is_answered_within_two_seconds") else { return };
    let bridge = group.bridge().await;
    let (wrong, right) = sent_twice_in_order(&bridge, ALICE).await;
    group.redis.pause().unwrap();
    let watch = bridge_app::base::metrics::Stopwatch::start();
    let kept = bridge.deliver(&wrong).await;
    assert_eq!(kept.status, 202);
    assert!(watch.elapsed().as_millis() < 2_000, "{:?}", watch.elapsed());
    assert_eq!(bridge.deliver(&right).await.status, 202);
    group.redis.resume().unwrap();
    until_onboarding(&bridge, "accepting").await;
    judged_in_order(&bridge, ALICE).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_remembered_until_it_can_be_written() {
    let Some(group) = Group::start("an_outage_is_remembered_until_it_can_be_written") else { return };
    let bridge = group.bridge().await;
    let folder = bridge.folder.clone();
    until_onboarding(&bridge, "accepting").await;
    group.redis.kill().unwrap();
    until_onboarding(&bridge, "paused").await;
    group.postgres.kill().unwrap();
    until("both noted in the folder", async || {
        // The store monitor looks at the audit store once in a second.
        group.clock.advance(Span(1_000));
        let noted = std::fs::read_to_string(folder.path().join("incidents.json")).unwrap_or_default();
        (noted.contains("redis") && noted.contains("postgresql")).then_some(())
    })
    .await;
    group.postgres.restart().unwrap();
    group.redis.restart().unwrap();
    let told = until("both over in the audit store", async || {
        group.clock.advance(Span(1_000));
        bridge.settle().await;
        let told = bridge.stores.desk.incidents(NOON - Span(1), NOON + Span(3_600_000)).await.ok()?;
        (told.len() >= 2 && told.iter().all(|incident| incident.ended_at.is_some())).then_some(told)
    })
    .await;
    for what in ["redis", "postgresql"] {
        let incident = told.iter().find(|incident| incident.what == what).unwrap();
        assert!(incident.ended_at > Some(incident.began_at), "{told:?}");
    }
    let began_at = told.iter().find(|incident| incident.what == "redis").unwrap().began_at;
    assert_eq!(began_at, NOON, "from when it was away, not from when that could be written");
    bridge.stop().await;
}

/// All keys, each as Redis writes it, and when it ends.
async fn dumped(group: &Group) -> Vec<(Vec<u8>, Vec<u8>, i64)> {
    let client = ::redis::Client::open(group.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<Vec<u8>> = ::redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    let mut all = Vec::new();
    for key in keys {
        let value: Option<Vec<u8>> =
            ::redis::cmd("DUMP").arg(&key).query_async(&mut connection).await.unwrap();
        // A lease or the like ended meanwhile.
        let Some(value) = value else { continue };
        let ends: i64 = ::redis::cmd("PEXPIRETIME").arg(&key).query_async(&mut connection).await.unwrap();
        all.push((key, value, ends.max(0)));
    }
    all
}

async fn exchanged(group: &Group, all: &[(Vec<u8>, Vec<u8>, i64)]) {
    let client = ::redis::Client::open(group.redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut pipe = ::redis::pipe();
    pipe.atomic().cmd("FLUSHALL");
    for (key, value, ends) in all {
        pipe.cmd("RESTORE").arg(key).arg(ends).arg(value).arg("ABSTTL");
    }
    let _: ::redis::Value = pipe.query_async(&mut connection).await.unwrap();
}

/// As after a cut network: a primary judged an SMS and nobody heard of it, another one judged it again, and then the first
/// is back with what it had (decision 0025).
#[tokio::test(flavor = "multi_thread")]
async fn what_was_judged_again_elsewhere_is_not_carried_over_from_old_data() {
    let name = "what_was_judged_again_elsewhere_is_not_carried_over_from_old_data";
    let Some(group) = Group::start(name) else { return };
    let bridge = group.bridge().await;
    let registered = bridge.registered(ALICE).await;
    bridge.settle().await;
    let sms = bridge.right_sms(ALICE, &registered);
    // While nothing can be written to the trail.
    group.sql("ALTER TABLE input_sms RENAME TO away");
    let unheard = bridge.deliver(&sms).await;
    assert_eq!(unheard.verdict(), "passed");
    let sms_id = unheard.text("message_id").parse().unwrap();
    bridge.stores.journal.acknowledge(&[Subject::Judged(sms_id)]);
    let old = dumped(&group).await;
    // An epoch is younger by its time.
    bridge.clock.advance(Span(1_000));
    exchanged(&group, &[]).await;
    // Who was about to write what was read before has given up.
    bridge.settle().await;
    group.sql("ALTER TABLE away RENAME TO input_sms");
    let judged = async || {
        until("judged", async || {
            let answer = bridge.deliver(&sms).await;
            (answer.status == 200).then_some(answer)
        })
        .await
    };
    let again = judged().await;
    assert_eq!(again.verdict(), "passed");
    assert_ne!(again.body["message_id"], unheard.body["message_id"], "it is judged anew");
    until_rows(&bridge, ALICE, 1).await;

    exchanged(&group, &old).await;
    let answer = judged().await;
    assert_eq!((&answer.body["message_id"], answer.verdict()), (&again.body["message_id"], "passed"));
    until("nothing waits", async || {
        bridge.settle().await;
        let sizes = bridge.stores.hot.queue_sizes().await.unwrap();
        (sizes.input_sms == 0 && sizes.onboarding == 0).then_some(())
    })
    .await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}

/// Otherwise a Redis that is lost in between leaves a number that is validated by nothing, and an SMS that comes again and
/// finds an onboarding that is over.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_written_as_validated_before_the_sms_that_did_it() {
    let Some(group) = Group::start("nobody_is_written_as_validated_before_the_sms_that_did_it") else {
        return;
    };
    let bridge = group.bridge().await;
    let registered = bridge.registered(ALICE).await;
    bridge.settle().await;
    group.sql("ALTER TABLE input_sms RENAME TO away");
    let sms = bridge.right_sms(ALICE, &registered);
    assert_eq!(bridge.deliver(&sms).await.verdict(), "passed");
    bridge.settle().await;
    let validated = || group.sql("SELECT count(*) FROM onboarding_mobile WHERE status = 'validated'");
    assert_eq!(validated(), "0");
    group.sql("ALTER TABLE away RENAME TO input_sms");
    until("written", async || {
        bridge.settle().await;
        (validated() == "1").then_some(())
    })
    .await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1");
    bridge.stop().await;
}
