//! The room on the disk of the data folder. Below a floor only SMS are written: registration pauses, and what nobody can
//! use is not kept. Not whether an SMS can be written: that is tried.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};

/// A disk is filling when less than one part of so many is free.
const FILLING_PART: u64 = 10;
/// What was seen of it holds for so long: every registration asks.
const SEEN_FOR: Span = Span(1_000);

/// The disk that the data folder is on.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    floor_bytes: u64,
    /// Whether it was nearly full, and when that was looked up.
    seen: Mutex<Option<(Timestamp, bool)>>,
}

/// The room on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this account can still write there.
    pub free_bytes: u64,
    /// All of it, free and not.
    pub size_bytes: u64,
}

impl Room {
    /// Less than a tenth is free: somebody should look while there is time.
    #[must_use]
    pub fn is_filling(self) -> bool {
        self.free_bytes < self.size_bytes / FILLING_PART
    }
}

impl Disk {
    /// With that floor; 0: none.
    #[must_use]
    pub fn new(folder: &Path, floor_bytes: u64) -> Disk {
        Disk { folder: folder.to_owned(), floor_bytes, seen: Mutex::default() }
    }

    /// Is there less room than the floor? Where that cannot be found out, there is room.
    #[must_use]
    pub fn is_nearly_full(&self) -> bool {
        self.room().is_some_and(|room| room.free_bytes < self.floor_bytes)
    }

    /// The same for whoever asks with every request: it is looked up once in a second.
    #[must_use]
    pub fn seemed_nearly_full(&self, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match *seen {
            // A clock that was set back makes nothing hold longer.
            Some((at, is_full)) if at <= now && now < at + SEEN_FOR => is_full,
            _ => {
                let is_full = self.is_nearly_full();
                *seen = Some((now, is_full));
                is_full
            }
        }
    }

    /// How much there is; none where that cannot be found out.
    #[must_use]
    pub fn room(&self) -> Option<Room> {
        let disk = rustix::fs::statvfs(&self.folder).ok()?;
        Some(Room {
            free_bytes: disk.f_bavail.checked_mul(disk.f_frsize)?,
            size_bytes: disk.f_blocks.checked_mul(disk.f_frsize)?,
        })
    }

    /// The floor, for people.
    #[must_use]
    pub fn floor_mib(&self) -> u64 {
        self.floor_bytes / (1024 * 1024)
    }
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
        let room = Disk::new(folder.path(), 0).room().unwrap();
        assert!(0 < room.free_bytes && room.free_bytes <= room.size_bytes);
        assert_eq!(Disk::new(Path::new("/nonexistent"), 0).room(), None);
    }

    #[test]
    fn what_was_seen_holds_for_a_second() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("disk");
        std::fs::create_dir(&inner).unwrap();
        let disk = Disk::new(&inner, u64::MAX);
        assert!(disk.seemed_nearly_full(Timestamp(5_000)));
        std::fs::remove_dir(&inner).unwrap();
        let at = |ms| disk.seemed_nearly_full(Timestamp(ms));
        assert!(at(5_999) && !at(6_000));
        std::fs::create_dir(&inner).unwrap();
        assert!(!at(6_999) && at(5_999), "not by a clock that was set back");
    }

    #[test]
    fn a_disk_fills_below_a_tenth() {
        let filling = |free_bytes| Room { free_bytes, size_bytes: 1000 }.is_filling();
        assert!(filling(99) && !filling(100));
    }
}
