//! Notices what is wrong with the bridge, and keeps it for those who are told: each bridge what it sees.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::notify::watch::Watch;

const PERIOD_SECONDS: u32 = 1;

#[derive(Default)]
pub(super) struct WatchTroubles {
    watch: Watch,
}

#[async_trait]
impl Worker for WatchTroubles {
    fn name(&self) -> &'static str {
        "watch_troubles"
    }
    fn about(&self) -> &'static str {
        "Notices what operators are told: pauses, silent receivers, stores that are away, and more."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        self.watch.step(app).await?;
        Ok(Tick::Idle)
    }
}
