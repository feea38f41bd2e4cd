//! How the remote does, as pushing validated numbers tells: when it last took some, and since when and why it does not.
//! Whoever pushes is a worker above this. That the worker ran says nothing of the remote: it may only have waited.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::Timestamp;

/// The worker that pushes.
pub const WORKER: &str = "sync_validated_mobiles_to_hetzner";
/// What failed, when the remote did: the worker has other steps too, which say nothing of the remote.
pub(crate) const OPERATION: &str = "push";

/// What is known of the remote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remote {
    /// When it last answered for every number that it was told.
    pub last_success: Option<Timestamp>,
    /// Since when it does not answer, and what it said last.
    pub away: Option<(Timestamp, String)>,
    /// It is not asked before.
    pub not_before: Option<Timestamp>,
}

/// The remote as this bridge hears it.
#[derive(Debug, Default)]
pub struct Pushing(Mutex<Remote>);

impl Pushing {
    fn known(&self) -> MutexGuard<'_, Remote> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known now.
    #[must_use]
    pub fn now(&self) -> Remote {
        self.known().clone()
    }

    /// It answered.
    pub(crate) fn answered(&self, now: Timestamp) {
        *self.known() = Remote { last_success: Some(now), away: None, not_before: None };
    }

    /// Nothing waits for it: it is not asked, and missed by nobody.
    pub(crate) fn nothing_waits(&self) {
        let mut known = self.known();
        (known.away, known.not_before) = (None, None);
    }

    /// It did not answer, and is to be asked again then where it said so.
    pub(crate) fn failed(&self, now: Timestamp, error: String, not_before: Option<Timestamp>) {
        let mut known = self.known();
        let since = known.away.as_ref().map_or(now, |(since, _)| *since);
        known.away = Some((since, error));
        known.not_before = not_before;
    }

    /// It may be asked at once.
    pub(crate) fn try_now(&self) {
        self.known().not_before = None;
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::Span;

    use super::*;

    #[test]
    fn waiting_is_no_success() {
        let pushing = Pushing::default();
        let at = Timestamp(1_800_000_000_000);
        pushing.answered(at);
        pushing.failed(at + Span(1), "refused".to_owned(), Some(at + Span(9)));
        pushing.failed(at + Span(2), "still refused".to_owned(), None);
        let known = pushing.now();
        assert_eq!(known.last_success, Some(at));
        assert_eq!(known.away, Some((at + Span(1), "still refused".to_owned())));
        pushing.answered(at + Span(3));
        assert_eq!(pushing.now().away, None);
    }
}
