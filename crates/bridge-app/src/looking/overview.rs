//! What waits right now, in a few numbers. How much there was in a stretch of time is for [`super::figures`].

use bridge_core::Timestamp;

use super::waiting::{self, Waiting};
use crate::bridge::App;

/// The numbers at the top of the overview.
#[derive(Clone, Copy, Debug)]
pub struct Overview {
    /// What waits for the audit store.
    pub waiting: Waiting,
    /// When the remote last answered for every number that it was told.
    pub last_push: Option<Timestamp>,
}

/// Reads them now.
pub async fn look(app: &App) -> Overview {
    Overview { waiting: waiting::look(app).await, last_push: app.pushing.now().last_success }
}
