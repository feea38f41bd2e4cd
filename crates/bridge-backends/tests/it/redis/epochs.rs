//! A server that lost its memory, or may have, is found out before anything is judged (D28).

use bridge_store::{HotStore, StoreFault, hot};
use test_servers::redis::{Fsync, Options};
use test_servers::{Redis, Server};
use uuid::Uuid;

use super::people::{pass, register, take_in};
use super::{open, rebuild};
use crate::folder::{T0, sms};

async fn nothing_is_judged(store: &dyn HotStore) {
    assert_eq!(store.epoch().await.unwrap(), None);
    assert_eq!(take_in(store, 99).await.unwrap_err().kind, StoreFault::Lost);
    assert_eq!(register(store, 99).await.unwrap_err().kind, StoreFault::Lost);
    assert_eq!(store.cancel(T0, Uuid::from_u128(1)).await.unwrap_err().kind, StoreFault::Lost);
}

#[tokio::test]
async fn a_restart_with_all_its_data_ends_the_epoch() {
    for killed in [false, true] {
        let options = Options { append_only: Some(Fsync::Always), ..Options::default() };
        let server = Redis::start(&options).unwrap();
        let store = open(&server.url()).await;
        let before = rebuild(&*store, 1).await;
        register(&*store, 1).await.unwrap();
        let answer = pass(&*store, &sms(10, "x")).await.unwrap();
        if killed {
            server.kill().unwrap();
        } else {
            server.stop().unwrap();
        }
        server.restart().unwrap();
        // Not even once: the first answer after the restart comes from the new start.
        assert_eq!(take_in(&*store, 11).await.unwrap_err().kind, StoreFault::Lost);
        nothing_is_judged(&*store).await;
        // What waits can still be carried away before everything goes.
        assert_eq!(store.queued_sms(hot::Which::All, 9).await.unwrap()[0].id, answer.id);
        store.forget_sms(&[answer.id]).await.unwrap();
        let after = rebuild(&*store, 2).await;
        assert_ne!(before, after);
        register(&*store, 1).await.unwrap();
    }
}

#[tokio::test]
async fn a_flush_while_connected_is_found_out() {
    let store = super::hot_redis().await;
    register(&*store, 1).await.unwrap();
    let mut plain = redis::Client::open(store.server.url()).unwrap().get_connection().unwrap();
    let _: () = redis::cmd("FLUSHALL").query(&mut plain).unwrap();
    nothing_is_judged(&*store).await;
    rebuild(&*store, 2).await;
    take_in(&*store, 1).await.unwrap();
}

#[tokio::test]
async fn a_rebuild_ends_with_a_restart() {
    let options = Options { append_only: Some(Fsync::Always), ..Options::default() };
    let server = Redis::start(&options).unwrap();
    let store = open(&server.url()).await;
    let token = Uuid::from_u128(1);
    store.begin_rebuild(token).await.unwrap();
    server.restart().unwrap();
    let right = hot::Right::Rebuilding(token);
    let pairs = ["+919876543210:d1".to_owned()];
    assert!(!store.restore(T0, right, hot::Restore::Validated(&pairs)).await.unwrap());
    assert!(!store.finish_rebuild(token).await.unwrap());
    assert_eq!(store.epoch().await.unwrap(), None);
}

#[tokio::test]
async fn a_second_bridge_enters_what_the_first_began() {
    let first = super::hot_redis().await;
    let second = open(&first.server.url()).await;
    let epoch = second.epoch().await.unwrap();
    assert_eq!(take_in(&*second, 1).await.unwrap_err().kind, StoreFault::Lost, "it entered nothing yet");
    second.enter(epoch.as_deref());
    take_in(&*second, 1).await.unwrap();
    let copy = take_in(&*first, 1).await.unwrap();
    assert_eq!(copy.outcome, hot::Admission::BeingJudged);
    rebuild(&*second, 2).await;
    assert_eq!(take_in(&*first, 2).await.unwrap_err().kind, StoreFault::Lost, "it did not enter the new one");
}
