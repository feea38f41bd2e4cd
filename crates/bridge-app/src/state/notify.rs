//! Who is told when something is wrong, as this bridge knows it. The audit store keeps them; what was read last is noted in
//! the data folder, so that somebody is told too while that store is away. [`ways`] are the ways of telling, [`send`] tells by
//! one of them, [`direct`] is what is told past the audit store. Not what is told nor when: that is `crate::notify`.

pub mod direct;
pub mod send;
pub mod ways;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bridge_store::AuditStore;
use bridge_store::audit::NotifyTarget;
use ipnet::IpNet;
use tokio::sync::watch;

use crate::base::data_file;
use direct::Direct;
use send::Sender;

const FILE: &str = "notify.json";

/// Who is told.
#[derive(Debug)]
pub struct Notify {
    known: watch::Sender<Arc<Vec<NotifyTarget>>>,
    data_dir: PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
    sender: Sender,
    pub(crate) direct: Direct,
    has_begun: AtomicBool,
}

impl Notify {
    /// Begins with what the data folder remembers.
    pub fn open(data_dir: &Path, allowed: Vec<IpNet>) -> reqwest::Result<Notify> {
        let rows = std::fs::read(data_dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Vec<NotifyTarget>>(&bytes).ok())
            .unwrap_or_default();
        Ok(Notify {
            known: watch::Sender::new(Arc::new(rows)),
            data_dir: data_dir.to_owned(),
            reading: tokio::sync::Mutex::default(),
            sender: Sender::new(allowed)?,
            direct: Direct::open(data_dir),
            has_begun: AtomicBool::new(false),
        })
    }

    /// Reads them from their source.
    pub(crate) async fn reload(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let _turn = self.reading.lock().await;
        let rows = audit.notify_targets().await?;
        // How telling goes changes with every message and is nobody's need at a start.
        let plain = |rows: &[NotifyTarget]| -> Vec<NotifyTarget> {
            rows.iter().map(|row| NotifyTarget { going: Default::default(), ..row.clone() }).collect()
        };
        let known = plain(&self.known.borrow());
        if known != plain(&rows) {
            self.note(&plain(&rows));
        }
        self.known.send_replace(Arc::new(rows));
        Ok(())
    }

    /// A note that cannot be written is only missed when the audit store is away at the next start.
    fn note(&self, rows: &[NotifyTarget]) {
        if let Err(error) = data_file::write_json(&self.data_dir.join(FILE), rows) {
            tracing::warn!(%error, "who is told of troubles cannot be noted in the data folder");
        }
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<NotifyTarget>> {
        self.known.borrow().clone()
    }

    /// True once: at the first step since the start.
    pub(crate) fn begins(&self) -> bool {
        !self.has_begun.swap(true, Ordering::Relaxed)
    }

    /// Tells by any way.
    #[must_use]
    pub fn sender(&self) -> &Sender {
        &self.sender
    }
}
