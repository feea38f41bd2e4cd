//! Whether the file was found damaged. From then on it is closed: what SQLite still reads of it may be wrong, and what is written
//! to it may be gone. Not how it is mended: that is `salvage`.

use std::path::Path;
use std::sync::OnceLock;

use bridge_store::damage::Damage;
use bridge_store::{Result, StoreError, StoreFault};
use rusqlite::ErrorCode;

use super::failed;

/// What was found of one file.
pub(super) struct Harm {
    file: String,
    said: OnceLock<String>,
}

impl Harm {
    pub(super) fn of(path: &Path) -> Harm {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Harm { file, said: OnceLock::new() }
    }

    /// Nothing was found, so far.
    pub(super) fn none(&self, operation: &'static str) -> Result<()> {
        match self.found() {
            None => Ok(()),
            Some(damage) => {
                Err(StoreError { operation, kind: StoreFault::Damaged, source: Some(damage.found().into()) })
            }
        }
    }

    pub(super) fn found(&self) -> Option<Damage> {
        self.said.get().map(|said| Damage { file: self.file.clone(), said: said.clone() })
    }

    /// A failure; one that tells of damage closes the file. A single value that nobody can read does not.
    pub(super) fn failed(&self, operation: &'static str, error: rusqlite::Error) -> StoreError {
        let code = error.sqlite_error_code();
        if matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
            && self.said.set(error.to_string()).is_ok()
        {
            tracing::error!(file = self.file, operation, %error, "a store is damaged: it is closed");
        }
        failed(operation, error)
    }
}
