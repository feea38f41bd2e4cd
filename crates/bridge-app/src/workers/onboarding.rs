//! New and changed onboardings from the hot store to `onboarding_mobile` (D17).

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::{Settings, State};
use bridge_store::StoreError;
use bridge_store::journal::Subject;
use uuid::Uuid;

use super::dump;
use super::worker::{Tick, Worker};
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::stores::held::{Queues, held};
use crate::webhooks::carry;

#[derive(Default)]
pub(super) struct DumpQueueOnboarding;

#[async_trait]
impl Worker for DumpQueueOnboarding {
    fn name(&self) -> &'static str {
        "dump_queue_onboarding_to_postgres"
    }
    fn about(&self) -> &'static str {
        "Writes new and changed onboardings to onboarding_mobile."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.onboarding_sync_interval_seconds
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Onboarding)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let _carrying = app.board.carrying.read().await;
        let max = app.live.now().batch_size as usize;
        let batch = held(app.hot.as_ref(), Queues::Entered, app.hot.queued_onboardings(max)).await?;
        if batch.is_empty() {
            return Ok(Tick::Idle);
        }
        // What validated them first: a hot store that loses its memory now would not know it any more, and the SMS that
        // comes again would find an onboarding that is over.
        if batch.iter().any(|onboarding| onboarding.state == State::Validated) {
            dump::dump_passed(app).await?;
        }
        carry::carry_before_rows(app).await?;
        let new = app.audit.upsert_onboardings(&batch).await?;
        fail::fail_point!("onboarding::written", |_| std::process::abort());
        let written: Vec<(Uuid, i64)> = batch.iter().map(|o| (o.id, o.version)).collect();
        app.hot.forget_onboardings(&written).await?;
        let subjects: Vec<Subject> =
            written.iter().map(|(id, version)| Subject::Onboarding(*id, *version)).collect();
        app.journal.acknowledge(&subjects);
        app.board.onboardings_dumped.fetch_add(i64::try_from(new).unwrap_or(i64::MAX), Ordering::Relaxed);
        Ok(Tick::after(batch.len(), max))
    }
}
