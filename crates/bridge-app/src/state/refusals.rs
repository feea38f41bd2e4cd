//! Refused registrations on their way to `registration_attempts` (D13): bounded, and sampled above a
//! rate, so that a flood of them costs memory for some and a number for the rest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_store::audit::Refusal;

/// Refusals kept one by one between two steps of the worker that writes them.
const KEPT_MAX: usize = 1024;

#[derive(Debug, Default)]
struct Buffer {
    kept: Vec<Refusal>,
    more: i64,
}

/// Refusals that wait.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Buffer>);

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one, or counts it where too many came.
    pub fn keep(&self, refusal: Refusal) {
        let mut buffer = self.lock();
        if buffer.kept.len() < KEPT_MAX { buffer.kept.push(refusal) } else { buffer.more += 1 }
    }

    /// Takes what waits; those that were only counted are spread over the last one kept.
    #[must_use]
    pub fn take(&self) -> Vec<Refusal> {
        let mut buffer = std::mem::take(&mut *self.lock());
        if let Some(last) = buffer.kept.last_mut() {
            last.stands_for += buffer.more;
        }
        buffer.kept
    }

    /// Forgets those that are about somebody; how many.
    pub fn forget(&self, is_about: impl Fn(&Refusal) -> bool) -> usize {
        let kept = &mut self.lock().kept;
        let before = kept.len();
        kept.retain(|refusal| !is_about(refusal));
        before - kept.len()
    }

    /// Puts back what could not be written, as far as there is room.
    pub fn put_back(&self, refusals: Vec<Refusal>) {
        refusals.into_iter().for_each(|refusal| self.keep(refusal));
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::Timestamp;

    use super::*;

    #[test]
    fn a_flood_is_counted_whole_and_kept_in_part() {
        let refusals = Refusals::default();
        for _ in 0..KEPT_MAX + 10 {
            refusals.keep(Refusal {
                at: Timestamp(0),
                reason: "blacklisted".into(),
                mobile_number: "+919876543210".into(),
                address_hash: None,
                place: None,
                stands_for: 1,
            });
        }
        let taken = refusals.take();
        assert_eq!(taken.len(), KEPT_MAX);
        assert_eq!(taken.iter().map(|r| r.stands_for).sum::<i64>(), 1034);
        assert!(refusals.take().is_empty());
    }
}
