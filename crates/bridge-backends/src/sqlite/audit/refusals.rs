//! Refused registrations: the table `ops.registration_attempts` (D13).

use async_trait::async_trait;
use bridge_store::Result;
use bridge_store::audit::{Refusal, RefusalTrail};
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl RefusalTrail for SqliteAudit {
    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()> {
        let batch = batch.to_vec();
        self.engine.write("append_refusals", move |c, _| append_refusals(c, &batch)).await
    }

    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>> {
        self.engine.read("refusals", move |c| refusals(c, max)).await
    }
}

fn append_refusals(conn: &Connection, batch: &[Refusal]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO ops_registration_attempts (at, reason, mobile_number, address_hash, place, stands_for) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for refusal in batch {
        insert.execute(params![
            At(refusal.at),
            refusal.reason,
            refusal.mobile_number,
            refusal.address_hash,
            refusal.place,
            refusal.stands_for,
        ])?;
    }
    Ok(())
}

fn refusals(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Refusal>> {
    conn.prepare_cached(
        "SELECT at, reason, mobile_number, address_hash, place, stands_for FROM ops_registration_attempts ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], |row| {
        Ok(Refusal {
            at: row.get::<_, At>(0)?.0,
            reason: row.get(1)?,
            mobile_number: row.get(2)?,
            address_hash: row.get(3)?,
            place: row.get(4)?,
            stands_for: row.get(5)?,
        })
    })?
    .collect()
}
