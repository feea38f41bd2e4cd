//! How far the dump to `input_sms` has come, as the bridge counts it. Not the proof that every row is there: the
//! database is asked for that.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Outcome;
use crate::bench::requests;
use crate::stopwatch::Stopwatch;

/// Rows written since the bridge began, and the seconds that writing them took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dumped {
    pub(crate) rows: f64,
    pub(crate) seconds: f64,
}

/// What had piled up when the last SMS was answered, and how it was written.
#[derive(Clone, Copy)]
pub(crate) struct Drained {
    pub(crate) backlog: f64,
    pub(crate) took: Duration,
}

const POLL: Duration = Duration::from_millis(20);
/// Without a new row for this long the dump is not slow, it has stopped.
const STALLED_AFTER: Duration = Duration::from_secs(20);

pub(crate) async fn now(addr: SocketAddr) -> Outcome<Dumped> {
    read(&requests::metrics(addr).await?).ok_or_else(|| "/metrics does not say what was dumped".into())
}

/// Waits until so many rows are written in all, or no more are coming.
pub(crate) async fn drain(addr: SocketAddr, sent: usize) -> Outcome<Drained> {
    let (start, mut moved) = (Stopwatch::start(), Stopwatch::start());
    let first = now(addr).await?;
    let backlog = (sent as f64 - first.rows).max(0.0);
    let mut before = first.rows;
    while before < sent as f64 && moved.elapsed() < STALLED_AFTER {
        tokio::time::sleep(POLL).await;
        let rows = now(addr).await?.rows;
        if rows > before {
            (moved, before) = (Stopwatch::start(), rows);
        }
    }
    Ok(Drained { backlog, took: start.elapsed() })
}

fn read(metrics: &str) -> Option<Dumped> {
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse::<f64>().ok()
    };
    Some(Dumped {
        rows: value("sms_bridge_dumped_rows_total")?,
        seconds: value("sms_bridge_dump_duration_seconds_sum")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_bridge_counts() {
        let metrics = "# TYPE sms_bridge_dumped_rows counter\nsms_bridge_dumped_rows_total 1500\n\
                       sms_bridge_dump_duration_seconds_sum 0.25\nsms_bridge_dump_duration_seconds_count 3\n";
        assert_eq!(read(metrics), Some(Dumped { rows: 1500.0, seconds: 0.25 }));
        assert_eq!(read("sms_bridge_dumped_rows_total_more 1"), None);
    }
}
