//! Posting what waits to be delivered. Each webhook has so many messages under way at once and no more, so that one that
//! hangs holds nobody else up. A delivery is claimed before it is tried: in a group one bridge tries it. What a try came to
//! is kept here until it is written; while that is written and more is claimed, what is under way goes on.

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
const AT_ONCE: usize = 32;
/// Whoever claimed a delivery and says nothing for so long is dead.
const CLAIM: Span = Span(60_000);
/// After this the stores are looked at again, whatever is under way.
const LOOK: Duration = Duration::from_millis(100);
/// Tries that end within so long are written down together.
const COMPANY: Duration = Duration::from_millis(10);

/// A try that is over: of whom, as it was when the try began, how often it was tried before, and how it went.
struct Landed {
    webhook: Webhook,
    delivery: i64,
    tries: u32,
    outcome: Outcome,
}

type Air = FuturesUnordered<BoxFuture<'static, Landed>>;
type Over = BTreeMap<Uuid, Vec<Tried>>;

/// Messages under way.
#[derive(Default)]
pub(crate) struct Flights {
    /// Never locked: with it they may be moved between threads.
    air: Mutex<Air>,
    under_way: BTreeMap<Uuid, usize>,
    landed: Over,
}

impl Flights {
    /// Notes what is over, starts what is due. True: something is under way or is to be noted.
    pub(crate) async fn step(&mut self, app: &App) -> Result<bool> {
        let is_stopping = app.stopping.is_cancelled();
        // A bridge that was killed comes back under its id; one that stops leaves nothing claimed.
        if is_stopping || app.webhooks.begins() {
            note(app, &mut self.landed).await?;
            app.audit.release_deliveries(app.id).await?;
            app.webhooks.begun();
        }
        if is_stopping {
            return Ok(false);
        }
        let air = self.air.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut over = Vec::new();
        let claimed = {
            let mut claimed = std::pin::pin!(note_and_claim(app, &mut self.landed, &self.under_way));
            // Stores take their time: meanwhile what is under way goes on.
            loop {
                tokio::select! {
                    biased;
                    claimed = &mut claimed => break claimed,
                    Some(landed) = air.next() => over.push(landed),
                }
            }
        };
        let begun = claimed.as_ref().map_or(0, Vec::len);
        for (webhook, due, now) in claimed.as_deref().unwrap_or_default() {
            *self.under_way.entry(webhook.id).or_default() += 1;
            air.push(fly(app.webhooks.poster().clone(), webhook.clone(), due.clone(), *now).boxed());
        }
        if begun == 0 && over.is_empty() {
            over.extend(within(LOOK, air.next()).await.ok().flatten());
        }
        // Runs out of time where some are still under way: they land later.
        let _ = within(COMPANY, async {
            while let Some(landed) = air.next().await {
                over.push(landed);
            }
        })
        .await;
        over.into_iter().for_each(|landed| self.land(app, landed));
        claimed?;
        Ok(!self.landed.is_empty() || self.under_way.values().any(|count| *count > 0))
    }

    /// What comes after a try that is over.
    fn land(&mut self, app: &App, landed: Landed) {
        let Landed { webhook, delivery, tries, outcome } = landed;
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
        app.metrics.count_webhook(if outcome.error.is_none() { "delivered" } else { "failed" });
        self.landed.entry(webhook.id).or_default().push(Tried { delivery, outcome, next });
    }
}

/// Claims what is due, as much for each webhook as may be under way.
async fn note_and_claim(
    app: &App,
    landed: &mut Over,
    under_way: &BTreeMap<Uuid, usize>,
) -> Result<Vec<(Webhook, Due, Timestamp)>> {
    note(app, landed).await?;
    let mut claimed = Vec::new();
    for webhook in app.webhooks.all().iter().filter(|webhook| webhook.enabled) {
        let free = AT_ONCE.saturating_sub(under_way.get(&webhook.id).copied().unwrap_or_default());
        if free == 0 {
            continue;
        }
        let now = app.clock.now();
        let due = app.audit.claim_deliveries(now, webhook.id, app.id, now + CLAIM, free).await;
        match due {
            Ok(due) => claimed.extend(due.into_iter().map(|due| (webhook.clone(), due, now))),
            // What was claimed before is ours alone: it must go out.
            Err(_) if !claimed.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

/// Writes down how tries went, and switches off what must be.
async fn note(app: &App, landed: &mut Over) -> Result<()> {
    while let Some((webhook, tries)) = landed.first_key_value() {
        let (webhook, tries) = (*webhook, tries.clone());
        fail::fail_point!("webhooks::posted", |_| std::process::abort());
        app.audit.note_tries(webhook, &tries).await?;
        landed.remove(&webhook);
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
