//! What was away, and from when to when: a store, the remote, a receiver, this bridge itself. Remembered in the data
//! folder until the audit store has it, so that neither an outage of that store nor a kill loses one. Not why it was
//! away: that is in the log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::{Span, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::data_file;

/// The incidents that the audit store does not have yet.
const FILE: &str = "incidents.json";
/// When this bridge last lived.
const ALIVE: &str = "alive.json";
/// A bridge that said nothing for longer was not running. Well above the period of the worker that says it.
const MISSED_AFTER: Span = Span(30_000);
/// An outage during which more than so many others begin is long: the oldest of them are forgotten.
const UNTOLD_MAX: usize = 1_000;

/// One incident, as it is noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// What was away.
    pub(crate) what: String,
    /// When it began.
    pub(crate) began_at: Timestamp,
    /// When it ended; none: it is still away.
    pub(crate) ended_at: Option<Timestamp>,
    /// Why, as far as the bridge knows.
    pub(crate) detail: String,
}

/// This bridge lived then.
#[derive(Serialize, Deserialize)]
struct Alive {
    at: Timestamp,
    /// It was stopped in order.
    stopped: bool,
}

#[derive(Default, Serialize, Deserialize)]
struct Notes {
    /// What is away, and since when.
    open: BTreeMap<String, Note>,
    /// What the audit store does not know yet, oldest first.
    untold: Vec<Note>,
}

/// The incidents that one bridge knows of.
#[derive(Debug)]
pub struct Incidents {
    folder: PathBuf,
    notes: Mutex<Notes>,
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes").field("open", &self.open.len()).field("untold", &self.untold.len()).finish()
    }
}

impl Notes {
    /// What the audit store is to be told of one incident: its last word.
    fn tell(&mut self, note: Note) {
        match self.untold.iter_mut().find(|told| told.what == note.what && told.began_at == note.began_at) {
            Some(told) => *told = note,
            None => self.untold.push(note),
        }
        let too_many = self.untold.len().saturating_sub(UNTOLD_MAX);
        self.untold.drain(..too_many);
    }
}

fn read<T: DeserializeOwned>(folder: &Path, file: &str) -> Option<T> {
    serde_json::from_slice(&std::fs::read(folder.join(file)).ok()?).ok()
}

fn write<T: Serialize>(folder: &Path, file: &str, value: &T) {
    if let Err(error) = data_file::write_json(&folder.join(file), value) {
        tracing::warn!(%error, "incidents cannot be noted in the data folder");
    }
}

impl Incidents {
    /// What was noted before, and whether this bridge was away until now.
    #[must_use]
    pub fn open(folder: &Path, now: Timestamp) -> Incidents {
        let mut notes: Notes = read(folder, FILE).unwrap_or_default();
        if let Some(Alive { at, stopped }) = read(folder, ALIVE)
            && now - at > MISSED_AFTER
        {
            let detail = if stopped { "it was stopped" } else { "it ended without being stopped" };
            notes.tell(Note {
                what: "bridge".to_owned(),
                began_at: at,
                ended_at: Some(now),
                detail: detail.to_owned(),
            });
            write(folder, FILE, &notes);
        }
        let incidents = Incidents { folder: folder.to_owned(), notes: Mutex::new(notes) };
        incidents.alive(now);
        incidents
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This bridge is running now: noted, so that the next start knows how long it was not.
    pub(crate) fn alive(&self, now: Timestamp) {
        write(&self.folder, ALIVE, &Alive { at: now, stopped: false });
    }

    /// This bridge stops in order.
    pub fn stopped(&self, now: Timestamp) {
        write(&self.folder, ALIVE, &Alive { at: now, stopped: true });
    }

    /// Exactly this is away now, each since then. What is new begins, what is no longer among it ends.
    pub(crate) fn see(&self, now: Timestamp, away: BTreeMap<String, (Timestamp, String)>) {
        let mut notes = self.notes();
        if notes.open.len() == away.len() && away.keys().all(|what| notes.open.contains_key(what)) {
            return;
        }
        let before = std::mem::take(&mut notes.open);
        let (still, over): (BTreeMap<_, _>, BTreeMap<_, _>) =
            before.into_iter().partition(|(what, _)| away.contains_key(what));
        for (_, note) in over {
            tracing::info!(what = note.what, began_at = %note.began_at, "an incident is over");
            notes.tell(Note { ended_at: Some(now), ..note });
        }
        notes.open = still;
        for (what, (began_at, detail)) in away {
            if !notes.open.contains_key(&what) {
                let note = Note { what: what.clone(), began_at, ended_at: None, detail };
                notes.tell(note.clone());
                notes.open.insert(what, note);
            }
        }
        write(&self.folder, FILE, &*notes);
    }

    /// Something happened, and is over.
    pub(crate) fn note(&self, what: &str, at: Timestamp, detail: String) {
        let mut notes = self.notes();
        notes.tell(Note { what: what.to_owned(), began_at: at, ended_at: Some(at), detail });
        write(&self.folder, FILE, &*notes);
    }

    /// What the audit store does not know yet, oldest first.
    pub(crate) fn untold(&self) -> Vec<Note> {
        self.notes().untold.clone()
    }

    /// The audit store knows this one. What changed meanwhile is told again.
    pub(crate) fn told(&self, note: &Note) {
        let mut notes = self.notes();
        notes.untold.retain(|untold| untold != note);
        write(&self.folder, FILE, &*notes);
    }
}
