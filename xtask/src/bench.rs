//! `cargo xtask bench`: what the real binary does on this machine, beside the floors that the machine
//! sets. Not a test: a slow result fails nothing, a lost or doubled SMS does.

mod desk;
pub(crate) mod figures;
mod floors;
mod journey;
mod load;
mod million;
pub(crate) mod process;
mod real;
mod recorded;
mod report;
pub(crate) mod requests;
pub(crate) mod server;
mod startup;
mod told;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use test_servers::redis::Flavour;

use self::report::Report;
pub(crate) use self::report::align_right;
use crate::{Outcome, workspace};

/// What the bridge keeps its data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stores {
    /// Its own files.
    Embedded,
    /// Redis, and PostgreSQL behind PgBouncer.
    Redis,
    /// Valkey, and PostgreSQL behind PgBouncer.
    Valkey,
}

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What the bridge keeps its data in; servers are the benchmark's own
    #[arg(long, value_enum, default_value = "embedded")]
    stores: Stores,
    /// The setting `durability`; the embedded stores know only one
    #[arg(long, value_enum, default_value = "both")]
    durability: real::Durability,
    /// Connections kept open, each with one request under way
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Numbers registered, and SMS sent, in each run
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    sms: u32,
    /// Runs, each with a new server and an empty data folder; the table shows medians
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// At most this long for each phase of a run
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Instead: how fast the desk finds things in so many rows of `input_sms`, in SQLite, or, with `--stores redis`, in
    /// PostgreSQL
    #[arg(long)]
    desk: bool,
    /// Rows of `input_sms` for `--desk`
    #[arg(long, requires = "desk", default_value_t = 5_000_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    rows: u32,
    /// Instead: so many million SMS as they come in life, on Redis or Valkey, with a remote; 0.2 is a quick one
    #[arg(long, conflicts_with = "desk", value_parser = millions)]
    million: Option<f64>,
    /// Beside it an app is told of every SMS and of every number that is validated; embedded stores only
    #[arg(long)]
    webhooks: bool,
    /// So many SMS a second, evenly, instead of as many as are answered; embedded stores only
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pace: Option<u32>,
    /// The result as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Measure this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Keep the data folders of the runs here, on the disk that is to be measured [default: the target folder]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

fn millions(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| "give a number of millions, like 10 or 0.2".to_owned())?;
    if (0.001..=100.0).contains(&number) { Ok(number) } else { Err("give 0.001 to 100 million".to_owned()) }
}

impl Args {
    fn phase_max(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

/// A client that was built without optimisation would measure itself.
const UNOPTIMISED: bool = cfg!(debug_assertions);

pub(crate) fn run(args: &Args) -> Outcome {
    let target = workspace::metadata()?.target_directory;
    if args.desk {
        // Optimised or not: what is waited for is the database.
        let folder = args.folder.clone().unwrap_or_else(|| target.join("bench"));
        std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(desk::run(args, &folder));
    }
    if UNOPTIMISED {
        return run_optimised(&target);
    }
    let binary = match &args.binary {
        Some(binary) => binary.clone(),
        None => build(&target)?,
    };
    let folder = args.folder.clone().unwrap_or_else(|| target.join("bench"));
    std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let flavour = match args.stores {
        Stores::Embedded => None,
        Stores::Redis => Some(Flavour::Redis),
        Stores::Valkey => Some(Flavour::Valkey),
    };
    if (flavour.is_some() || args.million.is_some()) && (args.webhooks || args.pace.is_some()) {
        return Err("--webhooks and --pace are for embedded stores alone".into());
    }
    if let Some(millions) = args.million {
        let flavour = flavour.unwrap_or(Flavour::Redis);
        let report = runtime.block_on(million::measure(args, millions, flavour, &binary, &folder))?;
        show(args, &report, million::table)?;
        return if report.against.is_empty() { Ok(()) } else { Err(report.against.join("; ").into()) };
    }
    let exactly_once = match flavour {
        None => {
            let report = runtime.block_on(measure(args, &binary, &folder))?;
            show(args, &report, report::table)?;
            report.recorded_exactly_once
        }
        Some(flavour) => {
            let report = runtime.block_on(real::measure(args, flavour, &binary, &folder))?;
            show(args, &report, real::table)?;
            report.recorded_exactly_once()
        }
    };
    if exactly_once { Ok(()) } else { Err("not every SMS was recorded exactly once".into()) }
}

fn show<R: serde::Serialize>(args: &Args, report: &R, table: fn(&R) -> String) -> Outcome {
    if args.json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        println!("{}", table(report));
    }
    Ok(())
}

/// Builds this tool in release mode and hands over to it, arguments and all.
fn run_optimised(target: &Path) -> Outcome {
    workspace::run(workspace::cargo().args(["build", "--release", "--package", "xtask"]))?;
    let status = Command::new(target.join("release/xtask")).args(std::env::args_os().skip(1)).status()?;
    // The other process has said why.
    std::process::exit(status.code().unwrap_or(1));
}

fn build(target: &Path) -> Outcome<PathBuf> {
    workspace::run(workspace::cargo().args(["build", "--release", "--package", "bridge-server"]))?;
    Ok(target.join("release/sms-bridge"))
}

async fn measure(args: &Args, binary: &Path, folder: &Path) -> Outcome<Report> {
    let mut runs = Vec::new();
    for run in 1..=args.runs {
        eprintln!("run {run} of {}", args.runs);
        let data = tempfile::tempdir_in(folder)?;
        let journey = journey::run(args, binary, &data.path().join("data")).await?;
        let sqlite = floors::sqlite(data.path())?;
        runs.push(report::Run { journey, sqlite });
    }
    eprintln!("start-up");
    let startup = startup::measure(binary, folder).await?;
    let binary_mib = figures::mib(binary.metadata()?.len());
    Ok(report::summary(args.connections.into(), &runs, &startup, binary_mib))
}
