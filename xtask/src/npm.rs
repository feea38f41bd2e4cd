//! What npm installs and runs in a folder of this repository that has a lock file. Not the tools of the tests: those are in a
//! folder of their own (`tools`).

use std::path::Path;
use std::process::Command;

use test_servers::programs;

use crate::{Outcome, workspace};

const LOCK: &str = "package-lock.json";
/// A copy of the lock file that the modules were installed by.
const INSTALLED_BY: &str = "node_modules/.installed-by.json";

/// Only where the lock file changed since.
pub(crate) fn install(folder: &Path) -> Outcome {
    let lock = std::fs::read(folder.join(LOCK))?;
    if std::fs::read(folder.join(INSTALLED_BY)).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut ci = npm(folder)?;
    ci.args(["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]);
    workspace::run(ci.arg("--fetch-retries=1"))?;
    Ok(std::fs::write(folder.join(INSTALLED_BY), lock)?)
}

/// npm in that folder, with the node that `tools` found or fetched before any other.
pub(crate) fn npm(folder: &Path) -> Outcome<Command> {
    let (npm, node) = (programs::find("npm")?, programs::find("node")?);
    let mut command = Command::new(npm);
    let own = node.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?;
    command.current_dir(folder).env("PATH", path).env("WRANGLER_SEND_METRICS", "false").env("CI", "1");
    Ok(command)
}
