//! The id of the bridge on a data folder, made at its first start: where it is, a bridge was. Not its keys.

use std::io;
use std::path::{Path, PathBuf};

use bridge_core::Timestamp;
use uuid::Uuid;

use crate::base::clock::Entropy;
use crate::base::data_file;

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("bridge_id")
}

/// Was a bridge ever started on this folder?
#[must_use]
pub fn is_there(data_dir: &Path) -> bool {
    file(data_dir).exists()
}

/// The id of the bridge on this folder; a new one where there is none.
pub(crate) fn of(data_dir: &Path, entropy: &Entropy, now: Timestamp) -> io::Result<Uuid> {
    let file = file(data_dir);
    if let Some(id) = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(id);
    }
    let id = entropy.id(now).map_err(io::Error::other)?;
    data_file::write(&file, id.to_string().as_bytes())?;
    Ok(id)
}
