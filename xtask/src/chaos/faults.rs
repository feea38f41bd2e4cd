//! Makes the faults of a schedule, each target on a thread of its own so that a slow restart of one delays no other;
//! and mends everything afterwards. Not the choice of faults: that is the schedule.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use test_servers::proxy::Mode;
use test_servers::{Proxy, Server};

use super::app::Manner;
use super::cluster::Cluster;
use super::schedule::{Deed, Event, Target, name};
use crate::Outcome;
use crate::stopwatch::Stopwatch;

const LOOK: Duration = Duration::from_millis(20);
/// Between two tries to start what does not start.
const START_AGAIN: Duration = Duration::from_millis(300);
const STARTED_WITHIN: Duration = Duration::from_secs(90);
/// A connection that is cut may carry this many more bytes, at most, and lives at most this long.
const CUT_BYTES_MAX: u64 = 2_000;
const CUT_WITHIN: Duration = Duration::from_millis(250);
/// Long enough for the Sentinels to promote the other one.
const SPLIT_MIN: Duration = Duration::from_secs(4);
/// What comes late comes this much later, at most.
const LATE_MS_MAX: u64 = 400;

/// What was done, and what is being done now.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) now: BTreeMap<Target, String>,
    pub(crate) done: BTreeMap<String, u32>,
    /// What did not go as it should: a server that did not start at once.
    pub(crate) troubles: Vec<String>,
    /// What began and ended when, to be laid beside the logs.
    pub(crate) timeline: Vec<String>,
}

/// A log that is written and read at the same time.
#[derive(Clone, Default)]
pub(crate) struct SharedLog(Arc<Mutex<Log>>);

impl SharedLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn begins(&mut self, target: Target, name: &str) {
        self.timeline.push(format!("{:.3} {name} begins", jiff::Timestamp::now()));
        self.now.insert(target, name.to_owned());
    }

    fn ends(&mut self, target: Target, name: &str) {
        self.timeline.push(format!("{:.3} {name} ends", jiff::Timestamp::now()));
        self.now.remove(&target);
    }
}

/// The faults of one run, under way.
pub(crate) struct Faults {
    stop: Arc<AtomicBool>,
    abandon: Arc<AtomicBool>,
    log: SharedLog,
    threads: Vec<JoinHandle<()>>,
}

struct Hand {
    cluster: Arc<Cluster>,
    /// No new fault, and those that go on end.
    stop: Arc<AtomicBool>,
    /// Nobody waits for what was mended: the machines end anyway.
    abandon: Arc<AtomicBool>,
    log: SharedLog,
    watch: Stopwatch,
    /// Where an old file of Redis is set aside.
    aside: PathBuf,
}

impl Faults {
    /// Begins. `folder` is for what is set aside.
    pub(crate) fn begin(
        cluster: &Arc<Cluster>,
        schedule: &[Event],
        folder: &Path,
        log: &SharedLog,
    ) -> Faults {
        let (stop, abandon) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut of_target: BTreeMap<Target, Vec<Event>> = BTreeMap::new();
        for event in schedule {
            of_target.entry(event.target).or_default().push(*event);
        }
        let watch = Stopwatch::start();
        let threads = of_target.into_values().map(|events| {
            let hand = Hand {
                cluster: cluster.clone(),
                stop: stop.clone(),
                abandon: abandon.clone(),
                log: log.clone(),
                watch,
                aside: folder.join("aside"),
            };
            std::thread::spawn(move || hand.play(&events))
        });
        Faults { threads: threads.collect(), stop, abandon, log: log.clone() }
    }

    /// Ends every fault that still goes on, and waits until its server is there again.
    pub(crate) fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.log.lock().troubles.push("a thread that made faults panicked".to_owned());
            }
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.abandon.store(true, Ordering::Relaxed);
        self.end();
    }
}

impl Hand {
    fn play(&self, events: &[Event]) {
        for event in events {
            if !self.wait_until(event.at) {
                return;
            }
            let name = name(event.target, event.deed);
            self.log.lock().begins(event.target, &name);
            let done = self.make(event);
            let mut log = self.log.lock();
            log.ends(event.target, &name);
            match done {
                Ok(()) => *log.done.entry(name).or_default() += 1,
                Err(why) => log.troubles.push(format!("{name}: {why}")),
            }
        }
    }

