//! What happened, from the hot store to `ops.webhook_outbox`: written, and only then forgotten. Whoever carries a row from
//! the hot store that is not durable carries this first: what is told of a row was queued with it, and once the row is in
//! its table nobody would find out that it was not told.

use bridge_core::Onboarding;
use bridge_store::Result;
use bridge_store::blacklisting::Blacklisting;
use bridge_store::events::{Event, EventKind, QueuedEvent, Told};
use bridge_store::judged::QueuedSms;
use uuid::Uuid;

use crate::bridge::App;
use crate::stores::held::{Queues, held};
use crate::webhooks::said;

/// Entries that are carried in one step.
const STEP: usize = 500;

/// Carries everything that waits now. Answers how much there was. The caller holds `board.carrying`.
pub(crate) async fn carry(app: &App, queues: Queues) -> Result<usize> {
    let mut carried = 0;
    loop {
        let batch = held(app.hot.as_ref(), queues, app.hot.queued_events(STEP)).await?;
        if batch.is_empty() {
            return Ok(carried);
        }
        let events: Vec<Event> = batch.iter().flat_map(|queued| events_of(&queued.told)).collect();
        app.audit.append_events(&events).await?;
        fail::fail_point!("webhooks::kept", |_| std::process::abort());
        let (is_last, places) =
            (batch.len() < STEP, batch.into_iter().map(|QueuedEvent { place, .. }| place));
        let places: Vec<String> = places.collect();
        app.hot.forget_events(&places).await?;
        fail::fail_point!("webhooks::forgotten", |_| std::process::abort());
        carried += places.len();
        if is_last {
            return Ok(carried);
        }
    }
}

/// Carries it before rows from a hot store that could lose both.
pub(crate) async fn carry_before_rows(app: &App) -> Result<()> {
    if app.hot.is_durable() || !app.webhooks.is_used() {
        return Ok(());
    }
    carry(app, Queues::Entered).await.map(drop)
}

fn events_of(told: &Told) -> Vec<Event> {
    match told {
        Told::State { at, onboarding } => said::of_onboarding(*at, onboarding).into_iter().collect(),
        Told::Judged(of_sms) => of_sms.events.clone(),
    }
}

/// Tells what rows from a journal mean: the hot store that had queued it may have lost it.
pub(crate) async fn tell_rows(app: &App, rows: &[QueuedSms], onboardings: &[Onboarding]) -> Result<()> {
    if rows.is_empty() && onboardings.is_empty()
        || !(app.webhooks.wants(EventKind::SmsJudged) || app.webhooks.wants_states())
    {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.onboarding_id).collect();
    let kept = app.audit.onboardings_by_ids(&ids).await?;
    let found = |id: Uuid| onboardings.iter().chain(&kept).find(|onboarding| onboarding.id == id);
    let mut events: Vec<Event> =
        rows.iter().flat_map(|row| said::of_row(row, row.onboarding_id.and_then(found))).collect();
    let now = app.clock.now();
    events.extend(onboardings.iter().filter_map(|onboarding| said::of_onboarding(now, onboarding)));
    app.audit.append_events(&events).await.map(drop)
}

/// Tells that numbers were blocked: before they are in `blacklist_sms`, where nobody would know that it is news.
pub(crate) async fn tell_blocked(app: &App, entries: &[Blacklisting]) -> Result<()> {
    if entries.is_empty() || !app.webhooks.wants(EventKind::NumberBlacklisted) {
        return Ok(());
    }
    let events: Vec<Event> = entries.iter().map(said::of_blacklisting).collect();
    app.audit.append_events(&events).await.map(drop)
}
