//! The settings as they are now: one snapshot that every request and worker reads, replaced as a whole.

use std::sync::Arc;

use bridge_core::Timestamp;
use bridge_core::settings::{self, Settings};
use bridge_store::audit::SettingRow;
use tokio::sync::{Mutex, MutexGuard, watch};

/// One consistent state of all settings and when each was changed.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The values.
    pub settings: Arc<Settings>,
    /// The rows they came from.
    pub rows: Arc<Vec<SettingRow>>,
}

impl Snapshot {
    /// When this setting was last changed.
    #[must_use]
    pub fn updated_at(&self, key: &str) -> Option<Timestamp> {
        self.rows.iter().find(|row| row.key == key).map(|row| row.updated_at)
    }
}

/// The live settings. A request reads them once and hands them down: whatever is changed meanwhile, it is answered by
/// one state of them.
#[derive(Debug)]
pub struct LiveSettings {
    snapshot: watch::Sender<Snapshot>,
    reading: Mutex<()>,
}

impl LiveSettings {
    /// Begins with the stored rows; what is wrong with them is logged and its default holds.
    #[must_use]
    pub fn new(rows: Vec<SettingRow>) -> LiveSettings {
        LiveSettings { snapshot: watch::Sender::new(snapshot(rows)), reading: Mutex::default() }
    }

    /// Held from reading or changing the stored rows to applying them: what was read before a change must not be
    /// applied after it.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.reading.lock().await
    }

    /// The values now.
    #[must_use]
    pub fn now(&self) -> Arc<Settings> {
        self.snapshot.borrow().settings.clone()
    }

    /// The stored rows that they come from.
    #[must_use]
    pub fn rows(&self) -> Arc<Vec<SettingRow>> {
        self.snapshot.borrow().rows.clone()
    }

    /// The values now, and when each was changed.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.borrow().clone()
    }

    /// Replaces all of them; all who wait for a change wake up.
    fn apply(&self, rows: Vec<SettingRow>) {
        self.snapshot.send_replace(snapshot(rows));
    }

    /// Replaces all of them if they are others. True: they were.
    pub fn apply_if_changed(&self, rows: &[SettingRow]) -> bool {
        let changed = *self.snapshot.borrow().rows != rows;
        if changed {
            self.apply(rows.to_vec());
        }
        changed
    }

    /// Wakes with every change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Snapshot> {
        self.snapshot.subscribe()
    }
}

fn snapshot(rows: Vec<SettingRow>) -> Snapshot {
    let (settings, problems) =
        settings::Settings::from_rows(rows.iter().map(|row| (row.key.as_str(), row.value.as_str())));
    for problem in problems {
        tracing::warn!(problem, "a stored setting cannot be used");
    }
    Snapshot { settings: Arc::new(settings), rows: Arc::new(rows) }
}
