//! The one thread that writes the journal: whatever waits is appended with one write, fsynced once, and only
//! then answered. Not what the records mean.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bridge_core::Timestamp;
use tokio::sync::oneshot;

use super::segment::{self, ROTATE_AT_BYTES, Segments};
use super::{RecordRef, Subject, failed};
use crate::Result;

/// Bytes that share one write.
const BATCH_MAX_BYTES: usize = 1024 * 1024;
/// What nobody waits for is on disk after this long.
const SYNC_WITHIN: Duration = Duration::from_secs(1);
/// Where more than one wait for the disk, the next fsync begins no sooner than this after the last one did: what comes
/// meanwhile shares it, and nobody has to wake the writer. One that waits alone never waits for company.
const SYNCS_APART: Duration = Duration::from_micros(500);
/// The same for writes that nobody waits for.
const WRITES_APART: Duration = Duration::from_millis(2);

/// One record to append.
pub(super) struct Append {
    pub(super) bytes: Vec<u8>,
    /// What it speaks of, and when that came to be, if it is an entry.
    pub(super) entry: Option<(Subject, Timestamp)>,
    /// Who waits for it to be on disk.
    pub(super) reply: Option<oneshot::Sender<Result<()>>>,
    /// Nothing that is acknowledged may lie in any file afterwards.
    pub(super) compacts: bool,
}

pub(super) struct Writer {
    segments: Arc<Mutex<Segments>>,
    pending: Arc<AtomicUsize>,
    file: Option<File>,
    /// Since when something lies written and not fsynced.
    unsynced: Option<Instant>,
    /// When the last batch began, where another soon follows.
    began: Option<Instant>,
}

impl Writer {
    pub(super) fn new(segments: Arc<Mutex<Segments>>, pending: Arc<AtomicUsize>) -> Writer {
        Writer { segments, pending, file: None, unsynced: None, began: None }
    }

    fn segments(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn serve(mut self, incoming: &mpsc::Receiver<Append>) {
        while let Some(first) = self.next(incoming) {
            self.wait_for_company(first.reply.is_some());
            let began = now();
            let mut batch = vec![first];
            let mut bytes = batch[0].bytes.len();
            while bytes < BATCH_MAX_BYTES
                && let Ok(append) = incoming.try_recv()
            {
                bytes += append.bytes.len();
                batch.push(append);
            }
            self.began = (batch.len() > 1 || batch[0].reply.is_none()).then_some(began);
            self.pending.fetch_sub(batch.len(), Ordering::Relaxed);
            self.write(batch);
            self.carry_over();
        }
        self.sync_quietly();
    }

    fn wait_for_company(&self, is_waited_for: bool) {
        let apart = if is_waited_for { SYNCS_APART } else { WRITES_APART };
        let since = self.began.map(|began| began.elapsed());
        if let Some(left) = since.and_then(|since| apart.checked_sub(since)) {
            std::thread::sleep(left);
        }
    }

    /// Waits for a record; what nobody waited for is fsynced in time.
    fn next(&mut self, incoming: &mpsc::Receiver<Append>) -> Option<Append> {
        while let Some(since) = self.unsynced {
            let left = SYNC_WITHIN.saturating_sub(since.elapsed());
            match incoming.recv_timeout(left) {
                Ok(append) if !left.is_zero() => return Some(append),
                Ok(append) => {
                    self.sync_quietly();
                    return Some(append);
                }
                Err(RecvTimeoutError::Timeout) => self.sync_quietly(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        incoming.recv().ok()
    }

    fn sync_quietly(&mut self) {
        if self.unsynced.take().is_some()
            && let Some(file) = &self.file
            && let Err(error) = file.sync_data()
        {
            tracing::error!(%error, "the journal could not be brought to disk");
            self.file = None;
        }
    }

    fn write(&mut self, batch: Vec<Append>) {
        let mut bytes = Vec::with_capacity(batch.iter().map(|append| append.bytes.len()).sum());
        batch.iter().for_each(|append| bytes.extend_from_slice(&append.bytes));
        let waited_for = batch.iter().any(|append| append.reply.is_some());
        let entries = batch.iter().filter_map(|append| append.entry).collect();
        let mut outcome = self.append(&bytes, entries, waited_for);
        if outcome.is_ok() && batch.iter().any(|append| append.compacts) {
            outcome = self.compact();
        }
        if let Err(error) = &outcome {
            tracing::error!(%error, "the journal cannot be written");
        }
        for append in batch {
            if let Some(reply) = append.reply {
                let copy = outcome
                    .as_ref()
                    .copied()
                    .map_err(|error| failed(io::Error::new(error.kind(), error.to_string())));
                let _ = reply.send(copy);
            }
        }
    }

    fn append(&mut self, bytes: &[u8], entries: Vec<(Subject, Timestamp)>, sync: bool) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.segments().begin()?,
        };
        // If anything fails from here, this file is written to no more: what lies in it half is never followed by
        // something whole, and after a failed fsync nobody knows what is on disk.
        let before = file.metadata()?.len();
        if let Err(error) = file.write_all(bytes) {
            let _ = file.set_len(before);
            return Err(error);
        }
        // Before the fsync: a settlement that comes meanwhile must find them.
        self.segments().note_open(entries);
        let full = self.segments().appended(bytes.len() as u64) >= ROTATE_AT_BYTES;
        if sync || full {
            file.sync_data()?;
            self.unsynced = None;
        } else if self.unsynced.is_none() {
            self.unsynced = Some(now());
        }
        if !full {
            self.file = Some(file);
        }
        Ok(())
    }

    /// Keeps anew the little that is open in the oldest file, so that it can go.
    fn carry_over(&mut self) {
        let Some((path, open)) = self.segments().laggards() else { return };
        if let Err(error) = self.keep_anew(&path, &open) {
            tracing::warn!(%error, "the oldest part of the journal cannot be kept anew yet");
        }
    }

    /// Keeps anew what is open in the oldest file, which then goes.
    fn keep_anew(&mut self, path: &Path, open: &HashSet<Subject>) -> io::Result<()> {
        let entries = segment::read(path)?.entries;
        let entries: Vec<_> = entries.into_iter().filter(|entry| open.contains(&entry.subject())).collect();
        let mut bytes = Vec::new();
        for entry in &entries {
            bytes.extend(segment::encode(&RecordRef::Kept(entry)).map_err(io::Error::other)?);
        }
        self.append(&bytes, entries.iter().map(|entry| (entry.subject(), entry.at())).collect(), true)?;
        self.segments().carried_over(path);
        Ok(())
    }

    /// Every file is written anew with what is open in it, and the old one goes: what is acknowledged is gone from the disk.
    fn compact(&mut self) -> io::Result<()> {
        self.sync_quietly();
        self.file = None;
        let files = self.segments().all();
        for (path, open) in files {
            self.keep_anew(&path, &open)?;
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a stopwatch for how long something lies unsynced; nothing is judged by it"
)]
fn now() -> Instant {
    Instant::now()
}
