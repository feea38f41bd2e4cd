//! What bridges tell each other, and whether anything can be written.

use std::time::Duration;

use super::super::samples::*;
use crate::HotStore;
use crate::hot::PeerEvent;

pub(super) async fn what_was_changed_is_announced(store: &dyn HotStore) {
    let mut notices = store.peer_events();
    let rows = [("batch_size".to_owned(), "5".to_owned()), ("header".to_owned(), "नमस्ते".to_owned())];
    store.cache_settings(&rows).await.unwrap();
    store.announce_setting("batch_size").await.unwrap();
    open(store, T0, onboarding(1, ALICE, None, T0)).await;
    store.cancel(T0, id(1)).await.unwrap();
    store.announce_receivers().await.unwrap();
    for expected in
        [PeerEvent::Setting("batch_size".to_owned()), PeerEvent::Onboarding(id(1)), PeerEvent::Receivers]
    {
        let next = tokio::time::timeout(Duration::from_secs(10), notices.recv()).await;
        assert_eq!(next.expect("announced").unwrap(), expected);
    }
}

pub(super) async fn probes_can_be_written(store: &dyn HotStore) {
    store.ping().await.unwrap();
    for bytes in [1, 1, 100_000] {
        store.try_write(bytes).await.unwrap();
    }
    assert_eq!(store.queue_sizes().await.unwrap(), crate::hot::QueueSizes::default());
    let pressure = store.pressure().await.unwrap();
    assert!(pressure.limit_bytes.is_none_or(|limit| limit > 0), "{pressure:?}");
}
