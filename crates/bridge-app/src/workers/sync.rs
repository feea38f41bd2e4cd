//! Validated numbers to the remote (D20): first to `input_sms`, which stays the source, then pushed at once, oldest
//! first. An outage of the remote pauses all of it and counts against no row.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::{Settings, Span};
use bridge_store::audit::Unsynced;
use bridge_store::hot::Which;
use bridge_store::remote::{Paused, Pushed};
use bridge_store::{StoreError, StoreFault};

use super::dump;
use super::worker::{Tick, Worker};
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::state::pushing;

#[derive(Default)]
pub(super) struct SyncValidatedMobiles;

#[async_trait]
impl Worker for SyncValidatedMobiles {
    fn name(&self) -> &'static str {
        pushing::WORKER
    }
    fn about(&self) -> &'static str {
        "Pushes validated numbers to the remote."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.hetzner_sync_interval_seconds
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Validated)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let dumped = dump::dump(app, Which::Passed).await?;
        let Some(remote) = &app.remote else { return Ok(dumped) };
        // It asked not to be asked before.
        if app.pushing.now().not_before.is_some_and(|at| app.clock.now() < at) {
            return Ok(dumped);
        }
        let _carrying = app.board.carrying.read().await;
        let settings = app.live.now();
        let max = settings.batch_size as usize;
        let rows = app.audit.unsynced(max).await?;
        if rows.is_empty() {
            app.pushing.nothing_waits();
            return Ok(dumped);
        }
        let stored = match remote.push(&rows).await {
            Ok(answers) => {
                app.pushing.answered(app.clock.now());
                settle(app, &settings, &rows, &answers).await?
            }
            Err(paused) => return Err(pause(app, paused)),
        };
        // A batch of which nothing was stored would be the next batch, too.
        Ok(if stored > 0 { Tick::after(rows.len(), max) } else { dumped })
    }
}

fn pause(app: &App, paused: Paused) -> StoreError {
    let now = app.clock.now();
    let after = paused.retry_after.map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
    app.pushing.failed(now, paused.to_string(), after.map(|millis| now + Span(millis)));
    StoreError { operation: pushing::OPERATION, kind: StoreFault::Unavailable, source: Some(paused.into()) }
}

/// Notes what the remote made of each row; answers how many it has now.
async fn settle(
    app: &App,
    settings: &Settings,
    rows: &[Unsynced],
    answers: &[Pushed],
) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let mut stored = Vec::new();
    for (row, answer) in rows.iter().zip(answers) {
        match answer {
            Pushed::Stored => stored.push(row.clone()),
            Pushed::Refused(reason) => {
                let dead_lettered =
                    app.audit.note_refused(now, row, reason, settings.max_database_retries).await?;
                tracing::warn!(sms_id = %row.sms_id, reason, parked = dead_lettered, "the remote refuses a validated number");
            }
        }
    }
    app.audit.mark_synced(now, &stored).await?;
    app.metrics.remote_synced_total.inc_by(stored.len() as u64);
    app.board.synced.fetch_add(i64::try_from(stored.len()).unwrap_or(i64::MAX), Ordering::Relaxed);
    Ok(stored.len())
}
