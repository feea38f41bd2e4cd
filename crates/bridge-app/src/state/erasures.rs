//! Erasures that are not finished, in the data folder, readable by its owner only. Until there is nothing left to look
//! for, this is the one place that still knows the number.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::{Mobile, Span, Timestamp};
use bridge_store::person::{Block, Erasure, Removed, Traces};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::data_file;

/// No other bridge writes anything that it read so long ago.
pub(crate) const SETTLED: Span = Span(65_000);

const FILE: &str = "erasures.json";

/// An erasure and how far it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Owed {
    /// The receipt: all that is kept of the erasure for good.
    pub receipt: Erasure,
    /// The number of the person.
    pub mobile: Mobile,
    /// What happens to a block of the number.
    pub block: Block,
    /// The other keys, than the number, by which rows about them are found.
    pub traces: Traces,
    /// When every store was first empty of them.
    pub emptied_at: Option<Timestamp>,
    /// Which stores it waits for, and why.
    pub waits_for: BTreeMap<String, String>,
}

impl Owed {
    pub(crate) fn new(receipt: Erasure, mobile: Mobile, block: Block) -> Owed {
        let (traces, waits_for) = (Traces::default(), BTreeMap::new());
        Owed { receipt, mobile, block, traces, emptied_at: None, waits_for }
    }

    /// Is there something to do for it now?
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        !self.waits_for.contains_key("group") || self.emptied_at.is_none_or(|at| now - at >= SETTLED)
    }

    /// So much more was removed from a store.
    pub(crate) fn note(&mut self, store: &str, removed: Removed) {
        let counts = self.receipt.removed.entry(store.to_owned()).or_default();
        for (kind, count) in removed.into_iter().filter(|(_, count)| *count > 0) {
            *counts.entry(kind).or_default() += count;
        }
    }
}

/// All that is owed.
#[derive(Debug)]
pub struct Erasures {
    owed: Mutex<Vec<Owed>>,
    turn: tokio::sync::Mutex<()>,
    data_dir: PathBuf,
}

impl Erasures {
    /// What an earlier process left undone.
    pub fn open(data_dir: &Path) -> std::io::Result<Erasures> {
        let owed = match std::fs::read(data_dir.join(FILE)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(std::io::Error::other)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Erasures {
            owed: Mutex::new(owed),
            turn: tokio::sync::Mutex::default(),
            data_dir: data_dir.to_owned(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Owed>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One erasure is carried out at a time.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Owed> {
        self.lock().clone()
    }

    pub(crate) fn get(&self, id: Uuid) -> Option<Owed> {
        self.lock().iter().find(|owed| owed.receipt.id == id).cloned()
    }

    /// Those for which there is something to do now.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Uuid> {
        self.lock().iter().filter(|owed| owed.is_due(now)).map(|owed| owed.receipt.id).collect()
    }

    pub(crate) fn add(&self, owed: Owed) -> std::io::Result<()> {
        let mut all = self.lock();
        all.push(owed);
        save(&self.data_dir, &all).inspect_err(|_| drop(all.pop()))
    }

    pub(crate) fn update(&self, owed: &Owed) -> std::io::Result<()> {
        let mut all = self.lock();
        for there in all.iter_mut().filter(|there| there.receipt.id == owed.receipt.id) {
            *there = owed.clone();
        }
        save(&self.data_dir, &all)
    }

    /// It is finished. A note that cannot be taken away leads to one more look that finds nothing.
    pub(crate) fn remove(&self, id: Uuid) {
        let mut all = self.lock();
        all.retain(|owed| owed.receipt.id != id);
        if let Err(error) = save(&self.data_dir, &all) {
            tracing::warn!(%error, "a finished erasure is still noted in the data folder");
        }
    }
}

fn save(data_dir: &Path, all: &[Owed]) -> std::io::Result<()> {
    let file = data_dir.join(FILE);
    if all.is_empty() {
        return data_file::remove(&file);
    }
    data_file::write_json(&file, all)
}
