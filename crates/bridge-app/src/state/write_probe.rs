//! Can an SMS be made durable right now? Remembers the last answer for a second, because anybody may ask without a key
//! and each answer costs an fsync. Not how it is found out.

use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};

const FRESH_FOR: Span = Span(1_000);

/// The last answer.
#[derive(Debug, Default)]
pub struct Probe(Mutex<Option<(Timestamp, bool)>>);

impl Probe {
    fn last(&self) -> Option<(Timestamp, bool)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer, if it still holds.
    #[must_use]
    pub fn fresh(&self, now: Timestamp) -> Option<bool> {
        self.last().filter(|(at, _)| now - *at < FRESH_FOR).map(|(_, answer)| answer)
    }

    /// Was the last answer no?
    #[must_use]
    pub fn failed(&self) -> bool {
        self.last().is_some_and(|(_, answer)| !answer)
    }

    /// This is the answer.
    pub fn remember(&self, now: Timestamp, answer: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, answer));
    }
}
