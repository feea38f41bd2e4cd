//! Flushes what lies in this bridge's journal for longer than a dump takes (D29): another bridge dumped it, or the hot
//! store lost it. Writing it again changes nothing where it is known; then its entry goes. SMS that wait in the journal
//! go to `power_down_store` as soon as that can be written.

use bridge_core::Span;
use bridge_core::settings::Settings;
use bridge_store::StoreError;

use async_trait::async_trait;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::durability::journal;
use crate::state::board::WakeSignal;

/// Beyond the interval of the dump: one that is behind, not one that is lost.
const BEHIND_SECONDS: u32 = 15;
const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct SettleJournal;

#[async_trait]
impl Worker for SettleJournal {
    fn name(&self) -> &'static str {
        "settle_journal"
    }
    fn about(&self) -> &'static str {
        "Hands over what lies in the journal for longer than a dump takes."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Journal)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.metrics.spool_bytes.set(i64::try_from(app.journal.bytes()).unwrap_or(i64::MAX));
        if app.journal.is_empty() || !app.availability.now().audit || !app.clock_watch.is_right() {
            return Ok(Tick::Idle);
        }
        let _carrying = app.board.carrying.read().await;
        let interval = app.live.now().local_sync_interval_seconds;
        let age = Span::seconds(interval.saturating_add(BEHIND_SECONDS));
        journal::flush_old(app, app.clock.now(), age).await?;
        app.metrics.spool_bytes.set(i64::try_from(app.journal.bytes()).unwrap_or(i64::MAX));
        Ok(Tick::Idle)
    }
}
