//! The right to use a data folder, held by one process at a time. Not what is in the folder: whoever holds it opens that.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::private::{self, Mended};

/// The file whose lock is the right to the folder.
pub(crate) const LOCK: &str = "lock";

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
    /// Everybody may write to it.
    #[error("the folder {} is shared with every account of this machine: give the bridge one of its own with --data-dir", .0.display())]
    Shared(PathBuf),
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
    let said = error.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
    let is_damaged = error.kind == crate::StoreFault::Damaged;
    let advice = if is_damaged { ": `sms-bridge rebuild` makes a damaged store anew" } else { "" };
    said + advice
}

impl FolderLock {
    /// Creates the folder if need be, takes it for this process alone, and closes it to every other account.
    pub fn take(folder: &Path) -> Result<FolderLock, FolderError> {
        let unusable = |source| FolderError::Unusable { path: folder.to_owned(), source };
        if folder.exists() && !folder.is_dir() {
            return Err(unusable(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder")));
        }
        private::make_folder(folder).map_err(unusable)?;
        if !private::may_be_ours(folder).map_err(unusable)? {
            return Err(FolderError::Shared(folder.to_owned()));
        }
        // Where no bridge was before, files may be somebody's own.
        let ours = folder.join(LOCK).exists();
        let file = private::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(LOCK))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // Whoever holds the lock mends: nothing is changed under a bridge that runs.
        tell(private::mend(folder, ours).map_err(unusable)?);
        Ok(FolderLock { _file: file })
    }
}

/// Does a process use the folder right now? Its lock says so: it goes with the process, however that ends. Nothing is
/// created.
#[must_use]
pub fn is_in_use(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Says what was mended, without names: they may hold more than a log should.
fn tell(mended: Mended) {
    if mended.closed > 0 {
        tracing::warn!(
            files = mended.closed,
            "files of the data folder were open to other accounts of this machine and are closed now: if others use \
             it, replace the secrets"
        );
    }
    if mended.left > 0 {
        tracing::warn!(
            files = mended.left,
            "files of the data folder are links or belong to another account and stay as they are: see doctor"
        );
    }
}
