//! What the disk of the bridge's data can do: the bridge's own journal, with one who waits for each fsync, and with
//! many who share them. The part of `strict` that no Redis makes faster.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bridge_core::{InboundSms, Mobile, Timestamp};
use bridge_store::Journal;
use bridge_store::journal::Entry;
use bridge_store::judged::QueuedSms;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::scripts::passed;
use crate::Outcome;
use crate::bench::requests;
use crate::stopwatch::Stopwatch;

/// Entries on disk in a second.
pub(crate) struct Rates {
    /// One fsync each.
    pub(crate) alone: f64,
    /// As many as come share one.
    pub(crate) shared: f64,
}

pub(crate) const SHARED_BY: usize = 64;
const EACH: Duration = Duration::from_secs(2);

/// In a new journal in the folder.
pub(crate) async fn measure(folder: &Path) -> Outcome<Rates> {
    let journal = Arc::new(Journal::open(&folder.join("journal-floor"))?);
    let alone = entries_per_second(&journal, 1, EACH).await?;
    let shared = entries_per_second(&journal, SHARED_BY, EACH).await?;
    Ok(Rates { alone, shared })
}

async fn entries_per_second(journal: &Arc<Journal>, tasks: usize, long: Duration) -> Outcome<f64> {
    let (watch, written) = (Stopwatch::start(), Arc::new(AtomicU64::new(0)));
    let mut waiting: JoinSet<Outcome> = JoinSet::new();
    for task in 0..tasks {
        let (journal, written) = (journal.clone(), written.clone());
        let entry = Entry::Judged(Box::new(queued(task)?));
        waiting.spawn(async move {
            loop {
                journal.keep(&entry).await?;
                written.fetch_add(1, Ordering::Relaxed);
                if watch.elapsed() >= long {
                    return Ok(());
                }
            }
        });
    }
    while let Some(ended) = waiting.join_next().await {
        ended??;
    }
    Ok(written.load(Ordering::Relaxed) as f64 / watch.elapsed().as_secs_f64())
}

/// An SMS as the bridge keeps it.
fn queued(at: usize) -> Outcome<QueuedSms> {
    let number = requests::number(at);
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    let sms = InboundSms {
        sms_id: Uuid::from_u128(at as u128),
        sender: Ok(Mobile::from_e164(&number).ok_or("no mobile number")?),
        sender_raw: number,
        text: format!("ONBOARD:{}", "0".repeat(64)),
        received_timestamp: now,
        stamped: true,
        stamp_raw: None,
        clock_not_set: None,
        server_received_at: now,
        receiver_id: "default".to_owned(),
        format: "generic".to_owned(),
        line: None,
        delivery_id: Some(format!("bench-{at}")),
        clock_skew: bridge_core::Span(0),
        part: None,
    };
    Ok(QueuedSms {
        id: i64::try_from(at)?,
        sms,
        fingerprint: "0".repeat(32),
        verdict: passed(),
        judged_at: now,
        onboarding_id: Some(Uuid::nil()),
        device_id: Some(format!("bench-{at}")),
        sms_in_window: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn measures_entries() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Arc::new(Journal::open(folder.path()).unwrap());
        assert!(entries_per_second(&journal, 4, Duration::from_millis(5)).await.unwrap() > 0.0);
    }
}
