//! What people did on their page, to `ops.page_funnel`.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

/// A figure may be so many seconds old.
const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct WritePageSteps;

#[async_trait]
impl Worker for WritePageSteps {
    fn name(&self) -> &'static str {
        "write_page_steps"
    }
    fn about(&self) -> &'static str {
        "Writes how far people came on their page to page_funnel."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    /// They wait in this bridge's memory.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let _carrying = app.board.carrying.read().await;
        let batch = app.page_steps.take();
        if batch.is_empty() {
            return Ok(Tick::Idle);
        }
        if let Err(error) = app.audit.note_steps(&batch).await {
            app.page_steps.put_back(batch);
            return Err(error);
        }
        Ok(Tick::Idle)
    }
}
