//! Which receivers were heard of, and when: for /health and the metric. In memory: after a restart a
//! receiver is silent until it speaks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bridge_core::Timestamp;

/// The receiver behind `SMS_BRIDGE_RECEIVER_KEY`.
pub const DEFAULT: &str = "default";

/// What is known of one receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Its last request with the right secret.
    pub last_seen: Option<Timestamp>,
    /// The last request with a wrong secret: the phone's settings need a look.
    pub wrong_secret: Option<Timestamp>,
}

/// All receivers heard of.
#[derive(Debug, Default)]
pub struct Receivers(Mutex<BTreeMap<String, Seen>>);

impl Receivers {
    /// It spoke.
    pub fn saw(&self, receiver: &str, now: Timestamp) {
        self.note(receiver, |seen| seen.last_seen = Some(now));
    }

    /// Somebody came with a wrong secret.
    pub fn refused(&self, now: Timestamp) {
        self.note(DEFAULT, |seen| seen.wrong_secret = Some(now));
    }

    fn note(&self, receiver: &str, change: impl FnOnce(&mut Seen)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get_mut(receiver) {
            Some(seen) => change(seen),
            None => change(all.entry(receiver.to_owned()).or_default()),
        }
    }

    /// What is known now.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
