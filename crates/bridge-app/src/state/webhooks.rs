//! Webhooks: who is told which events, as this bridge knows it. The audit store keeps them; what was read last is noted in
//! the data folder, in case that store is away at the start. And how one message is posted. Not when: that is
//! `crate::webhooks`.

pub mod post;
pub mod reach;
pub mod signature;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bridge_store::AuditStore;
use bridge_store::audit::Webhook;
use bridge_store::events::EventKind;
use ipnet::IpNet;
use tokio::sync::watch;
use uuid::Uuid;

use crate::base::data_file;
use post::Poster;
use reach::Reach;

const FILE: &str = "webhooks.json";

/// All webhooks.
#[derive(Debug)]
pub struct Webhooks {
    known: watch::Sender<Arc<Vec<Webhook>>>,
    data_dir: PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
    poster: Poster,
    has_begun: AtomicBool,
}

impl Webhooks {
    /// Begins with what the data folder remembers.
    pub fn open(data_dir: &Path, allowed: Vec<IpNet>) -> reqwest::Result<Webhooks> {
        let rows = std::fs::read(data_dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Vec<Webhook>>(&bytes).ok())
            .unwrap_or_default();
        Ok(Webhooks {
            known: watch::Sender::new(Arc::new(rows)),
            data_dir: data_dir.to_owned(),
            reading: tokio::sync::Mutex::default(),
            poster: Poster::new(Reach::new(allowed))?,
            has_begun: AtomicBool::new(false),
        })
    }

    /// Reads them from their source.
    pub(crate) async fn reload(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let _turn = self.reading.lock().await;
        let rows = audit.webhooks().await?;
        if **self.known.borrow() != rows {
            self.note(&rows);
            self.known.send_replace(Arc::new(rows));
        }
        Ok(())
    }

    /// A note that cannot be written is only missed when the audit store is away at the next start.
    fn note(&self, rows: &[Webhook]) {
        if let Err(error) = data_file::write_json(&self.data_dir.join(FILE), rows) {
            tracing::warn!(%error, "the webhooks cannot be noted in the data folder");
        }
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Webhook>> {
        self.known.borrow().clone()
    }

    /// One of them.
    #[must_use]
    pub fn one(&self, id: Uuid) -> Option<Webhook> {
        self.known.borrow().iter().find(|webhook| webhook.id == id).cloned()
    }

    /// Is there one that is told this?
    #[must_use]
    pub fn wants(&self, kind: EventKind) -> bool {
        self.known.borrow().iter().any(|webhook| webhook.wants(kind))
    }

    /// Is there one that is told what becomes of onboardings?
    #[must_use]
    pub fn wants_states(&self) -> bool {
        EventKind::ALL.iter().any(|kind| kind.is_of_onboarding() && self.wants(*kind))
    }

    /// Is there one that is told anything?
    #[must_use]
    pub fn is_used(&self) -> bool {
        self.known.borrow().iter().any(|webhook| webhook.enabled)
    }

    /// True until it has begun: what an earlier life claimed may still be claimed.
    pub(crate) fn begins(&self) -> bool {
        !self.has_begun.load(Ordering::Relaxed)
    }

    /// What an earlier life claimed is claimed no more.
    pub(crate) fn begun(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// How one message is posted.
    #[must_use]
    pub fn poster(&self) -> &Poster {
        &self.poster
    }
}
