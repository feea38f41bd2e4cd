//! Who is told of troubles, which bridge sees which, and what waits to be told to whom.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::notices::changes;
use bridge_store::audit::{Going, Notice, NoticeRow, NoticeState, NoticeTrail, NotifyTarget, Seen, Telling};
use bridge_store::troubles::{Trouble, TroubleKind};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, column, limit};
use super::lease::{BATCH, Lease, Parameter, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl NoticeTrail for PostgresAudit {
    async fn notify_targets(&self) -> Result<Vec<NotifyTarget>> {
        on_lease!(self.notify_targets(QUICK, targets))
    }

    async fn put_notify_target(&self, target: &NotifyTarget) -> Result<()> {
        on_lease!(self.put_notify_target(QUICK, put, target))
    }

    async fn remove_notify_target(&self, id: Uuid) -> Result<bool> {
        on_lease!(self.remove_notify_target(BATCH, remove, id))
    }

    async fn see_troubles(
        &self,
        now: Timestamp,
        bridge: Uuid,
        alive_since: Timestamp,
        seen: &[Trouble],
    ) -> Result<usize> {
        on_lease!(self.see_troubles(BATCH, see, now, bridge, alive_since, seen))
    }

    async fn troubles_of(&self, bridge: Uuid) -> Result<Vec<Trouble>> {
        let rows = on_lease!(self.troubles_of(QUICK, seen))?;
        Ok(rows.into_iter().filter(|row| row.bridge == bridge).map(|row| row.trouble).collect())
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        target: Uuid,
        by: Uuid,
        until: Timestamp,
        kinds: &[TroubleKind],
        max: usize,
    ) -> Result<Vec<Notice>> {
        on_lease!(self.claim_notices(QUICK, claim, now, target, by, until, kinds, max))
    }

    async fn release_notices(&self, by: Uuid) -> Result<()> {
        on_lease!(self.release_notices(QUICK, release, by))
    }

    async fn note_telling(&self, target: Uuid, telling: &Telling) -> Result<()> {
        on_lease!(self.note_telling(QUICK, note, target, telling))
    }

    async fn notices(&self, target: Uuid, max: usize) -> Result<Vec<NoticeRow>> {
        on_lease!(self.notices(QUICK, newest, target, max))
    }
}

/// Held by whoever says what it sees: what began is news to the first alone.
const TURN: &str = "SELECT pg_advisory_xact_lock(8470321959)";

fn kind(row: &Row, column: usize) -> std::result::Result<TroubleKind, Unreadable> {
    Ok(TroubleKind::from_word(row.try_get(column)?).ok_or("no kind of trouble")?)
}

fn time(row: &Row, column: usize) -> std::result::Result<Option<Timestamp>, Unreadable> {
    Ok(row.try_get::<_, Option<At>>(column)?.map(|at| at.0))
}

fn target(row: &Row) -> std::result::Result<NotifyTarget, Unreadable> {
    let fields: BTreeMap<String, String> = serde_json::from_str(row.try_get(3)?)?;
    let words: Vec<String> = row.try_get(4)?;
    let minute =
        |column| Ok::<_, Unreadable>(row.try_get::<_, Option<i32>>(column)?.map(u16::try_from).transpose()?);
    Ok(NotifyTarget {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        name: row.try_get(2)?,
        fields,
        // One that only a newer version knows is none to this one.
        events: words.iter().filter_map(|word| TroubleKind::from_word(word)).collect(),
        quiet: minute(5)?.zip(minute(6)?),
        enabled: row.try_get(7)?,
        created_at: row.try_get::<_, At>(8)?.0,
        going: Going {
            told_at: time(row, 9)?,
            failing_since: time(row, 10)?,
            error: row.try_get(11)?,
            tries: row.try_get::<_, i32>(12)?.unsigned_abs(),
            next_at: time(row, 13)?,
        },
    })
}

async fn targets(lease: &mut Lease) -> Result<Vec<NotifyTarget>> {
    let sql = "SELECT id, kind, name, fields, events, quiet_from, quiet_until, enabled, created_at, told_at,
                   failing_since, error, tries, next_at FROM ops.notify_target ORDER BY created_at, id";
    lease.rows(sql, &[], target).await
}

async fn put(lease: &mut Lease, target: &NotifyTarget) -> Result<()> {
    let fields = serde_json::to_string(&target.fields).map_err(|error| lease.unreadable(&error))?;
    let words = column(&target.events, |kind| kind.word());
    let quiet = |minute: Option<u16>| minute.map(i32::from);
    lease
        .run(
            "INSERT INTO ops.notify_target (id, kind, name, fields, events, quiet_from, quiet_until, enabled, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, fields = excluded.fields,
                 events = excluded.events, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
                 enabled = excluded.enabled, tries = 0, next_at = NULL",
            &[
                (&target.id, Type::UUID),
                (&target.kind, Type::TEXT),
                (&storable(&target.name), Type::TEXT),
                (&fields, Type::TEXT),
                (&words, Type::TEXT_ARRAY),
                (&quiet(target.quiet.map(|quiet| quiet.0)), Type::INT4),
                (&quiet(target.quiet.map(|quiet| quiet.1)), Type::INT4),
                (&target.enabled, Type::BOOL),
                (&At(target.created_at), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}

async fn remove(lease: &mut Lease, id: Uuid) -> Result<bool> {
    Ok(lease.run("DELETE FROM ops.notify_target WHERE id = $1", &[(&id, Type::UUID)]).await? > 0)
}

async fn seen(lease: &mut Lease) -> Result<Vec<Seen>> {
    let sql = "SELECT subject, bridge, seen_at, kind, is_own, began_at, detail, known_at FROM ops.trouble";
    lease
        .rows(sql, &[], |row| {
            let trouble = Trouble {
                kind: kind(row, 3)?,
                subject: row.try_get(0)?,
                is_own: row.try_get(4)?,
                began_at: row.try_get::<_, At>(5)?.0,
                detail: row.try_get(6)?,
                is_told: false,
            };
            Ok(Seen {
                bridge: row.try_get(1)?,
                at: row.try_get::<_, At>(2)?.0,
                known_at: row.try_get::<_, At>(7)?.0,
                trouble,
            })
        })
        .await
}

async fn see(
    lease: &mut Lease,
    now: Timestamp,
    bridge: Uuid,
    alive_since: Timestamp,
    troubles: &[Trouble],
) -> Result<usize> {
    lease.begin().await?;
    lease.simple(TURN).await?;
    let changes = changes(&seen(lease).await?, bridge, alive_since, troubles);
    let gone: [Parameter<'_>; 2] = [
        (&column(&changes.gone, |gone| gone.0.as_str()), Type::TEXT_ARRAY),
        (&column(&changes.gone, |gone| gone.1), Type::UUID_ARRAY),
    ];
    if !changes.gone.is_empty() {
        let sql = "DELETE FROM ops.trouble t USING unnest($1::text[], $2::uuid[]) AS gone (subject, bridge)
                   WHERE t.subject = gone.subject AND t.bridge = gone.bridge";
        lease.run(sql, &gone).await?;
    }
    for (Trouble { kind, subject, is_own, began_at, detail, .. }, known_at) in &changes.kept {
        let parameters: [Parameter<'_>; 8] = [
            (&storable(subject), Type::TEXT),
            (&bridge, Type::UUID),
            (&At(now), Type::TIMESTAMPTZ),
            (&kind.word(), Type::TEXT),
            (is_own, Type::BOOL),
            (&At(*began_at), Type::TIMESTAMPTZ),
            (&storable(detail), Type::TEXT),
            (&At(known_at.unwrap_or(now)), Type::TIMESTAMPTZ),
        ];
        let sql = "INSERT INTO ops.trouble (subject, bridge, seen_at, kind, is_own, began_at, detail, known_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                   ON CONFLICT (subject, bridge) DO UPDATE SET seen_at = excluded.seen_at, detail = excluded.detail";
        lease.run(sql, &parameters).await?;
    }
    let news = changes.begun.iter().map(|trouble| (trouble, now, None));
    let news = news.chain(changes.over.iter().map(|(trouble, known_at)| (trouble, *known_at, Some(now))));
    let mut new = 0;
    for (trouble, known_at, ended_at) in news {
        new += usize::from(tell(lease, now, trouble, known_at, ended_at).await?);
    }
    lease.commit().await?;
    Ok(new)
}

/// Keeps that it began, or is over, for those who want it. Of what was known before a target was there it is told no end; by
/// which clock that was nobody knows, so whoever was told that it began is told that it is over.
async fn tell(
    lease: &mut Lease,
    now: Timestamp,
    trouble: &Trouble,
    known_at: Timestamp,
    ended_at: Option<Timestamp>,
) -> Result<bool> {
    let sql = "WITH wanting AS (
                   SELECT id FROM ops.notify_target t
                   WHERE enabled AND $2 = ANY (events) AND ($5::timestamptz IS NULL OR created_at <= $7
                       OR (SELECT n.ended_at IS NULL FROM ops.notice_delivery d JOIN ops.notice n ON n.id = d.notice
                           WHERE d.target_id = t.id AND n.subject = $3 ORDER BY n.id DESC LIMIT 1))
               ), kept AS (
                   INSERT INTO ops.notice (at, kind, subject, began_at, ended_at, detail)
                   SELECT $1, $2, $3, $4, $5, $6 WHERE EXISTS (SELECT FROM wanting) RETURNING id
               )
               INSERT INTO ops.notice_delivery (target_id, notice, state)
               SELECT wanting.id, kept.id, 'waiting' FROM kept CROSS JOIN wanting";
    let parameters: [Parameter<'_>; 7] = [
        (&At(now), Type::TIMESTAMPTZ),
        (&trouble.kind.word(), Type::TEXT),
        (&storable(&trouble.subject), Type::TEXT),
        (&At(trouble.began_at), Type::TIMESTAMPTZ),
        (&ended_at.map(At), Type::TIMESTAMPTZ),
        (&storable(&trouble.detail), Type::TEXT),
        (&At(known_at), Type::TIMESTAMPTZ),
    ];
    Ok(lease.run(sql, &parameters).await? > 0)
}

fn notice(row: &Row) -> std::result::Result<Notice, Unreadable> {
    Ok(Notice {
        id: row.try_get(0)?,
        kind: kind(row, 1)?,
        subject: row.try_get(2)?,
        began_at: row.try_get::<_, At>(3)?.0,
        ended_at: time(row, 4)?,
        detail: row.try_get(5)?,
    })
}

async fn claim(
    lease: &mut Lease,
    now: Timestamp,
    target: Uuid,
    by: Uuid,
    until: Timestamp,
    kinds: &[TroubleKind],
    max: usize,
) -> Result<Vec<Notice>> {
    let mut due = lease
        .rows(
            "WITH chosen AS (
                 SELECT d.notice FROM ops.notice_delivery d JOIN ops.notify_target t ON t.id = d.target_id
                     JOIN ops.notice n ON n.id = d.notice
                 WHERE d.target_id = $1 AND d.state = 'waiting' AND (d.claimed_until IS NULL OR d.claimed_until <= $2)
                     AND (t.next_at IS NULL OR t.next_at <= $2) AND n.kind = ANY ($5)
                 ORDER BY d.notice LIMIT $6 FOR UPDATE OF d SKIP LOCKED
             )
             UPDATE ops.notice_delivery d SET claimed_by = $3, claimed_until = $4
             FROM chosen JOIN ops.notice n ON n.id = chosen.notice
             WHERE d.target_id = $1 AND d.notice = chosen.notice
             RETURNING n.id, n.kind, n.subject, n.began_at, n.ended_at, n.detail",
            &[
                (&target, Type::UUID),
                (&At(now), Type::TIMESTAMPTZ),
                (&by, Type::UUID),
                (&At(until), Type::TIMESTAMPTZ),
                (&column(kinds, |kind| kind.word()), Type::TEXT_ARRAY),
                (&limit(max), Type::INT8),
            ],
            notice,
        )
        .await?;
    due.sort_by_key(|notice| notice.id);
    Ok(due)
}

async fn release(lease: &mut Lease, by: Uuid) -> Result<()> {
    let sql = "UPDATE ops.notice_delivery SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = $1";
    lease.run(sql, &[(&by, Type::UUID)]).await.map(drop)
}

async fn note(lease: &mut Lease, target: Uuid, telling: &Telling) -> Result<()> {
    let Telling { notices, at, error, next_at, give_up_before } = telling;
    let sql = "WITH target AS (
                   UPDATE ops.notify_target SET told_at = CASE WHEN $4::text IS NULL THEN $3 ELSE told_at END,
                       failing_since = CASE WHEN $4::text IS NULL THEN NULL ELSE coalesce(failing_since, $3) END,
                       error = $4, tries = CASE WHEN $4::text IS NULL THEN 0 ELSE tries + 1 END, next_at = $5
                   WHERE id = $1
               )
               UPDATE ops.notice_delivery d SET claimed_by = NULL, claimed_until = NULL,
                   told_at = CASE WHEN $4::text IS NULL THEN $3 END,
                   state = CASE WHEN $4::text IS NULL THEN 'told' WHEN n.at < $6 THEN 'given_up' ELSE state END
               FROM ops.notice n WHERE d.target_id = $1 AND d.notice = ANY ($2) AND n.id = d.notice
                   AND d.state = 'waiting'";
    let parameters: [Parameter<'_>; 6] = [
        (&target, Type::UUID),
        (notices, Type::INT8_ARRAY),
        (&At(*at), Type::TIMESTAMPTZ),
        (&error.as_deref().map(storable), Type::TEXT),
        (&next_at.map(At), Type::TIMESTAMPTZ),
        (&At(*give_up_before), Type::TIMESTAMPTZ),
    ];
    lease.run(sql, &parameters).await.map(drop)
}

async fn newest(lease: &mut Lease, target: Uuid, max: usize) -> Result<Vec<NoticeRow>> {
    let sql = "SELECT n.id, n.kind, n.subject, n.began_at, n.ended_at, n.detail, d.state, d.told_at
               FROM ops.notice_delivery d JOIN ops.notice n ON n.id = d.notice
               WHERE d.target_id = $1 ORDER BY n.id DESC LIMIT $2";
    lease
        .rows(sql, &[(&target, Type::UUID), (&limit(max), Type::INT8)], |row| {
            let state = NoticeState::from_word(row.try_get(6)?).ok_or("no state of a notice")?;
            Ok(NoticeRow { notice: notice(row)?, state, told_at: time(row, 7)? })
        })
        .await
}
