//! The databases behind the traits of `bridge-store`: SQLite in the data folder, Redis or Valkey, PostgreSQL, and the
//! remote. The only crate that names a driver; each module offers a function that opens a store, and hides the rest.

pub mod embedded;
pub mod postgres;
pub mod redis;
pub mod remote;
mod sqlite;
