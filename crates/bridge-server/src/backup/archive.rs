//! The file itself: a tar.gz, its list of contents last. Written beside its place and then renamed, so that a file of the
//! name that was asked for is whole; read into a folder, with nothing believed that it says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use bridge_store::private;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

use super::Result;
use super::manifest::{self, FORMAT, Listed, Manifest, SPOOL};

/// No list of contents is longer.
const MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A backup that is being written.
pub(super) struct Writing {
    path: PathBuf,
    draft: PathBuf,
    tar: Builder<GzEncoder<BufWriter<File>>>,
    files: BTreeMap<String, Listed>,
}

/// Reads, and sums up what it read.
struct Summing<R> {
    from: R,
    sum: Sha256,
    bytes: u64,
}

impl<R> Summing<R> {
    fn new(from: R) -> Summing<R> {
        Summing { from, sum: Sha256::new(), bytes: 0 }
    }

    fn listed(self) -> Listed {
        Listed { bytes: self.bytes, sha256: bridge_core::onboarding::hex(&self.sum.finalize()) }
    }
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.sum.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

impl Writing {
    /// Begins a file that is not there yet.
    pub(super) fn begin(path: &Path) -> Result<Writing> {
        if path.exists() {
            return Err(format!("{} is there already: give each backup a name of its own", path.display()));
        }
        let mut draft = path.as_os_str().to_owned();
        draft.push(".part");
        let draft = PathBuf::from(draft);
        let failed = |error: io::Error| {
            let advice = match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    ": the account that owns the data folder writes it; the package made /var/backups/sms-bridge for it"
                }
                _ => "",
            };
            format!("{} cannot be written: {error}{advice}", path.display())
        };
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let file = private::options().write(true).create_new(true).open(&draft).map_err(failed)?;
        let tar = Builder::new(GzEncoder::new(BufWriter::new(file), Compression::fast()));
        Ok(Writing { path: path.to_owned(), draft, tar, files: BTreeMap::new() })
    }

    fn failed(&self, error: &io::Error) -> String {
        format!("{} cannot be written: {error}", self.path.display())
    }

    /// Puts a file in.
    pub(super) fn add(&mut self, name: &str, file: &Path) -> Result<()> {
        let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?.len(), opened)));
        let (bytes, opened) =
            opened.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
        // Of a file that grows meanwhile, what was there.
        self.put(name, bytes, opened.take(bytes))
    }

    /// Puts in what is given.
    pub(super) fn add_bytes(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.put(name, content.len() as u64, content)
    }

    fn put(&mut self, name: &str, bytes: u64, content: impl Read) -> Result<()> {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(private::FILE_MODE);
        header.set_entry_type(EntryType::Regular);
        let mut summing = Summing::new(content);
        self.tar.append_data(&mut header, name, &mut summing).map_err(|error| self.failed(&error))?;
        let listed = summing.listed();
        if listed.bytes != bytes {
            return Err(format!("{name} became shorter while it was read: try again"));
        }
        self.files.insert(name.to_owned(), listed);
        Ok(())
    }

    /// Ends it with its list of contents. When this returns, a power cut does not lose it. Answers its size.
    pub(super) fn finish(
        mut self,
        describe: impl FnOnce(BTreeMap<String, Listed>) -> Manifest,
    ) -> Result<u64> {
        let manifest = describe(std::mem::take(&mut self.files));
        let text = serde_json::to_vec_pretty(&manifest).map_err(|error| error.to_string())?;
        self.put(manifest::NAME, text.len() as u64, text.as_slice())?;
        let Writing { path, draft, tar, .. } = self;
        let ended = || -> io::Result<u64> {
            let file = tar.into_inner()?.finish()?.into_inner()?;
            file.sync_all()?;
            let bytes = file.metadata()?.len();
            std::fs::rename(&draft, &path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(bytes)
        };
        ended().map_err(|error| format!("{} cannot be written: {error}", path.display()))
    }
}

/// Reads a backup into a folder that is empty, and looks whether it is whole.
pub(super) fn unpack(file: &Path, into: &Path) -> Result<Manifest> {
    let damaged = |what: &str| format!("{} cannot be restored: {what}", file.display());
    let opened = File::open(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(opened)));
    let broken =
        |error: &io::Error| damaged(&format!("it is no backup, or it was cut off or changed ({error})"));
    let mut found = BTreeMap::new();
    let mut manifest = None;
    for entry in archive.entries().map_err(|error| broken(&error))? {
        let mut entry = entry.map_err(|error| broken(&error))?;
        let name = entry.path().map_err(|error| broken(&error))?.to_string_lossy().into_owned();
        if entry.header().entry_type() != EntryType::Regular || !manifest::may_be(&name) || manifest.is_some()
        {
            return Err(damaged("it holds something that no backup holds"));
        }
        if name == manifest::NAME {
            let mut text = Vec::new();
            entry.by_ref().take(MANIFEST_BYTES_MAX).read_to_end(&mut text).map_err(|error| broken(&error))?;
            manifest = Some(text);
            continue;
        }
        if found.contains_key(&name) {
            return Err(damaged("it holds one file twice"));
        }
        let listed = place(&mut entry, &into.join(&name)).map_err(|error| broken(&error))?;
        found.insert(name, listed);
    }
    let manifest = manifest.ok_or_else(|| damaged("its end is missing"))?;
    // The sum over everything is at the very end.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| broken(&error))?;
    // Asked first: a newer one may say things that this program does not know.
    let format: Format = serde_json::from_slice(&manifest).map_err(|_| damaged("it is no backup"))?;
    if format.format > FORMAT {
        return Err(damaged(&format!(
            "SMS Bridge {} made it, which is newer than this program",
            format.version
        )));
    }
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|_| damaged("it is no backup"))?;
    if manifest.files != found {
        return Err(damaged("what is in it is not what was put into it"));
    }
    Ok(manifest)
}

#[derive(serde::Deserialize)]
struct Format {
    format: u32,
    version: String,
}

fn place(content: impl Read, path: &Path) -> io::Result<Listed> {
    if path.parent().is_some_and(|folder| folder.ends_with(SPOOL))
        && let Some(folder) = path.parent()
    {
        private::make_folder(folder)?;
    }
    let mut file = private::options().write(true).create_new(true).open(path)?;
    let mut summing = Summing::new(content);
    io::copy(&mut summing, &mut file)?;
    file.flush()?;
    file.sync_all()?;
    Ok(summing.listed())
}
