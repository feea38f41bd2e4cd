//! The right to use a data folder, held by one process at a time. Not what is in the folder: whoever holds it opens that.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::StoreError;

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
