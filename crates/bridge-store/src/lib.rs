//! What SMS Bridge keeps: traits of domain operations, each atomic as a whole, and their values. [`HotStore`] is what
//! every check reads and every verdict writes (003's Redis). [`AuditStore`] is what stays (003's six PostgreSQL tables),
//! with [`AccountStore`], who may use the desk; [`DeskStore`] is how people look at it. [`Remote`] is told validated
//! numbers. [`Journal`] is the bridge's own log on local disk; [`private`] keeps files from other accounts. Nothing else
//! here touches a disk.
//! Not how a database does any of it: that is `bridge-backends`. Not when it is done: that is `bridge-app`.
//!
//! Begin reading at [`hot`], its `register`, `admit` and `record`; then one part of [`audit`], `audit/sms.rs`; then the
//! `conformance` suite, which says what each operation promises.
//!
//! **Invariants.** This crate names no database driver. No backend reads a clock: `now` is an argument. Whatever the
//! audit store returned `Ok` for is durable; so is the hot store's where it says so ([`HotStore::is_durable`]).
//! Every backend passes the same `conformance` suite.

pub mod accounts;
pub mod audit;
pub mod blacklisting;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod damage;
pub mod desk;
pub mod events;
pub mod finding;
pub mod folder;
pub mod hot;
pub mod journal;
pub mod judged;
pub mod person;
pub mod place;
pub mod private;
pub mod remote;
pub mod troubles;

pub use accounts::AccountStore;
pub use audit::AuditStore;
pub use desk::DeskStore;
pub use hot::HotStore;
pub use journal::Journal;
pub use remote::Remote;

/// One audit store as the bridge uses it, and as people look at it.
#[derive(Clone)]
pub struct Trail {
    /// What stays.
    pub audit: std::sync::Arc<dyn AuditStore>,
    /// What people look at.
    pub desk: std::sync::Arc<dyn DeskStore>,
}

impl Trail {
    /// One store in both roles.
    #[must_use]
    pub fn of<S: AuditStore + DeskStore>(store: S) -> Trail {
        let store = std::sync::Arc::new(store);
        Trail { audit: store.clone(), desk: store }
    }
}

/// Why an operation could not be carried out. Nothing that it was asked to do has been acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("{operation}: {kind}")]
pub struct StoreError {
    /// Which operation.
    pub operation: &'static str,
    /// What is wrong with the store.
    pub kind: StoreFault,
    /// What the database said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What can be wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// No space left, or a quota reached.
    #[error("the disk is full")]
    Full,
    /// It does not answer, or answers with an error.
    #[error("the store does not answer")]
    Unavailable,
    /// The hot store does not know what it should: it is empty, old, or another one. It must be rebuilt (D28).
    #[error("the store lost its memory and must be rebuilt")]
    Lost,
    /// Its schema is not the one that this version knows.
    #[error("the schema of the database is not the one that this version knows")]
    Schema,
    /// What is stored cannot be read.
    #[error("stored data cannot be read")]
    Damaged,
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, StoreError>;
