//! Finishes erasures that are still owed: a store was away, or another bridge may have carried something back
//! meanwhile.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::admin::person;
use crate::bridge::App;
use crate::state::board::WakeSignal;

const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct FinishErasures;

#[async_trait]
impl Worker for FinishErasures {
    fn name(&self) -> &'static str {
        "finish_erasures"
    }
    fn about(&self) -> &'static str {
        "Finishes erasures of persons that a store was away for."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// They are owed by the bridge that was asked: it alone knows the number.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Erasure)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        for id in app.erasures.due(app.clock.now()) {
            person::carry_out(app, id).await?;
        }
        Ok(Tick::Idle)
    }
}
