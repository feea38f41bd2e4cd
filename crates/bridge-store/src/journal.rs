//! The bridge's own journal on local disk (D29): what a client was told is durable is in it until its row is in the
//! audit store. Files that are only appended to, one fsync for all that wait, deleted from the oldest on. Not a
//! store: nobody is judged by it, it is read only to flush what would otherwise be lost.
//!
//! A record is `length: u32 LE, CRC-32: u32 LE, JSON`. A record that was torn by a power cut ends its file: no client
//! was told of it. That an entry is acknowledged, so no longer needed, is written down too, without waiting, so that a
//! restart flushes no more than it must; since files go from the oldest on, that note outlives what it speaks of.

mod segment;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use bridge_core::{InboundSms, Onboarding, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use uuid::Uuid;

use self::segment::Segments;
use self::writer::{Append, Writer};
use crate::audit::Quarantined;
use crate::judged::QueuedSms;
use crate::{Result, StoreError, StoreFault};

/// Records that may wait for the disk; the next one is refused.
const WAITING_MAX: usize = 65_536;

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Judged and acknowledged; belongs into `input_sms`.
    Judged(Box<QueuedSms>),
    /// Acknowledged and not judged: neither store took it (D26); belongs into `power_down_store`.
    Waiting(Box<InboundSms>),
    /// An onboarding as the app was told; belongs into `onboarding_mobile`.
    Onboarding(Box<Onboarding>),
    /// A body that nobody can use; belongs into quarantine.
    Quarantined(Box<Quarantined>),
}

/// What an entry speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A judged SMS, by its `sms_id`.
    Judged(Uuid),
    /// A waiting SMS, by its `sms_id`.
    Waiting(Uuid),
    /// An onboarding in this version.
    Onboarding(Uuid, i64),
    /// A body that nobody can use, by its id.
    Quarantined(Uuid),
}

impl Subject {
    fn waits(&self) -> bool {
        matches!(self, Subject::Waiting(_))
    }

    fn is_body(&self) -> bool {
        matches!(self, Subject::Quarantined(_))
    }
}

impl Entry {
    /// What it speaks of.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Entry::Judged(queued) => Subject::Judged(queued.sms.sms_id),
            Entry::Waiting(sms) => Subject::Waiting(sms.sms_id),
            Entry::Onboarding(onboarding) => Subject::Onboarding(onboarding.id, onboarding.version),
            Entry::Quarantined(body) => Subject::Quarantined(body.id),
        }
    }

    /// When it came to be.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Entry::Judged(queued) => queued.judged_at,
            Entry::Waiting(sms) => sms.server_received_at,
            Entry::Onboarding(onboarding) => onboarding.validated_at.unwrap_or(onboarding.request_timestamp),
            Entry::Quarantined(body) => body.at,
        }
    }
}

/// A line of the journal, as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    Kept(Entry),
    Settled(Vec<Subject>),
    /// Written to find out whether anything can be written.
    Probe(serde::de::IgnoredAny),
}

