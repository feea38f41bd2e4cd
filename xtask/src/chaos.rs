//! `cargo xtask chaos`: thousands of SMS of known outcome through two bridges, while a seeded schedule kills, stops,
//! cuts, flushes and sets back everything they stand on, and spoils the app that they tell; then the proof that nothing
//! acknowledged was lost, doubled, judged otherwise or left untold. Not a benchmark: how fast it is does not matter here.

mod app;
mod books;
mod cluster;
mod drain;
mod faults;
mod hot;
mod ledger;
mod oracle;
mod phone;
mod plan;
mod proof;
mod report;
mod run;
mod schedule;
mod told;
mod world;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use self::cluster::Kind;
use self::plan::Plan;
use self::report::{Progress, Report};
use self::schedule::{Deed, Event, Target};
use crate::{Outcome, workspace};

#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// The world and the faults come from this; a new one each time if not given
    #[arg(long)]
    seed: Option<u64>,
    /// How long journeys begin and faults come; mending, draining and proving follow
    #[arg(long, default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
    /// So many seeds, one after the other, from the first on
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    seeds: u32,
    /// What the bridges keep their data in; drawn from the seed if not given
    #[arg(long, value_enum)]
    stores: Option<Kind>,
    /// Journeys that begin, each with one or two mobile numbers [default: 900 a minute]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    mobiles: Option<u32>,
    /// Only these faults, at the moments they have anyway; a name or the beginning of one, comma-separated; or none
    #[arg(long, value_delimiter = ',', value_name = "NAMES", value_parser = fault)]
    faults: Vec<String>,
    /// Phones go to the other bridge even while one keeps an SMS of theirs for later: then a number's SMS may be
    /// judged in another order (docs/decisions/0011), and the proof says so
    #[arg(long)]
    roaming: bool,
    /// Print the schedule and run nothing
    #[arg(long)]
    list: bool,
    /// Keep the data of a failed run, too; its logs are always kept
    #[arg(long)]
    keep: bool,
    /// The fixed seeds of CI, together within three minutes
    #[arg(long, conflicts_with_all = ["seed", "seeds", "minutes", "mobiles", "stores"])]
    ci: bool,
    /// Run this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

const JOURNEYS_PER_MINUTE: f64 = 900.0;
/// Without faults, before: enough for every kind of journey.
const UNDISTURBED: u32 = 60;
const UNDISTURBED_FOR: Duration = Duration::from_secs(3);
/// Seeds, stores and seconds of `--ci`: between them every store dies, Redis comes back empty and old, both bridges
/// are killed, every way is cut, and the app fails, hangs, lies or is away.
const CI: &[(u64, Kind, u64)] = &[(40, Kind::Real, 22), (347, Kind::Supabase, 22)];

fn minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|_| "give a number of minutes, like 1 or 0.5".to_owned())?;
    if (0.05..=1440.0).contains(&minutes) { Ok(minutes) } else { Err("give 0.05 to 1440 minutes".to_owned()) }
}

/// Asks for no fault at all.
const NONE: &str = "none";

fn fault(text: &str) -> Result<String, String> {
    let names = schedule::names();
    if text == NONE || names.iter().any(|name| name.contains(text)) {
        return Ok(text.to_owned());
    }
    Err(format!("there is no such fault; there are {}", names.join(", ")))
}

/// One run that is asked for.
struct Run {
    seed: u64,
    kind: Kind,
    length: Duration,
    journeys: u32,
}

/// What `--ci` is run with beside other steps.
pub(crate) fn ci_command() -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["chaos", "--ci"]).current_dir(workspace::root());
    Ok(command)
}

/// As `--ci`: the last step of `cargo xtask test`.
pub(crate) fn ci() -> Outcome {
    run(&Args { ci: true, ..Args::default() })
}

pub(crate) fn run(args: &Args) -> Outcome {
    let runs = runs(args);
    if args.list {
        for run in &runs {
            println!("seed {} on {:?}", run.seed, run.kind);
            for event in schedule_of(args, run) {
                println!("{event}");
            }
        }
        return Ok(());
    }
    let target = workspace::metadata()?.target_directory;
    let binary = match &args.binary {
        Some(binary) => std::path::absolute(binary)?,
        // A build of its own would take as long as the run.
        None if args.ci => workspace::built_by_tests()?,
        None => build(&target)?,
    };
    let folder = target.join("chaos");
    std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            outcome = every(args, &runs, &binary, &folder) => outcome,
            _ = tokio::signal::ctrl_c() => Err("interrupted; every server that was started is ended".into()),
        }
    })
}

