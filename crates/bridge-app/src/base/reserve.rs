//! A file that only takes room: given back when the disk is full, so that the bridge can start and its operator can throw
//! something away. Not for SMS: they may use whatever else there is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bridge_store::private;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

const FILE: &str = ".reserve";
/// What a start and some changes by hand need, and more.
const BYTES: u64 = 1024 * 1024;
/// Where there is less room, it is this much smaller, until nothing can be done with it.
const STEP_BYTES: u64 = 64 * 1024;

/// The room kept in one data folder.
#[derive(Debug)]
pub struct Reserve {
    path: PathBuf,
}

/// The room is free while this lives.
#[derive(Debug)]
pub struct Lent<'a>(&'a Reserve);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Reserve {
    /// That of this folder.
    #[must_use]
    pub fn of(data_dir: &Path) -> Reserve {
        Reserve { path: data_dir.join(FILE) }
    }

    /// Gives the room to whoever needs it now. One that cannot be given is not there.
    pub fn release(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// The same, until the answer is dropped.
    #[must_use]
    pub fn lend(&self) -> Lent<'_> {
        self.release();
        Lent(self)
    }

    /// Takes as much of it as there is. A bridge without one works all the same.
    pub fn take(&self) {
        let mut bytes = BYTES;
        while bytes >= STEP_BYTES {
            match self.allocate(bytes) {
                Ok(()) => return,
                Err(_) => bytes -= STEP_BYTES,
            }
        }
        self.release();
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut file = private::options().create(true).truncate(true).write(true).open(&self.path)?;
        match fallocate(&file, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => fill(&mut file, bytes),
            allocated => Ok(allocated?),
        }
    }
}

/// For a file system that gives no room before something is written.
fn fill(file: &mut File, bytes: u64) -> io::Result<()> {
    let zeros = [0; 64 * 1024];
    for _ in 0..bytes / zeros.len() as u64 {
        file.write_all(&zeros)?;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_taken_lent_and_taken_again() {
        let folder = tempfile::tempdir().unwrap();
        let reserve = Reserve::of(folder.path());
        let length = || fs::metadata(folder.path().join(FILE)).map_or(0, |meta| meta.len());
        reserve.take();
        reserve.take();
        assert_eq!(length(), BYTES);
        let lent = reserve.lend();
        assert_eq!(length(), 0);
        drop(lent);
        assert_eq!(length(), BYTES);
        reserve.release();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
