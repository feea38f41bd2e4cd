//! Webhooks, what waits to be told to whom, and how every try went.

use async_trait::async_trait;
use bridge_core::message::storable;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{
    Delivery, DeliveryState, Due, Next, Observed, Outcome, Replay, Tally, Tried, Webhook, WebhookTrail,
};
use bridge_store::events::{Event, EventKind};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, column, counted, limit};
use super::lease::{BATCH, Lease, Parameter, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl WebhookTrail for PostgresAudit {
    async fn webhooks(&self) -> Result<Vec<Webhook>> {
        on_lease!(self.webhooks(QUICK, all))
    }

    async fn put_webhook(&self, webhook: &Webhook) -> Result<()> {
        on_lease!(self.put_webhook(QUICK, put, webhook))
    }

    async fn remove_webhook(&self, id: Uuid) -> Result<bool> {
        on_lease!(self.remove_webhook(BATCH, remove, id))
    }

    async fn append_events(&self, events: &[Event]) -> Result<usize> {
        on_lease!(self.append_events(BATCH, append, events))
    }

    async fn observe(&self, bridge: Uuid, silent: Span, observed: &[Observed]) -> Result<usize> {
        on_lease!(self.observe(BATCH, observe, bridge, silent, observed))
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        webhook: Uuid,
        by: Uuid,
        until: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>> {
        on_lease!(self.claim_deliveries(QUICK, claim, now, webhook, by, until, max))
    }

    async fn release_deliveries(&self, by: Uuid) -> Result<()> {
        on_lease!(self.release_deliveries(QUICK, release, by))
    }

    async fn note_tries(&self, webhook: Uuid, tries: &[Tried]) -> Result<()> {
        on_lease!(self.note_tries(QUICK, note, webhook, tries))
    }

    async fn deliveries(&self, webhook: Uuid, before: Option<i64>, max: usize) -> Result<Vec<Delivery>> {
        on_lease!(self.deliveries(QUICK, deliveries, webhook, before, max))
    }

    async fn replay(&self, now: Timestamp, webhook: Uuid, what: Replay) -> Result<u64> {
        on_lease!(self.replay(BATCH, replay, now, webhook, what))
    }

    async fn tally_deliveries(&self, webhook: Uuid) -> Result<Tally> {
        on_lease!(self.tally_deliveries(QUICK, tally, webhook))
    }
}

async fn all(lease: &mut Lease) -> Result<Vec<Webhook>> {
    lease
        .rows(
            "SELECT id, url, events, description, enabled, secret, previous_secret, previous_until, created_at,
                 failing_since, disabled_reason FROM ops.webhook ORDER BY created_at, id",
            &[],
            |row| {
                let words: Vec<String> = row.try_get(2)?;
                Ok(Webhook {
                    id: row.try_get(0)?,
                    url: row.try_get(1)?,
                    // One that only a newer version knows is none to this one.
                    events: words.iter().filter_map(|word| EventKind::from_word(word)).collect(),
                    description: row.try_get(3)?,
                    enabled: row.try_get(4)?,
                    secret: row.try_get(5)?,
                    previous_secret: row.try_get(6)?,
                    previous_until: row.try_get::<_, Option<At>>(7)?.map(|at| at.0),
                    created_at: row.try_get::<_, At>(8)?.0,
                    failing_since: row.try_get::<_, Option<At>>(9)?.map(|at| at.0),
                    disabled_reason: row.try_get(10)?,
                })
            },
        )
        .await
}

async fn put(lease: &mut Lease, webhook: &Webhook) -> Result<()> {
    let words = column(&webhook.events, |kind| kind.word());
    lease
        .run(
            "WITH waiting AS (
                 UPDATE ops.webhook_delivery d SET tries = 0, next_at = o.at FROM ops.webhook_outbox o
                 WHERE o.id = d.event AND d.webhook_id = $1 AND d.state = 'waiting'
             )
             INSERT INTO ops.webhook (id, url, events, description, enabled, secret, previous_secret, previous_until,
                 created_at, failing_since, disabled_reason)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (id) DO UPDATE SET url = excluded.url, events = excluded.events,
                 description = excluded.description, enabled = excluded.enabled, secret = excluded.secret,
                 previous_secret = excluded.previous_secret, previous_until = excluded.previous_until,
                 created_at = excluded.created_at, failing_since = excluded.failing_since,
                 disabled_reason = excluded.disabled_reason",
            &[
                (&webhook.id, Type::UUID),
                (&storable(&webhook.url), Type::TEXT),
                (&words, Type::TEXT_ARRAY),
                (&storable(&webhook.description), Type::TEXT),
                (&webhook.enabled, Type::BOOL),
                (&webhook.secret, Type::TEXT),
                (&webhook.previous_secret, Type::TEXT),
                (&webhook.previous_until.map(At), Type::TIMESTAMPTZ),
                (&At(webhook.created_at), Type::TIMESTAMPTZ),
                (&webhook.failing_since.map(At), Type::TIMESTAMPTZ),
                (&webhook.disabled_reason, Type::TEXT),
            ],
        )
        .await
        .map(drop)
}

async fn remove(lease: &mut Lease, id: Uuid) -> Result<bool> {
    Ok(lease.run("DELETE FROM ops.webhook WHERE id = $1", &[(&id, Type::UUID)]).await? > 0)
}

/// Whether a webhook wants what stands there as `arrived`.
const WANTS: &str = "w.enabled AND arrived.type = ANY (w.events) AND w.created_at <= arrived.at";

async fn append(lease: &mut Lease, events: &[Event]) -> Result<usize> {
    if events.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "WITH kept AS (
             INSERT INTO ops.webhook_outbox (event_id, type, at, since, subject, mobile_number, body)
             SELECT event_id, type, at, since, subject, mobile, body
             FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::uuid[], $6::text[], $7::text[])
                 WITH ORDINALITY AS arrived (event_id, type, at, since, subject, mobile, body, place)
             WHERE EXISTS (SELECT FROM ops.webhook w WHERE {WANTS})
             ORDER BY place
             ON CONFLICT (event_id) DO NOTHING
             RETURNING id, type, at, subject
         ), delivered AS (
             INSERT INTO ops.webhook_delivery (webhook_id, event, subject, state, tries, next_at)
             SELECT w.id, arrived.id, arrived.subject, 'waiting', 0, greatest(arrived.at, (
                 SELECT max(next_at) FROM ops.webhook_delivery before
                 WHERE before.subject = arrived.subject AND before.webhook_id = w.id AND before.state = 'waiting'))
             FROM kept AS arrived JOIN ops.webhook w ON {WANTS} ORDER BY arrived.id
         )
         SELECT count(*) FROM kept"
    );
    let mobiles = column(events, |event| event.mobile_number.as_deref().map(storable));
    let parameters: [Parameter<'_>; 7] = [
        (&column(events, |event| event.id.as_str()), Type::TEXT_ARRAY),
        (&column(events, |event| event.kind.word()), Type::TEXT_ARRAY),
        (&column(events, |event| At(event.at)), Type::TIMESTAMPTZ_ARRAY),
        (&column(events, |event| At(event.since)), Type::TIMESTAMPTZ_ARRAY),
        (&column(events, |event| event.subject), Type::UUID_ARRAY),
        (&mobiles, Type::TEXT_ARRAY),
        (&column(events, Event::body), Type::TEXT_ARRAY),
    ];
    Ok(counted(&lease.rows(&sql, &parameters, |row| Ok(row.try_get::<_, i64>(0)?)).await?))
}

