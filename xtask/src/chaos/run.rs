//! One run: machines up, journeys and faults, everything mended and drained, ledger and books laid side by side.
//! The same without faults, on a bridge of its own, shows first that the oracle foretells what a bridge does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::books;
use super::cluster::Cluster;
use super::drain::{self, Counters};
use super::faults::{Faults, SharedLog};
use super::ledger::Ledger;
use super::phone::{Network, Phone};
use super::plan::Plan;
use super::proof::{self, Line, Seen};
use super::report::{self, Progress, Report};
use super::told;
use super::world::World;
use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// Journeys under way at the same time.
const PHONES: usize = 96;
/// How long phones may take to finish once everything is mended.
const FINISH_WITHIN: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);
const LOOK_SOON: Duration = Duration::from_millis(10);

/// Runs it, and leaves what is needed to understand a failure.
pub(crate) async fn run(plan: &Plan<'_>, progress: &Progress) -> Outcome<Report> {
    progress.say("starting");
    let (kind, binary) = (plan.kind, plan.binary.to_owned());
    let cluster = Arc::new(tokio::task::spawn_blocking(move || Cluster::start(kind, &binary)).await??);
    let network = Arc::new(Network {
        bridges: cluster.addresses(),
        ledger: Ledger::default(),
        closed: AtomicBool::new(false),
        roaming: plan.roaming,
    });
    let log = SharedLog::default();
    let played = play(plan, &cluster, &network, &log, progress).await;
    let report = match played {
        Ok(report) if report.lines.iter().all(|line| line.against.is_empty()) => Ok(report),
        failed => {
            report::leave(plan, &cluster, &network.ledger, &log, failed.as_ref().ok())?;
            failed
        }
    };
    tokio::task::spawn_blocking(move || drop(cluster)).await?;
    report
}

async fn play(
    plan: &Plan<'_>,
    cluster: &Arc<Cluster>,
    network: &Arc<Network>,
    log: &SharedLog,
    progress: &Progress,
) -> Outcome<Report> {
    cluster.configure().await?;
    let mut counters = Counters::watch(cluster);
    let mut faults = Faults::begin(cluster, plan.schedule, plan.folder, log);
    let phones = load(plan, network, log, progress).await;
    progress.say("mending");
    tokio::task::spawn_blocking(move || faults.end()).await?;
    finish(phones, network, progress).await?;
    let left = drain::wait(cluster, progress).await;
    progress.say("proving");
    let seen = Seen { left, ..counters.end() };
    let books = books::read(cluster)?;
    let entries = network.ledger.entries();
    let mut lines: Vec<Line> = proof::prove(&entries, &books, &seen);
    lines.extend(told::prove(&cluster.app.book(), &books));
    Ok(Report::new(plan, lines, &entries, &log.lock()))
}

/// Begins journeys, evenly over the time; answers those that still go on.
async fn load(plan: &Plan<'_>, network: &Arc<Network>, log: &SharedLog, progress: &Progress) -> JoinSet<()> {
    let (world, watch) = (World::new(plan.seed), Stopwatch::start());
    let at_once = Arc::new(Semaphore::new(PHONES));
    let mut phones = JoinSet::new();
    for index in 0..plan.journeys {
        let begins = plan.length.mul_f64(f64::from(index) / f64::from(plan.journeys));
        let place = loop {
            show(progress, watch.elapsed(), log, network);
            if watch.elapsed() > plan.length {
                return phones;
            }
            let left = begins.saturating_sub(watch.elapsed());
            if left.is_zero()
                && let Ok(place) = at_once.clone().try_acquire_owned()
            {
                break place;
            }
            tokio::time::sleep(left.clamp(LOOK_SOON, LOOK)).await;
        };
        while phones.try_join_next().is_some() {}
        let phone = Phone::new(network.clone(), world.journey(index));
        phones.spawn(async move {
            phone.play().await;
            drop(place);
        });
    }
    while watch.elapsed() < plan.length && !plan.schedule.is_empty() {
        show(progress, watch.elapsed(), log, network);
        tokio::time::sleep(LOOK).await;
    }
    phones
}

fn show(progress: &Progress, elapsed: Duration, log: &SharedLog, network: &Network) {
    progress.at(elapsed);
    let now = log.lock().now.values().cloned().collect::<Vec<_>>().join(", ");
    let (journeys, sms) = {
        let entries = network.ledger.entries();
        (entries.journeys, entries.sms.len())
    };
    progress.say(format!("{journeys} journeys, {sms} SMS  {now}"));
}

/// Everything is mended: what was begun comes to its end, or is given up.
async fn finish(mut phones: JoinSet<()>, network: &Network, progress: &Progress) -> Outcome {
    let watch = Stopwatch::start();
    loop {
        match tokio::time::timeout(LOOK, phones.join_next()).await {
            Ok(None) => return Ok(()),
            Ok(Some(ended)) => ended?,
            Err(_) => progress.say(format!("{} phones still wait", phones.len())),
        }
        if watch.elapsed() > FINISH_WITHIN {
            network.closed.store(true, Ordering::Relaxed);
        }
    }
}
