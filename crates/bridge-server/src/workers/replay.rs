//! SMS that were stored for later, judged in their order of arrival for each number, with their own times, exactly once
//! (D25).

use std::collections::HashMap;

use async_trait::async_trait;
use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;
use bridge_store::audit::WaitingSms;
use bridge_store::hot::WAITING_MARK;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{Bell, Tick, Worker};
use crate::app::App;
use crate::{intake, keeper};

/// Numbers whose SMS are judged beside each other.
const NUMBERS_AT_ONCE: usize = 32;

#[derive(Default)]
pub(super) struct ReplayPowerDownStore {
    /// When everything that waits was last marked.
    marked: Option<Timestamp>,
}

#[async_trait]
impl Worker for ReplayPowerDownStore {
    fn name(&self) -> &'static str {
        "replay_power_down_store"
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.replay_interval_seconds
    }
    fn bell(&self) -> Option<Bell> {
        Some(Bell::Replay)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let settings = app.live.now();
        if settings.maintenance_mode || !app.ladder.is_open() {
            return Ok(Tick::Idle);
        }
        let max = settings.batch_size as usize;
        let waiting = app.audit.waiting_sms(None, max).await?;
        if waiting.is_empty() {
            return Ok(Tick::Idle);
        }
        self.keep_marked(app).await?;
        let moved = waiting.len();
        let judged = stream::iter(by_number(waiting))
            .map(|sms| judge_in_order(app, sms))
            .buffer_unordered(NUMBERS_AT_ONCE);
        judged.try_collect::<Vec<()>>().await?;
        Ok(Tick::after(moved, max))
    }
}

impl ReplayPowerDownStore {
    /// Marks forget themselves; what still waits after a long outage is marked again in time.
    async fn keep_marked(&mut self, app: &App) -> Result<(), StoreError> {
        let now = app.clock.now();
        let half = WAITING_MARK.0 / 2;
        if self.marked.is_none_or(|at| (now - at).0 > half) {
            keeper::mark_what_waits(app).await?;
            self.marked = Some(now);
        }
        Ok(())
    }
}

/// The SMS of each number, in their order.
fn by_number(waiting: Vec<WaitingSms>) -> Vec<Vec<WaitingSms>> {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<WaitingSms>> = Vec::new();
    for row in waiting {
        let place = *numbers.entry(row.sms.mobile_number().to_owned()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

async fn judge_in_order(app: &App, waiting: Vec<WaitingSms>) -> Result<(), StoreError> {
    for row in waiting {
        let mark = (row.sms.mobile_number().to_owned(), row.sms.sms_id);
        intake::replay(app, row.sms).await?;
        fail::fail_point!("replay::judged", |_| std::process::abort());
        app.audit.mark_processed(app.clock.now(), &[row.id]).await?;
        app.hot.unmark_waiting(&[mark]).await?;
    }
    Ok(())
}
