//! The keys in a backup, encrypted with a passphrase in the format of `age`: `age -d secrets.tar.age | tar x` opens them
//! too. Keys that are given as flags, variables or files elsewhere are not in the data folder, and not here.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use age::secrecy::{ExposeSecret, SecretString};
use bridge_store::private;
use tar::{Archive, Builder, EntryType, Header};

use super::Result;
use super::manifest::may_be;
use crate::secret_file;

/// A shorter one can be guessed by whoever finds the file.
const CHARS_MIN: usize = 12;
/// All keys together are much shorter.
const BYTES_MAX: u64 = 1024 * 1024;

/// What opens the keys.
pub(crate) struct Passphrase(SecretString);

impl Passphrase {
    /// From a file, or from whoever sits at the terminal; a new one is asked for twice.
    pub(crate) fn ask(file: Option<&Path>, is_new: bool) -> Result<Passphrase> {
        let given = match secret_file::one("--passphrase", None, file)? {
            Some(given) => given,
            None if !std::io::stdin().is_terminal() => {
                return Err(
                    "the keys need a passphrase: give a file with it, --passphrase-file FILE".to_owned()
                );
            }
            None => typed(is_new)?,
        };
        if is_new && given.chars().count() < CHARS_MIN {
            return Err(format!("the passphrase must have {CHARS_MIN} characters or more"));
        }
        Ok(Passphrase(SecretString::from(given)))
    }

    fn clone_secret(&self) -> SecretString {
        SecretString::from(self.0.expose_secret().to_owned())
    }
}

fn typed(is_new: bool) -> Result<String> {
    let read = |prompt: &str| rpassword::prompt_password(prompt).map_err(|error| error.to_string());
    let first = read("Passphrase for the keys: ")?;
    if is_new && read("Once more: ")? != first {
        return Err("the two passphrases differ".to_owned());
    }
    Ok(first)
}

/// Every key in the folder, encrypted.
pub(super) fn seal(folder: &Path, passphrase: &Passphrase) -> Result<Vec<u8>> {
    let unreadable =
        |error: std::io::Error| format!("the keys in {} cannot be read: {error}", folder.display());
    let mut tar = Builder::new(Vec::new());
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).map_err(unreadable)?.filter_map(std::result::Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !may_be(&name) || !entry.file_type().map_err(unreadable)?.is_file() {
            continue;
        }
        let content = std::fs::read(entry.path()).map_err(unreadable)?;
        let mut header = Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(private::FILE_MODE);
        tar.append_data(&mut header, name, content.as_slice()).map_err(unreadable)?;
    }
    let plain = tar.into_inner().map_err(unreadable)?;
    let failed = |error: std::io::Error| format!("the keys cannot be encrypted: {error}");
    let mut sealed = Vec::new();
    let encryptor = age::Encryptor::with_user_passphrase(passphrase.clone_secret());
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(failed)?;
    writer.write_all(&plain).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(sealed)
}

/// Puts the keys into a folder.
pub(super) fn open(sealed: &Path, passphrase: &Passphrase, folder: &Path) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| format!("the keys in the backup cannot be opened: {error}");
    let sealed = std::fs::File::open(sealed).map_err(|error| failed(&error))?;
    let decryptor = age::Decryptor::new(sealed).map_err(|error| failed(&error))?;
    let identity = age::scrypt::Identity::new(passphrase.clone_secret());
    let reader = decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity));
    let reader = reader.map_err(|_| failed(&"the passphrase is another one"))?;
    private::make_folder(folder).map_err(|error| failed(&error))?;
    let mut archive = Archive::new(reader.take(BYTES_MAX));
    for entry in archive.entries().map_err(|error| failed(&error))? {
        let mut entry = entry.map_err(|error| failed(&error))?;
        let name = entry.path().map_err(|error| failed(&error))?.to_string_lossy().into_owned();
        if entry.header().entry_type() != EntryType::Regular || !may_be(&name) || name.contains('/') {
            return Err(failed(&"there is something in them that is no key"));
        }
        let path = folder.join(name);
        let mut file =
            private::options().write(true).create_new(true).open(path).map_err(|error| failed(&error))?;
        std::io::copy(&mut entry, &mut file).map_err(|error| failed(&error))?;
        file.sync_all().map_err(|error| failed(&error))?;
    }
    Ok(())
}
