//! Both stores in one data folder, for a bridge that needs nothing else installed. One process at a
//! time: whoever opens them holds the folder's lock.

use std::path::Path;
use std::sync::Arc;

use bridge_store::folder::FolderError;
use bridge_store::{AuditStore, HotStore, StoreError, Trail};

use crate::sqlite::audit::store::SqliteAudit;
use crate::sqlite::hot::SqliteHot;
pub use crate::sqlite::moment::Moment;

/// The file of the hot store.
pub const HOT: &str = "hot.db";
/// The file of the audit store.
pub const AUDIT: &str = "audit.db";

/// Opens `hot.db` in a folder that this process holds.
pub fn open_hot(folder: &Path) -> Result<Arc<dyn HotStore>, FolderError> {
    let store = SqliteHot::open(&folder.join(HOT)).map_err(|source| store_error(folder, source))?;
    Ok(Arc::new(store))
}

/// Opens `audit.db` in a folder that this process holds.
pub fn open_audit(folder: &Path) -> Result<Arc<dyn AuditStore>, FolderError> {
    open_trail(folder).map(|trail| trail.audit)
}

/// Opens `audit.db` in a folder that this process holds, for the bridge and for people.
pub fn open_trail(folder: &Path) -> Result<Trail, FolderError> {
    let store = SqliteAudit::open(&folder.join(AUDIT)).map_err(|source| store_error(folder, source))?;
    Ok(Trail::of(store))
}

fn store_error(folder: &Path, source: StoreError) -> FolderError {
    FolderError::Store { path: folder.to_owned(), source }
}
