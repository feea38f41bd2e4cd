//! Making a backup of a bridge that runs or not. The journal is copied first, and what is in it may be in the stores too:
//! that changes nothing when it is flushed again. Embedded stores are copied as they were at one moment.

use std::io;
use std::path::{Path, PathBuf};

use bridge_app::base::clock::Clock;
use bridge_app::bridge_id;
use bridge_app::state::last_backup::LastBackup;
use bridge_backends::embedded::{self, Moment};
use bridge_core::Timestamp;
use bridge_store::folder::{self, FolderLock};
use bridge_store::{StoreError, private};

use super::archive::Writing;
use super::keys::{self, Passphrase};
use super::manifest::{DUMP, FORMAT, KEYS, Manifest, SPOOL, may_be};
use super::{Result, postgres};
use crate::config::{Config, EMBEDDED};

/// What persons are owed: it must be of the same moment as the stores.
const ERASURES: &str = "erasures.json";
/// What belongs to the process and not to the bridge, or is copied otherwise.
const LEFT_OUT: [&str; 5] = ["lock", "bridge.json", "backup.json", "alive.json", ERASURES];
const SECRETS: &str = "secrets";

/// A backup that was made.
pub(crate) struct Made {
    pub(crate) at: Timestamp,
    pub(crate) bytes: u64,
    /// The hot store is a server: it is rebuilt, and not in the file.
    pub(crate) without_hot: bool,
    pub(crate) with_keys: bool,
}

/// Makes one.
pub(crate) async fn make(config: &Config, file: &Path, passphrase: Option<&Passphrase>) -> Result<Made> {
    let data_dir = &config.data_dir;
    if !bridge_id::is_there(data_dir) {
        return Err(format!("there is no bridge in {}: say where it is with --data-dir", data_dir.display()));
    }
    let (hot, audit) = (config.hot_url == EMBEDDED, config.audit_url == EMBEDDED);
    // What moves between a file and a server cannot be held at one moment.
    let _stopped = if hot && !audit { Some(alone(data_dir)?) } else { None };
    let mut writing = Writing::begin(file)?;
    let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let copies = tempfile::Builder::new()
        .prefix(".sms-bridge-backup")
        .tempdir_in(beside)
        .map_err(|error| format!("{} cannot be written to: {error}", beside.display()))?;
    let at = Clock::system().now();
    add_journal(&mut writing, data_dir)?;
    for (name, path) in small_files(data_dir)? {
        writing.add(&name, &path)?;
    }
    let names: Vec<&str> = [(hot, embedded::HOT), (audit, embedded::AUDIT)]
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, name)| *name)
        .collect();
    let mut erasures = Vec::new();
    let owed = || -> io::Result<Vec<u8>> {
        match std::fs::read(data_dir.join(ERASURES)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    };
    let moment = Moment::hold(data_dir, &names, || {
        erasures = owed()?;
        Ok(erasures.clone())
    })
    .map_err(|error| told(&error))?;
    moment.copy(copies.path()).map_err(|error| told(&error))?;
    drop(moment);
    if !erasures.is_empty() {
        writing.add_bytes(ERASURES, &erasures)?;
    }
    for name in names {
        writing.add(name, &copies.path().join(name))?;
    }
    let mut postgres_schema = None;
    if !audit {
        let dump = copies.path().join(DUMP);
        private::make_file(&dump).map_err(|error| error.to_string())?;
        postgres_schema = Some(postgres::schema(config.direct_url()).await?);
        postgres::dump(config.direct_url(), &dump)?;
        writing.add(DUMP, &dump)?;
    }
    if let Some(passphrase) = passphrase {
        writing.add_bytes(KEYS, &keys::seal(&data_dir.join(SECRETS), passphrase)?)?;
    }
    let bytes = writing.finish(|files| Manifest {
        format: FORMAT,
        version: crate::VERSION.to_owned(),
        made_at: at,
        postgres_schema,
        files,
    })?;
    let noted = LastBackup { at, file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()), bytes };
    noted.note(data_dir).map_err(|error| {
        format!("{} is made, but that cannot be noted in the data folder: {error}", file.display())
    })?;
    Ok(Made { at, bytes, without_hot: !hot, with_keys: passphrase.is_some() })
}

fn alone(data_dir: &Path) -> Result<FolderLock> {
    if folder::is_in_use(data_dir) {
        return Err(
            "with an embedded hot store beside PostgreSQL the bridge must be stopped for a backup: stop it, and start it again afterwards"
                .to_owned(),
        );
    }
    FolderLock::take(data_dir).map_err(|error| error.to_string())
}

/// Parts of it go while it is read: those are in the audit store already.
fn add_journal(writing: &mut Writing, data_dir: &Path) -> Result<()> {
    let folder = data_dir.join(SPOOL);
    for (name, path) in listed(&folder)? {
        let name = format!("{SPOOL}/{name}");
        if may_be(&name) && path.exists() {
            writing.add(&name, &path)?;
        }
    }
    Ok(())
}

/// Ids, notes and what is owed.
fn small_files(data_dir: &Path) -> Result<Vec<(String, PathBuf)>> {
    let is_store = |name: &str| name.starts_with(embedded::HOT) || name.starts_with(embedded::AUDIT);
    let files = listed(data_dir)?;
    Ok(files
        .into_iter()
        .filter(|(name, _)| may_be(name) && !is_store(name) && !LEFT_OUT.contains(&name.as_str()))
        .collect())
}

fn listed(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let unreadable = |error: io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().is_ok_and(|kind| kind.is_file()) {
            files.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    files.sort();
    Ok(files)
}

pub(super) fn told(error: &StoreError) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
