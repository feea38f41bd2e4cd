//! Both stores in one data folder, for a bridge that needs nothing else installed. One process at a
//! time: the folder is locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::sqlite::SqliteAudit;
use crate::hot::sqlite::SqliteHot;
use crate::{AuditStore, HotStore, StoreError, Trail};

/// The right to use a data folder. Whoever drops it gives it back; a process that dies does too.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Another process uses it.
    #[error("another SMS Bridge is using the data folder {}: stop it first, or give this one a folder of its own with --data-dir", .0.display())]
    InUse(PathBuf),
    /// It cannot be written.
    #[error("the data folder {} cannot be used: {source}", .path.display())]
    Unusable {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A store in it cannot be opened.
    #[error("the data folder {} cannot be opened: {source}{}", .path.display(), because(.source))]
    Store {
        /// Which folder.
        path: PathBuf,
        /// What the store said.
        #[source]
        source: StoreError,
    },
}

fn because(error: &StoreError) -> String {
    error.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default()
}

impl FolderLock {
    /// Creates the folder if need be and takes it for this process alone.
    pub fn take(folder: &Path) -> Result<FolderLock, FolderError> {
        let unusable = |source| FolderError::Unusable { path: folder.to_owned(), source };
        if folder.exists() && !folder.is_dir() {
            return Err(unusable(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder")));
        }
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(FolderLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

/// Opens `hot.db` in a folder that this process holds.
pub fn open_hot(folder: &Path) -> Result<Arc<dyn HotStore>, FolderError> {
    let store = SqliteHot::open(&folder.join("hot.db")).map_err(|source| store_error(folder, source))?;
    Ok(Arc::new(store))
}

/// Opens `audit.db` in a folder that this process holds.
pub fn open_audit(folder: &Path) -> Result<Arc<dyn AuditStore>, FolderError> {
    open_trail(folder).map(|trail| trail.audit)
}

/// Opens `audit.db` in a folder that this process holds, for the bridge and for people.
pub fn open_trail(folder: &Path) -> Result<Trail, FolderError> {
    let store = SqliteAudit::open(&folder.join("audit.db")).map_err(|source| store_error(folder, source))?;
    Ok(Trail::of(store))
}

fn store_error(folder: &Path, source: StoreError) -> FolderError {
    FolderError::Store { path: folder.to_owned(), source }
}
