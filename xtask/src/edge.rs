//! The step `edge` of `cargo xtask test`: installs what `edge/package-lock.json` pins, then runs its own tests, which run in
//! real workerd, with its lints, its type check and the size of its bundle. Not the tests: those are in `edge/test`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use test_servers::{legs, programs};

use crate::pass_through::pass_through;
use crate::tally::Tally;
use crate::{Outcome, workspace};

/// No test of the edge says nothing for so long unless it hangs.
const SILENCE: Duration = Duration::from_mins(5);
const LOCK: &str = "package-lock.json";
/// A copy of the lock file that the modules were installed by.
const INSTALLED_BY: &str = "node_modules/.installed-by.json";

/// A step of `cargo xtask test`.
pub(crate) fn step(tally: &mut Tally) -> Outcome {
    let folder = workspace::root().join("edge");
    match install(&folder) {
        Ok(()) => {}
        Err(why) if legs::every_leg_must_run() => {
            return Err(format!("the edge must be tested where CI is set: {why}").into());
        }
        Err(why) => {
            println!("SKIPPED edge: {why}");
            return Ok(());
        }
    }
    pass_through(npm(&folder)?.args(["test", "--silent"]), &mut std::io::stdout(), tally, SILENCE)
}

/// Only where the lock file changed since.
fn install(folder: &Path) -> Outcome {
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
fn npm(folder: &Path) -> Outcome<Command> {
    let (npm, node) = (programs::find("npm")?, programs::find("node")?);
    let mut command = Command::new(npm);
    let own = node.parent().map(Path::to_path_buf);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?;
    command.current_dir(folder).env("PATH", path).env("WRANGLER_SEND_METRICS", "false").env("CI", "1");
    Ok(command)
}
