//! Who is told of troubles, which bridge sees which, and what waits to be told to whom.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::notices::changes;
use bridge_store::audit::{Going, Notice, NoticeRow, NoticeState, NoticeTrail, NotifyTarget, Seen, Telling};
use bridge_store::troubles::{Trouble, TroubleKind};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, damaged, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::{Json, limit};

#[async_trait]
impl NoticeTrail for SqliteAudit {
    async fn notify_targets(&self) -> Result<Vec<NotifyTarget>> {
        self.engine.read("notify_targets", targets).await
    }

    async fn put_notify_target(&self, target: &NotifyTarget) -> Result<()> {
        let target = target.clone();
        self.engine.write("put_notify_target", move |c, _| put(c, &target)).await
    }

    async fn remove_notify_target(&self, id: Uuid) -> Result<bool> {
        let remove = move |c: &Connection| {
            c.prepare_cached("DELETE FROM ops_notify_target WHERE id = ?1")?.execute([id.to_string()])
        };
        self.engine.write("remove_notify_target", move |c, _| Ok(remove(c)? > 0)).await
    }

    async fn see_troubles(
        &self,
        now: Timestamp,
        bridge: Uuid,
        alive_since: Timestamp,
        seen: &[Trouble],
    ) -> Result<usize> {
        let seen = seen.to_vec();
        self.engine.write("see_troubles", move |c, _| see(c, now, bridge, alive_since, &seen)).await
    }

    async fn troubles_of(&self, bridge: Uuid) -> Result<Vec<Trouble>> {
        let of = move |c: &Connection| {
            let rows = seen(c)?.into_iter().filter(|row| row.bridge == bridge);
            Ok(rows.map(|row| row.trouble).collect())
        };
        self.engine.read("troubles_of", of).await
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
        let kinds = kinds.to_vec();
        self.engine.write("claim_notices", move |c, _| claim(c, now, target, by, until, &kinds, max)).await
    }

    async fn release_notices(&self, by: Uuid) -> Result<()> {
        let release = move |c: &Connection| {
            let sql = "UPDATE ops_notice_delivery SET claimed_by = NULL, claimed_until = NULL WHERE claimed_by = ?1";
            c.prepare_cached(sql)?.execute([by.to_string()]).map(drop)
        };
        self.engine.write("release_notices", move |c, _| release(c)).await
    }

    async fn note_telling(&self, target: Uuid, telling: &Telling) -> Result<()> {
        let telling = telling.clone();
        self.engine.write("note_telling", move |c, _| note(c, target, &telling)).await
    }

    async fn notices(&self, target: Uuid, max: usize) -> Result<Vec<NoticeRow>> {
        self.engine.read("notices", move |c| newest(c, target, max)).await
    }
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<TroubleKind> {
    let word: String = row.get(column)?;
    TroubleKind::from_word(&word).ok_or_else(|| damaged(column, "no kind of trouble"))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<At>>(column)?.map(|at| at.0))
}

fn targets(conn: &Connection) -> rusqlite::Result<Vec<NotifyTarget>> {
    conn.prepare_cached(
        "SELECT id, kind, name, fields, events, quiet_from, quiet_until, enabled, created_at, told_at, failing_since,
             error, tries, next_at FROM ops_notify_target ORDER BY created_at, id",
    )?
    .query_map([], |row| {
        let Json(fields) = row.get(3)?;
        let Json(words) = row.get::<_, Json<Vec<String>>>(4)?;
        let quiet: (Option<u16>, Option<u16>) = (row.get(5)?, row.get(6)?);
        Ok(NotifyTarget {
            id: uuid(row, 0)?,
            kind: row.get(1)?,
            name: row.get(2)?,
            fields,
            // One that only a newer version knows is none to this one.
            events: words.iter().filter_map(|word| TroubleKind::from_word(word)).collect(),
            quiet: quiet.0.zip(quiet.1),
            enabled: row.get(7)?,
            created_at: row.get::<_, At>(8)?.0,
            going: Going {
                told_at: time(row, 9)?,
                failing_since: time(row, 10)?,
                error: row.get(11)?,
                tries: row.get(12)?,
                next_at: time(row, 13)?,
            },
        })
    })?
    .collect()
}

