//! Reserves ids ahead and saves the reports of what was written (D21).

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::durability::ids;
use crate::state::board::WakeSignal;

#[derive(Default)]
pub(super) struct PersistCounters;

#[async_trait]
impl Worker for PersistCounters {
    fn name(&self) -> &'static str {
        "persist_counters_to_postgres"
    }
    fn about(&self) -> &'static str {
        "Reserves ids ahead and keeps count of what was written."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.counter_sync_interval_seconds
    }
    /// Reserving twice reserves once, and each bridge has reports of its own.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Counters)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        ids::reserve(app).await?;
        let now = app.clock.now();
        for (name, report) in [
            ("input_sms_dumped", &app.board.dumped),
            ("onboarding_mobile_dumped", &app.board.onboardings_dumped),
            ("hetzner_synced", &app.board.synced),
        ] {
            let by = report.swap(0, Ordering::Relaxed);
            if let Err(error) = app.audit.add_to_counter(now, name, by).await {
                report.fetch_add(by, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(Tick::Idle)
    }
}
