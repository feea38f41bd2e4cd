//! Reads blocked e-mail addresses that another bridge changed, in case its message was missed.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct ReadBlockedEmails;

#[async_trait]
impl Worker for ReadBlockedEmails {
    fn name(&self) -> &'static str {
        "read_blocked_emails"
    }
    fn about(&self) -> &'static str {
        "Learns which e-mail addresses other bridges blocked."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.blocked_emails.reload(&*app.audit).await?;
        Ok(Tick::Idle)
    }
}
