//! One SQLite file, written by one thread with group commit: whatever waits is carried out in one
//! transaction, fsynced once, and only then answered. An operation whose answer acknowledges nothing may be
//! answered before the commit; what follows from it then joins the same transaction. Knows nothing of what
//! is stored.

mod checkpointer;
mod harm;
mod json;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bridge_store::hot::PeerEvent;
use bridge_store::{Result, StoreError, StoreFault, private};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};

use bridge_store::damage::Damage;
use checkpointer::{Checkpointer, checkpoint};
use harm::Harm;
pub(crate) use json::Json;

/// Writes that share one fsync. Measured: 64 is as fast as 256 and its latency is lower
/// (docs/benchmarks.md).
const BATCH_MAX: usize = 64;
/// Writes that may wait; the next one waits for a place, so a stalled disk is felt and not piled up.
const WAITING_MAX: usize = 4096;
/// Reads at the same time.
const READERS: usize = 2;
/// Transactions between two checkpoints: long enough to be rare, short enough to keep the WAL small.
const CHECKPOINT_EVERY: usize = 64;
/// Checkpoints beside the writer between two by the writer itself. Only in a pause of writing can the WAL
/// begin anew; right after one beside it, little is left to move.
const RESTART_EVERY: usize = 4;
const STATEMENT_CACHE: usize = 64;
const PAGE_CACHE_KIB: i64 = 8 * 1024;
/// The writer keeps more: its keys are random, and what it has not at hand it must read again.
const WRITER_CACHE_KIB: i64 = 64 * 1024;
/// Operations answered early in one transaction before it is committed for their sake alone.
const EARLY_MAX: usize = 256;
const CHANGES_MAX: usize = 4096;

/// Milliseconds by SQLite's own clock, for what ends by the store's clock and not by an argument.
pub(crate) const CLOCK: &str = "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)";

/// What an operation tells others about, once it is durable.
pub(crate) type Changes = Vec<PeerEvent>;

type Job = Box<dyn Work + Send>;

/// When an operation is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    /// At once: nothing rests on it until something else is recorded.
    Early,
    /// When it is durable.
    Committed,
}

/// A waiting operation. It can run again: if the transaction it ran in fails, it is tried alone.
trait Work {
    fn run(&mut self, conn: &Connection, changes: &mut Changes) -> rusqlite::Result<Answered>;
    fn answer(self: Box<Self>, failure: Option<StoreError>);
    fn operation(&self) -> &'static str;
}

struct Operation<F, T> {
    name: &'static str,
    body: F,
    early: fn(&T) -> bool,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Work for Operation<F, T>
where
    F: FnMut(&Connection, &mut Changes) -> rusqlite::Result<T>,
{
    fn run(&mut self, conn: &Connection, changes: &mut Changes) -> rusqlite::Result<Answered> {
        let value = (self.body)(conn, changes)?;
        let answered = if (self.early)(&value) { Answered::Early } else { Answered::Committed };
        self.value = Some(value);
        Ok(answered)
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let result = match (failure, self.value) {
            (None, Some(value)) => Ok(value),
            (Some(failure), _) => Err(failure),
            (None, None) => Err(unavailable(self.name, None)),
        };
        // The one who asked may have gone away: what was done stays done.
        let _ = self.reply.send(result);
    }

    fn operation(&self) -> &'static str {
        self.name
    }
}

/// An open file.
pub(crate) struct Engine {
    jobs: mpsc::Sender<Job>,
    readers: Arc<Readers>,
    changes: broadcast::Sender<PeerEvent>,
    harm: Arc<Harm>,
    writer: Option<std::thread::JoinHandle<()>>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

/// The versioned schema of one file: `steps[n]` brings version n to n + 1. Shipped steps are never edited.
pub(crate) struct Schema {
    pub(crate) name: &'static str,
    pub(crate) steps: &'static [&'static str],
    /// What follows from lists in the code, like a column for each check.
    pub(crate) settle: fn(&Connection) -> rusqlite::Result<()>,
}

impl Engine {
    /// Opens or creates the file and brings its schema up to date.
    pub(crate) fn open(path: &Path, schema: &Schema) -> Result<Engine> {
        let conn = connect(path).map_err(|e| failed("open", e))?;
        conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(|e| failed("open", e))?;
        migrate(&conn, schema)?;
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        let (changes, _) = broadcast::channel(CHANGES_MAX);
        let checkpointer = Checkpointer::start(path)?;
        let announce = changes.clone();
        let harm = Arc::new(Harm::of(path));
        let noted = harm.clone();
        let writer = std::thread::Builder::new()
            .name(format!("sqlite-{}", schema.name))
            .spawn(move || Writer::new(conn, announce, checkpointer, noted).serve(waiting))
            .map_err(|e| unavailable("open", Some(e.into())))?;
        let readers =
            Readers { path: path.to_owned(), idle: Mutex::default(), places: Semaphore::new(READERS) };
        Ok(Engine { jobs, readers: Arc::new(readers), changes, harm, writer: Some(writer) })
    }

