//! Reads API keys that another bridge made or revoked, in case its message was missed, and keeps when they were last used.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

/// A key that was revoked elsewhere is refused within a second.
const PERIOD_SECONDS: u32 = 1;

#[derive(Default)]
pub(super) struct ReadApiKeys;

#[async_trait]
impl Worker for ReadApiKeys {
    fn name(&self) -> &'static str {
        "read_api_keys"
    }
    fn about(&self) -> &'static str {
        "Learns which API keys other bridges made or revoked, and keeps when keys were last used."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        for (id, at) in app.api_keys.used() {
            app.audit.note_api_key_used(id, at).await?;
        }
        app.api_keys.reload(&*app.audit).await?;
        Ok(Tick::Idle)
    }
}