fn runs(args: &Args) -> Vec<Run> {
    let run = |seed, kind, length: Duration| {
        let journeys = (length.as_secs_f64() / 60.0 * JOURNEYS_PER_MINUTE).clamp(1.0, f64::from(u32::MAX));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped just before")]
        Run { seed, kind, length, journeys: args.mobiles.unwrap_or(journeys as u32) }
    };
    if args.ci {
        return CI
            .iter()
            .map(|&(seed, kind, seconds)| run(seed, kind, Duration::from_secs(seconds)))
            .collect();
    }
    // Short enough to be typed again.
    let first = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let length = Duration::from_secs_f64(args.minutes * 60.0);
    let of_seed = |seed: u64| match seed % 3 {
        0 => Kind::Valkey,
        1 => Kind::Real,
        _ => Kind::Supabase,
    };
    let seeds = (0..u64::from(args.seeds)).map(|n| first.wrapping_add(n));
    seeds.map(|seed| run(seed, args.stores.unwrap_or_else(|| of_seed(seed)), length)).collect()
}

fn build(target: &Path) -> Outcome<PathBuf> {
    workspace::run(workspace::cargo().args(["build", "--package", "bridge-server"]))?;
    Ok(target.join("debug/sms-bridge"))
}

/// What can be hit with these stores, and is asked for.
fn schedule_of(args: &Args, run: &Run) -> Vec<Event> {
    let asked = |target, deed| {
        let name = schedule::name(target, deed);
        args.faults.is_empty() || args.faults.iter().any(|wanted| name.contains(wanted.as_str()))
    };
    let there = |target| match target {
        Target::Bridge(0) | Target::App => true,
        Target::Sentinels => run.kind == Kind::Sentinel,
        _ => run.kind != Kind::Embedded,
    };
    // What is restored must have been kept.
    let wanted = |target, deed| asked(target, deed) || (deed == Deed::Keep && asked(target, Deed::Restore));
    schedule::draw(run.seed, run.length, there, wanted)
}

async fn every(args: &Args, runs: &[Run], binary: &Path, folder: &Path) -> Outcome {
    if let Some(first) = runs.first() {
        undisturbed(args, first.seed, binary, folder).await?;
    }
    let mut summary = Vec::new();
    for run in runs {
        let (again, schedule) = (again(args, run), schedule_of(args, run));
        eprintln!("{again}\n  {} faults are scheduled", schedule.len());
        let report = one(args, run, &schedule, binary, folder).await?;
        report.print();
        let red: Vec<_> =
            report.lines.iter().filter(|line| !line.against.is_empty()).map(|line| line.title).collect();
        if !red.is_empty() {
            println!("again: {again}");
        }
        summary.push((run.seed, format!("{:?}", run.kind).to_lowercase(), report.faults(), red));
    }
    if summary.len() > 1 {
        println!("{}", report::summary(&summary));
    }
    let failed = summary.iter().filter(|(_, _, _, red)| !red.is_empty()).count();
    if failed == 0 {
        Ok(())
    } else {
        Err(format!("{failed} of {} runs broke a promise", summary.len()).into())
    }
}

/// The oracle foretells what a bridge does that nothing disturbs: otherwise it proves nothing.
async fn undisturbed(args: &Args, seed: u64, binary: &Path, folder: &Path) -> Outcome {
    let calm = Run { seed, kind: Kind::Embedded, length: UNDISTURBED_FOR, journeys: UNDISTURBED };
    let report = one(args, &calm, &[], binary, folder).await?;
    if report.is_green() {
        eprintln!("undisturbed: {UNDISTURBED} journeys as foretold");
        return Ok(());
    }
    report.print();
    Err("already an undisturbed run is not as foretold".into())
}

async fn one(args: &Args, run: &Run, schedule: &[Event], binary: &Path, folder: &Path) -> Outcome<Report> {
    let plan = Plan {
        seed: run.seed,
        kind: run.kind,
        length: run.length,
        journeys: run.journeys,
        schedule,
        binary,
        folder,
        roaming: args.roaming,
        keep: args.keep,
    };
    let progress = Progress::new(run.length.as_secs());
    let report = run::run(&plan, &progress).await;
    progress.finish();
    match &report {
        Ok(report) if report.is_green() => {}
        _ => eprintln!("  logs and ledger: {}", report::folder(&plan).display()),
    }
    report
}

/// The command that runs the same again.
fn again(args: &Args, run: &Run) -> String {
    let kind = format!("{:?}", run.kind).to_lowercase();
    let mut text = format!(
        "cargo xtask chaos --seed {} --minutes {:.4} --mobiles {} --stores {kind}",
        run.seed,
        run.length.as_secs_f64() / 60.0,
        run.journeys
    );
    if args.roaming {
        text += " --roaming";
    }
    if !args.faults.is_empty() {
        text += &format!(" --faults {}", args.faults.join(","));
    }
    text
}
