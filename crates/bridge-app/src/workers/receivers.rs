//! Writes what this bridge saw of the receivers to the audit store, and reads what other bridges saw: each bridge does
//! it for itself, because a phone delivers to one of them and all hand out its number.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct NoteReceivers;

#[async_trait]
impl Worker for NoteReceivers {
    fn name(&self) -> &'static str {
        "note_receivers"
    }
    fn about(&self) -> &'static str {
        "Keeps what was seen of the receivers, and learns what other bridges saw."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.receivers.exchange(&*app.audit).await?;
        Ok(Tick::Idle)
    }
}
