//! `cargo xtask test`: the steps, in the order in which they fail fastest. Not the tests: those live in
//! the crates, and cargo runs them.

mod ahead;
mod needs;

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use self::ahead::Ahead;
use crate::pass_through::pass_through;
use crate::stopwatch::Stopwatch;
use crate::tally::Tally;
use crate::{Outcome, api, chaos, deny, desk, edge, monitoring, sdk, siege, tidy, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only this step; may be given several times
    #[arg(long, value_name = "STEP", value_parser = clap::builder::PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    only: Vec<String>,
    /// Name the steps and run none
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    title: &'static str,
    run: fn(&mut Tally) -> Outcome,
}

/// To add a step, add a line.
const STEPS: &[Step] = &[
    Step { name: "tools", title: "the programs that the tests need", run: |_| needs::provide() },
    Step { name: "fmt", title: "formatting", run: |_| formatting() },
    Step { name: "tidy", title: "house rules", run: |_| tidy::run() },
    Step { name: "deny", title: "what comes with the bridge", run: |_| deny::step() },
    // Before the crates: a test of theirs starts the edge with what is installed here.
    Step { name: "edge", title: "the edge in real workerd", run: edge::step },
    Step { name: LINTS, title: "lints", run: |_| workspace::run(&mut lints()) },
    Step { name: "cargo-test", title: "tests of every crate", run: cargo_test },
    Step { name: "api", title: "the description, read by others", run: apps },
    Step { name: "monitoring", title: "rules, alerts and dashboards", run: |_| monitoring::in_a_test() },
    Step { name: "schemathesis", title: "requests made of the description", run: |_| api::schemathesis() },
    Step { name: CHAOS, title: "two bridges, faults all around", run: |_| chaos::ci() },
    // Alone: it measures.
    Step { name: "siege", title: "floods, and honest ones among them", run: |_| siege::step() },
    Step { name: "desk", title: "the desk in a real browser", run: desk::step },
];

/// The edition of the workspace: rustfmt reads no `Cargo.toml`.
const EDITION: &str = "2024";
const LINTS: &str = "clippy";
const CHAOS: &str = "chaos";
/// Steps that are commands of their own and begin with an earlier one, which leaves the processor to them: fetching tools waits for
/// the network, and requests are made of the description for a fixed time.
const AHEAD: &[BegunWith] = &[
    BegunWith { step: LINTS, with: "tools", command: || Ok(lints()) },
    BegunWith { step: CHAOS, with: "schemathesis", command: chaos::ci_command },
];

struct BegunWith {
    step: &'static str,
    with: &'static str,
    command: fn() -> Outcome<Command>,
}

const CLIPPY: &[&str] = &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
/// `--no-fail-fast`, so that one run tells every failing test.
const TEST: &[&str] = &["test", "--workspace", "--all-features", "--no-fail-fast"];

const TESTS_PER_CORE: usize = 2;

/// No test says nothing for so long unless it hangs; the run has 90 minutes.
const SILENCE: Duration = Duration::from_mins(15);

enum End {
    Ok(Duration),
    Failed(Duration),
    NotRun,
}

/// Runs the steps until one fails. The last line is the closing line, alone: `N passed, N failed`.
pub(crate) fn run(args: &Args) -> ExitCode {
    let is_chosen = |step: &&Step| args.only.is_empty() || args.only.iter().any(|o| o == step.name);
    let chosen: Vec<&Step> = STEPS.iter().filter(is_chosen).collect();
    if args.list {
        for step in chosen {
            println!("{:<12}{}", step.name, step.title);
        }
        return ExitCode::SUCCESS;
    }
    let mut tally = Tally::default();
    let mut ends = Vec::new();
    let mut failed = false;
    let mut ahead: Vec<(&str, Outcome<Ahead>)> = Vec::new();
    for step in &chosen {
        let is_next = |name: &str| chosen.iter().any(|other| other.name == name);
        let begun = AHEAD.iter().filter(|begun| !failed && begun.with == step.name && is_next(begun.step));
        ahead.extend(begun.map(|begun| (begun.step, (begun.command)().and_then(Ahead::begin))));
        let mine = ahead.iter().position(|(name, _)| *name == step.name).map(|at| ahead.remove(at).1);
        let end = match (failed, mine) {
            (true, mine) => {
                mine.into_iter().flatten().for_each(Ahead::give_up);
                End::NotRun
            }
            (false, Some(mine)) => run_step(step, |_| mine.and_then(Ahead::end), &mut tally),
            (false, None) => run_step(step, step.run, &mut tally),
        };
        failed |= matches!(end, End::Failed(_));
        ends.push((*step, end));
    }
    summary(&ends);
    println!("{}", tally.closing_line(failed));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run_step(step: &Step, run: impl FnOnce(&mut Tally) -> Outcome, tally: &mut Tally) -> End {
    let bold = Style::new().bold();
    anstream::println!("{bold}==> {}: {}{bold:#}", step.name, step.title);
    let watch = Stopwatch::start();
    let outcome = run(tally);
    let took = watch.elapsed();
    let end = if outcome.is_ok() { End::Ok(took) } else { End::Failed(took) };
    if let Err(problem) = outcome {
        anstream::println!("{problem}");
    }
    anstream::println!("    {}\n", word(&end));
    end
}

fn summary(ends: &[(&Step, End)]) {
    for (step, end) in ends {
        anstream::println!("{:<12}{:<36}{}", step.name, step.title, word(end));
    }
}

fn word(end: &End) -> String {
    let (colour, text) = match end {
        End::Ok(took) => (AnsiColor::Green, format!("ok {:.1} s", took.as_secs_f64())),
        End::Failed(took) => (AnsiColor::Red, format!("FAILED {:.1} s", took.as_secs_f64())),
        End::NotRun => (AnsiColor::Yellow, "not run".to_owned()),
    };
    let style = colour.on_default();
    format!("{style}{text}{style:#}")
}

fn lints() -> Command {
    let mut command = workspace::cargo();
    command.args(CLIPPY);
    command
}

/// Every file by its own name: rustfmt does not find the modules that a macro declares, and so `cargo fmt` does not.
fn formatting() -> Outcome {
    let root = workspace::root();
    let rust = tidy::listed(root)?.into_iter().filter(|path| path.ends_with(".rs"));
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.current_dir(root).args(["--check", "--edition", EDITION]).args(rust);
    let status = rustfmt.status().map_err(|why| format!("rustfmt did not start: {why}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("run `rustfmt --edition {EDITION}` on the files above").into())
    }
}

/// What those read and run who build an app.
fn apps(tally: &mut Tally) -> Outcome {
    api::readers()?;
    sdk::step(tally)
}

fn cargo_test(tally: &mut Tally) -> Outcome {
    let mut command = workspace::cargo();
    command.args(TEST);
    // Most of a test is waiting: for a server, for a disk, for a time-out.
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    command.env("RUST_TEST_THREADS", (TESTS_PER_CORE * cores).to_string());
    if std::io::stdout().is_terminal() {
        // Cargo sees our pipe, not the terminal behind it.
        command.env("CARGO_TERM_COLOR", "always");
    }
    pass_through(&mut command, &mut std::io::stdout(), tally, SILENCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn step_names_are_distinct() {
        let mut names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
    }
}
