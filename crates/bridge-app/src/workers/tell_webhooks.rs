//! Tells webhooks that registration was paused or goes on, and that a receiver fell silent or is back. Each bridge says what
//! it sees by itself to the audit store, which knows what the others of its group see: so a group says it once, and says that
//! it is over when it is over for all.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use bridge_core::{Settings, Span};
use bridge_store::StoreError;
use bridge_store::audit::Observed;
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

/// What a bridge sees it says again so often: so the others know that it lives.
const SAY_EVERY: Span = Span(30_000);
/// A bridge that said nothing for so long sees nothing any more.
const SILENT: Span = Span(180_000);

/// What this bridge saw last, and what it still has to say.
#[derive(Default)]
pub(super) struct TellWebhooks {
    seen: BTreeMap<String, bool>,
    waiting: VecDeque<Observed>,
    said: Option<Span>,
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
            *self = TellWebhooks::default();
            return Ok(Tick::Idle);
        }
        let mono = app.clock.monotonic();
        let is_due = self.said.is_none_or(|said| mono.0 - said.0 >= SAY_EVERY.0);
        self.look(app, is_due && self.waiting.is_empty());
        if self.waiting.is_empty() {
            return Ok(Tick::Idle);
        }
        let new = app.audit.observe(app.id, SILENT, self.waiting.make_contiguous()).await?;
        self.waiting.clear();
        self.said = Some(mono);
        if new > 0 {
            app.board.wake(WakeSignal::Webhook);
        }
        Ok(Tick::Idle)
    }
}

impl TellWebhooks {
    /// Notes what changed, or everything.
    fn look(&mut self, app: &App, everything: bool) {
        if everything {
            self.seen.clear();
        }
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
        let event = event(if is_on { begins } else { ends });
        let Some(subject) = event.subject else { return };
        self.waiting.push_back(Observed { subject, is_on, event, begins });
        if self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
        }
    }
}
