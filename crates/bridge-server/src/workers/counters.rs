//! Reserves ids ahead and saves the reports of what was written (D21).

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::audit::Counter;
use bridge_store::hot::Counters;
use bridge_store::{AuditStore, StoreError};

use super::{Bell, Scope, Tick, Worker};
use crate::bridge::App;

const INPUT_SMS: &str = "queue_input_sms";
const ONBOARDING: &str = "queue_onboarding";
/// Ids are reserved so far ahead: after a loss they continue above everything that was reserved.
const BLOCK: i64 = 100_000;
/// With so few left, more are reserved before the period is over.
pub const LOW: i64 = BLOCK / 2;

pub(super) struct PersistCounters;

#[async_trait]
impl Worker for PersistCounters {
    fn name(&self) -> &'static str {
        "persist_counters_to_postgres"
    }
    fn about(&self) -> &'static str {
        "Reserves ids ahead and keeps count of what was written."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.counter_sync_interval_seconds
    }
    /// Reserving twice reserves once, and each bridge has reports of its own.
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    fn bell(&self) -> Option<Bell> {
        Some(Bell::Counters)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        reserve(app).await?;
        let now = app.clock.now();
        for (name, report) in [
            ("input_sms_dumped", &app.board.dumped),
            ("onboarding_mobile_dumped", &app.board.onboardings_dumped),
            ("hetzner_synced", &app.board.synced),
        ] {
            let by = report.swap(0, Ordering::Relaxed);
            if let Err(error) = app.audit.add_to_counter(now, name, by).await {
                report.fetch_add(by, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(Tick::Idle)
    }
}

async fn reserve(app: &App) -> Result<(), StoreError> {
    if !app.ladder.is_open() {
        // What a store that lost its memory counts means nothing.
        return Ok(());
    }
    let counters = app.hot.counters().await?;
    let ahead = Counters {
        queue_input_sms: counters.queue_input_sms + BLOCK,
        queue_onboarding: counters.queue_onboarding + BLOCK,
    };
    let ids = [
        Counter { name: INPUT_SMS.to_owned(), value: ahead.queue_input_sms },
        Counter { name: ONBOARDING.to_owned(), value: ahead.queue_onboarding },
    ];
    app.audit.save_counters(app.clock.now(), &ids).await?;
    app.board.reserved.store(ahead.queue_input_sms, Ordering::Relaxed);
    Ok(())
}

/// Up to which ids they were ever reserved.
pub async fn reserved(audit: &dyn AuditStore) -> Result<Counters, StoreError> {
    let saved = audit.counters().await?;
    let value = |name: &str| saved.iter().find(|c| c.name == name).map_or(0, |c| c.value);
    Ok(Counters { queue_input_sms: value(INPUT_SMS), queue_onboarding: value(ONBOARDING) })
}
