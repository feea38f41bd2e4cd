//! The databases behind the traits of `bridge-store`: SQLite in the data folder, Redis or Valkey, PostgreSQL, and the
//! remote. Each module offers functions that open a store, and hides the rest. Not what an operation means: that is said,
//! and tested, in `bridge-store`. Not which database is used: that is decided in `bridge-server`.
//!
//! Begin reading at [`embedded`], which opens both stores of a data folder, then `sqlite/hot.rs`, one closure for each
//! operation; [`redis`] does the same with one script for each, in `scripts/redis`. The schemas are in `migrations`.
//!
//! **Invariant.** This is the only crate that names a database driver.

pub mod embedded;
pub mod postgres;
pub mod redis;
pub mod remote;
mod sqlite;
