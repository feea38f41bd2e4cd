//! The stores that the configuration names, opened: embedded ones in the data folder, or clients of servers, which
//! need not be up. Which is which is known here and nowhere else in the server.

pub mod instrumented;

use std::sync::Arc;
use std::time::Duration;

use bridge_backends::postgres::{self, MigrateError};
use bridge_backends::{embedded, redis, remote};
use bridge_store::folder::FolderError;
use bridge_store::journal::JournalError;
use bridge_store::{AuditStore, DeskStore, HotStore, Journal, Remote, StoreError, StoreFault};

use crate::config::{Config, EMBEDDED};

/// A database that does not answer in this time is away, and migrated when it is back.
const MIGRATE_WITHIN: Duration = Duration::from_secs(30);
const SPOOL: &str = "spool";

/// What a bridge needs.
pub struct Stores {
    /// What the checks read.
    pub hot: Arc<dyn HotStore>,
    /// What stays.
    pub audit: Arc<dyn AuditStore>,
    /// What people look at.
    pub desk: Arc<dyn DeskStore>,
    /// Who is told validated numbers.
    pub remote: Option<Arc<dyn Remote>>,
    /// Beside a hot store that is not durable by itself.
    pub journal: Arc<Journal>,
}

/// Why a store cannot be used at all. That it is away now is no reason.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// Something in the data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The URL of the hot store.
    #[error("SMS_BRIDGE_HOT_URL: {0}")]
    Hot(#[source] redis::UrlError),
    /// The URL of the audit store.
    #[error("SMS_BRIDGE_AUDIT_URL: {0}")]
    Audit(#[source] postgres::BadUrl),
    /// The audit database is not one for this version.
    #[error("the audit database cannot be used: {error}{}", because(.error))]
    Schema {
        /// What is wrong with it.
        #[source]
        error: MigrateError,
    },
    /// The URL or key of the remote.
    #[error("SMS_BRIDGE_REMOTE_URL: {0}")]
    Remote(#[source] remote::OpenError),
}

fn because(error: &MigrateError) -> String {
    match error {
        MigrateError::Store(StoreError { source: Some(source), .. }) => format!(": {source}"),
        _ => String::new(),
    }
}

/// Opens them.
pub async fn open(config: &Config, durations: &instrumented::Durations) -> Result<Stores, StoresError> {
    // For every TLS connection to a store. Fails only if a provider is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hot = if config.hot_url == EMBEDDED {
        embedded::open_hot(&config.data_dir)?
    } else {
        redis::open(&config.hot_url).map_err(StoresError::Hot)?
    };
    let trail = if config.audit_url == EMBEDDED {
        embedded::open_trail(&config.data_dir)?
    } else {
        migrate(config).await?;
        postgres::open_trail(&config.audit_url, config.audit_pool).map_err(StoresError::Audit)?
    };
    let remote = match &config.remote_url {
        Some(url) => Some(remote::open(url, config.remote_key.as_deref()).map_err(StoresError::Remote)?),
        None => None,
    };
    let journal = Arc::new(Journal::open(&config.data_dir.join(SPOOL))?);
    Ok(Stores {
        hot: instrumented::hot(hot, durations),
        audit: instrumented::audit(trail.audit, durations),
        desk: instrumented::desk(trail.desk, durations),
        remote,
        journal,
    })
}

/// Brings the audit database up to date, past the pooler. One that is away is left for the next start: until then
/// its answers say what is missing.
async fn migrate(config: &Config) -> Result<(), StoresError> {
    match tokio::time::timeout(MIGRATE_WITHIN, postgres::migrate(config.direct_url())).await {
        Ok(Ok(migrated)) => {
            if migrated.from != migrated.to {
                tracing::info!(
                    from = migrated.from,
                    to = migrated.to,
                    "the audit database was brought up to date"
                );
            }
            Ok(())
        }
        Ok(Err(MigrateError::Store(error))) if error.kind == StoreFault::Unavailable => {
            tracing::warn!(%error, source = ?error.source, "the audit database is away");
            Ok(())
        }
        Ok(Err(error)) => Err(StoresError::Schema { error }),
        Err(_) => {
            tracing::warn!("the audit database does not answer");
            Ok(())
        }
    }
}