fn put(conn: &Connection, target: &NotifyTarget) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_notify_target (id, kind, name, fields, events, quiet_from, quiet_until, enabled, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, fields = excluded.fields,
             events = excluded.events, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
             enabled = excluded.enabled, tries = 0, next_at = NULL",
    )?
    .execute(params![
        target.id.to_string(),
        target.kind,
        target.name,
        Json(&target.fields),
        Json(&target.events),
        target.quiet.map(|quiet| quiet.0),
        target.quiet.map(|quiet| quiet.1),
        target.enabled,
        At(target.created_at),
    ])
    .map(drop)
}

fn seen(conn: &Connection) -> rusqlite::Result<Vec<Seen>> {
    conn.prepare_cached(
        "SELECT subject, bridge, seen_at, kind, is_own, began_at, detail, known_at FROM ops_trouble",
    )?
    .query_map([], |row| {
        let trouble = Trouble {
            kind: kind(row, 3)?,
            subject: row.get(0)?,
            is_own: row.get(4)?,
            began_at: row.get::<_, At>(5)?.0,
            detail: row.get(6)?,
            is_told: false,
        };
        Ok(Seen {
            bridge: uuid(row, 1)?,
            at: row.get::<_, At>(2)?.0,
            known_at: row.get::<_, At>(7)?.0,
            trouble,
        })
    })?
    .collect()
}

fn see(
    conn: &Connection,
    now: Timestamp,
    bridge: Uuid,
    alive_since: Timestamp,
    troubles: &[Trouble],
) -> rusqlite::Result<usize> {
    let changes = changes(&seen(conn)?, bridge, alive_since, troubles);
    for (subject, bridge) in &changes.gone {
        conn.prepare_cached("DELETE FROM ops_trouble WHERE subject = ?1 AND bridge = ?2")?
            .execute(params![subject, bridge.to_string()])?;
    }
    for (Trouble { kind, subject, is_own, began_at, detail, .. }, known_at) in &changes.kept {
        conn.prepare_cached(
            "INSERT INTO ops_trouble (subject, bridge, seen_at, kind, is_own, began_at, detail, known_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (subject, bridge) DO UPDATE SET seen_at = excluded.seen_at, detail = excluded.detail",
        )?
        .execute(params![
            subject,
            bridge.to_string(),
            At(now),
            kind.word(),
            is_own,
            At(*began_at),
            detail,
            At(known_at.unwrap_or(now)),
        ])?;
    }
    let targets = targets(conn)?;
    let news = changes.begun.iter().map(|trouble| (trouble, now, None));
    let news = news.chain(changes.over.iter().map(|(trouble, known_at)| (trouble, *known_at, Some(now))));
    let mut new = 0;
    for (trouble, known_at, ended_at) in news {
        let mut wanting = Vec::new();
        for target in targets.iter().filter(|target| target.wants(trouble.kind)) {
            // Of what was known before a target was there it is told no end. By which clock that was, nobody knows.
            if ended_at.is_none()
                || target.created_at <= known_at
                || knows_beginning(conn, target, &trouble.subject)?
            {
                wanting.push(target);
            }
        }
        if wanting.is_empty() {
            continue;
        }
        conn.prepare_cached(
            "INSERT INTO ops_notice (at, kind, subject, began_at, ended_at, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            At(now),
            trouble.kind.word(),
            trouble.subject,
            At(trouble.began_at),
            ended_at.map(At),
            trouble.detail
        ])?;
        new += 1;
        let id = conn.last_insert_rowid();
        let mut deliver = conn.prepare_cached(
            "INSERT INTO ops_notice_delivery (target_id, notice, state) VALUES (?1, ?2, 'waiting')",
        )?;
        wanting
            .iter()
            .try_for_each(|target| deliver.execute(params![target.id.to_string(), id]).map(drop))?;
    }
    Ok(new)
}

/// What this target was told last of it is that it began.
fn knows_beginning(conn: &Connection, target: &NotifyTarget, subject: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT n.ended_at IS NULL FROM ops_notice_delivery d JOIN ops_notice n ON n.id = d.notice
               WHERE d.target_id = ?1 AND n.subject = ?2 ORDER BY n.id DESC LIMIT 1";
    let last = conn.prepare_cached(sql)?.query_row(params![target.id.to_string(), subject], |row| row.get(0));
    Ok(last.optional()?.unwrap_or(false))
}