/// What the newest event about a subject was.
async fn newest(lease: &mut Lease, subject: Uuid) -> Result<Option<EventKind>> {
    let sql = "SELECT type FROM ops.webhook_outbox WHERE subject = $1 ORDER BY id DESC LIMIT 1";
    let words = lease.rows(sql, &[(&subject, Type::UUID)], |row| Ok(row.try_get::<_, String>(0)?)).await?;
    Ok(words.first().and_then(|word| EventKind::from_word(word)))
}

/// Held by whoever says what it sees: that it began is news to the first alone, and that it is over to the last.
const TURN: &str = "SELECT pg_advisory_xact_lock(8470321960)";

async fn observe(lease: &mut Lease, bridge: Uuid, silent: Span, observed: &[Observed]) -> Result<usize> {
    lease.begin().await?;
    lease.simple(TURN).await?;
    let mut new = 0;
    for seen in observed {
        let of: [Parameter<'_>; 3] =
            [(&seen.subject, Type::UUID), (&bridge, Type::UUID), (&silent.0, Type::INT8)];
        let sql = "SELECT coalesce(bool_or(bridge = $2), false), coalesce(bool_or(bridge <> $2
                       AND seen_at >= now() - $3 * interval '1 millisecond'), false)
                   FROM ops.webhook_observed WHERE subject = $1";
        let rows = lease.rows(sql, &of, |row| Ok((row.try_get(0)?, row.try_get(1)?))).await?;
        let (was_mine, is_another_s) = rows.first().copied().unwrap_or_default();
        let newest = newest(lease, seen.subject).await?;
        if seen.is_on {
            let sql = "INSERT INTO ops.webhook_observed (subject, bridge, seen_at) VALUES ($1, $2, now())
                       ON CONFLICT (subject, bridge) DO UPDATE SET seen_at = excluded.seen_at";
            lease.run(sql, &of[..2]).await?;
        } else {
            let sql = "DELETE FROM ops.webhook_observed
                       WHERE subject = $1 AND (bridge = $2 OR seen_at < now() - $3 * interval '1 millisecond')";
            lease.run(sql, &of).await?;
        }
        if seen.is_news(was_mine, is_another_s, newest) {
            new += append(lease, std::slice::from_ref(&seen.event)).await?;
        }
    }
    lease.commit().await?;
    Ok(new)
}

