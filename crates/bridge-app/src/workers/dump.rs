//! Judged SMS from the hot store to `input_sms`. Two workers share the step: this one takes everything every
//! `local_sync_interval_seconds`; `sync` takes what validated a number, at once (D20).

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;
use bridge_store::hot::Which;
use bridge_store::journal::Subject;
use bridge_store::judged::QueuedSms;

use super::worker::{Tick, Worker};
use crate::base::metrics::Stopwatch;
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::stores::held::{Queues, held};
use crate::webhooks::carry;

#[derive(Default)]
pub(super) struct DumpQueueInputSms;

#[async_trait]
impl Worker for DumpQueueInputSms {
    fn name(&self) -> &'static str {
        "dump_queue_input_sms_to_postgres"
    }
    fn about(&self) -> &'static str {
        "Writes judged SMS to input_sms."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.local_sync_interval_seconds
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Dump)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        dump(app, Which::All).await
    }
}

/// Writes, and only then forgets: a step that ends half way is repeated and changes nothing.
pub(super) async fn dump(app: &App, which: Which) -> Result<Tick, StoreError> {
    let _carrying = app.board.carrying.read().await;
    step(app, which).await
}

/// Writes all that validated a number until now. The caller holds `board.carrying`.
pub(super) async fn dump_passed(app: &App) -> Result<(), StoreError> {
    while step(app, Which::Passed).await? == Tick::More {}
    Ok(())
}

async fn step(app: &App, which: Which) -> Result<Tick, StoreError> {
    // One at a time: otherwise both would carry the same rows.
    let _turn = app.board.dumping.lock().await;
    let watch = Stopwatch::start();
    let max = app.live.now().batch_size as usize;
    let batch = held(app.hot.as_ref(), Queues::Entered, app.hot.queued_sms(which, max)).await?;
    if batch.is_empty() {
        return Ok(Tick::Idle);
    }
    carry::carry_before_rows(app).await?;
    let written = app.audit.append_sms(&batch).await?;
    fail::fail_point!("dump::written", |_| std::process::abort());
    let ids: Vec<i64> = batch.iter().map(|QueuedSms { id, .. }| *id).collect();
    app.hot.forget_sms(&ids).await?;
    fail::fail_point!("dump::forgotten", |_| std::process::abort());
    let subjects: Vec<Subject> = batch.iter().map(|queued| Subject::Judged(queued.sms.sms_id)).collect();
    app.journal.acknowledge(&subjects);
    let moved = u64::try_from(ids.len()).unwrap_or(u64::MAX);
    let _ =
        app.undumped.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_sub(moved)));
    app.metrics.dumped_rows_total.inc_by(u64::try_from(written).unwrap_or(u64::MAX));
    app.metrics.dump_duration_seconds.observe(watch.elapsed().as_secs_f64());
    app.board.dumped.fetch_add(i64::try_from(written).unwrap_or(i64::MAX), Ordering::Relaxed);
    Ok(Tick::after(batch.len(), max))
}
