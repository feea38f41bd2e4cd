//! SMS Bridge as a service: HTTP in, the core's judgement, the stores' operations, workers behind.
//!
//! **Invariants.** No database is named here. Nothing is acknowledged before it is durable. Time and
//! randomness come from [`clock`]. Tasks are started by [`lifecycle`] alone.

pub mod admin;
pub mod admin_log;
pub mod base;
pub mod bridge;
pub mod cli;
pub mod config;
pub mod desk;
pub mod durability;
pub mod health;
pub mod http;
pub mod lab;
pub mod lifecycle;
pub mod log;
pub mod looking;
pub mod open;
pub mod opening;
pub mod options;
pub mod peer_events;
pub mod registration;
pub mod sms;
pub mod state;
pub mod stores;
pub mod workers;
