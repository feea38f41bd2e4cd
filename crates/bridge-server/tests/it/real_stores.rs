//! Bridges on Redis and PostgreSQL, the latter through PgBouncer in transaction mode, with a remote: real servers that
//! these tests start, kill and flush. What an outage does, and that nobody notices it afterwards.

mod desk;
pub(crate) mod group;
mod import;
mod journey;
mod outages;
mod remote;
mod shared;
mod webhooks;
