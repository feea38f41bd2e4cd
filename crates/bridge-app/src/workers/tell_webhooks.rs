//! Tells webhooks that registration was paused or goes on, and that a receiver fell silent or is back. Each bridge sees it
//! by itself; what the newest event says is not said again, so that a group says it once.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;
use bridge_store::events::{Event, EventKind};

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;
use crate::registration::paused;
use crate::state::board::WakeSignal;
use crate::state::receivers::State;
use crate::webhooks::said;

const PERIOD_SECONDS: u32 = 1;
/// What waits while the audit store is away; then the oldest are forgotten.
const WAITING_MAX: usize = 1_000;

/// What this bridge saw last, and what it still has to say.
#[derive(Default)]
pub(super) struct TellWebhooks {
    seen: BTreeMap<String, bool>,
    waiting: VecDeque<(Event, Change)>,
}

/// An event that only follows another: what is over was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Begins,
    Ends(EventKind),
}

#[async_trait]
impl Worker for TellWebhooks {
    fn name(&self) -> &'static str {
        "tell_webhooks"
    }
    fn about(&self) -> &'static str {
        "Notices what webhooks are told beside onboardings and SMS: pauses and silent receivers."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        if !app.webhooks.is_used() {
            self.seen.clear();
            return Ok(Tick::Idle);
        }
        self.look(app);
        while let Some((event, change)) = self.waiting.front() {
            if is_news(app, event, *change).await? {
                app.audit.append_events(std::slice::from_ref(event)).await?;
                app.board.wake(WakeSignal::Webhook);
            }
            self.waiting.pop_front();
        }
        Ok(Tick::Idle)
    }
}

/// Of a group the first says it.
async fn is_news(app: &App, event: &Event, change: Change) -> Result<bool, StoreError> {
    let Some(subject) = event.subject else { return Ok(true) };
    let newest = app.audit.newest_event(subject).await?;
    Ok(match change {
        Change::Begins => newest != Some(event.kind),
        Change::Ends(begun) => newest == Some(begun),
    })
}

impl TellWebhooks {
    fn look(&mut self, app: &App) {
        let now = app.clock.now();
        let snapshot = app.live.snapshot();
        let pause = paused(app, &snapshot);
        let cause = pause.as_ref().map(|pause| (pause.cause, pause.why));
        self.see("bridge", pause.is_some(), EventKind::BridgePaused, EventKind::BridgeResumed, |kind| {
            said::of_pause(kind, now, cause)
        });
        for (known, seen) in app.receivers.each() {
            let state = app.receivers.state(known.as_deref(), &seen, now, &snapshot.settings);
            let what = format!("receiver {}", seen.name);
            let (silent, back) = (EventKind::ReceiverSilent, EventKind::ReceiverBack);
            self.see(&what, state == State::Silent, silent, back, |kind| {
                said::of_receiver(kind, now, &seen.name, seen.last_seen_at)
            });
        }
    }

    /// At the first look too: what is over may have begun before this bridge was started.
    fn see(
        &mut self,
        what: &str,
        is_on: bool,
        begins: EventKind,
        ends: EventKind,
        event: impl FnOnce(EventKind) -> Event,
    ) {
        if self.seen.insert(what.to_owned(), is_on) == Some(is_on) {
            return;
        }
        let (kind, change) = if is_on { (begins, Change::Begins) } else { (ends, Change::Ends(begins)) };
        self.waiting.push_back((event(kind), change));
        if self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
        }
    }
}
