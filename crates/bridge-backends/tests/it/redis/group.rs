//! Several bridges on one server: what one changes, the others hear; and who missed something is told so.

use std::time::Duration;

use bridge_core::Span;
use bridge_store::hot::PeerEvent;
use test_servers::redis::Options;
use test_servers::{Redis, Server};
use tokio::sync::broadcast::Receiver;
use uuid::Uuid;

use super::people::{pass, register};
use super::{open, rebuild};
use crate::folder::{T0, sms};

async fn next(notices: &mut Receiver<PeerEvent>) -> PeerEvent {
    tokio::time::timeout(Duration::from_secs(30), notices.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn every_bridge_hears_what_one_changed() {
    let first = super::hot_redis().await;
    let others = [open(&first.server.url()).await, open(&first.server.url()).await];
    let mut heard = [others[0].peer_events(), others[1].peer_events(), first.peer_events()];
    register(&*first, 1).await.unwrap();
    pass(&*first, &sms(10, "x")).await.unwrap();
    others[0].announce_setting("batch_size").await.unwrap();
    others[1].announce_receivers().await.unwrap();
    for notices in &mut heard {
        assert_eq!(next(notices).await, PeerEvent::Onboarding(Uuid::from_u128(1)));
        assert_eq!(next(notices).await, PeerEvent::Setting("batch_size".to_owned()));
        assert_eq!(next(notices).await, PeerEvent::Receivers);
    }
}

#[tokio::test]
async fn after_a_break_everybody_looks_again() {
    let server = Redis::start(&Options::default()).unwrap();
    let store = open(&server.url()).await;
    let mut notices = store.peer_events();
    server.restart().unwrap();
    assert_eq!(next(&mut notices).await, PeerEvent::Missed);
    rebuild(&*store, 1).await;
    register(&*store, 1).await.unwrap();
    store.cancel(T0, Uuid::from_u128(1)).await.unwrap();
    assert_eq!(next(&mut notices).await, PeerEvent::Onboarding(Uuid::from_u128(1)));
}

#[tokio::test]
async fn one_bridge_holds_a_lease() {
    let first = super::hot_redis().await;
    let second = open(&first.server.url()).await;
    let (one, two, long) = (Uuid::from_u128(1), Uuid::from_u128(2), Span(3_600_000));
    assert!(first.lease("purge_expired_audit", one, long).await.unwrap());
    assert!(!second.lease("purge_expired_audit", two, long).await.unwrap());
    first.release("purge_expired_audit", one).await.unwrap();
    assert!(second.lease("purge_expired_audit", two, long).await.unwrap());
}
