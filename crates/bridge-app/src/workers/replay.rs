//! SMS that were stored for later, judged in their order of arrival for each number, with their own times, exactly once
//! (D25).

mod parts;

use std::collections::HashMap;

use async_trait::async_trait;
use bridge_core::message::{Hashes, find_hashes};
use bridge_core::sms::REMEMBERED;
use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;
use bridge_store::audit::WaitingSms;
use bridge_store::hot::WAITING_MARK;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::worker::{Tick, Worker};
use crate::bridge::App;
use crate::durability::waiting;
use crate::sms::intake;
use crate::state::board::WakeSignal;

/// Numbers whose SMS are judged beside each other.
const NUMBERS_AT_ONCE: usize = 32;
/// Pages that may hold nothing but parts of long SMS.
const PAGES_OF_PARTS_MAX: usize = 20;

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
    fn about(&self) -> &'static str {
        "Judges the SMS that waited in power_down_store, oldest first."
    }
    fn period_seconds(&self, settings: &Settings) -> u32 {
        settings.replay_interval_seconds
    }
    fn wake_signal(&self) -> Option<WakeSignal> {
        Some(WakeSignal::Replay)
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        let settings = app.live.now();
        if settings.maintenance_mode || !app.availability.is_open() || !app.clock_watch.is_right() {
            return Ok(Tick::Idle);
        }
        let _carrying = app.board.carrying.read().await;
        let max = settings.batch_size as usize;
        let (waiting, parts) = read(app, max).await?;
        let joined = judge_parts(app, &settings, parts).await?;
        if waiting.is_empty() {
            return Ok(if joined { Tick::More } else { Tick::Idle });
        }
        self.keep_marked(app).await?;
        let moved = waiting.len();
        let judged = stream::iter(by_number(waiting))
            .map(|sms| judge_in_order(app, &settings, sms))
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
            waiting::mark_what_waits(app).await?;
            self.marked = Some(now);
        }
        Ok(())
    }
}

/// Whole SMS that wait, and the parts among and before them: parts may wait for long, and must not hide what comes
/// after them.
async fn read(app: &App, max: usize) -> Result<(Vec<WaitingSms>, Vec<WaitingSms>), StoreError> {
    let mut parts = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_OF_PARTS_MAX {
        let page = app.audit.waiting_sms(after, max).await?;
        after = page.last().map(WaitingSms::place);
        let is_last = page.len() < max;
        let (some_parts, whole): (Vec<_>, Vec<_>) = page.into_iter().partition(|row| row.sms.part.is_some());
        parts.extend(some_parts);
        if is_last || !whole.is_empty() {
            return Ok((whole, parts));
        }
    }
    Ok((Vec::new(), parts))
}

/// Judges the long SMS whose parts are all there. True: there was one.
async fn judge_parts(app: &App, settings: &Settings, parts: Vec<WaitingSms>) -> Result<bool, StoreError> {
    if parts.is_empty() {
        return Ok(false);
    }
    let now = app.clock.now();
    let is_enough =
        |text: &str| matches!(find_hashes(text, &settings.permitted_headers).hashes, Hashes::Some(_));
    let joined = parts::join(parts, now, is_enough);
    let some = !joined.whole.is_empty();
    for (sms, rows) in joined.whole {
        intake::replay(app, settings, sms).await?;
        app.audit.mark_processed(app.clock.now(), &rows).await?;
    }
    for row in joined.alone {
        // One that is delivered again after the whole was judged waits for nobody.
        if app.audit.parts_judged(&row.sms, now - REMEMBERED).await? {
            app.metrics.redelivered_total.inc();
            app.audit.mark_processed(now, &[row.id]).await?;
        }
    }
    Ok(some)
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

async fn judge_in_order(app: &App, settings: &Settings, waiting: Vec<WaitingSms>) -> Result<(), StoreError> {
    for row in waiting {
        let mark = (row.sms.mobile_number().to_owned(), row.sms.sms_id);
        intake::replay(app, settings, row.sms).await?;
        fail::fail_point!("replay::judged", |_| std::process::abort());
        app.audit.mark_processed(app.clock.now(), &[row.id]).await?;
        app.hot.unmark_waiting(&[mark]).await?;
    }
    Ok(())
}
