//! What waits at each stage of an SMS, as far as the stores answer: people look here mostly while one is away.

use bridge_core::{Span, Timestamp};
use bridge_store::audit::Refused;
use bridge_store::desk::{Page, WaitingRow};
use bridge_store::place::Place;

use super::waiting::{self, Waiting};
use crate::base::deadline::in_time;
use crate::bridge::App;
use crate::state::pushing::{self, Remote};

/// Refused rows that are read.
const REFUSED_MAX: usize = 200;
/// Rows for the remote are counted as far as this.
const UNSYNCED_COUNTED: usize = 1_000;

/// What waits. None means: not known now.
#[derive(Clone, Debug)]
pub struct Recovery {
    /// Before the audit store.
    pub waiting: Waiting,
    /// One page of `power_down_store`.
    pub kept: Option<Page<WaitingRow>>,
    /// Validated numbers that the remote refused.
    pub refused: Vec<Refused>,
    /// Validated numbers on their way to the remote; 0 where there is none.
    pub unsynced: Option<u64>,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// How the remote does; none: there is none.
    pub remote: Option<RemoteSeen>,
}

/// How the remote does.
#[derive(Clone, Debug)]
pub struct RemoteSeen {
    /// What is known of it.
    pub known: Remote,
    /// When it is asked next where something waits.
    pub next_try: Option<Timestamp>,
}

fn remote(app: &App) -> Option<RemoteSeen> {
    app.has_remote().then(|| {
        let known = app.pushing.now();
        let status = app.board.status().remove(pushing::WORKER).unwrap_or_default();
        let period = Span::seconds(app.live.now().hetzner_sync_interval_seconds);
        let next_try = known.not_before.max(status.last_run.map(|at| at + period));
        RemoteSeen { known, next_try }
    })
}

impl Recovery {
    /// How many of the page of `power_down_store` are not judged yet.
    #[must_use]
    pub fn not_judged(&self) -> Option<u64> {
        let kept = self.kept.as_ref()?;
        Some(kept.rows.iter().filter(|row| row.processed_at.is_none()).count() as u64)
    }
}

/// Looks; at what was judged since too, if `all`.
pub async fn look(app: &App, all: bool, before: Option<Place>, max: usize) -> Recovery {
    let waiting = waiting::look(app).await;
    if !app.availability.now().audit {
        return Recovery {
            waiting,
            kept: None,
            refused: Vec::new(),
            unsynced: None,
            oldest: None,
            remote: remote(app),
        };
    }
    let processed = if all { None } else { Some(false) };
    let rows = match &app.remote {
        Some(_) => in_time(app.audit.unsynced(UNSYNCED_COUNTED)).await.ok(),
        None => Some(Vec::new()),
    };
    Recovery {
        waiting,
        kept: in_time(app.desk.power_down_page(processed, before, max)).await.ok(),
        refused: in_time(app.audit.refused(REFUSED_MAX)).await.unwrap_or_default(),
        unsynced: rows.as_ref().map(|rows| rows.len() as u64),
        oldest: rows.and_then(|rows| rows.into_iter().map(|row| row.validated_at).min()),
        remote: remote(app),
    }
}
