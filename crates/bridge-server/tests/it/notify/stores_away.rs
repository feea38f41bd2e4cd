//! Operators are told of a store that is away, even of the one that keeps who is told; nobody is told twice when it is back.

use test_servers::Server;

use super::sink::Sink;
use crate::real_stores::group::Group;
use crate::webhooks::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_is_one_message_and_its_return_another() {
    let Some(group) = Group::start("a_redis_that_is_away_is_one_message") else { return };
    let bridge = group.bridge().await;
    let sink = Sink::start().await;
    bridge.told(super::ntfy(&sink)).await;
    group.redis.kill().unwrap();
    let told = bridge.tells(&sink, 1).await;
    assert_eq!(told[0].body["title"], "SMS Bridge: nobody can register, and 1 more");
    assert!(told[0].text().contains("the hot store (Redis) does not answer"), "{}", told[0].text());
    bridge.nothing_is_told(&sink, 1).await;
    group.redis.restart().unwrap();
    let told = bridge.tells(&sink, 2).await;
    assert!(told[1].text().contains("The hot store is there again"), "{}", told[1].text());
    bridge.nothing_is_told(&sink, 2).await;
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_postgresql_is_away_is_told_without_it_and_once_by_two_bridges() {
    let Some(group) = Group::start("that_postgresql_is_away_is_told_without_it") else { return };
    let (first, second) = (group.bridge().await, group.bridge().await);
    let sink = Sink::start().await;
    first.told(super::ntfy(&sink)).await;
    until("the other bridge knows", async || !second.app().notify.all().is_empty()).await;
    group.postgres.kill().unwrap();
    let told = first.tells(&sink, 1).await;
    assert_eq!(told[0].body["title"], "SMS Bridge: the audit store does not answer");
    first.nothing_is_told(&sink, 1).await;
    // Killed and started again, with nobody to ask: the data folder knows who is told, and of what they were.
    let clock = first.clock.clone();
    let folder = first.stop().await;
    let first = group.bridge_on(folder).await;
    first.nothing_is_told(&sink, 1).await;
    group.postgres.restart().unwrap();
    let told = first.tells(&sink, 2).await;
    assert_eq!(told[1].body["title"], "SMS Bridge: the audit store answers again", "{clock:?}");
    first.nothing_is_told(&sink, 2).await;
    first.stop().await;
    second.stop().await;
}