async fn claim(
    lease: &mut Lease,
    now: Timestamp,
    webhook: Uuid,
    by: Uuid,
    until: Timestamp,
    max: usize,
) -> Result<Vec<Due>> {
    let mut due = lease
        .rows(
            "WITH chosen AS (
                 SELECT d.id, d.event FROM ops.webhook_delivery d
                 WHERE d.webhook_id = $1 AND d.state = 'waiting' AND d.next_at <= $2
                     AND (d.claimed_until IS NULL OR d.claimed_until <= $2)
                     AND NOT EXISTS (SELECT FROM ops.webhook_delivery e WHERE e.subject = d.subject
                         AND e.webhook_id = d.webhook_id AND e.state = 'waiting' AND e.event < d.event)
                 ORDER BY d.next_at, d.event LIMIT $5 FOR UPDATE SKIP LOCKED
             )
             UPDATE ops.webhook_delivery d SET claimed_by = $3, claimed_until = $4
             FROM chosen JOIN ops.webhook_outbox o ON o.id = chosen.event
             WHERE d.id = chosen.id
             RETURNING d.event, d.id, o.event_id, o.body, d.tries",
            &[
                (&webhook, Type::UUID),
                (&At(now), Type::TIMESTAMPTZ),
                (&by, Type::UUID),
                (&At(until), Type::TIMESTAMPTZ),
                (&limit(max), Type::INT8),
            ],
            |row| {
                let due = Due {
                    delivery: row.try_get(1)?,
                    event_id: row.try_get(2)?,
                    body: row.try_get(3)?,
                    tries: row.try_get::<_, i32>(4)?.unsigned_abs(),
                };
                Ok((row.try_get::<_, i64>(0)?, due))
            },
        )
        .await?;
    due.sort_by_key(|(event, _)| *event);
    Ok(due.into_iter().map(|(_, due)| due).collect())
}

async fn release(lease: &mut Lease, by: Uuid) -> Result<()> {
    let sql = "UPDATE ops.webhook_delivery SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = $1";
    lease.run(sql, &[(&by, Type::UUID)]).await.map(drop)
}

async fn note(lease: &mut Lease, webhook: Uuid, tries: &[Tried]) -> Result<()> {
    let Some(first) = tries.iter().map(|tried| tried.outcome.at).min() else { return Ok(()) };
    let failing = (!tries.iter().any(|tried| tried.next == Next::Delivered)).then_some(At(first));
    let answers = column(tries, |tried| storable(&tried.outcome.answer));
    let parameters: [Parameter<'_>; 10] = [
        (&column(tries, |tried| tried.delivery), Type::INT8_ARRAY),
        (&column(tries, |tried| At(tried.outcome.at)), Type::TIMESTAMPTZ_ARRAY),
        (&column(tries, |tried| tried.outcome.took_ms), Type::INT8_ARRAY),
        (&column(tries, |tried| tried.outcome.status.map(i32::from)), Type::INT4_ARRAY),
        (&answers, Type::TEXT_ARRAY),
        (&column(tries, |tried| tried.outcome.error.as_deref().map(storable)), Type::TEXT_ARRAY),
        (&column(tries, |tried| tried.next.state().as_str()), Type::TEXT_ARRAY),
        (&column(tries, |tried| tried.next.at().map(At)), Type::TIMESTAMPTZ_ARRAY),
        (&webhook, Type::UUID),
        (&failing, Type::TIMESTAMPTZ),
    ];
    lease
        .run(
            "WITH arrived AS (
                 SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::int[], $5::text[], $6::text[],
                     $7::text[], $8::timestamptz[]) WITH ORDINALITY
                     AS arrived (delivery, at, took_ms, status, answer, error, state, next_at, place)
             ), tried AS (
                 INSERT INTO ops.webhook_try (delivery, at, took_ms, status, answer, error)
                 SELECT d.id, arrived.at, arrived.took_ms, arrived.status, arrived.answer, arrived.error
                 FROM arrived JOIN ops.webhook_delivery d ON d.id = arrived.delivery ORDER BY arrived.place
             ), failing AS (
                 UPDATE ops.webhook SET failing_since = CASE WHEN $10::timestamptz IS NULL THEN NULL
                     ELSE coalesce(failing_since, $10) END
                 WHERE id = $9 AND (failing_since IS NULL) <> ($10::timestamptz IS NULL)
             ), behind AS (
                 -- What waits behind a delivery is due when that is, not before: so it is not looked at until then.
                 UPDATE ops.webhook_delivery b SET next_at = arrived.next_at
                 FROM arrived JOIN ops.webhook_delivery d ON d.id = arrived.delivery AND d.state = 'waiting'
                 WHERE arrived.next_at IS NOT NULL AND b.subject = d.subject AND b.webhook_id = d.webhook_id
                     AND b.event > d.event AND b.state = 'waiting' AND b.next_at < arrived.next_at
                     AND b.id <> ALL ($1)
             )
             UPDATE ops.webhook_delivery d SET tries = d.tries + 1, state = arrived.state, next_at = arrived.next_at,
                 claimed_by = NULL, claimed_until = NULL
             FROM arrived WHERE d.id = arrived.delivery AND d.state = 'waiting'",
            &parameters,
        )
        .await
        .map(drop)
}

