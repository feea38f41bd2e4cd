//! The hot store on real Redis and Valkey servers: the conformance legs, and what only a server of its own can do.

mod epochs;
mod faults;
mod group;
mod names;
mod people;
mod sentinels;
mod tls;

use std::ops::Deref;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bridge_store::HotStore;
use bridge_store::conformance::under_test::begin;
use bridge_store::hot::PeerEvent;
use test_servers::redis::{Flavour, Options};
use test_servers::{Redis, Server, Watched};
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

/// A store in an epoch of its own, on a server of its own.
pub(crate) struct OnServer {
    // Fields drop in this order: the store is closed before its server ends.
    store: Arc<dyn HotStore>,
    server: Redis,
}

impl Deref for OnServer {
    type Target = dyn HotStore;
    fn deref(&self) -> &(dyn HotStore + 'static) {
        &*self.store
    }
}

/// Opens a store and waits until it hears notices.
pub(crate) async fn open(url: &str) -> Arc<dyn HotStore> {
    let store = bridge_backends::redis::open(url).unwrap();
    let mut notices = store.peer_events();
    let first = tokio::time::timeout(Duration::from_secs(20), notices.recv()).await;
    assert_eq!(first.unwrap().unwrap(), PeerEvent::Missed);
    store
}

/// Begins an epoch and enters it, as a bridge does that found the store empty.
pub(crate) async fn rebuild(store: &dyn HotStore, token: u128) -> String {
    let token = Uuid::from_u128(token);
    let epoch = store.begin_rebuild(token).await.unwrap();
    assert!(store.finish_rebuild(token).await.unwrap());
    store.enter(Some(&epoch));
    epoch
}

/// A store in an epoch of its own, behind Sentinels that one case after the other has: they take seconds to know each
/// other.
pub(crate) struct BehindSentinels {
    // Fields drop in this order: the store is closed before the next case begins.
    store: Arc<dyn HotStore>,
    _servers: OwnedMutexGuard<Watched>,
}

impl Deref for BehindSentinels {
    type Target = dyn HotStore;
    fn deref(&self) -> &(dyn HotStore + 'static) {
        &*self.store
    }
}

pub(crate) async fn hot_sentinel() -> BehindSentinels {
    static SERVERS: LazyLock<Arc<Mutex<Watched>>> = LazyLock::new(|| {
        let options = Options { append_only: None, ..Options::default() };
        Arc::new(Mutex::new(Watched::start(&options).unwrap()))
    });
    let servers = Arc::clone(&SERVERS).lock_owned().await;
    let mut primary = redis::Client::open(servers.nodes[0].url()).unwrap().get_connection().unwrap();
    redis::cmd("FLUSHALL").exec(&mut primary).unwrap();
    let store = open(&servers.url()).await;
    begin(&*store).await;
    BehindSentinels { store, _servers: servers }
}

async fn fresh(flavour: Flavour) -> OnServer {
    let options = Options { flavour, append_only: None, ..Options::default() };
    let server = Redis::start(&options).unwrap();
    let store = open(&server.url()).await;
    begin(&*store).await;
    OnServer { store, server }
}

pub(crate) async fn hot_redis() -> OnServer {
    fresh(Flavour::Redis).await
}

pub(crate) async fn hot_valkey() -> OnServer {
    fresh(Flavour::Valkey).await
}