/// The same, as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RecordRef<'a> {
    Kept(&'a Entry),
    Settled(&'a [Subject]),
    Probe(String),
}

/// The journal of one data folder.
pub struct Journal {
    appends: mpsc::Sender<Append>,
    segments: Arc<Mutex<Segments>>,
    /// Records on their way to the disk.
    pending: Arc<AtomicUsize>,
    writer: Option<std::thread::JoinHandle<()>>,
}

/// A part of the journal that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part(u64);

/// What is looked for in the journal: a part without it is not even read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Everything.
    All,
    /// SMS that wait to be judged, bodies for the quarantine, and what came to be at this time or before.
    WaitingOrUntil(Timestamp),
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the journal {} cannot be used: {source}", .path.display())]
pub struct JournalError {
    /// Its folder or file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: std::io::Error,
}

impl Journal {
    /// Opens the journal in a folder and reads what is still in it.
    pub fn open(folder: &Path) -> std::result::Result<Journal, JournalError> {
        let failed = |source| JournalError { path: folder.to_owned(), source };
        let segments = Segments::open(folder).map_err(failed)?;
        let segments = Arc::new(Mutex::new(segments));
        let pending = Arc::new(AtomicUsize::new(0));
        let (appends, incoming) = mpsc::channel();
        let writer = Writer::new(segments.clone(), pending.clone());
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.serve(&incoming))
            .map_err(failed)?;
        Ok(Journal { appends, segments, pending, writer: Some(writer) })
    }

    fn segments(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an entry. `Ok` means it is on disk.
    pub async fn keep(&self, entry: &Entry) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(entry, Some(reply))?;
        answer.await.map_err(|_| gone())?
    }

    /// Keeps an entry; it is on disk within a second (`durability = everysec`).
    pub fn keep_soon(&self, entry: &Entry) -> Result<()> {
        self.send(entry, None)
    }

    /// Writes about this many bytes that mean nothing: can anything be kept now?
    pub async fn try_write(&self, bytes: u32) -> Result<()> {
        let probe = RecordRef::Probe("0".repeat(bytes as usize));
        let bytes = segment::encode(&probe).map_err(|error| failed(std::io::Error::other(error)))?;
        let (reply, answer) = oneshot::channel();
        self.append(Append { bytes, entry: None, reply: Some(reply), compacts: false })?;
        answer.await.map_err(|_| gone())?
    }

    /// Writes every file anew without what is acknowledged: of that nothing is left on the disk afterwards.
    pub async fn compact(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.append(Append { bytes: Vec::new(), entry: None, reply: Some(reply), compacts: true })?;
        answer.await.map_err(|_| gone())?
    }

    fn send(&self, entry: &Entry, reply: Option<oneshot::Sender<Result<()>>>) -> Result<()> {
        let bytes =
            segment::encode(&RecordRef::Kept(entry)).map_err(|error| failed(std::io::Error::other(error)))?;
        self.append(Append { bytes, entry: Some((entry.subject(), entry.at())), reply, compacts: false })
    }

    fn append(&self, append: Append) -> Result<()> {
        if self.pending.load(Ordering::Relaxed) >= WAITING_MAX {
            return Err(gone());
        }
        self.pending.fetch_add(1, Ordering::Relaxed);
        self.appends.send(append).map_err(|_| gone())
    }

    /// These are where they belong: their entries are needed no longer. Subjects that are not in the journal are
    /// no mistake.
    pub fn acknowledge(&self, subjects: &[Subject]) {
        let acknowledged = self.segments().acknowledge(subjects);
        if acknowledged.is_empty() {
            return;
        }
        // Without this note a restart flushes more than it must, and nothing else: no need to wait, or to insist.
        if let Ok(bytes) = segment::encode(&RecordRef::Settled(&acknowledged)) {
            let _ = self.append(Append { bytes, entry: None, reply: None, compacts: false });
        }
        self.segments().sweep();
    }

    /// The entries that are not acknowledged, one part of the journal after the other, in the order in which they were
    /// kept: of every part in which something is due, all of them. Begin without a part; none is left when the answer
    /// is `None`.
    pub fn unacknowledged(&self, after: Option<Part>, due: Due) -> Result<Option<(Part, Vec<Entry>)>> {
        let Some((part, path, open)) = self.segments().open_after(after.map(|part| part.0), due) else {
            return Ok(None);
        };
        let entries = segment::read(&path).map_err(failed)?.entries;
        let entries = entries.into_iter().filter(|entry| open.contains(&entry.subject())).collect();
        Ok(Some((Part(part), entries)))
    }

    /// Entries that are not acknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.segments().open_subjects().count()
    }

    /// Nothing is unacknowledged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments().open_subjects().next().is_none()
    }

    /// SMS in it that wait to be judged.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.segments().waiting()
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments().bytes()
    }
}

impl Drop for Journal {
    /// Writes what waits.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel();
        drop(std::mem::replace(&mut self.appends, closed));
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

fn failed(error: std::io::Error) -> StoreError {
    let kind = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => StoreFault::Full,
        _ => StoreFault::Unavailable,
    };
    StoreError { operation: "journal", kind, source: Some(error.into()) }
}

fn gone() -> StoreError {
    StoreError { operation: "journal", kind: StoreFault::Unavailable, source: None }
}

#[cfg(test)]
mod tests;
