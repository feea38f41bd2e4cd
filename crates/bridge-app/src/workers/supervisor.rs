//! Runs workers: period, wake signals, back-off, status, and stopping. No worker sleeps, retries or spawns by itself.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::Span;
use bridge_store::StoreError;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::worker::{Scope, Tick, Worker};
use crate::base::deadline::{LEASE, within};
use crate::base::metrics::WorkerLabels;
use crate::bridge::App;
use crate::state::availability::HOT_SILENT;

/// After a wake signal, steps wait this long for company: one step for fifty SMS instead of fifty steps.
const COALESCE: Duration = Duration::from_millis(100);
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Another bridge takes a job over when the one that does it says nothing for so long. Every job may be done twice.
const JOB_LEASE: Span = Span(30_000);
/// Steps a worker may take to empty its queue when the bridge stops.
const DRAIN_STEPS_MAX: usize = 10_000;

/// Why a worker is looking now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Woken {
    /// Its period is over, or it has just started: one bridge of the group looks.
    ByPeriod,
    /// There is something to do.
    BySignal,
}

/// Runs one worker until `soft` is cancelled, finishing its step, or until `hard` is.
pub async fn run(
    mut worker: Box<dyn Worker>,
    app: Arc<App>,
    soft: CancellationToken,
    hard: CancellationToken,
) {
    let name = worker.name();
    // A series that is not there until the first failure cannot be alerted on.
    let _ = app.metrics.worker_failures_total.get_or_create(&WorkerLabels { worker: name });
    let work = async {
        let mut failures = 0;
        let mut woken = Woken::ByPeriod;
        while !soft.is_cancelled() {
            match work(worker.as_mut(), &app, woken, &soft).await {
                Ok(()) => {
                    failures = 0;
                    woken = rest(worker.as_ref(), &app, &soft).await;
                }
                Err(()) => {
                    failures += 1;
                    pause(&app, backoff(failures, app.entropy.fraction()), &soft).await;
                    woken = Woken::BySignal;
                }
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = hard.cancelled() => tracing::warn!(worker = name, "stopped before it was done"),
    }
}

/// Steps until nothing is left to do now, as the only bridge of the group that does this job.
async fn work(worker: &mut dyn Worker, app: &App, woken: Woken, soft: &CancellationToken) -> Result<(), ()> {
    let alone = worker.scope() == Scope::Bridge || app.hot.is_durable();
    if !alone {
        // The turn of a period is kept by one bridge and passes to another when that one renews it no more.
        let turn = format!("{}/turn", worker.name());
        let period = Span::seconds(worker.period_seconds(&app.live.now()));
        if woken == Woken::ByPeriod && !leased(worker, app, &turn, period).await? {
            app.board.note_elsewhere(worker.name(), app.clock.now());
            return Ok(());
        }
        while !leased(worker, app, worker.name(), JOB_LEASE).await? {
            // Another bridge is at it, and may have looked before there was something to do.
            if within(COALESCE, soft.cancelled()).await.is_ok() {
                return Ok(());
            }
        }
    }
    let done = loop {
        match step(worker, app).await {
            Ok(Tick::More) if !soft.is_cancelled() => {
                if !alone && !leased(worker, app, worker.name(), JOB_LEASE).await? {
                    break Ok(());
                }
            }
            Ok(_) => break Ok(()),
            Err(()) => break Err(()),
        }
    };
    if !alone && app.hot.release(worker.name(), app.id).await.is_err() {
        tracing::debug!(worker = worker.name(), "its lease was not given back and ends by itself");
    }
    done
}

async fn leased(worker: &dyn Worker, app: &App, job: &str, length: Span) -> Result<bool, ()> {
    let lease = within(LEASE, app.hot.lease(job, app.id, length)).await;
    match lease {
        Ok(Ok(held)) => Ok(held),
        Ok(Err(error)) => {
            failed(worker, app, describe(&error));
            Err(())
        }
        Err(_) => {
            failed(worker, app, HOT_SILENT.to_owned());
            Err(())
        }
    }
}

/// After a failure; what changes with the stores ends it early.
async fn pause(app: &App, length: Duration, soft: &CancellationToken) {
    tokio::select! {
        () = soft.cancelled() => {}
        () = tokio::time::sleep(length) => {}
        () = app.availability.changed() => {}
    }
}

/// Everybody empties what waits, one after the other: nobody leaves work behind for one that is done.
pub async fn drain_all(app: &App) {
    for mut worker in super::all() {
        drain(worker.as_mut(), app).await;
    }
}

/// Steps until nothing is left or a step fails; what then remains waits in the stores.
async fn drain(worker: &mut dyn Worker, app: &App) {
    for _ in 0..DRAIN_STEPS_MAX {
        if step(worker, app).await != Ok(Tick::More) {
            return;
        }
    }
}

/// One step, watched: a panic is a failure like any other.
async fn step(worker: &mut dyn Worker, app: &App) -> Result<Tick, ()> {
    let name = worker.name();
    let result = AssertUnwindSafe(worker.tick(app)).catch_unwind().await;
    let now = app.clock.now();
    let labels = WorkerLabels { worker: name };
    let failure = match result {
        Ok(Ok(tick)) => {
            app.board.note(name, |status| {
                status.last_run = Some(now);
                status.last_success = Some(now);
                status.last_error = None;
            });
            app.metrics.worker_last_success_timestamp_seconds.get_or_create(&labels).set(now.epoch_seconds());
            return Ok(tick);
        }
        Ok(Err(error)) => describe(&error),
        Err(_) => "it panicked: this is a bug, please report it with the log".to_owned(),
    };
    failed(worker, app, failure);
    Err(())
}

fn failed(worker: &dyn Worker, app: &App, failure: String) {
    let (name, now) = (worker.name(), app.clock.now());
    tracing::warn!(worker = name, error = failure, "a worker's step failed and will be tried again");
    app.metrics.worker_failures_total.get_or_create(&WorkerLabels { worker: name }).inc();
    app.board.note(name, |status| {
        status.last_run = Some(now);
        status.failures += 1;
        status.last_error = Some(failure);
    });
}

fn describe(error: &StoreError) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Waits for the period, the wake signal, or the stop. A changed period ends the wait that is running.
async fn rest(worker: &dyn Worker, app: &App, soft: &CancellationToken) -> Woken {
    let mut settings = app.live.subscribe();
    let period = worker.period_seconds(&app.live.now());
    let changed = async {
        while settings.changed().await.is_ok() {
            if worker.period_seconds(&app.live.now()) != period {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = soft.cancelled() => Woken::ByPeriod,
        () = tokio::time::sleep(Duration::from_secs(u64::from(period))) => Woken::ByPeriod,
        () = changed => Woken::ByPeriod,
        () = app.board.woken(worker.name(), worker.wake_signal()) => {
            let _ = within(COALESCE, soft.cancelled()).await;
            Woken::BySignal
        }
    }
}

/// Doubles with every failure, up to half a minute, and is never the same twice: what failed together
/// does not come back together.
fn backoff(failures: u32, fraction: f64) -> Duration {
    let doubled = BACKOFF_FIRST.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(BACKOFF_MAX).mul_f64(0.5 + fraction / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backs_off_with_jitter_and_an_end() {
        assert_eq!(backoff(1, 1.0), BACKOFF_FIRST);
        assert_eq!(backoff(1, 0.0), BACKOFF_FIRST / 2);
        assert_eq!(backoff(3, 1.0), BACKOFF_FIRST * 4);
        assert_eq!(backoff(100, 1.0), BACKOFF_MAX);
    }
}
