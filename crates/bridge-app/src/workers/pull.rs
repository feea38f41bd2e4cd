//! Reads phones' own lists of SMS where something may be missing: after the bridge was away, and when a silent receiver
//! is heard of again. What is owed is kept in [`crate::state::inbox_reads`]; the reading is [`crate::sms::inbox`].

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Tick, Worker};
use crate::bridge::App;
use crate::sms::import::Stopped;
use crate::sms::inbox::{self, InboxError};
use crate::state::inbox_reads;

#[derive(Default)]
pub(super) struct PullInboxes;

#[async_trait]
impl Worker for PullInboxes {
    fn name(&self) -> &'static str {
        "pull_inboxes"
    }
    fn about(&self) -> &'static str {
        "Reads phones' own lists of SMS after something may have been missed."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        (settings.receiver_silence_seconds / 20).clamp(1, 30)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let settings = app.live.now();
        for known in app.receivers.live().iter().filter(|known| inbox_reads::has_list(known)) {
            if app.stopping.is_cancelled() {
                return Ok(Tick::Idle);
            }
            let (name, now) = (known.row.name.as_str(), app.clock.now());
            let last_seen = app.receivers.seen().of(name).last_seen_at;
            let is_silent = app.receivers.is_quiet(name, now, &settings);
            let Some(since) = app.inbox_reads.due(known, last_seen, is_silent, now) else { continue };
            match inbox::pull(app, known, since).await {
                Ok(report) => {
                    let (rows, missing) = (report.rows, report.missing);
                    tracing::info!(receiver = name, %since, rows, missing, "the phone's own list was read");
                    app.inbox_reads.read(name, since);
                }
                Err(InboxError::Stopped(Stopped::Store(error))) => return Err(error),
                Err(error) => {
                    tracing::warn!(receiver = name, %since, %error, "the phone's own list could not be read and is owed");
                    app.inbox_reads.failed(name, app.clock.now());
                }
            }
        }
        Ok(Tick::Idle)
    }
}
