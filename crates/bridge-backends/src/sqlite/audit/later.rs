//! `power_down_store`: SMS that wait to be judged.

use async_trait::async_trait;
use bridge_core::{InboundSms, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{LaterTrail, WaitingSms, part};
use bridge_store::place::Place;
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;
use crate::sqlite::engine::{Json, limit};

#[async_trait]
impl LaterTrail for SqliteAudit {
    async fn store_for_later(&self, sms: &InboundSms) -> Result<()> {
        let sms = sms.clone();
        self.engine.write("store_for_later", move |c, _| store(c, &sms)).await
    }

    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>> {
        self.engine.read("waiting_sms", move |c| waiting(c, after, max)).await
    }

    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool> {
        let sms = sms.clone();
        self.engine.read("parts_judged", move |c| parts_judged(c, &sms, since)).await
    }

    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()> {
        let ids = ids.to_vec();
        self.engine.write("mark_processed", move |c, _| mark_processed(c, now, &ids)).await
    }
}

fn store(conn: &Connection, sms: &InboundSms) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO power_down_store (mobile_number, sms_message, received_timestamp, device_id, stored_at, sms_id,
             receiver_id, format, fingerprint, server_received_at, body, part)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5, ?10, ?11) ON CONFLICT (sms_id) DO NOTHING",
    )?
    .execute(params![
        sms.mobile_number(),
        sms.text,
        At(sms.received_timestamp),
        sms.line,
        At(sms.server_received_at),
        sms.sms_id.to_string(),
        sms.receiver_id,
        sms.format,
        bridge_core::onboarding::hex(&sms.identity().fingerprint),
        Json(sms),
        sms.part.as_ref().map(part::text),
    ])?;
    Ok(())
}

fn waiting(conn: &Connection, after: Option<Place>, max: usize) -> rusqlite::Result<Vec<WaitingSms>> {
    let Place { at, id } = after.unwrap_or(Place { at: Timestamp(0), id: 0 });
    conn.prepare_cached(
        "SELECT id, body FROM power_down_store WHERE processed = 0 AND (server_received_at, id) > (?1, ?2)
         ORDER BY server_received_at, id LIMIT ?3",
    )?
    .query_map(params![At(at), id, limit(max)], |row| {
        Ok(WaitingSms { id: row.get(0)?, sms: row.get::<_, Json<InboundSms>>(1)?.0 })
    })?
    .collect()
}

fn mark_processed(conn: &Connection, now: Timestamp, ids: &[i64]) -> rusqlite::Result<()> {
    let mut mark = conn.prepare_cached(
        "UPDATE power_down_store SET processed = 1, processed_at = ?2 WHERE id = ?1 AND processed = 0",
    )?;
    ids.iter().try_for_each(|id| mark.execute(params![id, At(now)]).map(|_| ()))
}

fn parts_judged(conn: &Connection, sms: &InboundSms, since: Timestamp) -> rusqlite::Result<bool> {
    let Some(part) = &sms.part else { return Ok(false) };
    conn.prepare_cached(
        "SELECT 1 FROM power_down_store WHERE processed = 1 AND part = ?1 AND mobile_number = ?2 AND receiver_id = ?3
             AND server_received_at >= ?4",
    )?
    .exists(params![part::text(part), sms.mobile_number(), sms.receiver_id, At(since)])
}
