//! What a backend brings to the suite: a store, and a look behind it where the store itself does not tell all.

use async_trait::async_trait;

use crate::{AuditStore, DeskStore, HotStore};

/// An audit store and a look behind it: what is kept for people and for later is not all to be asked of
/// the store itself.
#[async_trait]
pub trait AuditUnderTest: Send + Sync {
    /// The store.
    fn store(&self) -> &dyn AuditStore;
    /// The same store, for people.
    fn desk(&self) -> &dyn DeskStore;
    /// One column of a table as text, oldest row first. Tables of schema `ops` are named `ops.…`.
    async fn column(&self, table: &str, column: &str) -> Vec<Option<String>>;
}

/// A fresh store enters its first epoch: without one nothing is judged or registered.
pub async fn begin(store: &dyn HotStore) {
    super::samples::rebuild(store, u128::MAX).await;
}
