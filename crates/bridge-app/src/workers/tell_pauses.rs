//! Tells those who wait on this bridge that registration was paused or goes on.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::registration::paused;

const PERIOD_SECONDS: u32 = 1;

#[derive(Default)]
pub(super) struct TellPauses;

#[async_trait]
impl Worker for TellPauses {
    fn name(&self) -> &'static str {
        "tell_pauses"
    }
    fn about(&self) -> &'static str {
        "Tells people who wait that registration was paused or goes on."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// They wait at this bridge.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.pauses.tell(paused(app, &app.live.snapshot()).is_some());
        Ok(Tick::Idle)
    }
}
