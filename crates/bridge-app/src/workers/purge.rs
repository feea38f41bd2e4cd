//! Deletes audit rows past their retention (D31).

use async_trait::async_trait;
use bridge_core::time::DAY;
use bridge_core::{Settings, Span};
use bridge_store::StoreError;

use super::worker::{Tick, Worker};
use crate::bridge::App;

/// Of every table in one step.
const ROWS_MAX: usize = 5_000;

#[derive(Default)]
pub(super) struct PurgeExpiredAudit;

#[async_trait]
impl Worker for PurgeExpiredAudit {
    fn name(&self) -> &'static str {
        "purge_expired_audit"
    }
    fn about(&self) -> &'static str {
        "Deletes rows that are older than audit_retention_days."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.purge_interval_seconds
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let days = app.live.now().audit_retention_days;
        // By a clock that is years ahead everything would be past its time.
        if days == 0 || !app.clock_watch.is_right() {
            return Ok(Tick::Idle);
        }
        let before = app.clock.now() - Span(DAY.0 * i64::from(days));
        let purged = app.audit.purge(before, ROWS_MAX, app.remote.is_some()).await?;
        let figures = app.desk.purge_figures(before, ROWS_MAX).await?;
        Ok(Tick::after(purged.max(figures), ROWS_MAX))
    }
}
