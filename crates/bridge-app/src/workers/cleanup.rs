//! Turns passed deadlines into `expired` (D32) and removes what no operation can see any more.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Tick, Worker};
use crate::bridge::App;

#[derive(Default)]
pub(super) struct CleanupExpired;

#[async_trait]
impl Worker for CleanupExpired {
    fn name(&self) -> &'static str {
        "cleanup_expired_sorted_sets"
    }
    fn about(&self) -> &'static str {
        "Ends onboardings whose deadline has passed, and clears what has expired."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.cleanup_interval_seconds
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        // A clock that was just set may have passed every deadline, which move with it.
        if !app.availability.is_open() || !app.clock_watch.is_right() {
            return Ok(Tick::Idle);
        }
        let max = app.live.now().batch_size as usize;
        let now = app.clock.now();
        let expired = app.hot.expire_deadlines(now, max).await?;
        let cleared = app.hot.collect_garbage(now, max).await?;
        Ok(Tick::after(expired.max(cleared), max))
    }
}
