//! `cargo xtask release-check`: what takes too long for every change. What is tested with every change is `test`.

mod booted;
mod documented;
mod gateway;
mod package;

use crate::{Outcome, dist, monitoring, workspace};

/// Which of them.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this step; may be given several times
    #[arg(long, value_name = "STEP", value_parser = clap::builder::PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    only: Vec<String>,
    /// Build the package quickly and large
    #[arg(long)]
    quick: bool,
}

struct Step {
    name: &'static str,
    title: &'static str,
    run: fn(&Args) -> Outcome,
}

/// To add a step, add a line.
const STEPS: &[Step] = &[
    Step {
        name: "dist",
        title: "everything that is published is the same, built twice",
        run: |_| same_twice(),
    },
    Step {
        name: "properties",
        title: "the properties with inputs that no run has tried",
        run: |_| properties(),
    },
    Step {
        name: "webhooks",
        title: "ten thousand events through kills of the bridge and of the endpoint",
        run: |_| webhooks(),
    },
    Step { name: "package", title: "the package in a booted Debian", run: |args| package::run(args.quick) },
    Step {
        name: "ansible",
        title: "the playbook in a booted Debian 12",
        run: |args| gateway::run("bookworm", args.quick),
    },
    Step {
        name: "ansible-next",
        title: "the playbook in a booted Debian 13",
        run: |args| gateway::run("trixie", args.quick),
    },
    Step {
        name: "alerts",
        title: "each alert against a bridge that is broken",
        run: |_| monitoring::every_alert(),
    },
];

/// Runs the steps until one fails.
pub(crate) fn run(args: &Args) -> Outcome {
    for step in
        STEPS.iter().filter(|step| args.only.is_empty() || args.only.iter().any(|name| name == step.name))
    {
        println!("==> {}: {}", step.name, step.title);
        (step.run)(args)?;
    }
    Ok(())
}

/// Ten thousand inputs of each property, from a seed that is told: with it as `PROPTEST_RNG_SEED` the same are tried again.
fn properties() -> Outcome {
    let seed = jiff::Timestamp::now().as_second().to_string();
    println!("PROPTEST_RNG_SEED={seed}");
    let mut cargo = std::process::Command::new("cargo");
    cargo.args(["test", "--release", "--all-features", "-p", "bridge-core", "-p", "bridge-formats"]);
    workspace::run(cargo.env("PROPTEST_RNG_SEED", seed).env("PROPTEST_CASES", "10000"))
}

/// The test of every change, with so many events that the time to the first try counts.
fn webhooks() -> Outcome {
    let mut cargo = std::process::Command::new("cargo");
    cargo.args([
        "test",
        "--release",
        "-p",
        "bridge-server",
        "--test",
        "it",
        "webhooks::proof",
        "--",
        "--nocapture",
    ]);
    workspace::run(cargo.env("SMS_BRIDGE_WEBHOOK_EVENTS", "10000"))
}

/// Two builds in two folders.
fn same_twice() -> Outcome {
    let target = workspace::metadata()?.target_directory;
    let mut sums = Vec::new();
    for name in ["dist-once", "dist-twice"] {
        let (build, out) = (target.join(name), target.join(format!("{name}-files")));
        if build.exists() {
            std::fs::remove_dir_all(&build)?;
        }
        dist::make(&build, &out, false)?;
        sums.push(std::fs::read_to_string(out.join("SHA256SUMS"))?);
    }
    let [once, twice] = sums.as_slice() else { return Err("two builds were made".into()) };
    let differ: Vec<&str> = once.lines().zip(twice.lines()).filter(|(a, b)| a != b).map(|(a, _)| a).collect();
    if differ.is_empty() {
        println!("{once}");
        return Ok(());
    }
    Err(format!("built twice, these differ:\n{}", differ.join("\n")).into())
}
