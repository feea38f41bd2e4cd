//! Webhooks as the operator keeps them: added, changed, rotated, removed, tried out and replayed. Each change is noted in
//! the admin log, written to the audit store, and in force here before anybody is answered. Not how a message is delivered:
//! that is [`crate::webhooks`].

use bridge_core::Timestamp;
use bridge_core::time::DAY;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::{Delivery, Outcome, Replay, Tally, Webhook};
use bridge_store::events::EventKind;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::fields::{chosen, switch, text};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::state::webhooks::signature;
use crate::webhooks::{apply, deliver, said};

/// Webhooks of one bridge: each costs a question a second.
const WEBHOOKS_MAX: usize = 50;
const DESCRIPTION_MAX_CHARS: usize = 200;
const URL_MAX_CHARS: usize = 2_000;
/// Deliveries of one page.
const PAGE_MAX: usize = 100;

/// A webhook, and how its deliveries stand.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The webhook.
    pub webhook: Webhook,
    /// Its deliveries.
    pub tally: Tally,
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

/// Of a webhook in the admin log: no secret. An address may hold one behind the question mark.
fn noted(webhook: &Webhook) -> Value {
    let url = webhook.url.split(['?', '#']).next().unwrap_or_default();
    json!({
        "url": url, "events": webhook.events, "description": webhook.description, "enabled": webhook.enabled,
    })
}

/// Notes the change and makes it.
async fn put(
    app: &App,
    actor: &Actor,
    action: &str,
    before: Option<&Webhook>,
    row: &Webhook,
) -> Result<(), Problem> {
    let before = before.map_or(Value::Null, noted);
    app.note_change(actor, action, &row.id.to_string(), before, noted(row)).await?;
    in_time(app.audit.put_webhook(row)).await?;
    in_force(app).await
}

async fn in_force(app: &App) -> Result<(), Problem> {
    in_time(apply(app)).await?;
    if let Err(error) = in_time(app.hot.announce_webhooks()).await {
        tracing::debug!(?error, "other bridges hear of it within seconds");
    }
    app.board.wake(WakeSignal::Webhook);
    Ok(())
}

/// The webhook of that id, asked of its source: another bridge may have changed it just now.
async fn find(app: &App, id: &str) -> Result<Webhook, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no webhook of this id");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let all = in_time(app.audit.webhooks()).await?;
    all.into_iter().find(|webhook| webhook.id == id).ok_or_else(unknown)
}

fn url_of(app: &App, fields: &Fields) -> Result<Option<String>, Problem> {
    let Some(given) = text(fields, "url")? else { return Ok(None) };
    if given.chars().count() > URL_MAX_CHARS {
        return Err(wrong("url", format!("is longer than {URL_MAX_CHARS} characters")));
    }
    let url = app.webhooks.poster().reach().read(&given).map_err(|why| wrong("url", why.to_string()))?;
    Ok(Some(url.to_string()))
}

/// Which events a webhook can ask for: all but the one that only a test sends.
#[must_use]
pub fn kinds() -> Vec<EventKind> {
    EventKind::ALL.iter().copied().filter(|kind| *kind != EventKind::WebhookTest).collect()
}

fn description_of(fields: &Fields) -> Result<Option<String>, Problem> {
    let given = text(fields, "description")?;
    if given.as_ref().is_some_and(|text| text.chars().count() > DESCRIPTION_MAX_CHARS) {
        return Err(wrong("description", format!("is longer than {DESCRIPTION_MAX_CHARS} characters")));
    }
    Ok(given)
}

fn secret(app: &App) -> Result<String, Problem> {
    signature::new_secret(&app.entropy).map_err(|error| Problem::unavailable(&error))
}

/// All webhooks, oldest first.
pub async fn list(app: &App) -> Result<Vec<Listed>, Problem> {
    let mut all = Vec::new();
    for webhook in in_time(app.audit.webhooks()).await? {
        let tally = in_time(app.audit.tally_deliveries(webhook.id)).await?;
        all.push(Listed { webhook, tally });
    }
    Ok(all)
}

/// One webhook.
pub async fn one(app: &App, id: &str) -> Result<Listed, Problem> {
    let webhook = find(app, id).await?;
    let tally = in_time(app.audit.tally_deliveries(webhook.id)).await?;
    Ok(Listed { webhook, tally })
}

/// Adds a webhook. Its secret is in the answer, and nowhere else.
pub async fn add(app: &App, actor: &Actor, fields: &Fields) -> Result<Webhook, Problem> {
    let now = app.clock.now();
    let url = url_of(app, fields)?.ok_or_else(|| wrong("url", "is missing: where events are posted"))?;
    let row = Webhook {
        id: app.entropy.id(now).map_err(|error| Problem::unavailable(&error))?,
        url,
        events: chosen(fields, "events", &kinds(), EventKind::word)?.unwrap_or_else(kinds),
        description: description_of(fields)?.unwrap_or_default(),
        enabled: switch(fields, "enabled")?.unwrap_or(true),
        secret: secret(app)?,
        previous_secret: None,
        previous_until: None,
        created_at: now,
        failing_since: None,
        disabled_reason: None,
    };
    if in_time(app.audit.webhooks()).await?.len() >= WEBHOOKS_MAX {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("there are {WEBHOOKS_MAX} webhooks already: remove one"),
        ));
    }
    put(app, actor, "webhook.add", None, &row).await?;
    Ok(row)
}

