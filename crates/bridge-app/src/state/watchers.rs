//! Who waits for which onboarding to change: long polls and event streams. One task reads the group's notices and wakes
//! only those concerned, so a thousand streams do not slow an SMS down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

type Waiting = Arc<Mutex<HashMap<Uuid, watch::Sender<()>>>>;

/// All who wait.
#[derive(Clone, Debug, Default)]
pub struct Watchers(Waiting);

/// One who waits. Leaves nothing behind when dropped.
#[derive(Debug)]
pub struct Watcher {
    id: Uuid,
    changed: Option<watch::Receiver<()>>,
    all: Watchers,
}

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait. Changes from now on are seen; look at the state after this, not before.
    #[must_use]
    pub fn watch(&self, id: Uuid) -> Watcher {
        let changed = self.lock().entry(id).or_insert_with(|| watch::Sender::new(())).subscribe();
        Watcher { id, changed: Some(changed), all: self.clone() }
    }

    /// This onboarding changed.
    pub fn wake(&self, id: Uuid) {
        if let Some(waiting) = self.lock().get(&id) {
            waiting.send_replace(());
        }
    }

    /// Some changes were missed: everybody looks again.
    pub fn wake_all(&self) {
        self.lock().values().for_each(|waiting| {
            waiting.send_replace(());
        });
    }
}

impl Watcher {
    /// The onboarding it waits for.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Returns at the next change.
    pub async fn changed(&mut self) {
        let ended = match &mut self.changed {
            Some(changed) => changed.changed().await.is_err(),
            None => true,
        };
        if ended {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.changed = None;
        let mut waiting = self.all.lock();
        if waiting.get(&self.id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_only_those_concerned_and_leaves_nothing_behind() {
        let watchers = Watchers::default();
        let (mut one, mut other) = (watchers.watch(Uuid::from_u128(1)), watchers.watch(Uuid::from_u128(2)));
        watchers.wake(Uuid::from_u128(1));
        one.changed().await;
        assert!(!other.changed.as_mut().unwrap().has_changed().unwrap());
        drop((one, other));
        assert!(watchers.lock().is_empty());
    }
}
