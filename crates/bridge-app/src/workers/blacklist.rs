//! The blacklist both ways: numbers that flooded go to `blacklist_sms`; then the whole of it goes back into the set
//! that the check reads, together with what is not written yet (D24). Blocks that have ended are removed too.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Tick, Worker};
use crate::admin::blacklist;
use crate::bridge::App;
use crate::state::board::WakeSignal;

/// Carries the blacklist.
#[derive(Default)]
pub(super) struct PopulateBlacklist;

#[async_trait]
impl Worker for PopulateBlacklist {
    fn name(&self) -> &'static str {
        blacklist::CARRYING
    }
    fn about(&self) -> &'static str {
        "Carries blocked numbers to blacklist_sms, and the whole list back to where the check reads it."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.blacklist_check_interval_seconds
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Blacklist)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        Ok(if blacklist::carry(app).await? { Tick::More } else { Tick::Idle })
    }
}
