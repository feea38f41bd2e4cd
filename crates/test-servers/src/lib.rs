//! Real servers for tests, chaos runs and benchmarks: each listens on the loopback at a port of its own,
//! keeps its data in a temp folder, is verified to be the process we started, and is gone afterwards.
//! Not for production, and no client of any of them: a test brings the client it wants to test.
//!
//! A server ends when its value is dropped, and when the process that started it ends in whatever way.
//! A `static` is never dropped: its server is killed with the process, its folder is swept by the next one.

pub mod free_port;
pub mod gammu;
mod gateway;
pub mod legs;
pub mod modem;
pub mod pgbouncer;
pub mod poll;
pub mod postgres;
pub mod postgrest;
mod problem;
mod process;
pub mod program;
pub mod programs;
pub mod proxy;
pub mod redis;
pub mod sentinel;
mod server;
pub mod supabase;
mod tls;
mod workplace;

pub use gammu::Gammu;
pub use modem::Modem;
pub use pgbouncer::Pgbouncer;
pub use postgres::Postgres;
pub use postgrest::Postgrest;
pub use problem::{Problem, Result};
pub use program::Program;
pub use proxy::Proxy;
pub use redis::Redis;
pub use sentinel::{Sentinel, Watched};
pub use server::Server;
pub use tls::Tls;
