//! `cargo xtask desk`: the operator's desk in a real Chromium, driven by `xtask/desk`. Starts node there and counts what
//! it says. Not the journeys: those are written in JavaScript, beside the library that drives the browser.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use test_servers::{legs, programs};

use crate::pass_through::pass_through;
use crate::tally::Tally;
use crate::{Outcome, sdk, tools, workspace};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Only the tests whose name contains this; may be given several times
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Run this program instead of the one that the tests build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Style sheet and scripts from this folder instead of those in the program, to style without building
    #[arg(long, value_name = "FOLDER")]
    assets: Option<PathBuf>,
    /// Take the picture of the README anew, after ten minutes of traffic, and run no test
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

/// No test of the desk says nothing for so long unless it hangs.
const SILENCE: Duration = Duration::from_mins(3);

/// A step of `cargo xtask test`.
pub(crate) fn step(tally: &mut Tally) -> Outcome {
    drive(&Args::default(), tally)
}

pub(crate) fn run(args: &Args) -> Outcome {
    drive(args, &mut Tally::default())
}

fn drive(args: &Args, tally: &mut Tally) -> Outcome {
    let mut node = match node() {
        Ok(node) => node,
        Err(why) if legs::every_leg_must_run() => {
            return Err(format!("the desk must be opened where CI is set: {why}").into());
        }
        Err(why) => {
            println!("SKIPPED desk: {why}");
            return Ok(());
        }
    };
    let target = workspace::metadata()?.target_directory;
    let binary = match &args.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => workspace::built_by_tests()?,
    };
    node.arg("--binary").arg(binary).arg("--shots").arg(target.join("desk-shots"));
    for name in &args.only {
        node.arg("--only").arg(name);
    }
    if let Some(folder) = &args.assets {
        node.arg("--assets").arg(std::path::absolute(folder)?);
    }
    if let Some(file) = &args.picture {
        node.arg("--picture").arg(std::path::absolute(file)?);
    }
    pass_through(&mut node, &mut std::io::stdout(), tally, SILENCE)
}

/// Node on the tests, with the browser and the modules that drive it.
fn node() -> Outcome<Command> {
    let mut node = Command::new(programs::find("node")?);
    let modules = programs::tools_folder().map(|folder| folder.join(tools::BROWSER_MODULES));
    let modules = modules.filter(|folder| folder.is_dir());
    let modules =
        modules.ok_or("playwright-core is not here; `cargo xtask test --only tools` provides it")?;
    node.arg(workspace::root().join("xtask/desk/main.mjs"));
    let packages = programs::tools_folder().map(|folder| folder.join(tools::WEBHOOK_MODULES));
    let packages = packages.filter(|folder| folder.is_dir()).ok_or("standardwebhooks is not here")?;
    node.arg("--packages").arg(packages);
    // What the example app imports.
    sdk::build()?;
    node.arg("--chromium").arg(programs::find("chromium")?).arg("--modules").arg(modules);
    Ok(node)
}
