//! What of `input_sms` the remote still has to hear of (D20), and what it refused.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{Refused, SyncTrail, Unsynced};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::columns::{At, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl SyncTrail for SqliteAudit {
    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>> {
        self.engine.read("unsynced", move |c| unsynced(c, max)).await
    }

    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()> {
        let rows = rows.to_vec();
        self.engine.write("mark_synced", move |c, _| mark_synced(c, now, &rows)).await
    }

    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        dead_letter_after: u32,
    ) -> Result<bool> {
        let (row, reason) = (row.clone(), reason.to_owned());
        self.engine
            .write("note_refused", move |c, _| note_refused(c, now, &row, &reason, dead_letter_after))
            .await
    }

    async fn refused(&self, max: usize) -> Result<Vec<Refused>> {
        self.engine.read("refused", move |c| refused(c, max)).await
    }

    async fn let_go(&self, sms_id: Option<Uuid>) -> Result<usize> {
        self.engine.write("unpark", move |c, _| let_go(c, sms_id)).await
    }
}

fn unsynced(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Unsynced>> {
    // The condition of input_sms_unsynced, word by word, or that index is not used.
    conn.prepare_cached(
        "SELECT sms_id, server_received_at, mobile_number, device_id, created_at FROM input_sms sms
         WHERE validation_status = 'passed' AND synced_at IS NULL AND NOT EXISTS
             (SELECT 1 FROM ops_sync_refused refused JOIN input_sms parked ON parked.sms_id = refused.sms_id
              WHERE refused.parked = 1 AND refused.mobile_number = sms.mobile_number AND parked.id <= sms.id)
         ORDER BY id LIMIT ?1",
    )?
    .query_map([limit(max)], |row| {
        Ok(Unsynced {
            sms_id: uuid(row, 0)?,
            server_received_at: row.get::<_, At>(1)?.0,
            mobile_number: row.get(2)?,
            device_id: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            validated_at: row.get::<_, At>(4)?.0,
        })
    })?
    .collect()
}

fn mark_synced(conn: &Connection, now: Timestamp, rows: &[Unsynced]) -> rusqlite::Result<()> {
    let mut mark =
        conn.prepare_cached("UPDATE input_sms SET synced_at = ?2 WHERE sms_id = ?1 AND synced_at IS NULL")?;
    let mut accept = conn.prepare_cached("DELETE FROM ops_sync_refused WHERE sms_id = ?1")?;
    rows.iter().try_for_each(|row| {
        let sms_id = row.sms_id.to_string();
        mark.execute(params![sms_id, At(now)])?;
        accept.execute([sms_id]).map(drop)
    })
}

fn note_refused(
    conn: &Connection,
    now: Timestamp,
    row: &Unsynced,
    reason: &str,
    dead_letter_after: u32,
) -> rusqlite::Result<bool> {
    let sms_id = row.sms_id.to_string();
    conn.prepare_cached(
        "INSERT INTO ops_sync_refused (sms_id, mobile_number, attempts, reason, at, parked)
         VALUES (?1, ?2, 1, ?3, ?4, 1 >= ?5)
         ON CONFLICT (sms_id) DO UPDATE SET
             attempts = attempts + 1, reason = excluded.reason, at = excluded.at,
             parked = parked OR attempts + 1 >= ?5",
    )?
    .execute(params![sms_id, row.mobile_number, reason, At(now), dead_letter_after])?;
    conn.prepare_cached("SELECT parked FROM ops_sync_refused WHERE sms_id = ?1")?
        .query_row([sms_id], |row| row.get(0))
}

fn refused(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Refused>> {
    conn.prepare_cached(
        "SELECT sms_id, mobile_number, attempts, reason, at, parked FROM ops_sync_refused
         ORDER BY at DESC, id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], |row| {
        Ok(Refused {
            sms_id: uuid(row, 0)?,
            mobile_number: row.get(1)?,
            attempts: row.get(2)?,
            reason: row.get(3)?,
            at: row.get::<_, At>(4)?.0,
            dead_lettered: row.get(5)?,
        })
    })?
    .collect()
}

/// It may be refused as often again as a new one.
fn let_go(conn: &Connection, sms_id: Option<Uuid>) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "UPDATE ops_sync_refused SET parked = 0, attempts = 0 WHERE parked = 1 AND (?1 IS NULL OR sms_id = ?1)",
    )?
    .execute([sms_id.map(|id| id.to_string())])
}
