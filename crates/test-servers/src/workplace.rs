//! The temp folder of this process, with one folder for each server; and the end of what processes left
//! that could not tidy up, because they were killed or kept their servers in a `static`.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};

use crate::problem::{Problem, Result};

const PREFIX: &str = "sms-bridge-test-servers-";
/// Held locked by the process that the folder belongs to.
const LOCK: &str = "lock";

struct Workplace {
    folder: PathBuf,
    _lock: File,
}

/// A new folder for one server; everybody may pass through it, because some servers refuse root.
pub(crate) fn folder(name: &str) -> Result<PathBuf> {
    static WORKPLACE: Mutex<Option<Workplace>> = Mutex::new(None);
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut workplace = WORKPLACE.lock().unwrap_or_else(PoisonError::into_inner);
    let workplace = match &mut *workplace {
        Some(workplace) => workplace,
        none => none.insert(open()?),
    };
    let folder = workplace.folder.join(format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    std::fs::create_dir(&folder).map_err(Problem::when(folder.display()))?;
    Ok(folder)
}

fn open() -> Result<Workplace> {
    let base = std::env::temp_dir();
    sweep(&base);
    let folder = tempfile::Builder::new()
        .prefix(PREFIX)
        .permissions(PermissionsExt::from_mode(0o755))
        .tempdir_in(&base)
        .map_err(Problem::when(base.display()))?
        .keep();
    // Locked before it has its name: whoever sweeps sees no lock that nobody holds yet.
    let nameless = folder.join("new-lock");
    let lock = File::create(&nameless).map_err(Problem::when(nameless.display()))?;
    lock.lock().map_err(Problem::when(nameless.display()))?;
    std::fs::rename(&nameless, folder.join(LOCK)).map_err(Problem::when(nameless.display()))?;
    Ok(Workplace { folder, _lock: lock })
}

/// Removes the folders whose process is gone. What cannot be removed stays for the next one.
fn sweep(base: &Path) {
    let us = rustix::process::getuid().as_raw();
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == us);
        let folder = entry.path();
        if ours && File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_ok()) {
            end_processes_in(&folder);
            let _ = std::fs::remove_dir_all(&folder);
        }
    }
}

/// A child that was stopped (`pause`) when its parent was killed does not notice: its folder tells it is ours.
fn end_processes_in(folder: &Path) {
    for process in procfs::process::all_processes().into_iter().flatten().flatten() {
        if process.cwd().is_ok_and(|cwd| cwd.starts_with(folder))
            && let Some(pid) = Pid::from_raw(process.pid)
        {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}
