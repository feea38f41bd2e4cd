//! Watches over the two stores: notices within a moment that one is away, or that the hot store lost its memory, stops
//! judging before anything is judged wrongly, and resumes when all is whole (D25-D28). Also reads settings that another
//! bridge changed. One look is one bounded step; `run` decides when it looks.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bridge_core::settings::Settings;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::Member;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::base::data_file;
use crate::base::deadline::{LOOK, store_within};
use crate::bridge::App;
use crate::durability::clock_monitor::ClockMonitor;
use crate::durability::{journal, rebuild, waiting};
use crate::state::availability::{HOT_SILENT, Hot};
use crate::state::receivers::State as ReceiverState;

/// Between two looks at the hot store when nobody suspects anything.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Between two looks at the audit store, its settings, and how full the hot store is.
const LOOK_ASIDE_EVERY: Span = Span(1_000);
/// Between two notes that this bridge lives.
const NOTE_EVERY: Span = Span(3_000);
/// After an outage the other bridges have this long to mark the SMS that they kept, before any is judged.
const GRACE: Duration = Duration::from_millis(600);
/// The hot store must fall this much below the limit before it is used again, or it would open and close all the time.
const FULL_HYSTERESIS_PERCENT: u64 = 3;

/// What one bridge's store monitor remembers between two looks.
#[derive(Debug, Default)]
pub struct StoreMonitor {
    /// The epoch that was entered.
    epoch: Option<String>,
    /// The lost epoch for which the journal was flushed last.
    handed_over: Option<String>,
    looked_aside: Option<Timestamp>,
    noted: Option<Timestamp>,
    clock: ClockMonitor,
}

/// Looks until it is stopped.
pub async fn run(app: Arc<App>, monitor: Arc<Mutex<StoreMonitor>>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = app.availability.suspected() => {}
        }
        monitor.lock().await.look(&app).await;
    }
}

/// One question: the monitor has others to ask.
async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    store_within(LOOK, "look", answer).await
}

fn due(last: Option<Timestamp>, now: Timestamp, every: Span) -> bool {
    last.is_none_or(|last| now - last >= every || now < last)
}

impl StoreMonitor {
    /// A store monitor that knows which epoch this bridge last judged in, from before its restart.
    #[must_use]
    pub fn new(app: &App) -> StoreMonitor {
        StoreMonitor { epoch: std::fs::read_to_string(epoch_file(app)).ok(), ..StoreMonitor::default() }
    }

    /// One look.
    pub async fn look(&mut self, app: &App) {
        let _watching = app.board.watching.lock().await;
        self.clock.look(app).await;
        let now = app.clock.now();
        let aside = due(self.looked_aside, now, LOOK_ASIDE_EVERY);
        if aside {
            self.looked_aside = Some(now);
        }
        let (hot, pressed, audit) = tokio::join!(
            in_time(app.hot.epoch()),
            async { if aside { is_full(app).await } else { app.availability.now().hot == Hot::Full } },
            async { if aside { Some(in_time(app.reload_settings()).await) } else { None } },
        );
        if let Some(settings) = audit {
            app.availability.set_audit(settings.is_ok());
        }
        self.judge(app, hot, pressed).await;
        see_what_is_away(app);
        // Whoever rebuilds the hot store need not wait for a bridge that has no time to hand anything over by.
        let takes_part = !app.hot.is_durable() && app.clock_watch.is_plausible();
        if takes_part && due(self.noted, now, NOTE_EVERY) {
            self.noted = Some(now);
            let _ = in_time(app.audit.note_member(&self.member(app))).await;
        }
    }

    /// The bridge stops. Nobody need wait for it if nothing is left in its journal.
    pub async fn leave(&mut self, app: &App) {
        if app.hot.is_durable() || !app.journal.is_empty() {
            return;
        }
        self.handed_over = Some(rebuild::LEFT.to_owned());
        if let Err(error) = in_time(app.audit.note_member(&self.member(app))).await {
            tracing::debug!(%error, "other bridges will wait for this one for a while");
        }
    }

    fn member(&self, app: &App) -> Member {
        Member { bridge: app.id, handed_over: self.handed_over.clone() }
    }

