//! The series that are not counted as things happen: read from the parts when somebody asks for them. Not how the bridge is
//! in words; both look at the same parts.

use bridge_core::Settings;

use super::{backup, waiting_sms, writable};
use crate::base::deadline::in_time;
use crate::base::metrics::{PauseLabels, QueueLabels, ReceiverLabels, WholeStoreLabels, WorkerLabels};
use crate::bridge::App;
use crate::registration;
use crate::state::availability::Hot;
use crate::state::receivers::State;
use crate::workers;
use crate::workers::worker::Standing;

/// What waits for the remote is counted so far: more needs no other answer.
const COUNTED_MAX: usize = 1000;

/// Brings them up to date. Of a store that is away nothing is asked: whoever scrapes waits no longer than for one answer.
pub async fn measure(app: &App) {
    let settings = app.live.now();
    tokio::join!(queues(app), stores(app), remote(app));
    workers(app, &settings);
    receivers(app, &settings);
    last_backup(app, &settings);
    let metrics = &app.metrics;
    metrics.spool_bytes.set(signed(app.journal.bytes()));
    metrics.connections_open.set(signed(app.places.taken()));
    let closed = &metrics.connections_closed_for_room_total;
    closed.inc_by(app.places.closed().saturating_sub(closed.get()));
    if let Some(room) = app.disk.room() {
        metrics.disk_free_bytes.set(signed(room.free_bytes));
        metrics.disk_size_bytes.set(signed(room.size_bytes));
    }
    let pause = registration::paused(app, &app.live.snapshot());
    for cause in registration::PAUSE_CAUSES {
        let is_paused = pause.as_ref().is_some_and(|pause| pause.cause == cause);
        metrics.onboarding_paused.get_or_create(&PauseLabels { cause }).set(i64::from(is_paused));
    }
    metrics.onboarding_in_doubt.set(i64::from(registration::doubt(app).is_some()));
}

fn signed(value: impl TryInto<i64>) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

async fn queues(app: &App) {
    let set = |queue, size: u64| {
        app.metrics.queue_size.get_or_create(&QueueLabels { queue }).set(signed(size));
    };
    let hot = app.availability.now().hot;
    if hot != Hot::Away
        && let Ok(sizes) = in_time(app.hot.queue_sizes()).await
    {
        set("queue_input_sms", sizes.input_sms);
        set("queue_onboarding", sizes.onboarding);
        set("blacklist_mobiles", sizes.blacklist);
        set("webhook_outbox", sizes.events);
    }
    set("journal", app.journal.len() as u64);
    set("journal_waiting_sms", app.journal.waiting() as u64);
    if let Some(waiting) = waiting_sms(app).await {
        set("power_down_store", waiting as u64);
    }
}

async fn stores(app: &App) {
    let standing = app.availability.now();
    let is_plausible = app.clock_watch.is_plausible();
    // A clock that is wrong is no fault of the store.
    let hot = matches!(standing.hot, Hot::Open | Hot::ClockNotSet);
    for (store, is_up) in [("hot", hot), ("audit", standing.audit)] {
        app.metrics.store_up.get_or_create(&WholeStoreLabels { store }).set(i64::from(is_up));
    }
    for (store, damage) in [("hot", app.hot.damage()), ("audit", app.audit.damage())] {
        let labels = WholeStoreLabels { store };
        app.metrics.store_damaged.get_or_create(&labels).set(i64::from(damage.is_some()));
    }
    app.metrics.clock_plausible.set(i64::from(is_plausible));
    app.metrics.writable.set(i64::from(writable(app).await.is_ok()));
}

async fn remote(app: &App) {
    if app.remote.is_none() {
        return;
    }
    app.metrics.remote_away.set(i64::from(app.pushing.now().away.is_some()));
    if !app.availability.now().audit {
        return;
    }
    let asked = (in_time(app.audit.unsynced(COUNTED_MAX)), in_time(app.audit.refused(COUNTED_MAX)));
    let (waiting, refused) = tokio::join!(asked.0, asked.1);
    if let Ok(waiting) = waiting {
        app.metrics.remote_waiting.set(signed(waiting.len()));
    }
    if let Ok(refused) = refused {
        app.metrics.remote_refused.set(signed(refused.iter().filter(|row| row.dead_lettered).count()));
    }
}

fn workers(app: &App, settings: &Settings) {
    let (board, now) = (app.board.status(), app.clock.now());
    for worker in workers::all() {
        let status = board.get(worker.name()).cloned().unwrap_or_default();
        let standing = workers::worker::standing(worker.as_ref(), &status, now, settings);
        let labels = WorkerLabels { worker: worker.name() };
        let is_troubled = matches!(standing, Standing::Behind | Standing::Failing);
        app.metrics.worker_in_trouble.get_or_create(&labels).set(i64::from(is_troubled));
    }
}

fn receivers(app: &App, settings: &Settings) {
    let metrics = &app.metrics;
    // Of one that was removed nothing is said any more.
    metrics.receiver_silent.clear();
    metrics.receiver_last_seen_timestamp_seconds.clear();
    let now = app.clock.now();
    for (known, seen) in app.receivers.each() {
        let labels = ReceiverLabels { receiver: seen.name.clone() };
        let is_silent = app.receivers.state(known.as_deref(), &seen, now, settings) == State::Silent;
        metrics.receiver_silent.get_or_create(&labels).set(i64::from(is_silent));
    }
    for (receiver, seen) in app.receivers.all_seen() {
        if let Some(at) = seen.last_seen_at {
            let labels = ReceiverLabels { receiver };
            metrics
                .receiver_last_seen_timestamp_seconds
                .get_or_create(&labels)
                .set(at.epoch_seconds() as f64);
        }
    }
}

fn last_backup(app: &App, settings: &Settings) {
    let (last, overdue) = backup(app, settings);
    app.metrics.backup_overdue.set(i64::from(overdue.is_some()));
    let at = last.map_or(0, |last| last.at.epoch_seconds());
    app.metrics.last_backup_timestamp_seconds.set(at);
}
