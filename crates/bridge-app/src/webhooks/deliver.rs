//! Posting what waits to be delivered. Each webhook has so many messages under way at once and no more, so that one that
//! hangs holds nobody else up. A delivery is claimed before it is tried: in a group one bridge tries it. What a try came to
//! is kept here until it is written.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{Due, Outcome, Tried, Webhook};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use uuid::Uuid;

use super::schedule;
use crate::base::deadline::{WEBHOOK_ANSWERS, within};
use crate::bridge::App;
use crate::state::webhooks::post::{Message, Poster};
use crate::state::webhooks::signature;

/// Messages that are under way to one webhook at the same time.
const AT_ONCE: usize = 16;
/// Whoever claimed a delivery and says nothing for so long is dead.
const CLAIM: Span = Span(60_000);
/// After this the stores are looked at again, whatever is under way.
const LOOK: Duration = Duration::from_millis(100);

/// A try that is over: of whom, as it was when the try began, how often it was tried before, and how it went.
struct Landed {
    webhook: Webhook,
    delivery: i64,
    tries: u32,
    outcome: Outcome,
}

/// Messages under way.
#[derive(Default)]
pub(crate) struct Flights {
    /// Never locked: with it they may be moved between threads.
    air: Mutex<FuturesUnordered<BoxFuture<'static, Landed>>>,
    under_way: BTreeMap<Uuid, usize>,
    landed: BTreeMap<Uuid, Vec<Tried>>,
}

impl Flights {
    /// Starts what is due, notes what is over. True: something is under way, and is to be looked after.
    pub(crate) async fn step(&mut self, app: &App) -> Result<bool> {
        self.note(app).await?;
        let is_stopping = app.stopping.is_cancelled();
        // A bridge that was killed comes back under its id; one that stops leaves nothing claimed.
        if is_stopping || app.webhooks.begins() {
            app.audit.release_deliveries(app.id).await?;
        }
        if !is_stopping {
            for webhook in app.webhooks.all().iter().filter(|webhook| webhook.enabled) {
                self.start(app, webhook).await?;
            }
        }
        if is_stopping || self.is_empty() {
            return Ok(false);
        }
        self.land(app).await;
        self.note(app).await?;
        Ok(true)
    }

    fn air(&mut self) -> &mut FuturesUnordered<BoxFuture<'static, Landed>> {
        self.air.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn is_empty(&mut self) -> bool {
        self.air().is_empty()
    }

    async fn start(&mut self, app: &App, webhook: &Webhook) -> Result<()> {
        let under_way = self.under_way.get(&webhook.id).copied().unwrap_or_default();
        let free = AT_ONCE.saturating_sub(under_way);
        if free == 0 {
            return Ok(());
        }
        let now = app.clock.now();
        for due in app.audit.claim_deliveries(now, webhook.id, app.id, now + CLAIM, free).await? {
            let flight = fly(app.webhooks.poster().clone(), webhook.clone(), due, now);
            self.air().push(flight.boxed());
            *self.under_way.entry(webhook.id).or_default() += 1;
        }
        Ok(())
    }

    /// Waits for the first that is over, and takes along whatever else is.
    async fn land(&mut self, app: &App) {
        let Ok(Some(first)) = within(LOOK, self.air().next()).await else { return };
        let mut over = vec![first];
        while let Some(Some(next)) = self.air().next().now_or_never() {
            over.push(next);
        }
        for Landed { webhook, delivery, tries, outcome } in over {
            if let Some(count) = self.under_way.get_mut(&webhook.id) {
                *count = count.saturating_sub(1);
            }
            let is_changed =
                || app.webhooks.one(webhook.id).is_some_and(|now| schedule::is_changed(&webhook, &now));
            let next = if outcome.error.is_some() && is_changed() {
                schedule::next_of_changed(&outcome)
            } else {
                schedule::next(tries, &outcome, app.entropy.fraction())
            };
            let taken = if outcome.error.is_none() { "delivered" } else { "failed" };
            app.metrics.count_webhook(taken);
            self.landed.entry(webhook.id).or_default().push(Tried { delivery, outcome, next });
        }
    }

    /// Writes down how tries went, and switches off what must be.
    async fn note(&mut self, app: &App) -> Result<()> {
        while let Some((webhook, tries)) = self.landed.first_key_value() {
            let (webhook, tries) = (*webhook, tries.clone());
            fail::fail_point!("webhooks::posted", |_| std::process::abort());
            app.audit.note_tries(webhook, &tries).await?;
            self.landed.remove(&webhook);
            if tries.iter().all(|tried| tried.outcome.error.is_none()) {
                continue;
            }
            app.webhooks.reload(&*app.audit).await?;
            let Some(row) = app.webhooks.one(webhook).filter(|row| row.enabled) else { continue };
            let outcomes = tries.iter().map(|tried| &tried.outcome);
            if let Some(reason) = schedule::switched_off(&row, app.clock.now(), outcomes) {
                tracing::warn!(webhook = %webhook, reason, "a webhook is switched off");
                let off = Webhook { enabled: false, disabled_reason: Some(reason), ..row };
                app.audit.put_webhook(&off).await?;
                super::apply(app).await?;
            }
        }
        Ok(())
    }
}

/// One try.
async fn fly(poster: Poster, webhook: Webhook, due: Due, now: Timestamp) -> Landed {
    let Due { delivery, event_id, body, tries } = due;
    let outcome = post(&poster, &webhook, now, event_id, body).await;
    Landed { webhook, delivery, tries, outcome }
}

/// Signs a message and posts it.
pub(crate) async fn post(
    poster: &Poster,
    webhook: &Webhook,
    at: Timestamp,
    id: String,
    body: String,
) -> Outcome {
    debug_assert!(CLAIM.0 > 2 * i64::try_from(WEBHOOK_ANSWERS.as_millis()).unwrap_or(i64::MAX));
    match signature::sign(webhook.secrets(at), &id, at, &body) {
        Some(signature) => poster.post(&webhook.url, &Message { id, at, signature, body }).await,
        None => {
            let error = Some("its secret cannot be read: rotate it".to_owned());
            Outcome { at, took_ms: 0, status: None, answer: String::new(), error }
        }
    }
}
