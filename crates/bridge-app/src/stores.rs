//! The stores that a bridge works on, as one value. Not which backends they are: whoever opened them knows.

pub(crate) mod held;
pub mod instrumented;
pub mod together;

use std::sync::Arc;

use bridge_store::{AuditStore, DeskStore, HotStore, Journal, Remote};

/// What a bridge needs.
#[derive(Clone)]
pub struct Stores {
    /// The hot store: what the checks read.
    pub hot: Arc<dyn HotStore>,
    /// The audit store: what stays.
    pub audit: Arc<dyn AuditStore>,
    /// The audit store as people look at it.
    pub desk: Arc<dyn DeskStore>,
    /// Who is told validated numbers.
    pub remote: Option<Arc<dyn Remote>>,
    /// Beside a hot store that is not durable by itself.
    pub journal: Arc<Journal>,
}

impl Stores {
    /// The same with a stopwatch on every operation.
    pub(crate) fn instrumented(self, durations: &instrumented::Durations) -> Stores {
        Stores {
            hot: instrumented::hot(self.hot, durations),
            audit: instrumented::audit(self.audit, durations),
            desk: instrumented::desk(self.desk, durations),
            ..self
        }
    }
}
