//! Both stores in one data folder, for a bridge that needs nothing else installed. One process at a
//! time: whoever opens them holds the folder's lock.

use std::path::Path;
use std::sync::Arc;

use bridge_store::folder::FolderError;
use bridge_store::{AuditStore, HotStore, StoreError, Trail};

use crate::sqlite::audit::store::SqliteAudit;
use crate::sqlite::hot::SqliteHot;
pub use crate::sqlite::moment::Moment;
pub use crate::sqlite::salvage::{Salvaged, Table};

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

/// Looks at `hot.db` in a folder that this process holds; one that is damaged is made anew, and kept in that folder beside it.
pub fn rebuild_hot(folder: &Path, kept_in: &str) -> Result<Salvaged, FolderError> {
    SqliteHot::rebuild(&folder.join(HOT), kept_in).map_err(|source| store_error(folder, source))
}

/// The same with `audit.db`.
pub fn rebuild_audit(folder: &Path, kept_in: &str) -> Result<Salvaged, FolderError> {
    SqliteAudit::rebuild(&folder.join(AUDIT), kept_in).map_err(|source| store_error(folder, source))
}

fn store_error(folder: &Path, source: StoreError) -> FolderError {
    FolderError::Store { path: folder.to_owned(), source }
}