    fn make(&self, event: &Event) -> Outcome {
        if let Some(link) = self.cluster.link(event.target) {
            return self.disturb(link, event);
        }
        if event.target == Target::Sentinels {
            return self.disturb_sentinels(event);
        }
        if event.target == Target::App {
            let manner = match event.deed {
                Deed::Hang => Manner::Hangs,
                Deed::Lie => Manner::Lies,
                Deed::Refuse => Manner::Away,
                _ => Manner::Fails,
            };
            self.cluster.app.set(manner);
            self.last(event.length);
            self.cluster.app.set(Manner::Takes);
            return Ok(());
        }
        let Some(server) = self.cluster.server(event.target) else { return Ok(()) };
        match event.deed {
            Deed::Kill => {
                server.kill()?;
                self.last(event.length);
                self.start_again(server)
            }
            Deed::Stop => {
                // One that did not end in time was killed: it is started again all the same.
                let stopped = server.stop();
                self.last(event.length);
                self.start_again(server)?;
                Ok(stopped?)
            }
            Deed::Pause => {
                server.pause()?;
                self.last(event.length);
                Ok(server.resume()?)
            }
            Deed::Flush => self.flush(),
            Deed::Keep => {
                // Stopped, so that the files are of one moment.
                server.pause()?;
                let copied = copy(&server.data_dir(), &self.aside);
                server.resume()?;
                copied
            }
            Deed::Restore => {
                server.kill()?;
                let copied = if self.aside.exists() { copy(&self.aside, &server.data_dir()) } else { Ok(()) };
                self.last(event.length);
                self.start_again(server)?;
                copied
            }
            Deed::Cut
            | Deed::Hang
            | Deed::Slow
            | Deed::Refuse
            | Deed::Fail
            | Deed::Lie
            | Deed::Promote
            | Deed::Split => Ok(()),
        }
    }

    fn disturb_sentinels(&self, event: &Event) -> Outcome {
        let Some(stores) = &self.cluster.stores else { return Ok(()) };
        let sentinels = stores.hot.sentinels();
        let place = usize::try_from(event.at.as_millis())? % sentinels.len().max(1);
        match (event.deed, sentinels.get(place)) {
            (Deed::Promote, _) => stores.hot.promote(),
            (Deed::Split, _) => {
                if let Some(link) = stores.hot.split()? {
                    self.last(event.length.max(SPLIT_MIN));
                    link.set(Mode::Pass)?;
                }
            }
            (Deed::Pause, Some(sentinel)) => {
                sentinel.pause()?;
                self.last(event.length);
                sentinel.resume()?;
            }
            (Deed::Kill, Some(sentinel)) => {
                sentinel.kill()?;
                self.last(event.length);
                self.start_again(sentinel)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn disturb(&self, link: &Proxy, event: &Event) -> Outcome {
        match event.deed {
            Deed::Cut => {
                let bytes = u64::try_from(event.at.as_millis()).unwrap_or_default() % CUT_BYTES_MAX;
                link.set(Mode::CutAfter(bytes))?;
                self.last(CUT_WITHIN);
                link.cut();
            }
            Deed::Hang => {
                link.set(Mode::Hang)?;
                self.last(event.length);
            }
            Deed::Slow => {
                let late = u64::try_from(event.at.as_millis()).unwrap_or_default() % LATE_MS_MAX;
                link.set(Mode::Delay(Duration::from_millis(late)))?;
                self.last(event.length);
            }
            Deed::Refuse => {
                link.set(Mode::Refuse)?;
                link.cut();
                self.last(event.length);
            }
            _ => {}
        }
        Ok(link.set(Mode::Pass)?)
    }

    fn flush(&self) -> Outcome {
        let Some(stores) = &self.cluster.stores else { return Ok(()) };
        let mut connection = ::redis::Client::open(stores.hot.primary().url())?.get_connection()?;
        Ok(::redis::cmd("FLUSHALL").query(&mut connection)?)
    }

    /// A bridge may refuse to start while what it needs is away: it is started again, as a service manager would.
    fn start_again(&self, server: &dyn Server) -> Outcome {
        let watch = Stopwatch::start();
        let mut first_problem = None;
        loop {
            match (server.restart(), &first_problem) {
                (Ok(()), None) => return Ok(()),
                (Ok(()), Some(why)) => {
                    let took = watch.elapsed().as_secs_f64();
                    self.log.lock().troubles.push(format!("it started only after {took:.1} s: {why}"));
                    return Ok(());
                }
                (Err(why), _) if self.is_abandoned() || watch.elapsed() > STARTED_WITHIN => {
                    return Err(why.into());
                }
                (Err(why), _) => first_problem = first_problem.or_else(|| Some(why.to_string())),
            }
            std::thread::sleep(START_AGAIN);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.abandon.load(Ordering::Relaxed)
    }

    /// False: the run is over.
    fn wait_until(&self, at: Duration) -> bool {
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = at.saturating_sub(self.watch.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LOOK));
        }
    }

    /// How long a fault lasts, or until the run is over.
    fn last(&self, length: Duration) {
        self.wait_until(self.watch.elapsed() + length);
    }
}

/// The whole folder, in place of what is there.
pub(crate) fn copy(from: &Path, to: &Path) -> Outcome {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_takes_the_place_of_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("appendonlydir")).unwrap();
        std::fs::write(from.join("appendonlydir/base"), "old").unwrap();
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(to.join("newer"), "x").unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("appendonlydir/base")).unwrap(), "old");
        assert!(!to.join("newer").exists());
    }
}
