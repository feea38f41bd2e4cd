//! The benchmark on real stores: for each durability so many runs, each with servers, a bridge and a data folder of
//! its own, and in each run the floors beside it.

pub(crate) mod dump;
mod journal;
mod journey;
mod report;
mod scripts;
pub(crate) mod stores;

use std::path::Path;

use test_servers::Server;
use test_servers::redis::Flavour;

pub(crate) use self::report::{Report, table};
use self::stores::Stores;
use super::Args;
use super::recorded::Recorded;
use crate::Outcome;

/// The setting `durability`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Durability {
    /// On disk before the answer.
    Strict,
    /// On disk within a second.
    Everysec,
    /// One after the other.
    Both,
}

impl Durability {
    /// Where only one is run.
    pub(crate) fn one(self) -> &'static str {
        if self == Durability::Strict { "strict" } else { "everysec" }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Durability::Strict => &["strict"],
            Durability::Everysec => &["everysec"],
            Durability::Both => &["strict", "everysec"],
        }
    }
}

/// One run and its floors.
pub(crate) struct Run {
    journey: journey::Journey,
    recorded: Recorded,
    scripts: scripts::Straight,
    journal: journal::Rates,
}

pub(crate) async fn measure(args: &Args, flavour: Flavour, binary: &Path, folder: &Path) -> Outcome<Report> {
    let (mut all, mut versions) = (Vec::new(), Vec::new());
    for durability in args.durability.words() {
        let mut runs = Vec::new();
        for run in 1..=args.runs {
            eprintln!("{durability}: run {run} of {}", args.runs);
            let data = tempfile::tempdir_in(folder)?;
            let stores = Stores::start(flavour)?;
            versions = stores.versions(flavour)?;
            let (journey, recorded) =
                journey::run(args, durability, binary, &stores, &data.path().join("data")).await?;
            drop(stores);
            // Alone on the machine, as the bridge was.
            let redis = stores::redis(flavour)?;
            let scripts = scripts::drive(&redis.url(), args.sms, args.phase_max()).await?;
            drop(redis);
            let journal = journal::measure(data.path()).await?;
            runs.push(Run { journey, recorded, scripts, journal });
        }
        all.push((*durability, runs));
    }
    Ok(report::summary(args.connections, versions, &all))
}
