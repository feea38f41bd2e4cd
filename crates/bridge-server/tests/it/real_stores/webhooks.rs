//! What apps are told by a group of bridges, and when the stores are away, empty, or both.

use reqwest::Method;
use serde_json::json;
use test_servers::Server;

use super::group::{Group, flush_and_rebuild, until, until_onboarding};
use crate::harness::{ADMIN_TOKEN, Bridge};
use crate::webhooks::endpoint::{Endpoint, Message, Mode};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

async fn add(bridge: &Bridge, url: &str) {
    let request = bridge.request(Method::POST, "/admin/webhooks").bearer_auth(ADMIN_TOKEN);
    let added = bridge.send(request.json(&json!({"url": url}))).await;
    assert_eq!(added.status, 201, "{}", added.body);
}

fn kinds(told: &[Message]) -> Vec<&'static str> {
    told.iter().map(Message::kind).collect()
}

async fn validated(bridge: &Bridge, mobile: &str) {
    let registered = bridge.registered(mobile).await;
    assert_eq!(bridge.deliver(&bridge.right_sms(mobile, &registered)).await.verdict(), "passed");
}

const BOTH: [&str; 2] = ["sms.judged", "onboarding.validated"];

#[tokio::test(flavor = "multi_thread")]
async fn a_group_says_it_once() {
    let Some(group) = Group::start("a_group_says_it_once") else { return };
    let (first, second) = (group.bridge().await, group.bridge().await);
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    add(&first, &endpoint.url).await;
    until("the other bridge knows", async || second.app().webhooks.is_used().then_some(())).await;
    validated(&second, ALICE).await;
    assert_eq!(kinds(&endpoint.next(2).await), BOTH);
    first.set("maintenance_mode", json!(true)).await;
    assert_eq!(kinds(&endpoint.next(1).await), ["bridge.paused"]);
    first.set("maintenance_mode", json!(false)).await;
    assert_eq!(kinds(&endpoint.next(1).await), ["bridge.resumed"]);
    first.settle().await;
    second.settle().await;
    let more = endpoint.all();
    assert!(more.iter().all(|message| message.kind().starts_with("bridge.")), "{:?}", kinds(&more));
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_registration_goes_on_is_said_when_it_does_at_every_bridge() {
    let name = "that_registration_goes_on_is_said_when_it_does_at_every_bridge";
    let Some(group) = Group::start(name) else { return };
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    // The disk of the first is full all the time.
    let first = group.bridge_with(folder, &["--disk-floor-mib", "100000000"]).await;
    let second = group.bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    add(&second, &endpoint.url).await;
    until("the other bridge knows", async || first.app().webhooks.is_used().then_some(())).await;
    let paused = endpoint.next(1).await;
    assert_eq!((paused[0].kind(), &paused[0].data()["cause"]), ("bridge.paused", &json!("disk_nearly_full")));
    // Both are paused, and the second goes on.
    second.set("maintenance_mode", json!(true)).await;
    until_onboarding(&second, "paused").await;
    second.settle().await;
    second.set("maintenance_mode", json!(false)).await;
    until_onboarding(&second, "accepting").await;
    second.settle().await;
    assert_eq!(kinds(&endpoint.all()), [] as [&str; 0], "the first is paused still");
    // A restart with a better disk: now all go on.
    let folder = first.stop().await;
    let first = group.bridge_on(folder).await;
    assert_eq!(kinds(&endpoint.next(1).await), ["bridge.resumed"]);
    first.settle().await;
    second.settle().await;
    assert_eq!(kinds(&endpoint.all()), [] as [&str; 0]);
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_while_postgresql_was_away_is_told_though_redis_forgot_it() {
    let name = "what_happened_while_postgresql_was_away_is_told_though_redis_forgot_it";
    let Some(group) = Group::start(name) else { return };
    let bridge = group.bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    add(&bridge, &endpoint.url).await;
    group.postgres.kill().unwrap();
    validated(&bridge, ALICE).await;
    let _: String = group.redis(&["FLUSHALL"]).await;
    group.postgres.restart().unwrap();
    until_onboarding(&bridge, "accepting").await;
    let mut told = Vec::new();
    while !BOTH.iter().all(|kind| kinds(&told).contains(kind)) {
        told.extend(endpoint.next(1).await);
    }
    bridge.settle().await;
    told.extend(endpoint.all());
    let mut ids: Vec<&str> = told.iter().map(|message| message.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len(), "each once: {told:?}");
    assert_eq!(told.iter().filter(|message| BOTH.contains(&message.kind())).count(), 2);
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_of_redis_neither_loses_nor_invents_an_event() {
    let Some(group) = Group::start("a_flush_of_redis_neither_loses_nor_invents_an_event") else { return };
    let bridge = group.bridge().await;
    let mut endpoint = Endpoint::start(Mode::Answers(200)).await;
    add(&bridge, &endpoint.url).await;
    validated(&bridge, ALICE).await;
    flush_and_rebuild(&group, &bridge).await;
    until_onboarding(&bridge, "accepting").await;
    until("judged", async || {
        let registered = bridge.register(BOB, "b@example.com", "d2").await;
        let sms = registered.status.is_success().then(|| bridge.right_sms(BOB, &registered))?;
        (bridge.deliver(&sms).await.status == 200).then_some(())
    })
    .await;
    let mut told = Vec::new();
    let of = |told: &[Message], kind: &str, mobile: &str| {
        told.iter().filter(|m| m.kind() == kind && m.data()["mobile_number"] == mobile).count()
    };
    while ![ALICE, BOB].iter().all(|mobile| BOTH.iter().all(|kind| of(&told, kind, mobile) == 1)) {
        told.extend(endpoint.next(1).await);
    }
    bridge.settle().await;
    told.extend(endpoint.all());
    for mobile in [ALICE, BOB] {
        assert_eq!(BOTH.map(|kind| of(&told, kind, mobile)), [1, 1], "{told:?}");
    }
    bridge.stop().await;
}
