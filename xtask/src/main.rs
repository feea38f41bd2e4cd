//! `cargo xtask`: the one entry point for everything a developer or CI does with this repository.
//! One file per command. Nothing of the product is here.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal prints")]

mod api;
mod bench;
mod chaos;
mod client;
mod crates;
mod deny;
mod desk;
mod dist;
mod edge;
mod imports;
mod monitoring;
mod npm;
mod pass_through;
mod plan;
#[cfg(test)]
mod promise;
mod release_check;
mod remote;
mod sdk;
mod siege;
mod source;
mod stopwatch;
mod tally;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What can go wrong in a tool: a message for the person in front of it.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Tests, lints and measures SMS Bridge")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that must pass before a change goes in; the same here and in CI
    Test(test::Args),
    /// The house rules that no compiler checks: headers, lengths, names, edges and circles, banned words
    Tidy,
    /// The crates in figures: lines, edges, circles, and how much an edit recompiles
    Crates(crates::Args),
    /// Throughput, latency, CPU and memory of the real binary, beside the floors of this machine
    Bench(bench::Args),
    /// Which set-up so many SMS a day need: machines, memory, disk
    Plan(plan::Args),
    /// Two bridges under a seeded schedule of kills, cuts and outages: the proof that nothing is lost
    Chaos(chaos::Args),
    /// The real binary under floods of hostile clients, and honest ones beside them who must be served
    Siege(siege::Args),
    /// The desk in a real browser: journeys, accessibility, pictures of every page
    Desk(desk::Args),
    /// Everything that is published: Debian package, tar.gz, parts list, licences, sums
    Dist(dist::Args),
    /// What takes too long for every change and must pass before a release
    ReleaseCheck(release_check::Args),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test(args) => return test::run(&args),
        Command::Tidy => tidy::run(),
        Command::Crates(args) => crates::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Chaos(args) => chaos::run(&args),
        Command::Siege(args) => siege::run(&args),
        Command::Desk(args) => desk::run(&args),
        Command::Dist(args) => dist::run(&args),
        Command::ReleaseCheck(args) => release_check::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}
