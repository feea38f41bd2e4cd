//! Bodies that nobody can use.

use async_trait::async_trait;
use bridge_store::Result;
use bridge_store::audit::{QuarantineRoom, QuarantineTrail, Quarantined};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl QuarantineTrail for SqliteAudit {
    async fn quarantine(&self, entry: &Quarantined) -> Result<()> {
        let entry = entry.clone();
        self.engine.write("quarantine", move |c, _| keep(c, &entry)).await
    }

    async fn trim_quarantine(&self, receiver_id: &str, room: QuarantineRoom) -> Result<u64> {
        let receiver = receiver_id.to_owned();
        self.engine.write("trim_quarantine", move |c, _| trim(c, &receiver, room)).await
    }

    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>> {
        self.engine.read("quarantined", move |c| newest(c, max)).await
    }

    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>> {
        self.engine.read("quarantined_one", move |c| one(c, id)).await
    }

    async fn remove_quarantined(&self, id: Uuid) -> Result<bool> {
        self.engine.write("remove_quarantined", move |c, _| remove(c, id)).await
    }
}

fn keep(conn: &Connection, entry: &Quarantined) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_quarantine (quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (quarantine_id) DO NOTHING",
    )?
    .execute(params![
        entry.id.to_string(),
        At(entry.at),
        entry.receiver_id,
        entry.format,
        entry.reason,
        entry.content_type,
        entry.body,
        entry.whole_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
    ])?;
    Ok(())
}

pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        id: uuid(row, 0)?,
        at: row.get::<_, At>(1)?.0,
        receiver_id: row.get(2)?,
        format: row.get(3)?,
        reason: row.get(4)?,
        content_type: row.get(5)?,
        body: row.get(6)?,
        whole_bytes: row.get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
    })
}

/// From the newest on: what is beyond the room goes, but never the newest itself.
fn trim(conn: &Connection, receiver: &str, room: QuarantineRoom) -> rusqlite::Result<u64> {
    let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    let gone = conn
        .prepare_cached(
            "DELETE FROM ops_quarantine WHERE id IN (
                 SELECT id FROM (
                     SELECT id, row_number() OVER newest AS number, sum(length(body)) OVER newest AS bytes
                     FROM ops_quarantine WHERE receiver_id = ?1 WINDOW newest AS (ORDER BY id DESC))
                 WHERE number > 1 AND (number > ?2 OR bytes > ?3))",
        )?
        .execute(params![receiver, limit(room.bodies), limit(room.bytes)])?;
    Ok(gone as u64)
}

fn newest(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Quarantined>> {
    conn.prepare_cached(
        "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops_quarantine
         ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], entry)?
    .collect()
}

fn one(conn: &Connection, id: Uuid) -> rusqlite::Result<Option<Quarantined>> {
    conn.prepare_cached(
        "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops_quarantine
         WHERE quarantine_id = ?1",
    )?
    .query_row([id.to_string()], entry)
    .optional()
}

pub(super) fn remove(conn: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    let removed = conn.execute("DELETE FROM ops_quarantine WHERE quarantine_id = ?1", [id.to_string()])?;
    Ok(removed > 0)
}