async fn deliveries(
    lease: &mut Lease,
    webhook: Uuid,
    before: Option<i64>,
    max: usize,
) -> Result<Vec<Delivery>> {
    let mut found = lease
        .rows(
            "SELECT d.id, o.event_id, o.type, o.at, d.state, d.next_at, o.body
             FROM ops.webhook_delivery d JOIN ops.webhook_outbox o ON o.id = d.event
             WHERE d.webhook_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3",
            &[(&webhook, Type::UUID), (&before.unwrap_or(i64::MAX), Type::INT8), (&limit(max), Type::INT8)],
            delivery,
        )
        .await?;
    let ids = column(&found, |delivery| delivery.id);
    let tries = lease
        .rows(
            "SELECT delivery, at, took_ms, status, answer, error FROM ops.webhook_try WHERE delivery = ANY ($1)
             ORDER BY id",
            &[(&ids, Type::INT8_ARRAY)],
            |row| {
                let status = row.try_get::<_, Option<i32>>(3)?.map(u16::try_from).transpose()?;
                let outcome = Outcome {
                    at: row.try_get::<_, At>(1)?.0,
                    took_ms: row.try_get(2)?,
                    status,
                    answer: row.try_get(4)?,
                    error: row.try_get(5)?,
                };
                Ok((row.try_get::<_, i64>(0)?, outcome))
            },
        )
        .await?;
    for (of, outcome) in tries {
        if let Some(delivery) = found.iter_mut().find(|delivery| delivery.id == of) {
            delivery.tries.push(outcome);
        }
    }
    Ok(found)
}

fn delivery(row: &Row) -> std::result::Result<Delivery, Unreadable> {
    Ok(Delivery {
        id: row.try_get(0)?,
        event_id: row.try_get(1)?,
        kind: EventKind::from_word(row.try_get(2)?).ok_or("type is no kind of event")?,
        happened_at: row.try_get::<_, At>(3)?.0,
        state: DeliveryState::from_word(row.try_get(4)?).ok_or("state is none of a delivery")?,
        next_at: row.try_get::<_, Option<At>>(5)?.map(|at| at.0),
        body: row.try_get(6)?,
        tries: Vec::new(),
    })
}

async fn replay(lease: &mut Lease, now: Timestamp, webhook: Uuid, what: Replay) -> Result<u64> {
    const AGAIN: &str =
        "UPDATE ops.webhook_delivery SET state = 'waiting', tries = 0, next_at = $2, claimed_by = NULL,
             claimed_until = NULL WHERE webhook_id = $1 AND state <> 'waiting' AND";
    let now = At(now);
    match what {
        Replay::Delivery(id) => {
            let parameters: [Parameter<'_>; 3] =
                [(&webhook, Type::UUID), (&now, Type::TIMESTAMPTZ), (&id, Type::INT8)];
            lease.run(&format!("{AGAIN} id = $3"), &parameters).await
        }
        Replay::Since(since) => {
            let since = At(since);
            let parameters: [Parameter<'_>; 3] =
                [(&webhook, Type::UUID), (&now, Type::TIMESTAMPTZ), (&since, Type::TIMESTAMPTZ)];
            let sql = format!("{AGAIN} event IN (SELECT id FROM ops.webhook_outbox WHERE at >= $3)");
            lease.run(&sql, &parameters).await
        }
    }
}

async fn tally(lease: &mut Lease, webhook: Uuid) -> Result<Tally> {
    let tally = lease
        .rows(
            "SELECT count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state = 'delivered'),
                 count(*) FILTER (WHERE state = 'failed') FROM ops.webhook_delivery WHERE webhook_id = $1",
            &[(&webhook, Type::UUID)],
            |row| {
                let count = |column: usize| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
                Ok(Tally { waiting: count(0)?, delivered: count(1)?, failed: count(2)? })
            },
        )
        .await?;
    Ok(tally.first().copied().unwrap_or_default())
}
