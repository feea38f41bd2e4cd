//! What the tests need on the machine: found, or installed where we may, or named with the way to get
//! it. Not the Rust toolchain: that has built this program already.

use std::path::Path;
use std::process::Command;

use crate::{Outcome, workspace};

struct Need {
    command: &'static str,
    apt_package: &'static str,
    why: &'static str,
}

/// To need one more program, add a line.
const NEEDS: &[Need] =
    &[Need { command: "cc", apt_package: "build-essential", why: "compiles the SQLite that is built in" }];

/// Leaves every need met, or says which are not.
pub(crate) fn provide() -> Outcome {
    let missing = missing(NEEDS, on_path);
    if missing.is_empty() {
        return Ok(());
    }
    if !on_path("apt-get") || !rustix::process::geteuid().is_root() {
        return Err(advice(&missing).into());
    }
    apt_get(&["update", "--quiet=2"], &[])?;
    let packages: Vec<&str> = missing.iter().map(|need| need.apt_package).collect();
    apt_get(&["install", "--quiet=2", "--yes", "--no-install-recommends"], &packages)?;
    let still: Vec<&Need> = missing.into_iter().filter(|need| !on_path(need.command)).collect();
    if still.is_empty() { Ok(()) } else { Err(advice(&still).into()) }
}

fn missing(needs: &[Need], there: impl Fn(&str) -> bool) -> Vec<&Need> {
    needs.iter().filter(|need| !there(need.command)).collect()
}

fn advice(missing: &[&Need]) -> String {
    let mut text = "missing on this machine:".to_owned();
    for need in missing {
        text += &format!("\n  {}: {}", need.command, need.why);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.apt_package).collect();
    text += "\nOn Debian and Ubuntu: sudo apt-get install ";
    text += &packages.join(" ");
    text += "\nElsewhere: install the programs of these names and put them on PATH.";
    text
}

fn apt_get(args: &[&str], packages: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    workspace::run(command.args(args).args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn on_path(command: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| is_program(&folder.join(command)))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-anywhere"));
    }

    #[test]
    fn names_what_is_missing_and_how_to_get_it() {
        let needs = [
            Need { command: "sh", apt_package: "dash", why: "runs scripts" },
            Need { command: "warp", apt_package: "warp-drive", why: "flies" },
        ];
        let text = advice(&missing(&needs, |command| command == "sh"));
        assert!(text.contains("warp: flies") && text.contains("apt-get install warp-drive"), "{text}");
        assert!(!text.contains("dash"), "{text}");
    }
}
