//! The way back: a backup becomes the data folder of a bridge that has none yet. Everything is read, checked and made fit
//! in a folder inside; only then it is moved into place, the bridge's id last. What is cut off on the way can be begun again,
//! and no bridge starts on it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bridge_app::base::clock::Clock;
use bridge_app::bridge_id;
use bridge_app::durability::restored::{self, Settled};
use bridge_backends::{embedded, postgres as database};
use bridge_store::folder::FolderLock;
use bridge_store::{HotStore, Journal, private};
use std::sync::Arc;

use super::keys::{self, Passphrase};
use super::make::told;
use super::manifest::{DUMP, KEYS, Manifest, SPOOL};
use super::{Result, archive, postgres};
use crate::config::{Config, EMBEDDED};

/// Where a backup is unpacked.
const FOLDER: &str = ".restoring";
const ID: &str = "bridge_id";
const SECRETS: &str = "secrets";
/// Of these a folder of a bridge has at least one.
const OF_A_BRIDGE: [&str; 5] = [ID, embedded::HOT, embedded::AUDIT, SECRETS, SPOOL];

/// How to restore.
pub(crate) struct Wanted {
    /// Registrations that were open are closed.
    pub(crate) close_pending: bool,
    /// The keys in it are left out.
    pub(crate) without_keys: bool,
    /// A file with the passphrase.
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// What was restored.
pub(crate) struct Restored {
    pub(crate) manifest: Manifest,
    pub(crate) settled: Settled,
    pub(crate) with_keys: bool,
}

/// Was a restore cut off on this folder?
pub(crate) fn is_unfinished(data_dir: &Path) -> bool {
    data_dir.join(FOLDER).exists()
}

/// Restores.
pub(crate) async fn restore(config: &Config, file: &Path, wanted: &Wanted) -> Result<Restored> {
    let data_dir = &config.data_dir;
    let _folder = empty(data_dir)?;
    let staging = data_dir.join(FOLDER);
    private::make_folder(&staging)
        .map_err(|error| format!("{} cannot be made: {error}", staging.display()))?;
    let restored = unpack(config, file, wanted, &staging).await;
    match restored {
        Ok(restored) => {
            into_place(&staging, data_dir).map_err(|error| format!("{}: {error}", data_dir.display()))?;
            Ok(restored)
        }
        Err(problem) => {
            // Nothing is changed by what did not work.
            let _ = std::fs::remove_dir_all(&staging);
            Err(problem)
        }
    }
}

/// A folder in which no bridge was; what an earlier restore left there is taken away.
fn empty(data_dir: &Path) -> Result<FolderLock> {
    let lock = FolderLock::take(data_dir).map_err(|error| error.to_string())?;
    let unusable = |error: io::Error| format!("{} cannot be used: {error}", data_dir.display());
    if is_unfinished(data_dir) {
        for name in OF_A_BRIDGE {
            remove(&data_dir.join(name)).map_err(unusable)?;
        }
        remove(&data_dir.join(FOLDER)).map_err(unusable)?;
    }
    if bridge_id::is_there(data_dir) || OF_A_BRIDGE.iter().any(|name| data_dir.join(name).exists()) {
        return Err(format!(
            "{} is the folder of a bridge already: restore into an empty one (--data-dir), or move this one away first",
            data_dir.display()
        ));
    }
    Ok(lock)
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

async fn unpack(config: &Config, file: &Path, wanted: &Wanted, staging: &Path) -> Result<Restored> {
    let manifest = archive::unpack(file, staging)?;
    if manifest.postgres_schema.is_some_and(|schema| schema > database::KNOWN) {
        return Err(format!("SMS Bridge {} made it, which is newer than this program", manifest.version));
    }
    let (hot, audit) = (config.hot_url == EMBEDDED, config.audit_url == EMBEDDED);
    if audit != manifest.has(embedded::AUDIT) || manifest.has(DUMP) == audit {
        let (there, here) = if audit { ("PostgreSQL", "embedded") } else { ("embedded", "PostgreSQL") };
        return Err(format!(
            "the audit store in the backup is {there}, and here it is {here}: give --audit-url as it was"
        ));
    }
    let with_keys = manifest.has_keys() && !wanted.without_keys;
    if with_keys {
        let passphrase = Passphrase::ask(wanted.passphrase_file.as_deref(), false)?;
        keys::open(&staging.join(KEYS), &passphrase, &staging.join(SECRETS))?;
    }
    for name in [KEYS, if hot { "" } else { embedded::HOT }].iter().filter(|name| !name.is_empty()) {
        remove(&staging.join(name)).map_err(|error| error.to_string())?;
    }
    let settled = settle(config, wanted, staging, hot && manifest.has(embedded::HOT)).await?;
    remove(&staging.join(DUMP)).map_err(|error| error.to_string())?;
    Ok(Restored { manifest, settled, with_keys })
}

/// Opens the stores, which brings them up to date or refuses a newer one, and makes them fit.
async fn settle(config: &Config, wanted: &Wanted, staging: &Path, has_hot: bool) -> Result<Settled> {
    let journal = Journal::open(&staging.join(SPOOL)).map_err(|error| error.to_string())?;
    let hot: Option<Arc<dyn HotStore>> =
        if has_hot { Some(embedded::open_hot(staging).map_err(|error| error.to_string())?) } else { None };
    let audit = if config.audit_url == EMBEDDED {
        embedded::open_audit(staging).map_err(|error| error.to_string())?
    } else {
        postgres::fill(config.direct_url(), &staging.join(DUMP)).await?;
        database::open(config.direct_url(), 2).map_err(|error| error.to_string())?
    };
    let now = Clock::system().now();
    restored::settle(hot.as_deref(), audit.as_ref(), &journal, now, wanted.close_pending)
        .await
        .map_err(|error| told(&error))
}

/// By renaming, the id last: until then no bridge is there.
fn into_place(staging: &Path, data_dir: &Path) -> io::Result<()> {
    let mut names: Vec<_> = std::fs::read_dir(staging)?.collect::<io::Result<Vec<_>>>()?;
    names.sort_by_key(|entry| (entry.file_name() == ID, entry.file_name()));
    for entry in names {
        std::fs::rename(entry.path(), data_dir.join(entry.file_name()))?;
    }
    File::open(data_dir)?.sync_all()?;
    std::fs::remove_dir(staging)?;
    File::open(data_dir)?.sync_all()
}
