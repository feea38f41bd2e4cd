//! Blocked numbers: the table `blacklist_sms`.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{BlacklistTrail, Blacklisted};
use bridge_store::blacklisting::Blacklisting;
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;

#[async_trait]
impl BlacklistTrail for SqliteAudit {
    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()> {
        let batch = batch.to_vec();
        self.engine.write("append_blacklist", move |c, _| append_blacklist(c, &batch)).await
    }

    async fn blacklist(&self) -> Result<Vec<Blacklisted>> {
        self.engine.read("blacklist", blacklist).await
    }

    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool> {
        let mobile = mobile.to_owned();
        self.engine
            .write("remove_blacklisted", move |c, _| {
                note_unblacklisted(c, now, &mobile)?;
                Ok(c.execute("DELETE FROM blacklist_sms WHERE mobile_number = ?1", [&mobile])? > 0)
            })
            .await
    }

    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64> {
        self.engine.write("clear_ended_blocks", move |c, _| clear_ended_blocks(c, now)).await
    }
}

fn append_blacklist(conn: &Connection, batch: &[Blacklisting]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO blacklist_sms (mobile_number, country_code, local_mobile, blacklisted_at, reason, message_count,
             created_at, expires_at, blocked_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?4, ?7, ?8)
         ON CONFLICT (mobile_number) DO UPDATE SET blacklisted_at = excluded.blacklisted_at, reason = excluded.reason,
             message_count = excluded.message_count, expires_at = excluded.expires_at, blocked_by = excluded.blocked_by
         WHERE expires_at <= excluded.blacklisted_at
             OR excluded.blocked_by IS NOT NULL AND excluded.blacklisted_at >= blacklisted_at",
    )?;
    for entry in batch {
        insert.execute(params![
            entry.mobile_number,
            entry.country_code,
            entry.local_mobile,
            At(entry.blacklisted_at),
            entry.reason,
            entry.message_count,
            entry.expires_at.map(At),
            entry.blocked_by,
        ])?;
    }
    Ok(())
}

fn clear_ended_blocks(conn: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    let cleared =
        conn.prepare_cached("DELETE FROM blacklist_sms WHERE expires_at <= ?1")?.execute([At(now)])?;
    Ok(cleared as u64)
}

fn blacklist(conn: &Connection) -> rusqlite::Result<Vec<Blacklisted>> {
    conn.prepare_cached(
        "SELECT mobile_number, country_code, local_mobile, blacklisted_at, reason, message_count, expires_at, blocked_by
         FROM blacklist_sms ORDER BY blacklisted_at DESC, mobile_number",
    )?
    .query_map([], |row| {
        Ok(Blacklisting {
            mobile_number: row.get(0)?,
            country_code: row.get(1)?,
            local_mobile: row.get(2)?,
            blacklisted_at: row.get::<_, At>(3)?.0,
            reason: row.get(4)?,
            message_count: row.get(5)?,
            expires_at: row.get::<_, Option<At>>(6)?.map(|at| at.0),
            blocked_by: row.get(7)?,
        })
    })?
    .collect()
}

/// Remembers that a number's count of the day begins anew, also where the hot store alone had it.
fn note_unblacklisted(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_unblacklisted (mobile_number, at) VALUES (?1, ?2)
         ON CONFLICT (mobile_number) DO UPDATE SET at = excluded.at",
    )?
    .execute(params![mobile, At(now)])?;
    Ok(())
}
