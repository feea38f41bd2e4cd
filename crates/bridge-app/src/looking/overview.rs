//! What the bridge does right now, in a few numbers.

use bridge_core::Timestamp;

use super::waiting::{self, Waiting};
use crate::bridge::App;
use crate::state::pushing;

/// The numbers at the top of the overview.
#[derive(Clone, Copy, Debug)]
pub struct Overview {
    /// SMS that this bridge judged in the last hour.
    pub judged: u64,
    /// Onboardings that it opened in it.
    pub registered: u64,
    /// What waits for the audit store.
    pub waiting: Waiting,
    /// When validated numbers were last pushed to the remote without a failure, even if there was none to push.
    pub last_push: Option<Timestamp>,
}

/// Reads them now.
pub async fn look(app: &App) -> Overview {
    let minutes = app.recent.minutes(app.clock.now());
    Overview {
        judged: minutes.iter().map(|minute| minute.passed + minute.failed).sum(),
        registered: minutes.iter().map(|minute| minute.registered).sum(),
        waiting: waiting::look(app).await,
        last_push: pushing::last_success(&app.board),
    }
}
