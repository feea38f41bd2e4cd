//! A server that is away, refuses, is full, hangs, or is the wrong one: a clear error, and it goes on afterwards.

use std::time::Duration;

use bridge_core::Span;
use bridge_store::finding::Level;
use bridge_store::hot;
use bridge_store::{HotStore, StoreError, StoreFault};
use test_servers::redis::Options;
use test_servers::{Redis, Server};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::people::{pass, register, take_in};
use super::{open, rebuild};
use crate::folder::sms;

/// What an operator reads.
fn told(error: &StoreError) -> String {
    let source = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{error} ({source})")
}

/// Waits until the store answers again.
async fn until_it_answers(store: &dyn HotStore) {
    let limit = Instant::now() + Duration::from_secs(30);
    while let Err(error) = store.ping().await {
        assert!(Instant::now() < limit, "{}", told(&error));
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_server_need_not_be_up_when_the_store_is_opened() {
    let server = Redis::start(&Options::default()).unwrap();
    server.stop().unwrap();
    let store = bridge_backends::redis::open(&server.url()).unwrap();
    store.enter(Some("some@epoch"));
    for _ in 0..3 {
        let error = take_in(&*store, 1).await.unwrap_err();
        assert_eq!(error.kind, StoreFault::Unavailable, "{}", told(&error));
    }
    server.restart().unwrap();
    until_it_answers(&*store).await;
    rebuild(&*store, 1).await;
    register(&*store, 1).await.unwrap();
}

#[tokio::test]
async fn a_wrong_url_is_told_at_once_and_never_its_password() {
    for url in ["http://host", "redis://:secret@host:port", "redis://:secret@host/db", "redis://", ""] {
        let error =
            bridge_backends::redis::open(url).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("redis://user:password@host") && !error.contains("secret"), "{url}: {error}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let password = Some("right".to_owned());
    let server = Redis::start(&Options { password, ..Options::default() }).unwrap();
    let right = server.url();
    for url in [right.replace(":right@", ":secret@"), right.replace(":right@", "")] {
        let error = bridge_backends::redis::open(&url).unwrap().ping().await.unwrap_err();
        assert_eq!(error.kind, StoreFault::Unavailable);
        let told = told(&error);
        assert!(told.contains("check user and password") && !told.contains("secret"), "{told}");
    }
    bridge_backends::redis::open(&right).unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn a_replica_is_refused_and_doctor_names_it() {
    let primary = Redis::start(&Options::default()).unwrap();
    let replica_of = Some(primary.port());
    let replica = Redis::start(&Options { replica_of, ..Options::default() }).unwrap();
    let store = bridge_backends::redis::open(&replica.url()).unwrap();
    let error = store.try_write(10).await.unwrap_err();
    assert_eq!(error.kind, StoreFault::Unavailable);
    assert!(told(&error).contains("point the URL at the primary"), "{}", told(&error));
    let findings = store.examine().await.unwrap();
    let role = findings.iter().find(|finding| finding.what == "role").unwrap();
    assert_eq!((role.level, role.found.as_str()), (Level::Problem, "slave"));
}

#[tokio::test]
async fn doctor_names_what_loses_facts() {
    let settings = [("maxmemory-policy", "allkeys-lru"), ("hash-max-listpack-value", "64")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let server = Redis::start(&Options { append_only: None, settings, ..Options::default() }).unwrap();
    let store = bridge_backends::redis::open(&server.url()).unwrap();
    let findings = store.examine().await.unwrap();
    let bad: Vec<_> =
        findings.iter().filter(|f| f.level > Level::Good).map(|f| (f.what.as_str(), f.level)).collect();
    let expected = [
        ("maxmemory-policy", Level::Problem),
        ("appendonly", Level::Warning),
        ("hash-max-listpack-value", Level::Warning),
    ];
    assert_eq!(bad, expected);
    assert!(findings.iter().any(|f| f.what == "server" && f.found.starts_with("Redis 7")), "{findings:?}");
    assert!(findings.iter().all(|f| f.level == Level::Good || !f.advice.is_empty()));
}

#[tokio::test]
async fn a_full_server_says_so_and_keeps_what_it_acknowledged() {
    const MAX_MEMORY: u64 = 4_000_000;
    let max_memory = Some(MAX_MEMORY);
    let server = Redis::start(&Options { max_memory, ..Options::default() }).unwrap();
    let store = open(&server.url()).await;
    rebuild(&*store, 1).await;
    register(&*store, 1).await.unwrap();
    let mut answered = 0;
    for n in 1.. {
        match pass_long(&*store, n).await {
            Ok(_) => answered += 1,
            Err(error) => {
                assert_eq!(error.kind, StoreFault::Full, "{}", told(&error));
                break;
            }
        }
    }
    assert!(answered > 10);
    let mut plain = redis::Client::open(server.url()).unwrap().get_connection().unwrap();
    let mut limit = |bytes: u64| {
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).query::<()>(&mut plain).unwrap();
    };
    limit(1);
    assert_eq!(store.try_write(1_000).await.unwrap_err().kind, StoreFault::Full);
    assert_eq!(take_in(&*store, 2_000_000).await.unwrap_err().kind, StoreFault::Full);
    // A worker gets its lease all the same, and carries away what fills the server.
    assert!(store.lease("job", Uuid::from_u128(1), Span(3_600_000)).await.unwrap());
    assert!(!store.lease("job", Uuid::from_u128(2), Span(3_600_000)).await.unwrap());
    let onboardings = store.queued_onboardings(9).await.unwrap();
    assert_eq!(onboardings.len(), 1);
    store.forget_onboardings(&[(onboardings[0].id, onboardings[0].version)]).await.unwrap();
    store.forget_blacklistings(&["+919876543210".to_owned()]).await.unwrap();
    let queued = store.queued_sms(hot::Which::All, 100_000).await.unwrap();
    assert_eq!(queued.len(), answered, "what was acknowledged is there, and nothing else");
    // Reading and clearing away goes on, and then there is space again.
    store.forget_sms(&queued.iter().map(|row| row.id).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(store.queue_sizes().await.unwrap(), hot::QueueSizes::default());
    limit(MAX_MEMORY);
    pass(&*store, &sms(1_000_000, "y")).await.unwrap();
    let pressure = store.pressure().await.unwrap();
    assert_eq!(pressure.limit_bytes, max_memory);
}

async fn pass_long(store: &dyn HotStore, n: u128) -> bridge_store::Result<bridge_store::judged::Answer> {
    pass(store, &sms(n, &format!("{n} {}", "x".repeat(5_000)))).await
}

#[tokio::test]
async fn a_server_that_hangs_is_answered_for_in_time_and_used_again() {
    let server = Redis::start(&Options::default()).unwrap();
    let store = open(&server.url()).await;
    rebuild(&*store, 1).await;
    server.pause().unwrap();
    let start = Instant::now();
    let error = take_in(&*store, 1).await.unwrap_err();
    assert_eq!(error.kind, StoreFault::Unavailable, "{}", told(&error));
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    // The connection was given up, so the next one tries a new one, and learns sooner that nobody answers.
    let start = Instant::now();
    assert_eq!(take_in(&*store, 2).await.unwrap_err().kind, StoreFault::Unavailable);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    server.resume().unwrap();
    until_it_answers(&*store).await;
    take_in(&*store, 3).await.unwrap();
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let store = super::hot_redis().await;
    take_in(&*store, 1).await.unwrap();
    let mut plain = redis::Client::open(store.server.url()).unwrap().get_connection().unwrap();
    let _: () = redis::cmd("SCRIPT").arg("FLUSH").query(&mut plain).unwrap();
    take_in(&*store, 2).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_again_and_nothing_is_done_twice() {
    let store = super::hot_redis().await;
    let mut plain = redis::Client::open(store.server.url()).unwrap().get_connection().unwrap();
    for n in 1..=20 {
        let _: i64 = redis::cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").query(&mut plain).unwrap();
        let answer = pass(&*store, &sms(n, &n.to_string())).await.unwrap();
        assert_eq!(u128::from(answer.id.unsigned_abs()), n);
    }
}
