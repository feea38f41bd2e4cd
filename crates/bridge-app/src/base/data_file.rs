//! The one writer of small files in the data folder: notes, keys, ids. A file is there whole or not at all, also after
//! a power cut, and only the bridge's own account reads it. Not for the journal and the embedded stores, which append and have a format of their own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bridge_store::private;
use serde::Serialize;

/// A point at which a test ends the process, or lets the writing fail as if it had ended there.
macro_rules! step {
    ($name:literal) => {
        fail::fail_point!($name, |how| match how.as_deref() {
            Some("error") => Err(io::Error::other($name)),
            _ => std::process::abort(),
        });
    };
}

/// Writes the file, in the place of the one that is there. When this returns, a power cut loses neither.
pub fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let (folder, draft) = beside(file)?;
    // One that an earlier end left behind may have other rights.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut written = private::options().write(true).create_new(true).open(&draft)?;
    step!("data_file::begun");
    written.write_all(bytes)?;
    step!("data_file::drafted");
    // Before the rename: otherwise the name may reach the disk before the content, and the file is empty after a power cut.
    written.sync_all()?;
    step!("data_file::synced");
    fs::rename(&draft, file)?;
    step!("data_file::renamed");
    // The name itself is in the folder: without this, the old file may be back after a power cut.
    File::open(folder)?.sync_all()?;
    step!("data_file::done");
    Ok(())
}

/// The same for a value, as JSON that a person can read.
pub fn write_json<T: Serialize + ?Sized>(file: &Path, value: &T) -> io::Result<()> {
    write(file, &serde_json::to_vec_pretty(value).map_err(io::Error::other)?)
}

/// Takes the file away. One that is not there is gone already.
pub fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        removed => removed?,
    }
    File::open(beside(file)?.0)?.sync_all()
}

/// The folder that the file is in, and where its draft lies meanwhile.
fn beside(file: &Path) -> io::Result<(&Path, PathBuf)> {
    let no_file = || io::Error::new(io::ErrorKind::InvalidInput, "this path names no file");
    let name = file.file_name().ok_or_else(no_file)?.to_string_lossy();
    let folder = match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(no_file()),
    };
    Ok((folder, folder.join(format!(".{name}.new"))))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replaces_what_is_there_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("note.json");
        write(&file, b"old and longer").unwrap();
        write(&file, b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        remove(&file).unwrap();
        remove(&file).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn is_for_its_owner_alone_whatever_lay_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let draft = folder.path().join(".key.new");
        fs::write(&draft, "left behind").unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o666)).unwrap();
        write(&file, b"secret").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_path_that_names_no_file_is_refused() {
        assert!(write(Path::new("/"), b"").is_err());
        assert!(write(Path::new(".."), b"").is_err());
    }
}
