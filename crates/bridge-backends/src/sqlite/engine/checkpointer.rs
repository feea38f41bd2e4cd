//! Moving what is in the WAL into the file. Not what is written, nor when a commit is answered.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;

use bridge_store::Result;
use rusqlite::Connection;

use super::{connect, failed, unavailable};

/// Moves the WAL into the file beside the writer: a checkpoint inside a commit is what makes the
/// slowest answers (hot-path.md).
pub(super) struct Checkpointer {
    wake: std_mpsc::SyncSender<()>,
    /// How many it has made since the writer looked.
    pub(super) finished: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Checkpointer> {
        let conn = connect(path).map_err(|e| failed("open", e))?;
        let (wake, woken) = std_mpsc::sync_channel(1);
        let finished = Arc::new(AtomicUsize::new(0));
        let count = finished.clone();
        let thread = std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || {
                while woken.recv().is_ok() {
                    checkpoint(&conn);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .map_err(|e| unavailable("open", Some(e.into())))?;
        Ok(Checkpointer { wake, finished, thread: Some(thread) })
    }

    pub(super) fn wake(&self) {
        // One that is already due will see what is new.
        let _ = self.wake.try_send(());
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        let (closed, _) = std_mpsc::sync_channel(1);
        drop(std::mem::replace(&mut self.wake, closed));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A failed checkpoint loses nothing: the WAL stays until the next one.
pub(super) fn checkpoint(conn: &Connection) {
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "checkpoint failed");
    }
}
