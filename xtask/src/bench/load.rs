//! The loop of so many connections: on each the next request as soon as the last is answered, or, at a given pace,
//! as soon as it is due. Not a model of people, who come in crowds: a measure of what the server can take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hdrhistogram::Histogram;
use hyper::StatusCode;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::client::{self, Route};
use crate::stopwatch::Stopwatch;

/// What an expected answer leaves for the next phase; any other answer is an error and ends the run.
pub(crate) type Accept = fn(StatusCode, &[u8]) -> Result<Option<String>, String>;

/// Everything that one phase sends.
pub(crate) struct Phase {
    pub(crate) title: &'static str,
    pub(crate) addr: SocketAddr,
    pub(crate) connections: u16,
    pub(crate) route: Route,
    pub(crate) bodies: Vec<Bytes>,
    pub(crate) accept: Accept,
    pub(crate) longest: Duration,
    /// Requests that become due in each second, evenly; none: as many as are answered.
    pub(crate) pace: Option<f64>,
}

/// What one phase measured.
pub(crate) struct Measured {
    /// The first `answered` bodies were sent and answered as expected, the others never left.
    pub(crate) answered: usize,
    pub(crate) took: Duration,
    pub(crate) latency_us: Histogram<u64>,
    /// What the answers left, beside the place of their body.
    pub(crate) kept: Vec<(usize, String)>,
}

struct Shared {
    phase: Phase,
    next: AtomicUsize,
    watch: Stopwatch,
    progress: ProgressBar,
}

/// Longer latencies count as this.
const LATENCY_US_MAX: u64 = 120_000_000;
pub(crate) const PROGRESS_EVERY: usize = 512;

/// Sends every body once, or as many as fit into the time, and waits for every answer.
pub(crate) async fn run(phase: Phase) -> Outcome<Measured> {
    let progress = progress(phase.title, phase.bodies.len());
    // Connecting is not measured.
    let mut open = Vec::new();
    for _ in 0..phase.connections {
        open.push(client::connect(phase.addr).await?);
    }
    let shared = Arc::new(Shared { phase, next: AtomicUsize::new(0), watch: Stopwatch::start(), progress });
    let mut tasks = JoinSet::new();
    for connection in open {
        tasks.spawn(one_connection(shared.clone(), connection));
    }
    let mut measured =
        Measured { answered: 0, took: Duration::ZERO, latency_us: histogram()?, kept: Vec::new() };
    while let Some(part) = tasks.join_next().await {
        let (latency_us, kept) = part?.map_err(|why| format!("{}: {why}", shared.phase.title))?;
        measured.latency_us.add(latency_us)?;
        measured.kept.extend(kept);
    }
    measured.took = shared.watch.elapsed();
    measured.answered = shared.next.load(Ordering::Relaxed).min(shared.phase.bodies.len());
    shared.progress.finish_and_clear();
    Ok(measured)
}

type Part = (Histogram<u64>, Vec<(usize, String)>);

async fn one_connection(shared: Arc<Shared>, open: client::Open) -> Outcome<Part> {
    let (mut sender, connection) = open;
    let requests = async {
        let (mut latency_us, mut kept) = (histogram()?, Vec::new());
        while let Some(at) = shared.take() {
            let request = shared.phase.route.request(shared.phase.bodies[at].clone());
            let overdue = shared.until_due(at).await;
            let watch = Stopwatch::start();
            let (status, body) = client::exchange(&mut sender, request).await?;
            latency_us.saturating_record(u64::try_from((overdue + watch.elapsed()).as_micros())?);
            if let Some(text) = (shared.phase.accept)(status, &body)? {
                kept.push((at, text));
            }
        }
        Ok((latency_us, kept))
    };
    tokio::select! {
        biased;
        part = requests => part,
        closed = connection => Err(client::why_closed(closed).into()),
    }
}

impl Shared {
    /// The place of the next body, until all are taken or the time is over.
    fn take(&self) -> Option<usize> {
        if self.watch.elapsed() >= self.phase.longest {
            return None;
        }
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        if at.is_multiple_of(PROGRESS_EVERY) {
            self.progress.set_position(at as u64);
        }
        (at < self.phase.bodies.len()).then_some(at)
    }

    /// Waits for the time of a request and answers how much too late it goes out. A connection that was free waits,
    /// and the timer's own lateness is not the server's; where none was free, the wait for one is part of the latency.
    async fn until_due(&self, at: usize) -> Duration {
        let Some(pace) = self.phase.pace else { return Duration::ZERO };
        let (due, now) = (Duration::from_secs_f64(at as f64 / pace), self.watch.elapsed());
        if due > now {
            tokio::time::sleep(due - now).await;
        }
        now.saturating_sub(due)
    }
}

pub(crate) fn histogram() -> Outcome<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LATENCY_US_MAX, 3)?)
}

/// Drawn on a terminal only.
pub(crate) fn progress(title: &'static str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(title);
    match ProgressStyle::with_template("  {msg:<22} {bar:32} {pos}/{len}  {per_sec}  {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
