//! Whether this bridge is a sandbox (`serve --sandbox`), and for whom the phone was played already. Not the playing: that
//! is [`crate::sandbox`]. Not the Test Lab, which every bridge has and which keeps nothing.

use std::collections::HashSet;

use bridge_core::Mobile;
use bridge_core::magic::{self, Magic};
use tokio::sync::Mutex;
use uuid::Uuid;

/// What a bridge knows of being a sandbox.
#[derive(Debug)]
pub struct Sandbox {
    is_on: bool,
    /// Onboardings that were played. Whoever plays holds it.
    pub(crate) played: Mutex<HashSet<Uuid>>,
}

impl Sandbox {
    /// It is one, or it is an ordinary bridge.
    #[must_use]
    pub fn new(is_on: bool) -> Sandbox {
        Sandbox { is_on, played: Mutex::default() }
    }

    /// Is it one?
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// What is done for this number. None: it is an ordinary one.
    pub(crate) fn magic(&self, mobile: &Mobile) -> Option<&'static Magic> {
        if self.is_on { magic::of(mobile) } else { None }
    }
}
