//! The audit store on PostgreSQL, directly or through PgBouncer in transaction mode. Every operation is one
//! statement, or one transaction; what it writes is durable as far as the server's `synchronous_commit` says.

mod accounts;
mod api_keys;
mod batch;
mod blacklist;
mod blocked_emails;
mod columns;
pub(crate) mod connect;
mod counting;
mod desk;
mod examine;
mod failure;
mod group;
mod later;
mod lease;
mod lookup;
mod notices;
mod onboardings;
mod page;
mod person;
mod quarantine;
mod receivers;
mod refusals;
mod schema;
mod settings;
mod sms;
mod store;
mod syncing;
mod upkeep;
mod version;
mod webhooks;

use std::sync::Arc;

use bridge_store::{AuditStore, Trail};

pub use self::connect::BadUrl;
use self::lease::Connections;
pub use self::schema::{MigrateError, Migrated, SchemaState, migrate, schema_state};
use self::store::PostgresAudit;
pub use self::version::KNOWN;

/// The audit store at this address, with at most so many connections. The server need not be up: only an
/// address that cannot be used at all is an error at once.
pub fn open(url: &str, pool_size: usize) -> std::result::Result<Arc<dyn AuditStore>, BadUrl> {
    open_trail(url, pool_size).map(|trail| trail.audit)
}

/// As [`open`], for the bridge and for people.
pub fn open_trail(url: &str, pool_size: usize) -> std::result::Result<Trail, BadUrl> {
    Ok(Trail::of(PostgresAudit { connections: Connections::new(url, pool_size)? }))
}
