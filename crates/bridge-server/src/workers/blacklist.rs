//! The blacklist both ways: numbers that flooded to `blacklist_sms`, then the whole of it back into the
//! set that the check reads, together with what is not yet written (D24). Blocks that have ended
//! are cleared away on the way.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;
use bridge_store::blacklisting::Blacklisting;

use super::worker::{Tick, Worker};
use crate::bridge::App;
use crate::state::board::Bell;

/// See above.
pub struct PopulateBlacklist;

impl PopulateBlacklist {
    /// Its name, and that of its lease.
    pub const NAME: &str = "populate_blacklist_from_postgres";
}

#[async_trait]
impl Worker for PopulateBlacklist {
    fn name(&self) -> &'static str {
        PopulateBlacklist::NAME
    }
    fn about(&self) -> &'static str {
        "Carries blocked numbers to blacklist_sms, and the whole list back to where the check reads it."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.blacklist_check_interval_seconds
    }
    fn bell(&self) -> Option<Bell> {
        Some(Bell::Blacklist)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let _turn = app.board.blacklisting.lock().await;
        let max = app.live.now().batch_size as usize;
        let batch = app.hot.queued_blacklistings(max).await?;
        app.audit.append_blacklist(&batch).await?;
        let written: Vec<String> = batch.into_iter().map(|entry| entry.mobile_number).collect();
        app.hot.forget_blacklistings(&written).await?;
        if written.len() >= max {
            return Ok(Tick::More);
        }
        app.audit.clear_ended_blocks(app.clock.now()).await?;
        let all: Vec<_> = app.audit.blacklist().await?.iter().map(Blacklisting::block).collect();
        app.hot.replace_blacklist(&all).await?;
        Ok(Tick::Idle)
    }
}
