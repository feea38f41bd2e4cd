//! The tar.gz, the same from the same files: sorted, of one time, of nobody. And the sums of what is published.

use std::fs::File;
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::Outcome;

/// Packs the files, each under its name in a folder.
pub(super) fn pack(archive: &Path, folder: &str, files: &[(String, PathBuf)], time: u64) -> Outcome {
    let gz = GzBuilder::new().mtime(0).write(File::create(archive)?, Compression::best());
    let mut tar = Builder::new(gz);
    for (name, path) in files {
        let content = std::fs::read(path).map_err(|why| format!("{}: {why}", path.display()))?;
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(if name == "sms-bridge" { 0o755 } else { 0o644 });
        header.set_mtime(time);
        header.set_entry_type(EntryType::Regular);
        tar.append_data(&mut header, format!("{folder}/{name}"), content.as_slice())?;
    }
    tar.into_inner()?.finish()?;
    Ok(())
}

/// Writes SHA256SUMS of everything in the folder.
pub(super) fn sums(folder: &Path) -> Outcome {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let sum = Sha256::digest(std::fs::read(entry.path())?);
        let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push((entry.file_name().to_string_lossy().into_owned(), hex));
    }
    lines.sort();
    let text: String = lines.iter().map(|(name, hex)| format!("{hex}  {name}\n")).collect();
    Ok(std::fs::write(folder.join("SHA256SUMS"), text)?)
}
