//! The hot store behind Redis Sentinel: a failover is a loss of memory like any other, and a primary that nobody vouches
//! for is not believed.

use std::sync::Arc;
use std::time::Duration;

use bridge_store::finding::Level;
use bridge_store::{HotStore, StoreFault, hot};
use test_servers::redis::{Fsync, Options};
use test_servers::{Server, Watched};

use super::people::{pass, register, take_in};
use super::{open, rebuild};
use crate::folder::sms;

const FAILOVER: Duration = Duration::from_secs(60);

fn watched() -> Watched {
    Watched::start(&Options { append_only: Some(Fsync::Always), ..Options::default() }).unwrap()
}

fn query<T: redis::FromRedisValue>(url: &str, words: &[&str]) -> T {
    let mut plain = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut command = redis::cmd(words[0]);
    words[1..].iter().for_each(|word| {
        command.arg(*word);
    });
    command.query(&mut plain).unwrap()
}

/// Asks until it is so; a failover takes the Sentinels some seconds.
async fn until<F: Future<Output = bool>>(what: &str, ask: impl Fn() -> F) {
    let asked = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(FAILOVER, asked).await.is_ok(), "never: {what}");
}

/// It answers, and it is another memory than the one that was entered.
async fn is_lost(store: &dyn HotStore) -> bool {
    match take_in(store, 77).await {
        Err(error) => error.kind == StoreFault::Lost,
        Ok(_) => panic!("an SMS was taken in by a store that nobody rebuilt"),
    }
}

async fn level(store: &dyn HotStore, what: &str) -> Level {
    let findings = store.examine().await.unwrap();
    findings.into_iter().find(|finding| finding.what == what).unwrap().level
}

#[tokio::test]
async fn a_promoted_replica_is_lost_memory_until_it_is_rebuilt() {
    let group = watched();
    let store = open(&group.url()).await;
    let before = rebuild(&*store, 1).await;
    register(&*store, 1).await.unwrap();
    let answer = pass(&*store, &sms(10, "x")).await.unwrap();
    // The replica has it all: the epoch, too. It is not believed all the same.
    until("the replica has the epoch", || async {
        query::<Option<String>>(&group.nodes[1].url(), &["GET", "bridge:epoch"]) == Some(before.clone())
    })
    .await;
    group.nodes[0].kill().unwrap();
    let there = Arc::clone(&store);
    until("the promoted one answers", move || {
        let store = Arc::clone(&there);
        async move { store.ping().await.is_ok() && store.epoch().await.is_ok_and(|epoch| epoch.is_none()) }
    })
    .await;
    assert!(is_lost(&*store).await);
    // What waited there can be carried away before everything goes.
    assert_eq!(store.queued_sms(hot::Which::All, 9).await.unwrap()[0].id, answer.id);
    store.forget_sms(&[answer.id]).await.unwrap();
    let after = rebuild(&*store, 2).await;
    assert_ne!(before, after);
    register(&*store, 1).await.unwrap();
    // Who did not lead the failover hears of it in the next message of who did.
    until("every Sentinel names the promoted one", || async {
        level(&*store, "sentinels").await == Level::Good
    })
    .await;
    assert_eq!(level(&*store, "replicas").await, Level::Warning, "the dead one is the only other");
}

#[tokio::test]
async fn a_primary_that_was_a_replica_meanwhile_is_another_one() {
    let group = watched();
    let store = open(&group.url()).await;
    rebuild(&*store, 1).await;
    let epoch = store.epoch().await.unwrap();
    assert!(epoch.is_some());
    until("the replica has the epoch", || async {
        query::<Option<String>>(&group.nodes[1].url(), &["GET", "bridge:epoch"]) == epoch
    })
    .await;
    // There and back within a moment, without a restart, as an operator may do it: the run id stays what it was.
    let (first, second) = (&group.nodes[0], &group.nodes[1]);
    let port = second.port().to_string();
    query::<()>(&second.url(), &["REPLICAOF", "NO", "ONE"]);
    query::<()>(&first.url(), &["REPLICAOF", "127.0.0.1", &port]);
    until("the first one copies the second", || async {
        query::<String>(&first.url(), &["INFO", "replication"]).contains("master_link_status:up")
    })
    .await;
    query::<()>(&first.url(), &["REPLICAOF", "NO", "ONE"]);
    assert_eq!(
        query::<Option<String>>(&first.url(), &["GET", "bridge:epoch"]),
        epoch,
        "it has the same name"
    );
    until("it is found out", || async { store.epoch().await.is_ok_and(|epoch| epoch.is_none()) }).await;
    assert!(is_lost(&*store).await);
}

#[tokio::test]
async fn a_primary_for_which_no_majority_vouches_is_left() {
    let group = watched();
    let store = open(&group.url()).await;
    rebuild(&*store, 1).await;
    // One Sentinel less is no loss.
    group.sentinels[0].kill().unwrap();
    let other = format!("redis://127.0.0.1:{}", group.sentinels[1].port());
    until("the others miss it", || async {
        let words = ["SENTINEL", "CKQUORUM", test_servers::sentinel::NAME];
        query::<String>(&other, &words).starts_with("OK 2 usable")
    })
    .await;
    let findings = store.examine().await.unwrap();
    assert!(findings.iter().any(|finding| finding.what == "sentinels" && finding.level == Level::Warning));
    take_in(&*store, 1).await.unwrap();
    // With two away somebody else may be the primary behind a cut network.
    group.sentinels[1].kill().unwrap();
    until("it is left", || async {
        store.epoch().await.is_err_and(|error| error.kind == StoreFault::Unavailable)
    })
    .await;
    // And the same memory is the same when they are back.
    group.sentinels[0].restart().unwrap();
    group.sentinels[1].restart().unwrap();
    until("it is believed again", || async { store.epoch().await.is_ok_and(|epoch| epoch.is_some()) }).await;
    take_in(&*store, 2).await.unwrap();
}

#[tokio::test]
async fn an_old_primary_that_still_answers_is_left_when_another_is_promoted() {
    let group = watched();
    let store = open(&group.url()).await;
    rebuild(&*store, 1).await;
    // A failover that is asked for: the old one lives on, and this bridge's connection to it could, too.
    query::<()>(
        &format!("redis://127.0.0.1:{}", group.sentinels[0].port()),
        &["SENTINEL", "FAILOVER", test_servers::sentinel::NAME],
    );
    assert!(group.promoted_instead_of(0, FAILOVER));
    until("the other one is asked", || async { store.epoch().await.is_ok_and(|epoch| epoch.is_none()) })
        .await;
    assert!(is_lost(&*store).await);
    rebuild(&*store, 2).await;
    take_in(&*store, 3).await.unwrap();
    let probed: i64 = query(&group.nodes[1].url(), &["EXISTS", "bridge:epoch"]);
    assert_eq!(probed, 1);
}
