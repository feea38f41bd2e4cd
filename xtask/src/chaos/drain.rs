//! Waits until nothing is under way any more, as the bridges and the stores themselves say; bounded. And watches the
//! saved counters meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::books;
use super::cluster::{ADMIN_TOKEN, Cluster};
use super::proof::Seen;
use super::report::Progress;
use crate::stopwatch::Stopwatch;
use crate::{Outcome, client};

const WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Nothing left for so many looks: a worker between two queues is not taken for the end.
const EMPTY_LOOKS: u32 = 3;
/// The series of a bridge that must be zero: its own journal is one of these queues.
const SERIES: &[&str] = &["sms_bridge_queue_size"];
/// Between two words that the app is well: what was under way at the first may have failed since.
const NUDGE_EVERY: Duration = Duration::from_secs(5);
const COUNTERS_EVERY: Duration = Duration::from_millis(700);

/// What is left when all is drained, or when waiting for it is given up.
pub(crate) async fn wait(cluster: &Cluster, progress: &Progress) -> BTreeMap<String, u64> {
    let (watch, mut empty, mut nudged) = (Stopwatch::start(), 0, None);
    loop {
        let left = match look(cluster).await {
            Ok(left) => left,
            Err(why) => BTreeMap::from([(format!("cannot be asked: {why}"), 1)]),
        };
        let waiting: Vec<String> = left
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        empty = if waiting.is_empty() { empty + 1 } else { 0 };
        if empty >= EMPTY_LOOKS || watch.elapsed() > WITHIN {
            return left;
        }
        progress.say(format!("draining: {}", waiting.join(", ")));
        if nudged.is_none_or(|at: Duration| watch.elapsed() > at + NUDGE_EVERY) {
            nudged = Some(watch.elapsed());
            // Where it cannot be asked now it is asked again.
            let _ = cluster.app_is_well().await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(cluster: &Cluster) -> Outcome<BTreeMap<String, u64>> {
    let mut left = BTreeMap::new();
    for (n, bridge) in cluster.addresses().into_iter().enumerate() {
        for (series, value) in series(&metrics(bridge).await?) {
            left.insert(format!("bridge {n} {series}"), value);
        }
    }
    left.extend(books::left(cluster)?.into_iter().map(|(name, count)| (name.to_owned(), count)));
    Ok(left)
}

async fn metrics(bridge: SocketAddr) -> Outcome<String> {
    let route = client::Route::new(Method::GET, bridge, "/metrics", Some(ADMIN_TOKEN))?;
    let asked = tokio::time::timeout(Duration::from_secs(5), client::once(bridge, &route, Bytes::new()));
    let (status, body) = asked.await.map_err(|_| "/metrics does not answer")??;
    if status != StatusCode::OK {
        return Err(format!("/metrics answers {status}").into());
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

/// The series that must be zero, in whole numbers.
fn series(text: &str) -> Vec<(String, u64)> {
    // power_down_store is asked itself: only the bridge that replays knows how much waits there.
    let wanted = |line: &&str| {
        SERIES.iter().any(|name| line.starts_with(name)) && !line.contains("\"power_down_store\"")
    };
    let parse = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        let whole = value.split('.').next()?.parse().ok()?;
        Some((name.trim_start_matches("sms_bridge_").to_owned(), whole))
    };
    text.lines().filter(wanted).filter_map(parse).collect()
}

/// Looks at the saved counters until it is stopped.
pub(crate) struct Counters {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

impl Counters {
    pub(crate) fn watch(cluster: &Arc<Cluster>) -> Counters {
        let stop = Arc::new(AtomicBool::new(false));
        let (cluster, stopped) = (cluster.clone(), stop.clone());
        let thread = std::thread::spawn(move || {
            let (mut seen, mut highest) = (Seen::default(), BTreeMap::new());
            while !stopped.load(Ordering::Relaxed) {
                // Where the audit store is away there is nothing to see.
                if let Ok(counters) = books::counters(&cluster) {
                    seen.counter_looks += 1;
                    note(&mut highest, counters, &mut seen.counters_back);
                }
                std::thread::sleep(COUNTERS_EVERY);
            }
            seen
        });
        Counters { stop, thread: Some(thread) }
    }

    pub(crate) fn end(&mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Counters {
    fn drop(&mut self) {
        self.end();
    }
}

fn note(highest: &mut BTreeMap<String, i64>, counters: BTreeMap<String, i64>, back: &mut Vec<String>) {
    for (name, before) in highest.iter() {
        match counters.get(name) {
            Some(now) if now >= before => {}
            Some(now) => back.push(format!("{name} went from {before} to {now}")),
            None => back.push(format!("{name} was {before} and is gone")),
        }
    }
    highest.extend(counters);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_series_that_must_be_zero() {
        let text = "# TYPE x\nsms_bridge_queue_size{queue=\"journal\"} 3\nsms_bridge_panics_total 1\n";
        assert_eq!(series(text), [("queue_size{queue=\"journal\"}".to_owned(), 3)]);
    }

    #[test]
    fn a_counter_that_goes_back_is_seen() {
        let (mut highest, mut back) = (BTreeMap::new(), Vec::new());
        let counters = |value| BTreeMap::from([("queue_input_sms".to_owned(), value)]);
        for value in [1, 1, 5] {
            note(&mut highest, counters(value), &mut back);
        }
        assert!(back.is_empty());
        note(&mut highest, counters(4), &mut back);
        note(&mut highest, BTreeMap::new(), &mut back);
        assert_eq!(back.len(), 2);
    }
}
