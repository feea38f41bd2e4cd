//! SMS that were stored for later, judged in their order of arrival with their own times (D25).

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::{Bell, Tick, Worker};
use crate::app::App;
use crate::intake;

pub(super) struct ReplayPowerDownStore;

#[async_trait]
impl Worker for ReplayPowerDownStore {
    fn name(&self) -> &'static str {
        "replay_power_down_store"
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.replay_interval_seconds
    }
    fn bell(&self) -> Option<Bell> {
        Some(Bell::Replay)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let settings = app.live.now();
        if settings.maintenance_mode || app.replay_queue.is_empty() {
            return Ok(Tick::Idle);
        }
        let max = settings.batch_size as usize;
        let waiting = app.audit.waiting_sms(max).await?;
        for row in &waiting {
            intake::replay(app, row.sms.clone()).await?;
            fail::fail_point!("replay::judged", |_| std::process::abort());
            app.audit.mark_processed(app.clock.now(), &[row.id]).await?;
            app.replay_queue.remove(row.sms.mobile_number());
        }
        Ok(Tick::after(waiting.len(), max))
    }
}
