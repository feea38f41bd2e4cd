//! What the bridge does right now, in a few numbers.

use bridge_core::Timestamp;
use bridge_store::desk::{HOUR, MINUTE, floor};

use super::waiting::{self, Waiting};
use crate::base::deadline::in_time;
use crate::bridge::App;
use crate::state::pushing;

/// The numbers at the top of the overview.
#[derive(Clone, Copy, Debug)]
pub struct Overview {
    /// SMS that were judged in the last hour, by every bridge; what only this one did while the audit store is away.
    pub judged: u64,
    /// Onboardings that were opened in it.
    pub registered: u64,
    /// What waits for the audit store.
    pub waiting: Waiting,
    /// When validated numbers were last pushed to the remote without a failure, even if there was none to push.
    pub last_push: Option<Timestamp>,
}

/// Reads them now.
pub async fn look(app: &App) -> Overview {
    let minutes = app.recent.minutes(app.clock.now());
    let judged: u64 = minutes.iter().map(|minute| minute.passed + minute.failed).sum();
    let registered: u64 = minutes.iter().map(|minute| minute.registered).sum();
    let stored = stored(app).await.unwrap_or_default();
    Overview {
        judged: judged.max(stored.0),
        registered: registered.max(stored.1),
        waiting: waiting::look(app).await,
        last_push: pushing::last_success(&app.board),
    }
}

/// SMS and registrations of the last hour as they are stored: a bridge that has just started remembers none.
async fn stored(app: &App) -> Option<(u64, u64)> {
    if !app.availability.now().audit {
        return None;
    }
    let to = floor(app.clock.now(), MINUTE) + MINUTE;
    let from = to - HOUR;
    let read = async {
        tokio::try_join!(app.desk.sms_rates(from, to, MINUTE), app.desk.registrations(from, to, MINUTE))
    };
    let (sms, registrations) = in_time(read).await.ok()?;
    let judged = sms.iter().map(|rate| rate.count.passed + rate.count.failed).sum();
    Some((judged, registrations.iter().map(|rate| rate.registered).sum()))
}
