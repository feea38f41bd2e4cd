//! SMS Bridge as a service: HTTP in, the core's judgement, the stores' operations, workers behind.
//!
//! **Invariants.** No database is named here. Nothing is acknowledged before it is durable. Time and
//! randomness come from [`clock`]. Tasks are started by [`lifecycle`] alone.

pub mod admin_log;
pub mod app;
pub mod arrival;
pub mod blacklist;
pub mod blocked_emails;
pub mod cli;
pub mod client;
pub mod clock;
pub mod config;
pub mod desk;
pub mod examination;
pub mod http;
pub mod import;
pub mod intake;
pub mod keeper;
pub mod lab;
pub mod ladder;
pub mod last_known;
pub mod lifecycle;
pub mod live;
pub mod log;
pub mod metrics;
pub mod notices;
pub mod person;
pub mod probe;
pub mod pull;
pub mod pulse;
pub mod quarantine;
pub mod receivers;
pub mod refusals;
pub mod registration;
pub mod rejudge;
pub mod secrets;
pub mod settings;
pub mod spool;
pub mod stores;
pub mod timed;
pub mod watchers;
pub mod workers;
