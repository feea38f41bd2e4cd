//! Saves the id counters and the reports of what was written (D21), and restores the ids at start.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::audit::Counter;
use bridge_store::hot::Counters;
use bridge_store::{AuditStore, HotStore, StoreError};

use super::{Tick, Worker};
use crate::app::App;

const INPUT_SMS: &str = "queue_input_sms";
const ONBOARDING: &str = "queue_onboarding";
/// More ids than are handed out between two savings at any speed: after a loss, ids continue above.
const LOST_AT_MOST: i64 = 1_000_000;

pub(super) struct PersistCounters;

#[async_trait]
impl Worker for PersistCounters {
    fn name(&self) -> &'static str {
        "persist_counters_to_postgres"
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.counter_sync_interval_seconds
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let now = app.clock.now();
        let counters = app.hot.counters().await?;
        let ids = [
            Counter { name: INPUT_SMS.to_owned(), value: counters.queue_input_sms },
            Counter { name: ONBOARDING.to_owned(), value: counters.queue_onboarding },
        ];
        app.audit.save_counters(now, &ids).await?;
        for (name, report) in [
            ("input_sms_dumped", &app.board.dumped),
            ("onboarding_mobile_dumped", &app.board.onboardings_dumped),
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

/// Before anything is taken in: a hot store that lost its counters continues above every id it may have
/// handed out.
pub async fn restore(hot: &dyn HotStore, audit: &dyn AuditStore) -> Result<(), StoreError> {
    let saved = audit.counters().await?;
    let value = |name: &str| saved.iter().find(|c| c.name == name).map_or(0, |c| c.value);
    let (sms, onboarding) = (value(INPUT_SMS), value(ONBOARDING));
    let current = hot.counters().await?;
    let above = |now: i64, saved: i64| if now < saved { saved + LOST_AT_MOST } else { now };
    let raised = Counters {
        queue_input_sms: above(current.queue_input_sms, sms),
        queue_onboarding: above(current.queue_onboarding, onboarding),
    };
    if raised != current {
        tracing::warn!("the hot store is older than the audit store: ids continue above the saved counters");
        hot.raise_counters(raised).await?;
    }
    Ok(())
}
