//! One person: shown whole, erased from every store with a receipt, and never brought back by anything that still knew
//! them.

mod blocks;

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};
use test_servers::Server as _;

use crate::harness::{ADMIN_TOKEN, Answer, Bridge, RECEIVER_KEY};
use crate::real_stores::group::{Group, flush_and_rebuild, until};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";
/// Longer than a bridge takes to write what it read before.
const SETTLED: Span = Span(66_000);

async fn validated(bridge: &Bridge, mobile: &str) -> Answer {
    let registered = bridge.registered(mobile).await;
    let judged = bridge.deliver(&bridge.right_sms(mobile, &registered)).await;
    assert_eq!(judged.verdict(), "passed", "{}", judged.body);
    registered
}

async fn export(bridge: &Bridge, mobile: &str) -> Value {
    let answer = bridge.get(&format!("/admin/persons/{mobile}"), ADMIN_TOKEN).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

async fn erase(bridge: &Bridge, path: &str) -> Answer {
    let path = format!("/admin/persons/{path}");
    bridge.send(bridge.request(Method::POST, &path).bearer_auth(ADMIN_TOKEN)).await
}

/// Tables of which the document shows rows.
fn tables(document: &Value) -> Vec<String> {
    let tables = document["audit"].as_array().unwrap().iter();
    let filled = tables.filter(|table| !table["rows"].as_array().unwrap().is_empty());
    filled.map(|table| table["name"].as_str().unwrap().to_owned()).collect()
}

/// What the hot store keeps of somebody who was never there.
fn nobody() -> Value {
    json!({
        "onboardings": [], "registrations": null, "sms": null, "validated": [], "blacklisted": false,
        "queued_blacklisting": null, "queued_sms": [], "answers": [], "waiting": [],
    })
}

#[tokio::test]
async fn a_person_is_shown_whole_and_erased_from_the_embedded_stores() {
    let bridge = Bridge::start().await;
    let first = validated(&bridge, ALICE).await;
    validated(&bridge, BOB).await;
    assert_eq!(bridge.register(ALICE, "user@example.com", "d1").await.code(), "already_validated");
    bridge.settle().await;
    // One that is not dumped yet, a body that nobody can use, and one that waits.
    bridge.text(ALICE, "hello").await;
    let unusable = json!({"from": ALICE});
    let request = bridge.request(Method::POST, "/sms/receive").bearer_auth(RECEIVER_KEY).json(&unusable);
    assert_ne!(bridge.send(request).await.status, 401);
    bridge.set("maintenance_mode", json!(true)).await;
    assert_eq!(bridge.text(ALICE, "later").await.status, 202);

    let document = export(&bridge, "9876543210").await;
    assert_eq!((&document["complete"], &document["mobile_number"]), (&json!(true), &json!(ALICE)));
    let everywhere = [
        "input_sms",
        "onboarding_mobile",
        "power_down_store",
        "ops.validated_mobile",
        "ops.registration_attempts",
        "ops.quarantine",
    ];
    assert_eq!(tables(&document), everywhere, "{document:#}");
    assert_eq!(document["hot"]["onboardings"][0]["id"], first.body["onboarding_id"]);
    assert_eq!(document["hot"]["answers"].as_array().unwrap().len(), 2);
    let of_bob = export(&bridge, BOB).await;

    bridge.clock.advance(Span(1_000));
    let erased = erase(&bridge, &format!("{ALICE}/erase")).await;
    assert_eq!((erased.status.as_u16(), erased.text("state")), (200, "done"), "{}", erased.body);
    assert_eq!(erased.text("blacklist"), "none");
    assert_eq!(erased.body["removed"]["audit"]["ops.registration_attempts"], 1);
    // Whether the last one was dumped meanwhile or not.
    let count = |store: &str, kind: &str| erased.body["removed"][store][kind].as_u64().unwrap_or_default();
    assert_eq!(count("hot", "queued_sms") + count("audit", "input_sms"), 2, "{}", erased.body);
    assert!(!erased.body.to_string().contains("9876543210"), "no receipt tells the number: {}", erased.body);
    bridge.set("maintenance_mode", json!(false)).await;
    bridge.settle().await;
    let left = export(&bridge, ALICE).await;
    assert_eq!((&left["hot"], tables(&left)), (&nobody(), vec![]));
    assert_eq!(bridge.status(&first).await.status, 404);
    assert_eq!(export(&bridge, BOB).await["audit"], of_bob["audit"], "nobody else lost anything");
    assert!(!bridge.folder.path().join("erasures.json").exists(), "the number is noted no more");

    let path = format!("/admin/erasures?mobile={}", ALICE.replace('+', "%2B"));
    let receipts = bridge.get(&path, ADMIN_TOKEN).await;
    assert_eq!(receipts.body["items"][0]["id"], erased.body["id"]);
    let none = bridge.get("/admin/erasures?mobile=%2B919876543299", ADMIN_TOKEN).await;
    assert_eq!(none.body["items"], json!([]));
    let wrong = erase(&bridge, &format!("{ALICE}/erase?blacklist=perhaps")).await;
    assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid_request"));
    assert_eq!(bridge.get("/admin/persons/MYBANK", ADMIN_TOKEN).await.code(), "invalid_mobile_number");
    assert_eq!(bridge.get(&format!("/admin/persons/{ALICE}"), "no-such-secret-at-all").await.status, 401);
    // As if for the first time.
    bridge.clock.advance(Span(1_000));
    validated(&bridge, ALICE).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_block_is_kept_unless_it_is_to_be_lifted() {
    let bridge = Bridge::start().await;
    let block = json!({"mobile_number": ALICE});
    let add = |bridge: &Bridge| bridge.request(Method::POST, "/admin/blacklist").bearer_auth(ADMIN_TOKEN);
    assert_eq!(bridge.send(add(&bridge).json(&block)).await.status, 201);
    bridge.settle().await;
    let kept = erase(&bridge, &format!("{ALICE}/erase")).await;
    assert_eq!((kept.text("state"), kept.text("blacklist")), ("done", "kept"), "{}", kept.body);
    assert!(kept.body["remains"].to_string().contains("stays in the blacklist"), "{}", kept.body);
    bridge.settle().await;
    assert_eq!(bridge.register(ALICE, "a@example.com", "d1").await.code(), "blacklisted");

    bridge.clock.advance(Span(1_000));
    let lifted = erase(&bridge, &format!("{ALICE}/erase?blacklist=lift")).await;
    assert_eq!((lifted.text("state"), lifted.text("blacklist")), ("done", "lifted"), "{}", lifted.body);
    bridge.settle().await;
    assert_eq!(tables(&export(&bridge, ALICE).await), Vec::<String>::new());
    bridge.clock.advance(Span(1_000));
    bridge.registered(ALICE).await;
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_owed_is_finished_by_the_next_process() {
    let bridge = Bridge::start().await;
    validated(&bridge, ALICE).await;
    bridge.settle().await;
    let mobile = bridge_core::Mobile::from_e164(ALICE).unwrap();
    let block = bridge_store::person::Block::Keep;
    // Noted, and then the process dies.
    bridge_app::admin::person::begin(bridge.app(), mobile, block, "operator").unwrap();
    let note = std::fs::read_to_string(bridge.folder.path().join("erasures.json")).unwrap();
    let (folder, clock) =
        (bridge.stop().await, bridge_app::base::clock::Clock::standing_at(crate::harness::NOON));
    std::fs::write(folder.path().join("erasures.json"), note).unwrap();
    let bridge = Bridge::start_on(folder, clock, &[]).await;
    bridge.settle().await;
    assert_eq!(tables(&export(&bridge, ALICE).await), Vec::<String>::new());
    let receipts = bridge.get("/admin/erasures", ADMIN_TOKEN).await.body;
    assert_eq!(
        (receipts["items"].as_array().unwrap().len(), &receipts["items"][0]["state"]),
        (1, &json!("done"))
    );
    bridge.stop().await;
}

/// No row of any table, no key of Redis, nothing at the remote and no byte of a journal tells the number.
async fn nothing_tells(group: &Group, bridges: &[&Bridge], number: &str) {
    let digits = number.trim_start_matches('+');
    for table in [
        "input_sms",
        "onboarding_mobile",
        "blacklist_sms",
        "power_down_store",
        "ops.validated_mobile",
        "ops.registration_attempts",
        "ops.sync_refused",
        "ops.unblacklisted",
        "ops.erasure",
    ] {
        let sql = format!("SELECT count(*) FROM {table} kept WHERE to_jsonb(kept)::text LIKE '%{digits}%'");
        assert_eq!(group.sql(&sql), "0", "{table}");
    }
    assert_eq!(
        group.remote_sql(&format!("SELECT count(*) FROM validated_mobiles WHERE mobile_number = '{number}'")),
        "0"
    );
    let keys: Vec<String> = group.redis(&["KEYS", &format!("*{digits}*")]).await;
    assert_eq!(keys, Vec::<String>::new());
    let pairs: Vec<String> = group.redis(&["SMEMBERS", "Queue_validated_mobiles"]).await;
    assert!(pairs.iter().all(|pair| !pair.contains(digits)), "{pairs:?}");
    for bridge in bridges {
        for file in std::fs::read_dir(bridge.folder.path().join("spool")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(digits), "a journal still tells the number");
        }
    }
}

async fn until_erased(bridge: &Bridge) -> Value {
    until("erased", async || {
        bridge.clock.advance(SETTLED);
        bridge.settle().await;
        let page = bridge.get("/admin/erasures", ADMIN_TOKEN).await.body;
        (page["items"][0]["state"] == "done").then(|| page["items"][0].clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn erased_while_postgresql_is_away_is_erased_when_it_is_back_and_after_a_rebuild() {
    let Some(group) = Group::start("erased_while_postgresql_is_away") else { return };
    let bridge = group.bridge().await;
    let first = validated(&bridge, ALICE).await;
    validated(&bridge, BOB).await;
    until("at the remote", async || {
        bridge.settle().await;
        (group.remote_sql("SELECT count(*) FROM validated_mobiles") == "2").then_some(())
    })
    .await;
    let document = export(&bridge, ALICE).await;
    assert_eq!(document["complete"], true, "{document:#}");
    assert_eq!(document["remote"][0]["mobile_number"], ALICE);
    // Judged while nobody can write it down: it waits in Redis and in the journal.
    group.postgres.kill().unwrap();
    assert_eq!(bridge.text(ALICE, "in the journal").await.status, 200);
    bridge.clock.advance(Span(1_000));
    let owed = erase(&bridge, &format!("{ALICE}/erase")).await;
    assert_eq!((owed.status.as_u16(), owed.text("state")), (202, "owed"), "{}", owed.body);
    assert!(owed.body["waits_for"]["audit"].is_string() && owed.body["waits_for"]["remote"].is_string());
    assert!(owed.body["removed"]["hot"]["queued_sms"] == 1, "{}", owed.body);

    group.postgres.restart().unwrap();
    let receipt = until_erased(&bridge).await;
    assert_eq!((&receipt["id"], &receipt["waits_for"]), (&owed.body["id"], &json!({})));
    assert_eq!(receipt["removed"]["remote"]["validated_mobiles"], 1, "{receipt:#}");
    nothing_tells(&group, &[&bridge], ALICE).await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1", "Bob's");

    flush_and_rebuild(&group, &bridge).await;
    nothing_tells(&group, &[&bridge], ALICE).await;
    assert_eq!(bridge.register(BOB, "user@example.com", "d1").await.code(), "already_validated");
    assert_eq!(bridge.status(&first).await.status, 404);
    bridge.registered(ALICE).await;
    bridge.settle().await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bridges_journal_brings_nobody_back() {
    let Some(group) = Group::start("another_bridges_journal_brings_nobody_back") else { return };
    let (here, there) = (group.bridge().await, group.bridge().await);
    // Judged there and dumped here: the other journal does not know that yet.
    let registered = there.registered(ALICE).await;
    assert_eq!(there.deliver(&there.right_sms(ALICE, &registered)).await.verdict(), "passed");
    until("dumped", async || {
        here.settle().await;
        (group.sql("SELECT count(*) FROM input_sms") == "1").then_some(())
    })
    .await;
    here.clock.advance(Span(1_000));
    let owed = erase(&here, &format!("{ALICE}/erase")).await;
    assert_eq!(owed.status, 202, "the others may still carry something: {}", owed.body);
    until("handed over", async || {
        there.clock.advance(Span(600_000));
        there.settle().await;
        there.stores.journal.is_empty().then_some(())
    })
    .await;
    until_erased(&here).await;
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "0");
    nothing_tells(&group, &[&here], ALICE).await;
    assert_eq!(here.register(ALICE, "user@example.com", "d1").await.status, 201);
    here.settle().await;
    there.stop().await;
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validated_number_that_is_taken_off_registers_again_everywhere() {
    let Some(group) = Group::start("a_validated_number_that_is_taken_off") else { return };
    let bridge = group.bridge().await;
    validated(&bridge, ALICE).await;
    until("at the remote", async || {
        bridge.settle().await;
        (group.remote_sql("SELECT count(*) FROM validated_mobiles") == "1").then_some(())
    })
    .await;
    let remove = |bridge: &Bridge| {
        bridge.request(Method::DELETE, &format!("/admin/validated/{ALICE}")).bearer_auth(ADMIN_TOKEN)
    };
    bridge.clock.advance(Span(1_000));
    let removed = bridge.send(remove(&bridge)).await;
    assert_eq!((removed.status.as_u16(), &removed.body["devices"]), (200, &json!(1)));
    let again = bridge.send(remove(&bridge)).await;
    assert_eq!((again.status.as_u16(), again.code()), (404, "not_found"));
    assert_eq!(group.remote_sql("SELECT count(*) FROM validated_mobiles"), "0");
    assert_eq!(group.sql("SELECT count(*) FROM input_sms"), "1", "what was judged stays");
    flush_and_rebuild(&group, &bridge).await;
    validated(&bridge, ALICE).await;
    until("at the remote again", async || {
        bridge.settle().await;
        (group.remote_sql("SELECT count(*) FROM validated_mobiles") == "1").then_some(())
    })
    .await;
    bridge.stop().await;
}
