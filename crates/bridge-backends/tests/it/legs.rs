//! A fresh, empty store of each backend, kept alive as long as its test holds it.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;
use bridge_backends::embedded;
use bridge_store::conformance::under_test::AuditUnderTest;
use bridge_store::conformance::under_test::begin;
use bridge_store::hot::model::MemoryHot;
use bridge_store::{AuditStore, DeskStore, HotStore, Trail};
use tempfile::TempDir;

pub(crate) async fn hot_model() -> Arc<dyn HotStore> {
    let store = Arc::new(MemoryHot::default());
    begin(&*store).await;
    store
}

pub(crate) struct HotSqlite {
    // Fields drop in this order: the store is closed before its folder goes.
    store: Arc<dyn HotStore>,
    _folder: TempDir,
}

impl Deref for HotSqlite {
    type Target = dyn HotStore;
    fn deref(&self) -> &(dyn HotStore + 'static) {
        &*self.store
    }
}

pub(crate) async fn hot_sqlite() -> HotSqlite {
    let folder = tempfile::tempdir().unwrap();
    let store = embedded::open_hot(folder.path()).unwrap();
    begin(&*store).await;
    HotSqlite { store, _folder: folder }
}

pub(crate) struct AuditSqlite {
    trail: Trail,
    folder: TempDir,
}

#[async_trait]
impl AuditUnderTest for AuditSqlite {
    fn store(&self) -> &dyn AuditStore {
        &*self.trail.audit
    }

    fn desk(&self) -> &dyn DeskStore {
        &*self.trail.desk
    }

    async fn column(&self, table: &str, column: &str) -> Vec<Option<String>> {
        let conn = rusqlite::Connection::open(self.folder.path().join("audit.db")).unwrap();
        let table = table.replace('.', "_");
        let mut select = conn.prepare(&format!("SELECT {column} FROM {table} ORDER BY rowid")).unwrap();
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

pub(crate) async fn audit_sqlite() -> Box<dyn AuditUnderTest> {
    let folder = tempfile::tempdir().unwrap();
    Box::new(AuditSqlite { trail: embedded::open_trail(folder.path()).unwrap(), folder })
}
