//! Refused registrations to `registration_attempts` (D13).

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::state::board::WakeSignal;

/// Longest wait, in seconds, when no signal came.
const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct WriteRegistrationAttempts;

#[async_trait]
impl Worker for WriteRegistrationAttempts {
    fn name(&self) -> &'static str {
        "write_registration_attempts"
    }
    fn about(&self) -> &'static str {
        "Writes refused registrations to registration_attempts."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// They wait in this bridge's memory.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Refusal)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let _carrying = app.board.carrying.read().await;
        let batch = app.refusals.take();
        if batch.is_empty() {
            return Ok(Tick::Idle);
        }
        if let Err(error) = app.audit.append_refusals(&batch).await {
            app.refusals.put_back(batch);
            return Err(error);
        }
        Ok(Tick::Idle)
    }
}
