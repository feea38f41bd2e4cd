//! Files for the account of the bridge alone: folders 0700, files 0600. Says which are open to others, mends them, and
//! makes new ones. Not what is in them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::process::geteuid;

/// What only its owner reads and writes.
pub const FILE_MODE: u32 = 0o600;
/// A folder that only its owner enters.
pub const FOLDER_MODE: u32 = 0o700;
/// In such a folder everybody may write: `/tmp` is one.
const STICKY: u32 = 0o1000;
/// What owner, group and others may do.
const RIGHTS: u32 = 0o777;

/// What is open to others, or not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Which file or folder.
    pub path: PathBuf,
    /// Why it is named here.
    pub why: Why,
}

/// What is wrong with one file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It has these rights, and should have others.
    Mode(u32),
    /// It leads to somewhere else.
    Link,
    /// It belongs to another account, of this number.
    Owner(u32),
}

/// What [`mend`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Files and folders that others could read or write, and now cannot.
    pub closed: usize,
    /// Those that are still wrong: links, and what belongs to others.
    pub left: usize,
}

/// Makes the folder if it is not there, for its owner alone.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)
}

/// May the folder be a bridge's own? One that everybody writes to, and the root of everything, may not.
pub fn may_be_ours(folder: &Path) -> io::Result<bool> {
    let meta = fs::metadata(folder)?;
    Ok(meta.mode() & STICKY == 0 && fs::canonicalize(folder)?.parent().is_some())
}

/// Options to open a file that is made for its owner alone. A link in its place is not followed.
#[must_use]
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE_MODE).custom_flags(no_follow());
    options
}

