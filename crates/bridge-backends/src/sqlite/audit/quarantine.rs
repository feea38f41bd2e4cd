//! Bodies that nobody can use.

use async_trait::async_trait;
use bridge_store::Result;
use bridge_store::audit::{QuarantineTrail, Quarantined};
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
        "INSERT INTO ops_quarantine (quarantine_id, at, receiver_id, format, reason, content_type, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (quarantine_id) DO NOTHING",
    )?
    .execute(params![
        entry.id.to_string(),
        At(entry.at),
        entry.receiver_id,
        entry.format,
        entry.reason,
        entry.content_type,
        entry.body,
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
    })
}

fn newest(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Quarantined>> {
    conn.prepare_cached(
        "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body FROM ops_quarantine
         ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], entry)?
    .collect()
}

fn one(conn: &Connection, id: Uuid) -> rusqlite::Result<Option<Quarantined>> {
    conn.prepare_cached(
        "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body FROM ops_quarantine
         WHERE quarantine_id = ?1",
    )?
    .query_row([id.to_string()], entry)
    .optional()
}

pub(super) fn remove(conn: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    let removed = conn.execute("DELETE FROM ops_quarantine WHERE quarantine_id = ?1", [id.to_string()])?;
    Ok(removed > 0)
}
