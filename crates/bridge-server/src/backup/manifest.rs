//! What a backup says about itself. It is the last thing in the file: where it is missing, the file was cut off.

use std::collections::BTreeMap;

use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};

/// The name in the archive.
pub(super) const NAME: &str = "manifest.json";
/// How this program writes backups, and the newest that it reads.
pub(super) const FORMAT: u32 = 1;
/// The dump of PostgreSQL.
pub(super) const DUMP: &str = "audit.pgdump";
/// The keys, encrypted.
pub(super) const KEYS: &str = "secrets.tar.age";
/// The journal's folder.
pub(super) const SPOOL: &str = "spool";

/// What a backup says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// How it is written.
    pub(super) format: u32,
    /// The program that made it.
    pub(crate) version: String,
    /// The moment that it shows.
    pub(crate) made_at: Timestamp,
    /// The version of the audit database, where it is PostgreSQL.
    pub(super) postgres_schema: Option<i32>,
    /// Every other file in it.
    pub(super) files: BTreeMap<String, Listed>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

impl Manifest {
    /// Is it in the backup?
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// Are the keys in it?
    pub(crate) fn has_keys(&self) -> bool {
        self.has(KEYS)
    }
}

/// Whether a file of this name may be in a backup: in the data folder itself or in the journal's folder, and nowhere else.
pub(super) fn may_be(name: &str) -> bool {
    let is_plain = |name: &str| {
        !name.is_empty()
            && !name.starts_with('.')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    match name.split_once('/') {
        Some((SPOOL, file)) => is_plain(file) && file.ends_with(".journal"),
        Some(_) => false,
        None => is_plain(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in
            ["hot.db", "audit.pgdump", "spool/00000000000000000001.journal", "bridge_id", "erasures.json"]
        {
            assert!(may_be(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "spool/../x.journal",
            "spool/x",
            "spool//x.journal",
            ".restoring",
            "a/b",
            "a\\b",
            "spool/.journal",
        ] {
            assert!(!may_be(name), "{name}");
        }
    }
}
