//! The room on the disk of the data folder. Below a floor only SMS are written: registration pauses, and what nobody can
//! use is not kept. Not whether an SMS can be written: that is tried.

use std::path::{Path, PathBuf};

/// The disk that the data folder is on.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    floor_bytes: u64,
}

impl Disk {
    /// With that floor; 0: none.
    #[must_use]
    pub fn new(folder: &Path, floor_bytes: u64) -> Disk {
        Disk { folder: folder.to_owned(), floor_bytes }
    }

    /// Is there less room than the floor? Where that cannot be found out, there is room. Costs a microsecond.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        free_bytes(&self.folder).is_some_and(|free| free < self.floor_bytes)
    }

    /// The floor, for people.
    #[must_use]
    pub fn floor_mib(&self) -> u64 {
        self.floor_bytes / (1024 * 1024)
    }
}

/// What this account can still write there.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_decides() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Disk::new(folder.path(), 0).is_nearly_full());
        assert!(Disk::new(folder.path(), u64::MAX).is_nearly_full());
        assert!(!Disk::new(Path::new("/nonexistent"), u64::MAX).is_nearly_full());
    }
}
