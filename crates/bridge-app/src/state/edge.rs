//! When the edge was last heard of, and what it said: for the desk and `doctor`. Of this bridge alone, since its start.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::Timestamp;

/// What was heard of the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Its last request whose signature holds.
    pub last: Option<Timestamp>,
    /// SMS that waited there when it last said so, and when.
    pub waiting: Option<(u64, Timestamp)>,
    /// Of those that this bridge did not take: how many are kept there for a while, and how many were dropped.
    pub aside: u64,
    /// Since the edge was set up.
    pub dropped: u64,
    /// Its last report of what it refused: how many, and when.
    pub refused: Option<(u64, Timestamp)>,
    /// The last signature that does not hold, and why.
    pub wrong: Option<(&'static str, Timestamp)>,
    /// How many of these.
    pub wrong_count: u64,
}

/// The edge, as this bridge hears it.
#[derive(Debug, Default)]
pub struct Edge(Mutex<Heard>);

impl Edge {
    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was heard until now.
    #[must_use]
    pub fn now(&self) -> Heard {
        *self.heard()
    }

    /// A signature holds.
    pub fn signed(&self, now: Timestamp) {
        self.heard().last = Some(now);
    }

    /// A signature does not hold.
    pub fn wrong(&self, why: &'static str, now: Timestamp) {
        let mut heard = self.heard();
        heard.wrong = Some((why, now));
        heard.wrong_count += 1;
    }

    /// So many SMS wait at the edge.
    pub fn waiting(&self, count: u64, now: Timestamp) {
        self.heard().waiting = Some((count, now));
    }

    /// So many SMS are set aside there, and so many of them were dropped.
    pub fn not_taken(&self, aside: u64, dropped: u64) {
        let mut heard = self.heard();
        (heard.aside, heard.dropped) = (aside, dropped);
    }

    /// It reported so many refusals.
    pub fn refused(&self, count: u64, now: Timestamp) {
        self.heard().refused = Some((count, now));
    }
}
