//! What is told past the audit store while it is away: which troubles somebody was told of, and what still waits, in a file
//! of the data folder. Once that store is back it learns what was told, and nobody is told twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::Timestamp;
use bridge_store::audit::Notice;
use bridge_store::troubles::Trouble;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::base::data_file;

const FILE: &str = "notices.json";
/// What waits for one target; then the oldest are forgotten.
const WAITING_MAX: usize = 200;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Notes {
    /// Somebody was told that these began: by this bridge, or by another of the group.
    told: BTreeMap<String, Told>,
    /// What waits for whom.
    waiting: BTreeMap<Uuid, Vec<Notice>>,
    /// Not before then again.
    #[serde(skip)]
    next_at: BTreeMap<Uuid, (u32, Timestamp)>,
}

/// A trouble that somebody was told of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) trouble: Trouble,
    /// This bridge told it, and tells its end.
    pub(crate) by_us: bool,
}

/// What is told past the audit store.
#[derive(Debug)]
pub(crate) struct Direct {
    file: PathBuf,
    notes: Mutex<Notes>,
}

impl Direct {
    pub(crate) fn open(folder: &Path) -> Direct {
        let file = folder.join(FILE);
        let notes = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Direct { file, notes: Mutex::new(notes.unwrap_or_default()) }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, work: impl FnOnce(&mut Notes) -> T) -> T {
        let mut notes = self.notes();
        let done = work(&mut notes);
        if let Err(error) = data_file::write_json(&self.file, &*notes) {
            tracing::warn!(%error, "what operators were told cannot be noted in the data folder");
        }
        done
    }

    /// What somebody was told of past the audit store, and it does not know yet.
    pub(crate) fn told(&self) -> BTreeMap<String, Told> {
        self.notes().told.clone()
    }

    /// Somebody was told that it began: these targets are told by us.
    pub(crate) fn begin(&self, told: Told, notice: &Notice, targets: &[Uuid]) {
        self.change(|notes| {
            notes.told.insert(told.trouble.subject.clone(), told);
            notes.add(notice, targets);
        });
    }

    /// It is over: these targets are told.
    pub(crate) fn end(&self, subject: &str, notice: &Notice, targets: &[Uuid]) {
        self.change(|notes| {
            notes.told.remove(subject);
            notes.add(notice, targets);
        });
    }

    /// The audit store knows these now.
    pub(crate) fn recorded<'a>(&self, subjects: impl IntoIterator<Item = &'a str>) {
        if self.notes().told.is_empty() {
            return;
        }
        self.change(|notes| {
            for subject in subjects {
                notes.told.remove(subject);
            }
        });
    }

    /// What is to be told to that target now.
    pub(crate) fn due(&self, target: Uuid, now: Timestamp) -> Vec<Notice> {
        let notes = self.notes();
        if notes.next_at.get(&target).is_some_and(|(_, next_at)| now < *next_at) {
            return Vec::new();
        }
        notes.waiting.get(&target).cloned().unwrap_or_default()
    }

    /// These were told to that target, or are given up.
    pub(crate) fn done(&self, target: Uuid, notices: &[Notice]) {
        self.change(|notes| {
            if let Some(waiting) = notes.waiting.get_mut(&target) {
                waiting.retain(|notice| !notices.contains(notice));
                if waiting.is_empty() {
                    notes.waiting.remove(&target);
                }
            }
            notes.next_at.remove(&target);
        });
    }

    /// How often that target took nothing.
    pub(crate) fn tries(&self, target: Uuid) -> u32 {
        self.notes().next_at.get(&target).map_or(0, |(tries, _)| *tries)
    }

    /// That target took nothing: it is tried again then.
    pub(crate) fn failed(&self, target: Uuid, next_at: Timestamp) {
        let mut notes = self.notes();
        let tries = notes.next_at.get(&target).map_or(0, |(tries, _)| *tries);
        notes.next_at.insert(target, (tries + 1, next_at));
    }
}

impl Notes {
    fn add(&mut self, notice: &Notice, targets: &[Uuid]) {
        for target in targets {
            let waiting = self.waiting.entry(*target).or_default();
            waiting.push(notice.clone());
            let too_many = waiting.len().saturating_sub(WAITING_MAX);
            waiting.drain(..too_many);
        }
    }
}
