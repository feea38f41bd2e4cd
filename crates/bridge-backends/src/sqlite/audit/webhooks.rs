//! Webhooks, what waits to be told to whom, and how every try went.

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{
    Delivery, DeliveryState, Due, Next, Observed, Outcome, Replay, Tally, Tried, Webhook, WebhookTrail,
};
use bridge_store::events::{Event, EventKind};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::columns::{At, damaged, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::{CLOCK, Json, limit};

#[async_trait]
impl WebhookTrail for SqliteAudit {
    async fn webhooks(&self) -> Result<Vec<Webhook>> {
        self.engine.read("webhooks", all).await
    }

    async fn put_webhook(&self, webhook: &Webhook) -> Result<()> {
        let webhook = webhook.clone();
        self.engine.write("put_webhook", move |c, _| put(c, &webhook)).await
    }

    async fn remove_webhook(&self, id: Uuid) -> Result<bool> {
        let remove = move |c: &Connection| {
            c.prepare_cached("DELETE FROM ops_webhook WHERE id = ?1")?.execute([id.to_string()])
        };
        self.engine.write("remove_webhook", move |c, _| Ok(remove(c)? > 0)).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<usize> {
        let events = events.to_vec();
        self.engine.write("append_events", move |c, _| append(c, &events)).await
    }

    async fn observe(&self, bridge: Uuid, silent: Span, observed: &[Observed]) -> Result<usize> {
        let observed = observed.to_vec();
        self.engine.write("observe", move |c, _| observe(c, bridge, silent, &observed)).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        webhook: Uuid,
        by: Uuid,
        until: Timestamp,
        max: usize,
    ) -> Result<Vec<Due>> {
        self.engine.write("claim_deliveries", move |c, _| claim(c, now, webhook, by, until, max)).await
    }

    async fn release_deliveries(&self, by: Uuid) -> Result<()> {
        let release = move |c: &Connection| {
            let sql = "UPDATE ops_webhook_delivery SET claimed_by = NULL, claimed_until = NULL
                WHERE state = 'waiting' AND claimed_by = ?1";
            c.prepare_cached(sql)?.execute([by.to_string()]).map(drop)
        };
        self.engine.write("release_deliveries", move |c, _| release(c)).await
    }

    async fn note_tries(&self, webhook: Uuid, tries: &[Tried]) -> Result<()> {
        let tries = tries.to_vec();
        self.engine.write("note_tries", move |c, _| note(c, webhook, &tries)).await
    }

    async fn deliveries(&self, webhook: Uuid, before: Option<i64>, max: usize) -> Result<Vec<Delivery>> {
        self.engine.read("deliveries", move |c| deliveries(c, webhook, before, max)).await
    }

    async fn replay(&self, now: Timestamp, webhook: Uuid, what: Replay) -> Result<u64> {
        self.engine.write("replay", move |c, _| replay(c, now, webhook, what)).await
    }

    async fn tally_deliveries(&self, webhook: Uuid) -> Result<Tally> {
        self.engine.read("tally_deliveries", move |c| tally(c, webhook)).await
    }
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<Webhook>> {
    conn.prepare_cached(
        "SELECT id, url, events, description, enabled, secret, previous_secret, previous_until, created_at,
             failing_since, disabled_reason FROM ops_webhook ORDER BY created_at, id",
    )?
    .query_map([], |row| {
        let Json(words) = row.get::<_, Json<Vec<String>>>(2)?;
        Ok(Webhook {
            id: uuid(row, 0)?,
            url: row.get(1)?,
            // One that only a newer version knows is none to this one.
            events: words.iter().filter_map(|word| EventKind::from_word(word)).collect(),
            description: row.get(3)?,
            enabled: row.get(4)?,
            secret: row.get(5)?,
            previous_secret: row.get(6)?,
            previous_until: row.get::<_, Option<At>>(7)?.map(|at| at.0),
            created_at: row.get::<_, At>(8)?.0,
            failing_since: row.get::<_, Option<At>>(9)?.map(|at| at.0),
            disabled_reason: row.get(10)?,
        })
    })?
    .collect()
}

fn put(conn: &Connection, webhook: &Webhook) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_webhook (id, url, events, description, enabled, secret, previous_secret, previous_until,
             created_at, failing_since, disabled_reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET url = excluded.url, events = excluded.events,
             description = excluded.description, enabled = excluded.enabled, secret = excluded.secret,
             previous_secret = excluded.previous_secret, previous_until = excluded.previous_until,
             created_at = excluded.created_at, failing_since = excluded.failing_since,
             disabled_reason = excluded.disabled_reason",
    )?
    .execute(params![
        webhook.id.to_string(),
        webhook.url,
        Json(&webhook.events),
        webhook.description,
        webhook.enabled,
        webhook.secret,
        webhook.previous_secret,
        webhook.previous_until.map(At),
        At(webhook.created_at),
        webhook.failing_since.map(At),
        webhook.disabled_reason,
    ])?;
    conn.prepare_cached(
        "UPDATE ops_webhook_delivery SET tries = 0,
             next_at = (SELECT at FROM ops_webhook_outbox o WHERE o.id = event)
         WHERE webhook_id = ?1 AND state = 'waiting'",
    )?
    .execute([webhook.id.to_string()])
    .map(drop)
}

fn append(conn: &Connection, events: &[Event]) -> rusqlite::Result<usize> {
    let webhooks = all(conn)?;
    let mut new = 0;
    for event in events {
        let mut wanting =
            webhooks.iter().filter(|w| w.wants(event.kind) && w.created_at <= event.at).peekable();
        if wanting.peek().is_none() {
            continue;
        }
        let subject = event.subject.map(|id| id.to_string());
        let is_new = conn
            .prepare_cached(
                "INSERT OR IGNORE INTO ops_webhook_outbox (event_id, type, at, since, subject, mobile_number, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                event.id,
                event.kind.word(),
                At(event.at),
                At(event.since),
                subject,
                event.mobile_number,
                event.body(),
            ])?;
        if is_new == 0 {
            continue;
        }
        new += 1;
        let id = conn.last_insert_rowid();
        let mut deliver = conn.prepare_cached(
            "INSERT INTO ops_webhook_delivery (webhook_id, event, subject, state, tries, next_at)
             VALUES (?1, ?2, ?3, 'waiting', 0, max(?4, coalesce((SELECT max(next_at) FROM ops_webhook_delivery before
                 WHERE before.subject = ?3 AND before.webhook_id = ?1 AND before.state = 'waiting'), '')))",
        )?;
        wanting.try_for_each(|webhook| {
            deliver.execute(params![webhook.id.to_string(), id, subject, At(event.at)]).map(drop)
        })?;
    }
    Ok(new)
}

/// What the newest event about a subject was.
fn newest(conn: &Connection, subject: Uuid) -> rusqlite::Result<Option<EventKind>> {
    let word: Option<String> = conn
        .prepare_cached("SELECT type FROM ops_webhook_outbox WHERE subject = ?1 ORDER BY id DESC LIMIT 1")?
        .query_row([subject.to_string()], |row| row.get(0))
        .optional()?;
    Ok(word.as_deref().and_then(EventKind::from_word))
}

fn observe(conn: &Connection, bridge: Uuid, silent: Span, observed: &[Observed]) -> rusqlite::Result<usize> {
    let bridge = bridge.to_string();
    let mut new = 0;
    for seen in observed {
        let subject = seen.subject.to_string();
        let (was_mine, is_another_s) = conn
            .prepare_cached(&format!(
                "SELECT coalesce(max(bridge = ?2), 0), coalesce(max(bridge <> ?2 AND seen_ms > {CLOCK} - ?3), 0)
                 FROM ops_webhook_observed WHERE subject = ?1"
            ))?
            .query_row(params![subject, bridge, silent.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let newest = newest(conn, seen.subject)?;
        if seen.is_on {
            conn.prepare_cached(&format!(
                "INSERT INTO ops_webhook_observed (subject, bridge, seen_ms) VALUES (?1, ?2, {CLOCK})
                 ON CONFLICT (subject, bridge) DO UPDATE SET seen_ms = excluded.seen_ms"
            ))?
            .execute(params![subject, bridge])?;
        } else {
            conn.prepare_cached(&format!(
                "DELETE FROM ops_webhook_observed
                 WHERE subject = ?1 AND (bridge = ?2 OR seen_ms <= {CLOCK} - ?3)"
            ))?
            .execute(params![subject, bridge, silent.0])?;
        }
        if seen.is_news(was_mine, is_another_s, newest) {
            new += append(conn, std::slice::from_ref(&seen.event))?;
        }
    }
    Ok(new)
}

const DUE: &str = "SELECT d.id, o.event_id, o.body, d.tries
    FROM ops_webhook_delivery d JOIN ops_webhook_outbox o ON o.id = d.event
    WHERE d.webhook_id = ?1 AND d.state = 'waiting' AND d.next_at <= ?2
        AND (d.claimed_until IS NULL OR d.claimed_until <= ?2)
        AND NOT EXISTS (SELECT 1 FROM ops_webhook_delivery e WHERE e.subject = d.subject
            AND e.webhook_id = d.webhook_id AND e.state = 'waiting' AND e.event < d.event)
    ORDER BY d.next_at, d.event LIMIT ?3";

fn claim(
    conn: &Connection,
    now: Timestamp,
    webhook: Uuid,
    by: Uuid,
    until: Timestamp,
    max: usize,
) -> rusqlite::Result<Vec<Due>> {
    let due: Vec<Due> = conn
        .prepare_cached(DUE)?
        .query_map(params![webhook.to_string(), At(now), limit(max)], |row| {
            Ok(Due { delivery: row.get(0)?, event_id: row.get(1)?, body: row.get(2)?, tries: row.get(3)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut take = conn.prepare_cached(
        "UPDATE ops_webhook_delivery SET claimed_by = ?2, claimed_until = ?3 WHERE id = ?1",
    )?;
    due.iter()
        .try_for_each(|due| take.execute(params![due.delivery, by.to_string(), At(until)]).map(drop))?;
    Ok(due)
}

/// What waits behind a delivery is due when that is, not before: so it is not looked at until then.
const BEHIND: &str = "UPDATE ops_webhook_delivery SET next_at = ?2 WHERE id IN (
        SELECT behind.id FROM ops_webhook_delivery behind JOIN ops_webhook_delivery d
            ON behind.subject = d.subject AND behind.webhook_id = d.webhook_id AND behind.event > d.event
        WHERE d.id = ?1 AND d.state = 'waiting' AND behind.state = 'waiting' AND behind.next_at < ?2)";

fn note(conn: &Connection, webhook: Uuid, tries: &[Tried]) -> rusqlite::Result<()> {
    for Tried { delivery, outcome, next } in tries {
        conn.prepare_cached(
            "INSERT INTO ops_webhook_try (delivery, at, took_ms, status, answer, error)
             SELECT id, ?2, ?3, ?4, ?5, ?6 FROM ops_webhook_delivery WHERE id = ?1",
        )?
        .execute(params![
            delivery,
            At(outcome.at),
            outcome.took_ms,
            outcome.status,
            outcome.answer,
            outcome.error
        ])?;
        conn.prepare_cached(
            "UPDATE ops_webhook_delivery SET tries = tries + 1, state = ?2, next_at = ?3, claimed_by = NULL,
                 claimed_until = NULL WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute(params![delivery, next.state().as_str(), next.at().map(At)])?;
        if let Next::Again(at) = next {
            conn.prepare_cached(BEHIND)?.execute(params![delivery, At(*at)])?;
        }
    }
    if tries.iter().any(|tried| tried.next == Next::Delivered) {
        conn.prepare_cached(
            "UPDATE ops_webhook SET failing_since = NULL WHERE id = ?1 AND failing_since IS NOT NULL",
        )?
        .execute([webhook.to_string()])?;
    } else if let Some(first) = tries.iter().map(|tried| tried.outcome.at).min() {
        conn.prepare_cached(
            "UPDATE ops_webhook SET failing_since = ?2 WHERE id = ?1 AND failing_since IS NULL",
        )?
        .execute(params![webhook.to_string(), At(first)])?;
    }
    Ok(())
}

fn deliveries(
    conn: &Connection,
    webhook: Uuid,
    before: Option<i64>,
    max: usize,
) -> rusqlite::Result<Vec<Delivery>> {
    let mut found: Vec<Delivery> = conn
        .prepare_cached(
            "SELECT d.id, o.event_id, o.type, o.at, d.state, d.next_at, o.body
             FROM ops_webhook_delivery d JOIN ops_webhook_outbox o ON o.id = d.event
             WHERE d.webhook_id = ?1 AND d.id < ?2 ORDER BY d.id DESC LIMIT ?3",
        )?
        .query_map(params![webhook.to_string(), before.unwrap_or(i64::MAX), limit(max)], |row| {
            let (kind, state): (String, String) = (row.get(2)?, row.get(4)?);
            Ok(Delivery {
                id: row.get(0)?,
                event_id: row.get(1)?,
                kind: EventKind::from_word(&kind).ok_or_else(|| damaged(2, "no kind of event"))?,
                happened_at: row.get::<_, At>(3)?.0,
                state: DeliveryState::from_word(&state)
                    .ok_or_else(|| damaged(4, "no state of a delivery"))?,
                next_at: row.get::<_, Option<At>>(5)?.map(|at| at.0),
                body: row.get(6)?,
                tries: Vec::new(),
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut tries = conn.prepare_cached(
        "SELECT at, took_ms, status, answer, error FROM ops_webhook_try WHERE delivery = ?1 ORDER BY id",
    )?;
    for delivery in &mut found {
        delivery.tries = tries
            .query_map([delivery.id], |row| {
                Ok(Outcome {
                    at: row.get::<_, At>(0)?.0,
                    took_ms: row.get(1)?,
                    status: row.get(2)?,
                    answer: row.get(3)?,
                    error: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(found)
}

fn replay(conn: &Connection, now: Timestamp, webhook: Uuid, what: Replay) -> rusqlite::Result<u64> {
    const AGAIN: &str =
        "UPDATE ops_webhook_delivery SET state = 'waiting', tries = 0, next_at = ?2, claimed_by = NULL,
             claimed_until = NULL WHERE webhook_id = ?1 AND state <> 'waiting' AND";
    let webhook = webhook.to_string();
    let again = match what {
        Replay::Delivery(id) => {
            conn.prepare_cached(&format!("{AGAIN} id = ?3"))?.execute(params![webhook, At(now), id])?
        }
        Replay::Since(since) => conn
            .prepare_cached(&format!("{AGAIN} event IN (SELECT id FROM ops_webhook_outbox WHERE at >= ?3)"))?
            .execute(params![webhook, At(now), At(since)])?,
    };
    Ok(again as u64)
}

fn tally(conn: &Connection, webhook: Uuid) -> rusqlite::Result<Tally> {
    let tally = conn
        .prepare_cached(
            "SELECT coalesce(sum(state = 'waiting'), 0), coalesce(sum(state = 'delivered'), 0),
                 coalesce(sum(state = 'failed'), 0) FROM ops_webhook_delivery WHERE webhook_id = ?1",
        )?
        .query_row([webhook.to_string()], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
            Ok(Tally { waiting: count(0)?, delivered: count(1)?, failed: count(2)? })
        })
        .optional()?;
    Ok(tally.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_found_without_reading_what_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let audit = SqliteAudit::open(&folder.path().join("audit.db")).unwrap();
        let plan = audit.engine.look("plan", |conn| {
            let mut explained = conn.prepare(&format!("EXPLAIN QUERY PLAN {DUE}"))?;
            let steps = explained.query_map(params!["w", "t", 1], |row| row.get::<_, String>(3))?;
            steps.collect::<rusqlite::Result<Vec<String>>>()
        });
        let plan = plan.unwrap().join("\n");
        assert!(plan.contains("ops_webhook_delivery_due (webhook_id=? AND next_at<?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