fn notice(row: &Row<'_>) -> rusqlite::Result<Notice> {
    Ok(Notice {
        id: row.get(0)?,
        kind: kind(row, 1)?,
        subject: row.get(2)?,
        began_at: row.get::<_, At>(3)?.0,
        ended_at: time(row, 4)?,
        detail: row.get(5)?,
    })
}

fn claim(
    conn: &Connection,
    now: Timestamp,
    target: Uuid,
    by: Uuid,
    until: Timestamp,
    kinds: &[TroubleKind],
    max: usize,
) -> rusqlite::Result<Vec<Notice>> {
    let target = target.to_string();
    let due: Vec<Notice> = conn
        .prepare_cached(
            "SELECT n.id, n.kind, n.subject, n.began_at, n.ended_at, n.detail
             FROM ops_notice_delivery d JOIN ops_notice n ON n.id = d.notice
             JOIN ops_notify_target t ON t.id = d.target_id
             WHERE d.target_id = ?1 AND d.state = 'waiting' AND (d.claimed_until IS NULL OR d.claimed_until <= ?2)
                 AND (t.next_at IS NULL OR t.next_at <= ?2) AND n.kind IN (SELECT value FROM json_each(?3))
             ORDER BY n.id LIMIT ?4",
        )?
        .query_map(params![target, At(now), Json(kinds), limit(max)], notice)?
        .collect::<rusqlite::Result<_>>()?;
    let mut take = conn.prepare_cached(
        "UPDATE ops_notice_delivery SET claimed_by = ?3, claimed_until = ?4 WHERE target_id = ?1 AND notice = ?2",
    )?;
    due.iter().try_for_each(|notice| {
        take.execute(params![target, notice.id, by.to_string(), At(until)]).map(drop)
    })?;
    Ok(due)
}

fn note(conn: &Connection, target: Uuid, telling: &Telling) -> rusqlite::Result<()> {
    let id = target.to_string();
    let Telling { notices, at, error, next_at, give_up_before } = telling;
    match error {
        None => {
            conn.prepare_cached(
                "UPDATE ops_notify_target SET told_at = ?2, failing_since = NULL, error = NULL, tries = 0, next_at = NULL
                 WHERE id = ?1",
            )?
            .execute(params![id, At(*at)])?;
            conn.prepare_cached(
                "UPDATE ops_notice_delivery SET state = 'told', told_at = ?3, claimed_by = NULL, claimed_until = NULL
                 WHERE target_id = ?1 AND notice IN (SELECT value FROM json_each(?2))",
            )?
            .execute(params![id, Json(notices), At(*at)])?;
        }
        Some(error) => {
            conn.prepare_cached(
                "UPDATE ops_notify_target SET failing_since = coalesce(failing_since, ?2), error = ?3, tries = tries + 1,
                     next_at = ?4 WHERE id = ?1",
            )?
            .execute(params![id, At(*at), error, next_at.map(At)])?;
            conn.prepare_cached(
                "UPDATE ops_notice_delivery SET claimed_by = NULL, claimed_until = NULL,
                     state = CASE WHEN (SELECT at FROM ops_notice WHERE id = notice) < ?3 THEN 'given_up' ELSE state END
                 WHERE target_id = ?1 AND notice IN (SELECT value FROM json_each(?2)) AND state = 'waiting'",
            )?
            .execute(params![id, Json(notices), At(*give_up_before)])?;
        }
    }
    Ok(())
}

fn newest(conn: &Connection, target: Uuid, max: usize) -> rusqlite::Result<Vec<NoticeRow>> {
    conn.prepare_cached(
        "SELECT n.id, n.kind, n.subject, n.began_at, n.ended_at, n.detail, d.state, d.told_at
         FROM ops_notice_delivery d JOIN ops_notice n ON n.id = d.notice
         WHERE d.target_id = ?1 ORDER BY n.id DESC LIMIT ?2",
    )?
    .query_map(params![target.to_string(), limit(max)], |row| {
        let word: String = row.get(6)?;
        let state = NoticeState::from_word(&word).ok_or_else(|| damaged(6, "no state of a notice"))?;
        Ok(NoticeRow { notice: notice(row)?, state, told_at: time(row, 7)? })
    })?
    .collect()
}
