//! When the last backup was made and where it went, in a file of the data folder: whoever makes it notes it, whoever looks
//! after the bridge is told. Not the backup itself.

use std::io;
use std::path::{Path, PathBuf};

use bridge_core::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::base::data_file;

const FILE: &str = "backup.json";
const FAILED: &str = "backup_failed.json";
const HOUR: i64 = 3_600_000;

/// The last one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// The moment that it shows.
    pub at: Timestamp,
    /// The file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
}

impl LastBackup {
    /// The one that was noted, if any.
    #[must_use]
    pub fn read(data_dir: &Path) -> Option<LastBackup> {
        serde_json::from_slice(&std::fs::read(data_dir.join(FILE)).ok()?).ok()
    }

    /// Notes it.
    pub fn note(&self, data_dir: &Path) -> io::Result<()> {
        data_file::write_json(&data_dir.join(FILE), self)
    }
}

/// What went wrong when a backup was last made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedBackup {
    /// When it failed.
    pub at: Timestamp,
    /// What was said.
    pub error: String,
}

impl FailedBackup {
    /// Notes it.
    pub fn note(&self, data_dir: &Path) -> io::Result<()> {
        data_file::write_json(&data_dir.join(FAILED), self)
    }
}

/// What the operator is told, where the last try failed and none succeeded since.
#[must_use]
pub fn failed(data_dir: &Path, last: Option<&LastBackup>) -> Option<String> {
    let failed: FailedBackup = serde_json::from_slice(&std::fs::read(data_dir.join(FAILED)).ok()?).ok()?;
    let is_newest = last.is_none_or(|last| last.at <= failed.at);
    is_newest.then(|| format!("a backup failed at {}: {}", failed.at, failed.error))
}

/// What the operator is told, where backups are wanted so often and the last one is older.
#[must_use]
pub fn overdue(last: Option<&LastBackup>, now: Timestamp, wanted_every_hours: u32) -> Option<String> {
    if wanted_every_hours == 0 {
        return None;
    }
    let wanted = Span(i64::from(wanted_every_hours) * HOUR);
    match last {
        None => Some("no backup was made yet: sms-bridge backup FILE makes one".to_owned()),
        Some(last) if now - last.at > wanted => Some(format!(
            "the last backup is of {}, and one is wanted every {wanted_every_hours} hours: sms-bridge backup FILE makes one",
            last.at
        )),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_overdue_when_it_is_older_than_wanted_and_never_where_none_is_wanted() {
        let now = Timestamp(1_800_000_000_000);
        let made = |hours: i64| LastBackup { at: now - Span(hours * HOUR), file: "b".into(), bytes: 1 };
        assert_eq!(overdue(None, now, 0), None);
        assert_eq!(overdue(Some(&made(1000)), now, 0), None);
        assert!(overdue(None, now, 24).is_some_and(|said| said.contains("sms-bridge backup")));
        assert_eq!(overdue(Some(&made(24)), now, 24), None);
        assert!(overdue(Some(&made(25)), now, 24).is_some_and(|said| said.contains("every 24 hours")));
        // Of a clock that was set back nothing is said.
        assert_eq!(overdue(Some(&made(-5)), now, 24), None);
    }

    #[test]
    fn what_is_noted_is_read_and_a_broken_note_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(LastBackup::read(folder.path()), None);
        let last = LastBackup { at: Timestamp(1_800_000_000_000), file: "/b/one.smsb".into(), bytes: 7 };
        last.note(folder.path()).unwrap();
        assert_eq!(LastBackup::read(folder.path()), Some(last));
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        assert_eq!(LastBackup::read(folder.path()), None);
    }
}
