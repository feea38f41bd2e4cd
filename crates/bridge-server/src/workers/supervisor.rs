//! Runs workers: period, bells, back-off, status, and stopping. No worker sleeps, retries or spawns by
//! itself.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bridge_store::StoreError;
use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{Tick, Worker};
use crate::app::App;
use crate::metrics::WorkerLabels;

/// After a bell, steps wait this long for company: one step for fifty SMS instead of fifty steps.
const COALESCE: Duration = Duration::from_millis(100);
const BACKOFF_FIRST: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Steps a worker may take to empty its queue when the bridge stops.
const DRAIN_STEPS_MAX: usize = 10_000;

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
        while !soft.is_cancelled() {
            match step(worker.as_mut(), &app).await {
                Ok(Tick::More) => failures = 0,
                Ok(Tick::Idle) => {
                    failures = 0;
                    rest(worker.as_ref(), &app, &soft).await;
                }
                Err(()) => {
                    failures += 1;
                    let pause = backoff(failures, app.entropy.fraction());
                    let _ = tokio::time::timeout(pause, soft.cancelled()).await;
                }
            }
        }
    };
    tokio::select! {
        () = work => {}
        () = hard.cancelled() => tracing::warn!(worker = name, "stopped before it was done"),
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
    tracing::warn!(worker = name, error = failure, "a worker's step failed and will be tried again");
    app.metrics.worker_failures_total.get_or_create(&labels).inc();
    app.board.note(name, |status| {
        status.last_run = Some(now);
        status.failures += 1;
        status.last_error = Some(failure);
    });
    Err(())
}

fn describe(error: &StoreError) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Waits for the period, the bell, or the stop. A changed period ends the wait that is running.
async fn rest(worker: &dyn Worker, app: &App, soft: &CancellationToken) {
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
        () = soft.cancelled() => {}
        () = tokio::time::sleep(Duration::from_secs(u64::from(period))) => {}
        () = changed => {}
        () = app.board.heard(worker.bell()) => {
            let _ = tokio::time::timeout(COALESCE, soft.cancelled()).await;
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
