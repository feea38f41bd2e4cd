//! The stores that the configuration names, opened: embedded ones in the data folder, or clients of servers, which
//! need not be up. Which is which is known here and nowhere else in the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge_backends::postgres::{self, MigrateError};
use bridge_backends::{embedded, redis, remote};
use bridge_store::folder::{FolderError, FolderLock};
use bridge_store::journal::JournalError;
use bridge_store::{Journal, StoreError, StoreFault};

use crate::backup;
use crate::config::{Config, EMBEDDED};
use bridge_app::base::deadline::{self, within};
use bridge_app::base::reserve::Reserve;
use bridge_app::stores::Stores;
use bridge_http::api;
use bridge_http::lab::Kit;

const SPOOL: &str = "spool";

/// Why a store cannot be used at all. That it is away now is no reason.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    /// Something in the data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A backup was being restored into it.
    #[error("a restore into {} was cut off: run sms-bridge restore again", .0.display())]
    Restoring(PathBuf),
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

/// Takes the data folder and opens them.
pub async fn open(config: &Config) -> Result<(FolderLock, Stores), StoresError> {
    let folder = FolderLock::take(&config.data_dir)?;
    if backup::is_unfinished(&config.data_dir) {
        return Err(StoresError::Restoring(config.data_dir.clone()));
    }
    // On a full disk the stores need room to be opened; taken again when everything runs.
    Reserve::of(&config.data_dir).release();
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
    Ok((folder, Stores { hot, audit: trail.audit, desk: trail.desk, remote, journal }))
}

/// What the Test Lab is made with.
#[must_use]
pub fn for_the_lab() -> Kit {
    Kit { open_stores: Box::new(|folder| Ok(open_embedded(folder)?)), router: api::router_without_lab }
}

/// Embedded ones without a remote, in a folder that nobody else uses.
fn open_embedded(data_dir: &Path) -> Result<(FolderLock, Stores), StoresError> {
    let folder = FolderLock::take(data_dir)?;
    let (hot, trail) = (embedded::open_hot(data_dir)?, embedded::open_trail(data_dir)?);
    let journal = Arc::new(Journal::open(&data_dir.join(SPOOL))?);
    Ok((folder, Stores { hot, audit: trail.audit, desk: trail.desk, remote: None, journal }))
}

/// Brings the audit database up to date, past the pooler. One that is away is left for the next start: until then
/// its answers say what is missing.
async fn migrate(config: &Config) -> Result<(), StoresError> {
    match within(deadline::MIGRATE, postgres::migrate(config.direct_url())).await {
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