    /// Carries out one write. `Ok` means it is on disk.
    pub(crate) async fn write<T, F>(&self, name: &'static str, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection, &mut Changes) -> rusqlite::Result<T> + Send + 'static,
    {
        self.write_unless(name, |_| false, body).await
    }

    /// Carries out one write, and answers before it is on disk where `early` says that nothing rests on
    /// the answer by itself: if the commit then fails, it never happened, and what follows must notice.
    pub(crate) async fn write_unless<T, F>(
        &self,
        name: &'static str,
        early: fn(&T) -> bool,
        body: F,
    ) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection, &mut Changes) -> rusqlite::Result<T> + Send + 'static,
    {
        self.harm.none(name)?;
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Operation { name, body, early, value: None, reply });
        self.jobs.send(job).await.map_err(|_| unavailable(name, None))?;
        answer.await.map_err(|_| unavailable(name, None))?
    }

    /// Reads what is durable at once: for opening, before anybody waits.
    pub(crate) fn look<T>(
        &self,
        name: &'static str,
        body: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        connect(&self.readers.path).and_then(|conn| body(&conn)).map_err(|e| failed(name, e))
    }

    /// Carries out one read of what is durable.
    pub(crate) async fn read<T, F>(&self, name: &'static str, body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.harm.none(name)?;
        let readers = self.readers.clone();
        let _place = readers.places.acquire().await.map_err(|e| unavailable(name, Some(e.into())))?;
        let readers = self.readers.clone();
        let read = tokio::task::spawn_blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let conn = idle.map_or_else(|| connect(&readers.path), Ok)?;
            let value = body(&conn)?;
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            Ok(value)
        });
        let read = read.await.map_err(|e| unavailable(name, Some(e.into())))?;
        read.map_err(|error| self.harm.failed(name, error))
    }

    /// What was found of the file that cannot be read any more: it is closed since.
    pub(crate) fn damage(&self) -> Option<Damage> {
        self.harm.found()
    }

    /// What writes announced, after they became durable.
    pub(crate) fn changes(&self) -> broadcast::Receiver<PeerEvent> {
        self.changes.subscribe()
    }

    /// Announces what is durable already.
    pub(crate) fn announce(&self, notice: PeerEvent) {
        // Nobody listening is fine.
        let _ = self.changes.send(notice);
    }
}