/// Changes what is given of a webhook. One that is switched on again has failed no more.
pub async fn change(app: &App, actor: &Actor, id: &str, fields: &Fields) -> Result<Webhook, Problem> {
    let before = find(app, id).await?;
    let mut row = before.clone();
    row.url = url_of(app, fields)?.unwrap_or(row.url);
    row.events = chosen(fields, "events", &kinds(), EventKind::word)?.unwrap_or(row.events);
    row.description = description_of(fields)?.unwrap_or(row.description);
    if let Some(enabled) = switch(fields, "enabled")? {
        row.enabled = enabled;
        row.disabled_reason = None;
        if enabled && !before.enabled {
            row.failing_since = None;
        }
    }
    put(app, actor, "webhook.change", Some(&before), &row).await?;
    Ok(row)
}

/// Gives a webhook a new secret; for a day messages are signed with the one before, too.
pub async fn rotate(app: &App, actor: &Actor, id: &str) -> Result<Webhook, Problem> {
    let before = find(app, id).await?;
    let row = Webhook {
        previous_secret: Some(before.secret.clone()),
        previous_until: Some(app.clock.now() + DAY),
        secret: secret(app)?,
        ..before.clone()
    };
    put(app, actor, "webhook.rotate", Some(&before), &row).await?;
    Ok(row)
}

/// Removes a webhook and what waits for it.
pub async fn remove(app: &App, actor: &Actor, id: &str) -> Result<(), Problem> {
    let before = find(app, id).await?;
    app.note_change(actor, "webhook.remove", &before.id.to_string(), noted(&before), Value::Null).await?;
    in_time(app.audit.remove_webhook(before.id)).await?;
    in_force(app).await
}

/// Posts `webhook.test` now; answers what came back.
pub async fn test(app: &App, actor: &Actor, id: &str) -> Result<Outcome, Problem> {
    let webhook = find(app, id).await?;
    let now = app.clock.now();
    let of = app.entropy.id(now).map_err(|error| Problem::unavailable(&error))?;
    app.note_change(actor, "webhook.test", &webhook.id.to_string(), Value::Null, Value::Null).await?;
    let event = said::of_test(now, of);
    Ok(deliver::post(app.webhooks.poster(), &webhook, now, event.id.clone(), event.body()).await)
}

/// Deliveries of a webhook, newest first, and whether there are more.
pub async fn deliveries(
    app: &App,
    id: &str,
    before: Option<i64>,
    max: Option<usize>,
) -> Result<(Vec<Delivery>, bool), Problem> {
    let webhook = find(app, id).await?;
    let max = max.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let mut found = in_time(app.audit.deliveries(webhook.id, before, max + 1)).await?;
    let more = found.len() > max;
    found.truncate(max);
    Ok((found, more))
}

/// What is to be delivered again, as it was asked for.
pub fn replayed(fields: &Fields) -> Result<Replay, Problem> {
    let since = text(fields, "since")?;
    let delivery = match fields.get("delivery") {
        Some(FieldValue::Number(delivery)) => Some(delivery.clone()),
        _ => text(fields, "delivery")?,
    };
    match (since, delivery) {
        (Some(since), None) => {
            let since = Timestamp::parse(&since).map_err(|why| wrong("since", why.to_string()))?;
            Ok(Replay::Since(since))
        }
        (None, Some(delivery)) => {
            let delivery = delivery.parse().map_err(|_| wrong("delivery", "is no id of a delivery"))?;
            Ok(Replay::Delivery(delivery))
        }
        (None, None) => Err(wrong("since", "is missing: give `since`, or `delivery`")),
        (Some(_), Some(_)) => Err(wrong("since", "and `delivery` cannot be given together")),
    }
}

/// Delivers again what was delivered or given up. Answers how many.
pub async fn replay(app: &App, actor: &Actor, id: &str, what: Replay) -> Result<u64, Problem> {
    let webhook = find(app, id).await?;
    let after = match what {
        Replay::Since(since) => json!({"since": since.to_string()}),
        Replay::Delivery(delivery) => json!({"delivery": delivery}),
    };
    app.note_change(actor, "webhook.replay", &webhook.id.to_string(), Value::Null, after).await?;
    let again = in_time(app.audit.replay(app.clock.now(), webhook.id, what)).await?;
    if again == 0 && matches!(what, Replay::Delivery(_)) {
        let why = "this webhook has no such delivery, or it waits already";
        return Err(Problem::new(Code::NotFound, why));
    }
    app.board.wake(WakeSignal::Webhook);
    Ok(again)
}
