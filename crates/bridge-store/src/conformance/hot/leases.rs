//! Leases: a job is done by one bridge at a time. They end by the store's own clock, which no case moves. And what may be
//! used once, which ends by ours.

use std::time::Duration;

use bridge_core::Span;

use super::super::samples::*;
use crate::HotStore;

/// Longer than any test runs.
const LONG: Span = Span(3_600_000);

pub(super) async fn a_lease_has_one_holder(store: &dyn HotStore) {
    assert!(store.lease("sync", id(1), LONG).await.unwrap());
    assert!(!store.lease("sync", id(2), LONG).await.unwrap());
    assert!(store.lease("sync", id(1), LONG).await.unwrap(), "its holder keeps it");
    assert!(store.lease("other", id(2), LONG).await.unwrap(), "another job is another lease");
    assert!(!store.lease("sync", id(2), LONG).await.unwrap());
}

pub(super) async fn a_lease_is_taken_over_only_after_its_end(store: &dyn HotStore) {
    assert!(store.lease("sync", id(1), LONG).await.unwrap());
    assert!(store.lease("sync", id(1), MILLI).await.unwrap(), "kept, for less");
    for _ in 0..1_000 {
        if store.lease("sync", id(2), LONG).await.unwrap() {
            assert!(!store.lease("sync", id(1), LONG).await.unwrap(), "it is another's now");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a lease of one millisecond did not end");
}

pub(super) async fn only_the_holder_gives_a_lease_back(store: &dyn HotStore) {
    assert!(store.lease("sync", id(1), LONG).await.unwrap());
    store.release("sync", id(2)).await.unwrap();
    store.release("other", id(1)).await.unwrap();
    assert!(!store.lease("sync", id(2), LONG).await.unwrap());
    store.release("sync", id(1)).await.unwrap();
    assert!(store.lease("sync", id(2), LONG).await.unwrap());
}

pub(super) async fn a_rebuild_ends_every_lease_but_its_own(store: &dyn HotStore) {
    assert!(store.lease("sync", id(1), LONG).await.unwrap());
    assert!(store.lease("rebuild", id(1), LONG).await.unwrap());
    rebuild(store, 1).await;
    assert!(store.lease("sync", id(2), LONG).await.unwrap());
    assert!(!store.lease("rebuild", id(2), LONG).await.unwrap());
}

pub(super) async fn what_may_be_used_once_is_remembered_for_its_time(store: &dyn HotStore) {
    const LENGTH: Span = Span(600_000);
    assert!(store.first_use(T0, "edge:aa", LENGTH).await.unwrap());
    assert!(!store.first_use(T0, "edge:aa", LENGTH).await.unwrap());
    assert!(store.first_use(T0, "edge:ab", LENGTH).await.unwrap(), "another is another");
    store.collect_garbage(T0 + LENGTH - MILLI, 10).await.unwrap();
    assert!(!store.first_use(T0 + LENGTH - MILLI, "edge:aa", LENGTH).await.unwrap());
    assert!(store.first_use(T0 + LENGTH, "edge:aa", LENGTH).await.unwrap(), "its time is over");
    assert!(!store.first_use(T0 + LENGTH, "edge:aa", LENGTH).await.unwrap(), "and begins again");
}