impl Drop for Engine {
    /// Carries out what waits and closes the file, so that the folder can be opened again at once.
    fn drop(&mut self) {
        let (closed, _) = mpsc::channel(1);
        drop(std::mem::replace(&mut self.jobs, closed));
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

struct Writer {
    conn: Connection,
    announce: broadcast::Sender<PeerEvent>,
    checkpointer: Checkpointer,
    harm: Arc<Harm>,
    since_checkpoint: usize,
    /// Ran in the open transaction and wait for its commit.
    unanswered: Vec<Job>,
    /// Ran in the open transaction and were answered.
    early: usize,
    /// To be announced after the commit.
    changes: Changes,
}

impl Writer {
    fn new(
        conn: Connection,
        announce: broadcast::Sender<PeerEvent>,
        checkpointer: Checkpointer,
        harm: Arc<Harm>,
    ) -> Writer {
        let unanswered = Vec::with_capacity(BATCH_MAX);
        Writer {
            conn,
            announce,
            checkpointer,
            harm,
            since_checkpoint: 0,
            unanswered,
            early: 0,
            changes: Vec::new(),
        }
    }

    fn serve(mut self, mut waiting: mpsc::Receiver<Job>) {
        loop {
            // While nobody waits for a commit, the transaction stays open for what comes next.
            let next =
                if self.unanswered.is_empty() { waiting.blocking_recv() } else { waiting.try_recv().ok() };
            match next {
                Some(job) => self.run(job),
                None if self.unanswered.is_empty() => break,
                None => self.commit(),
            }
            if self.unanswered.len() >= BATCH_MAX || self.early >= EARLY_MAX {
                self.commit();
            }
        }
        if !self.conn.is_autocommit() {
            self.commit();
        }
    }

    /// Runs one operation in the open transaction. If it fails, all that share it are tried alone: a bad
    /// one harms only itself.
    fn run(&mut self, mut job: Job) {
        // It was asked before the damage was found.
        if let Err(closed) = self.harm.none(job.operation()) {
            return job.answer(Some(closed));
        }
        match self.begin().and_then(|()| attempt(&mut job, &self.conn, &mut self.changes)) {
            Ok(Answered::Early) => {
                self.early += 1;
                job.answer(None);
            }
            Ok(Answered::Committed) => self.unanswered.push(job),
            Err(_) => {
                self.unanswered.push(job);
                self.one_by_one();
            }
        }
    }

    fn begin(&self) -> rusqlite::Result<()> {
        if self.conn.is_autocommit() {
            self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        }
        Ok(())
    }

    fn commit(&mut self) {
        match self.make_durable() {
            Ok(()) => self.unanswered.drain(..).for_each(|job| job.answer(None)),
            Err(error) => {
                tracing::warn!(%error, "a commit failed; what it held is tried again one by one");
                self.one_by_one();
            }
        }
    }

    /// Rolls back and tries each unanswered operation in a transaction of its own.
    fn one_by_one(&mut self) {
        for mut job in std::mem::take(&mut self.unanswered) {
            if let Err(closed) = self.harm.none(job.operation()) {
                job.answer(Some(closed));
                continue;
            }
            let mut done = self.alone(&mut job);
            if done.as_ref().is_err_and(is_full) && self.made_room() {
                done = self.alone(&mut job);
            }
            let failure = done.err().map(|error| self.harm.failed(job.operation(), error));
            if let Some(failure) = &failure {
                tracing::warn!(operation = failure.operation, error = ?failure.source, "write failed");
            }
            job.answer(failure);
        }
        self.roll_back();
    }

    /// In a transaction of its own.
    fn alone(&mut self, job: &mut Job) -> rusqlite::Result<()> {
        self.roll_back();
        self.begin()?;
        attempt(job, &self.conn, &mut self.changes)?;
        self.make_durable()
    }

    /// On a full disk: what is in the WAL goes into the file, where much of it has its place already, and the WAL gives
    /// back all of its own. Is there anything to try again with?
    fn made_room(&mut self) -> bool {
        self.roll_back();
        let moved = self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        matches!(moved, Ok(0))
    }

    fn roll_back(&mut self) {
        if !self.conn.is_autocommit() {
            let _ = self.conn.execute_batch("ROLLBACK");
        }
        self.changes.clear();
        self.early = 0;
    }

    fn make_durable(&mut self) -> rusqlite::Result<()> {
        crash_point("store::before_commit");
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        crash_point("store::after_commit");
        self.early = 0;
        for change in self.changes.drain(..) {
            // Nobody listening is fine.
            let _ = self.announce.send(change);
        }
        self.since_checkpoint += 1;
        if self.since_checkpoint >= CHECKPOINT_EVERY {
            self.since_checkpoint = 0;
            self.checkpointer.wake();
        }
        if self.checkpointer.finished.load(Ordering::Relaxed) >= RESTART_EVERY {
            self.checkpointer.finished.store(0, Ordering::Relaxed);
            checkpoint(&self.conn);
        }
        Ok(())
    }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// A panic is a failure like any other.
fn attempt(job: &mut Job, conn: &Connection, changes: &mut Changes) -> rusqlite::Result<Answered> {
    catch_unwind(AssertUnwindSafe(|| job.run(conn, changes))).unwrap_or(Err(rusqlite::Error::UnwindingPanic))
}

/// A place where a test ends the process as `kill -9` would. Nothing in an ordinary build.
pub(crate) fn crash_point(_name: &'static str) {
    fail::fail_point!(_name, |_| std::process::abort());
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // SQLite would make it for everybody; what it puts beside it has the rights of this file.
    private::make_file(path).map_err(|error| cannot_open(&error))?;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_secs(1))?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    // A page that is no page is found when it is read, not when it is used.
    conn.pragma_update(None, "cell_size_check", true)?;
    // Plans never depend on the values bound: otherwise a statement is compiled anew for every SMS.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(conn)
}

fn cannot_open(error: &std::io::Error) -> rusqlite::Error {
    let code = match error.kind() {
        std::io::ErrorKind::StorageFull => rusqlite::ffi::SQLITE_FULL,
        _ => rusqlite::ffi::SQLITE_CANTOPEN,
    };
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(error.to_string()))
}

fn migrate(conn: &Connection, schema: &Schema) -> Result<()> {
    let version: u16 =
        conn.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|e| failed("migrate", e))?;
    let version = usize::from(version);
    if version > schema.steps.len() {
        let text = format!("{}.db was written by a newer version of SMS Bridge", schema.name);
        return Err(StoreError { operation: "migrate", kind: StoreFault::Schema, source: Some(text.into()) });
    }
    for (number, step) in schema.steps.iter().enumerate().skip(version) {
        let sql = format!("BEGIN IMMEDIATE;\n{step}\nPRAGMA user_version = {};\nCOMMIT;", number + 1);
        conn.execute_batch(&sql).map_err(|e| failed("migrate", e))?;
    }
    (schema.settle)(conn).map_err(|e| failed("migrate", e))
}

pub(crate) fn failed(operation: &'static str, error: rusqlite::Error) -> StoreError {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreFault::Full,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreFault::Damaged,
        None if matches!(error, rusqlite::Error::FromSqlConversionFailure(..)) => StoreFault::Damaged,
        _ => StoreFault::Unavailable,
    };
    StoreError { operation, kind, source: Some(error.into()) }
}

fn unavailable(
    operation: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError { operation, kind: StoreFault::Unavailable, source }
}

/// Random: what does not differ from what is there, SQLite does not write.
pub(crate) fn try_write(conn: &Connection, bytes: u32) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO probe VALUES (1, randomblob(?1))")?
        .execute([bytes])
        .map(|_| ())
}

/// A number of rows as SQL takes it.
pub(crate) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

/// `?,?,?`: one mark for each value of a list.
pub(crate) fn marks(count: usize) -> String {
    let mut out = "?,".repeat(count);
    out.pop();
    out
}

#[cfg(test)]
mod tests;
