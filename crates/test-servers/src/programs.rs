//! Where the programs of the servers are: installed by the distribution, or put by `cargo xtask test --only
//! tools` into a folder of the target directory. Not the place that installs them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::problem::{Problem, Result};

/// Names the folder of tools instead of the one in the target directory.
pub const TOOLS_VARIABLE: &str = "SMS_BRIDGE_TEST_TOOLS";

/// The program of that name: from the folder of tools, from `PATH`, or from where Debian puts it.
///
/// # Errors
/// Names the program and the command that provides it.
pub fn find(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = tools_folder().map(|folder| folder.join("bin"));
    let folders = folders.into_iter().chain(std::env::split_paths(&path)).chain(debian_folders());
    folders.map(|folder| folder.join(name)).find(|file| is_program(file)).ok_or_else(|| {
        Problem::new(format!("{name} is not on this machine; `cargo xtask test --only tools` provides it"))
    })
}

/// Where libfaketime lies, for programs of several threads: it lets a program see another time.
pub fn faketime() -> Result<PathBuf> {
    find("faketime")?;
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = libraries.find(|library| library.exists());
    found.ok_or_else(|| Problem::new("libfaketimeMT.so.1 is not below /usr/lib"))
}

/// The folder of tools, in `target/`; `None` for a program that cargo did not build there.
#[must_use]
pub fn tools_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(TOOLS_VARIABLE) {
        return Some(folder.into());
    }
    let program = std::env::current_exe().ok()?;
    // Cargo marks its target directory with this file.
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
    Some(target.join("test-tools"))
}

/// What `PATH` does not name: system programs for a user, and PostgreSQL, the newest version first.
fn debian_folders() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|entry| entry.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let newest_first = versions.into_iter().rev().map(|version| version.join("bin"));
    newest_first.chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named_with_the_command_that_provides_it() {
        let text = find("no-such-server").unwrap_err().to_string();
        assert!(text.contains("no-such-server") && text.contains("cargo xtask test --only tools"), "{text}");
        assert!(find("sh").unwrap().ends_with("sh"));
    }
}