/// Makes an empty file for its owner alone, unless there is one: for a library that would make it for everybody. One that
/// is there is not even opened: closing it would end the locks that this process holds on it.
pub fn make_file(path: &Path) -> io::Result<()> {
    match options().create_new(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Opens a file to read what the program will act on. It must be a file, no link, and of nobody else: neither may others
/// write it nor the folder that it is in.
pub fn open_trusted(path: &Path) -> io::Result<File> {
    let refused = |what: String| {
        let advice = "somebody else may have written it: look who, then make it yours, or remove it and start the bridge again";
        Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {what}: {advice}", path.display())))
    };
    // Not to wait for a pipe that somebody put there.
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(no_follow() | flag(OFlags::NONBLOCK));
    let file = match options.open(path) {
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return refused("is a symbolic link".to_owned());
        }
        opened => opened?,
    };
    let meta = file.metadata()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let around = fs::metadata(folder)?;
    // Whoever owns the folder may put anything there: a command of root must believe the bridge's account.
    let known = [geteuid().as_raw(), around.uid()];
    if !meta.is_file() {
        return refused("is no file".to_owned());
    }
    if !known.contains(&meta.uid()) {
        return refused(format!("belongs to the account {}", meta.uid()));
    }
    if meta.mode() & 0o077 != 0 {
        return refused(format!("has mode {:04o} and must have {FILE_MODE:04o}", meta.mode() & RIGHTS));
    }
    if around.mode() & 0o022 != 0 {
        return refused(format!(
            "lies in a folder that others may write to, of mode {:04o}",
            around.mode() & RIGHTS
        ));
    }
    Ok(file)
}

/// Everything in the folder that is open to others, the folder itself first. Nothing is changed.
pub fn look(folder: &Path) -> io::Result<Vec<Open>> {
    let mut open = Vec::new();
    visit(folder, &mut |path, meta| {
        open.extend(wrong(meta, FILE_MODE).map(|why| Open { path: path.to_owned(), why }));
    })?;
    Ok(open)
}

/// Closes the folder and everything in it. What cannot be closed is counted and left. Where the files are not known to
/// be `ours`, they lose what others may do with them and nothing else.
pub fn mend(folder: &Path, ours: bool) -> io::Result<Mended> {
    let mut mended = Mended::default();
    visit(folder, &mut |path, meta| {
        let wanted = if ours { FILE_MODE } else { meta.mode() & FOLDER_MODE };
        match wrong(meta, wanted) {
            None => {}
            Some(Why::Mode(_)) => {
                let mode = if meta.is_dir() { FOLDER_MODE } else { wanted };
                match fs::set_permissions(path, Permissions::from_mode(mode)) {
                    Ok(()) => mended.closed += 1,
                    Err(_) => mended.left += 1,
                }
            }
            Some(Why::Link | Why::Owner(_)) => mended.left += 1,
        }
    })?;
    Ok(mended)
}

/// The folder before what is in it: once it is closed, nobody else can put anything in the place of what is mended.
fn visit(folder: &Path, each: &mut impl FnMut(&Path, &fs::Metadata)) -> io::Result<()> {
    // The folder itself may be reached by a link; nothing in it may be one.
    each(folder, &fs::metadata(folder)?);
    let mut folders = vec![fs::read_dir(folder)?];
    while let Some(entries) = folders.pop() {
        for path in entries.flatten().map(|entry| entry.path()) {
            // One that is gone meanwhile needs no mending.
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            // Where the folder is a disk of its own.
            if meta.is_dir() && path.ends_with("lost+found") {
                continue;
            }
            each(&path, &meta);
            if meta.is_dir() {
                folders.extend(fs::read_dir(&path).ok());
            }
        }
    }
    Ok(())
}

fn wrong(meta: &fs::Metadata, file_mode: u32) -> Option<Why> {
    let me = geteuid();
    let mode = meta.mode() & RIGHTS;
    let wanted = if meta.is_dir() { FOLDER_MODE } else { file_mode };
    if meta.is_symlink() {
        Some(Why::Link)
    } else if !me.is_root() && meta.uid() != me.as_raw() {
        Some(Why::Owner(meta.uid()))
    } else {
        (mode != wanted).then_some(Why::Mode(mode))
    }
}

fn no_follow() -> i32 {
    flag(OFlags::NOFOLLOW)
}

fn flag(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & RIGHTS
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// A data folder as a bridge left it that knew nothing of this.
    fn open_folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        for (name, rights) in
            [("lock", 0o644), ("hot.db", 0o666), ("hot.db-wal", 0o644), ("spool/1.journal", 0o777)]
        {
            fs::write(folder.path().join(name), "x").unwrap();
            set(&folder.path().join(name), rights);
        }
        set(&folder.path().join("spool"), 0o755);
        set(folder.path(), 0o755);
        folder
    }

    #[test]
    fn everything_is_told_and_then_closed() {
        let folder = open_folder();
        assert_eq!(look(folder.path()).unwrap().len(), 6);
        assert_eq!(mend(folder.path(), true).unwrap(), Mended { closed: 6, left: 0 });
        assert_eq!(look(folder.path()).unwrap(), []);
        for name in ["lock", "hot.db", "hot.db-wal", "spool/1.journal"] {
            assert_eq!(mode(&folder.path().join(name)), 0o600, "{name}");
        }
        assert_eq!((mode(folder.path()), mode(&folder.path().join("spool"))), (0o700, 0o700));
        assert_eq!(mend(folder.path(), true).unwrap(), Mended::default());
    }

    #[test]
    fn a_link_is_told_and_what_it_leads_to_is_left_alone() {
        let folder = open_folder();
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("target");
        fs::write(&target, "x").unwrap();
        set(&target, 0o644);
        std::os::unix::fs::symlink(&target, folder.path().join("audit.db")).unwrap();
        assert_eq!(mend(folder.path(), true).unwrap(), Mended { closed: 6, left: 1 });
        assert_eq!(mode(&target), 0o644);
        assert_eq!(
            look(folder.path()).unwrap(),
            [Open { path: folder.path().join("audit.db"), why: Why::Link }]
        );
        let link = folder.path().join("audit.db");
        assert!(options().write(true).open(&link).is_err(), "a link is not followed");
    }

    #[test]
    fn a_program_that_lay_in_the_folder_before_can_still_be_run_by_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("backup.sh");
        fs::write(&program, "#!/bin/sh").unwrap();
        set(&program, 0o755);
        set(folder.path(), 0o700);
        assert_eq!(mend(folder.path(), false).unwrap(), Mended { closed: 1, left: 0 });
        assert_eq!(mode(&program), 0o700);
    }

    #[test]
    fn a_folder_of_everybody_is_nobodys_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(may_be_ours(folder.path()).unwrap());
        set(folder.path(), 0o1777);
        assert!(!may_be_ours(folder.path()).unwrap());
        assert!(!may_be_ours(Path::new("/")).unwrap());
    }

    #[test]
    fn what_others_can_write_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bridge.json");
        let link = folder.path().join("link.json");
        make_file(&file).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let refused = |path: &Path| open_trusted(path).unwrap_err().to_string();
        assert!(open_trusted(&file).is_ok());
        assert!(refused(&link).contains("symbolic link"));
        assert!(refused(folder.path()).contains("is no file"));
        for rights in [0o644, 0o660, 0o606] {
            set(&file, rights);
            assert!(refused(&file).contains(&format!("mode {rights:04o}")));
        }
        set(&file, 0o600);
        set(folder.path(), 0o777);
        assert!(refused(&file).contains("folder that others may write to"));
    }
}