    async fn judge(&mut self, app: &App, hot: Result<Option<String>>, pressed: bool) {
        let was = app.availability.now().hot;
        if !app.clock_watch.is_plausible() {
            // What it holds can be looked at. Nothing is judged, and nothing rebuilt, by a clock that cannot be right.
            if hot.as_ref().is_ok_and(|there| there.is_some() && *there == self.epoch) {
                app.hot.enter(self.epoch.as_deref());
            }
            return app.availability.set_hot(app.clock.now(), Hot::ClockNotSet);
        }
        if app.hot.damage().is_some() {
            return app.availability.set_hot(app.clock.now(), Hot::Damaged);
        }
        let there = match hot {
            Ok(there) => there,
            Err(error) => {
                if was != Hot::Away {
                    tracing::warn!(%error, source = ?error.source, "{HOT_SILENT}");
                }
                return app.availability.set_hot(app.clock.now(), Hot::Away);
            }
        };
        if there.is_some() && there == self.epoch {
            let open = match was {
                Hot::Open | Hot::Full => Ok(()),
                // What it does not know since it was away is what bridges kept for later.
                Hot::Away | Hot::Lost | Hot::Damaged | Hot::ClockNotSet => self.resume(app).await,
            };
            let seen = match open {
                Ok(()) if pressed => Hot::Full,
                Ok(()) => Hot::Open,
                Err(_) => was,
            };
            return app.availability.set_hot(app.clock.now(), seen);
        }
        app.hot.enter(None);
        app.availability.set_hot(app.clock.now(), Hot::Lost);
        match self.recover(app).await {
            Ok(true) => {
                app.availability.set_hot(app.clock.now(), if pressed { Hot::Full } else { Hot::Open });
                app.board.wake_all();
            }
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, source = ?error.source, "the hot store cannot be rebuilt yet and is tried again");
            }
        }
    }

    /// The same store with the same memory answers again.
    async fn resume(&self, app: &App) -> Result<()> {
        app.hot.enter(self.epoch.as_deref());
        waiting::mark_what_waits(app).await?;
        if !app.hot.is_durable() {
            tokio::time::sleep(GRACE).await;
        }
        app.board.wake_all();
        Ok(())
    }

    /// The store is empty, old or another one: what this bridge alone knows is flushed, then whoever holds the
    /// lease rebuilds it. True: it is whole and entered.
    async fn recover(&mut self, app: &App) -> Result<bool> {
        journal::flush(app).await?;
        let known = app.audit.epoch().await?;
        // Another bridge may have rebuilt it meanwhile. Of an epoch that lives nothing is flushed for good: when
        // it is lost one day, whoever rebuilds must wait for what this bridge keeps until then.
        let there = in_time(app.hot.epoch()).await?;
        let lost = known.clone().unwrap_or_default();
        self.handed_over = (there.is_none() || there != known).then(|| lost.clone());
        app.audit.note_member(&self.member(app)).await?;
        let epoch = match (there, known) {
            // Rebuilt by another bridge; or this bridge has just started.
            (Some(there), Some(known)) if there == known => there,
            // The trail is new and the store is not: they belong together from now on.
            (Some(there), None) => {
                app.audit.save_epoch(app.clock.now(), &there).await?;
                there
            }
            _ => match rebuild::under_lease(app, &lost).await? {
                Some(epoch) => epoch,
                None => return Ok(false),
            },
        };
        app.hot.enter(Some(&epoch));
        journal::acknowledge_flushed(app).await?;
        waiting::mark_what_waits(app).await?;
        if let Err(error) = data_file::write(&epoch_file(app), epoch.as_bytes()) {
            tracing::warn!(%error, "the epoch cannot be noted: after a restart the audit store is asked");
        }
        self.epoch = Some(epoch);
        Ok(true)
    }
}

fn epoch_file(app: &App) -> PathBuf {
    app.options.data_dir.join("epoch")
}

/// Notes what is away now: a store, the remote, a receiver.
fn see_what_is_away(app: &App) {
    let now = app.clock.now();
    let standing = app.availability.now();
    let mut away = BTreeMap::new();
    if let Some((why, since)) = app.clock_watch.implausible() {
        away.insert("clock".to_owned(), (since, format!("it cannot be right: {why}")));
    } else if standing.hot != Hot::Open {
        let why = standing.hot.why().unwrap_or_default();
        away.insert("redis".to_owned(), (standing.since, why.to_owned()));
    }
    if !standing.audit {
        away.insert("postgresql".to_owned(), (now, "the audit store does not answer".to_owned()));
    }
    if let Some(told) = app.pushing.now().away {
        away.insert("remote".to_owned(), told);
    }
    let settings = app.live.now();
    for (known, seen) in app.receivers.each() {
        if app.receivers.state(known.as_deref(), &seen, now, &settings) == ReceiverState::Silent {
            let since = seen.last_seen_at.unwrap_or(now);
            away.insert(format!("receiver:{}", seen.name), (since, "it is silent".to_owned()));
        }
    }
    for webhook in app.webhooks.all().iter().filter(|webhook| !webhook.enabled) {
        if let Some(reason) = &webhook.disabled_reason {
            let since = webhook.failing_since.unwrap_or(now);
            away.insert(format!("webhook:{}", webhook.id), (since, reason.clone()));
        }
    }
    app.incidents.see(now, away);
}

/// D27. A store that cannot say is not called full: it will say so itself.
async fn is_full(app: &App) -> bool {
    let Ok(pressure) = in_time(app.hot.pressure()).await else { return false };
    let Some(limit) = pressure.limit_bytes.filter(|limit| *limit > 0) else { return false };
    let was_full = app.availability.now().hot == Hot::Full;
    let percent = limit_percent(&app.live.now(), was_full);
    u128::from(pressure.used_bytes) * 100 >= u128::from(limit) * u128::from(percent)
}

fn limit_percent(settings: &Settings, was_full: bool) -> u64 {
    let limit = u64::from(settings.redis_memory_limit_percent);
    if was_full { limit.saturating_sub(FULL_HYSTERESIS_PERCENT) } else { limit }
}
