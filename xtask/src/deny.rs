//! What comes with the bridge, looked at by cargo-deny: licences, sources, what is banned, and known holes. What is
//! allowed is in `deny.toml`. Known holes are in a list on the network: where that cannot be had, it is said aloud and the
//! rest is checked all the same.

use std::path::Path;
use std::process::{Command, Stdio};

use test_servers::{legs, programs};

use crate::{Outcome, workspace};

/// What needs nothing but the lock file.
const ALWAYS: [&str; 3] = ["bans", "licenses", "sources"];

/// Looks at everything that can be looked at here.
pub(crate) fn step() -> Outcome {
    let program = match programs::find("cargo-deny") {
        Ok(program) => program,
        Err(problem) if legs::every_leg_must_run() => return Err(problem.to_string().into()),
        Err(problem) => {
            println!("SKIPPED: NOTHING THAT COMES WITH THE BRIDGE WAS CHECKED: {problem}");
            return Ok(());
        }
    };
    workspace::run(deny(&program).arg("check").args(ALWAYS))?;
    let mut fetch = deny(&program);
    let fetched = fetch.args(["fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|status| status.success()) {
        return workspace::run(deny(&program).args(["check", "advisories"]));
    }
    println!("SKIPPED: the list of known holes cannot be fetched here, so ADVISORIES WERE NOT CHECKED.");
    println!("         `cargo xtask test --only deny` checks them where github.com can be reached.");
    Ok(())
}

fn deny(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).args(["--workspace", "--all-features"]);
    command
}
