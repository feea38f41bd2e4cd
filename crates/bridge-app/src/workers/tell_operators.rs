//! Tells operators what is wrong: each bridge what it claims.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::notify::tell::Teller;
use crate::state::board::WakeSignal;

/// Quiet hours end by the minute, and so is told what waited.
const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct TellOperators {
    teller: Teller,
}

#[async_trait]
impl Worker for TellOperators {
    fn name(&self) -> &'static str {
        "tell_operators"
    }
    fn about(&self) -> &'static str {
        "Tells operators by e-mail, ntfy, Telegram and other ways what is wrong, and when it is over."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// A notice is claimed by one of the group.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Notice)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        Ok(if self.teller.step(app).await? { Tick::More } else { Tick::Idle })
    }
}
