//! `cargo xtask siege`: the real binary under floods of clients that mean no good, and beside each flood a few honest ones:
//! an app, a phone, a user and an operator, who must be served as if nobody else was there. Not a benchmark: of hostile
//! clients nothing is measured but how many were turned away.

mod floods;
mod honest;
mod hostile;
mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::floods::{FLOODS, Flood, Ground};
use self::honest::Served;
use self::report::{Bounds, Row};
use crate::bench::{process, server::Server};
use crate::{Outcome, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each flood lasts
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// How long the bridge has after a flood to give memory back
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=3600))]
    settle: u32,
    /// File descriptors that the bridge may have, comma-separated; each flood is run with each
    #[arg(long, value_delimiter = ',', default_values_t = [1_024, 65_536], value_name = "NUMBERS")]
    descriptors: Vec<u64>,
    /// Only these floods, comma-separated; a name or the beginning of one
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    floods: Vec<String>,
    /// Besiege this program instead of building one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

impl Args {
    fn wants(&self, flood: &Flood) -> bool {
        self.floods.is_empty() || self.floods.iter().any(|wanted| flood.name.starts_with(wanted.as_str()))
    }
}

/// The program as released, on a machine that does nothing else.
const BOUNDS: Bounds = Bounds {
    p99: Duration::from_millis(100),
    p99_times: None,
    most_mib: 150.0,
    settled_mib: Some(60.0),
    breaks_twice: false,
};
/// The program as tests build it, on a machine that does other things besides: what breaks these is no noise.
const IN_A_TEST: Bounds = Bounds {
    p99: Duration::from_millis(500),
    p99_times: Some(10.0),
    most_mib: 250.0,
    settled_mib: None,
    breaks_twice: true,
};
/// Of each flood, in a test.
const SECONDS_IN_A_TEST: u32 = 3;
/// As many as shells give: there are more clients in each flood than places.
const DESCRIPTORS_IN_A_TEST: u64 = 1_024;
/// Less time to give memory back says nothing.
const SETTLES_WITHIN_SECONDS: u32 = 60;

pub(crate) fn run(args: &Args) -> Outcome {
    let settled_mib = BOUNDS.settled_mib.filter(|_| args.settle >= SETTLES_WITHIN_SECONDS);
    besiege(args, &Bounds { settled_mib, ..BOUNDS })
}

/// A step of `cargo xtask test`: a few seconds of each flood.
pub(crate) fn step() -> Outcome {
    let args = Args {
        seconds: SECONDS_IN_A_TEST,
        settle: 0,
        descriptors: vec![DESCRIPTORS_IN_A_TEST],
        floods: Vec::new(),
        binary: Some(workspace::built_by_tests()?),
    };
    besiege(&args, &IN_A_TEST)
}

fn besiege(args: &Args, bounds: &Bounds) -> Outcome {
    let target = workspace::metadata()?.target_directory;
    let binary = match &args.binary {
        Some(binary) => std::path::absolute(binary)?,
        None => build(&target)?,
    };
    let folder = target.join("siege");
    std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    let possible = raise();
    let mut rows = Vec::new();
    for wanted in &args.descriptors {
        // No more than the system gives to anybody here; the table says how many they were.
        let descriptors = (*wanted).min(possible);
        for flood in FLOODS.iter().filter(|flood| args.wants(flood)) {
            eprintln!("{} at {descriptors} descriptors", flood.name);
            let besieged = || {
                let data = tempfile::tempdir_in(&folder)?;
                one(args, flood, descriptors, &binary, &data.path().join("data"))
            };
            let mut row = besieged()?;
            let broken = row.broken(bounds, alone(&rows, &row));
            if bounds.breaks_twice && !broken.is_empty() {
                eprintln!("once more: {}", broken.join("; "));
                row = besieged()?;
            }
            rows.push(row);
        }
    }
    if rows.is_empty() {
        let names: Vec<&str> = FLOODS.iter().map(|flood| flood.name).collect();
        return Err(format!("no such flood: there are {}", names.join(", ")).into());
    }
    println!("{}", report::table(&rows));
    let broken: Vec<String> = rows.iter().flat_map(|row| row.broken(bounds, alone(&rows, row))).collect();
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n").into()) }
}

/// The same without a flood.
fn alone<'a>(rows: &'a [Row], row: &Row) -> Option<&'a Row> {
    rows.iter().find(|other| other.flood == floods::NOBODY && other.descriptors == row.descriptors)
}

/// Descriptors for both sides of every connection. Answers how many a process can have here.
fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn build(target: &Path) -> Outcome<PathBuf> {
    workspace::run(workspace::cargo().args(["build", "--release", "--package", "bridge-server"]))?;
    Ok(target.join("release/sms-bridge"))
}

/// One flood against a bridge of its own, with the honest ones beside it on a thread of their own.
fn one(args: &Args, flood: &Flood, descriptors: u64, binary: &Path, data: &Path) -> Outcome<Row> {
    let mut server = Server::start_within(descriptors, binary, data)?;
    let (addr, pid) = (server.addr(), server.pid());
    let lasts = Duration::from_secs(args.seconds.into());
    let ground = own_runtime()?.block_on(Ground::prepare(addr)).map_err(|why| server.failed(&why))?;
    let (served, turned_away) = std::thread::scope(|threads| -> Outcome<(Served, u64)> {
        let honest = threads.spawn(|| {
            own_runtime()
                .and_then(|own| own.block_on(honest::serve(&ground, lasts)))
                .map_err(|why| why.to_string())
        });
        let turned_away = own_runtime()?.block_on(hostile::flood(flood, &ground, descriptors, lasts))?;
        let served = honest.join().map_err(|_| "the honest clients panicked")??;
        Ok((served, turned_away))
    })
    .map_err(|why| server.failed(&why))?;
    let most = process::peak_rss(pid).map_err(|why| server.failed(&why))?;
    std::thread::sleep(Duration::from_secs(args.settle.into()));
    let settled = process::rss(pid).map_err(|why| server.failed(&why))?;
    server.stop()?;
    Ok(Row { flood: flood.name, descriptors, served, turned_away, most, settled })
}

fn own_runtime() -> Outcome<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
