//! E-mail addresses that may not register.

use async_trait::async_trait;
use bridge_store::Result;
use bridge_store::audit::{BlockedEmail, BlockedEmailTrail};
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;

#[async_trait]
impl BlockedEmailTrail for SqliteAudit {
    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>> {
        self.engine.read("blocked_emails", all).await
    }

    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()> {
        let entry = entry.clone();
        self.engine.write("put_blocked_email", move |c, _| put(c, &entry)).await
    }
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<BlockedEmail>> {
    conn.prepare_cached(
        "SELECT address, reason, blocked_by, blocked_at, expires_at, lifted_at, changed_at FROM ops_blocked_email
         ORDER BY address",
    )?
    .query_map([], |row| {
        Ok(BlockedEmail {
            address: row.get(0)?,
            reason: row.get(1)?,
            blocked_by: row.get(2)?,
            blocked_at: row.get::<_, At>(3)?.0,
            expires_at: row.get::<_, Option<At>>(4)?.map(|at| at.0),
            lifted_at: row.get::<_, Option<At>>(5)?.map(|at| at.0),
            changed_at: row.get::<_, At>(6)?.0,
        })
    })?
    .collect()
}

fn put(conn: &Connection, entry: &BlockedEmail) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO ops_blocked_email (address, reason, blocked_by, blocked_at, expires_at, lifted_at,
             changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        entry.address,
        entry.reason,
        entry.blocked_by,
        At(entry.blocked_at),
        entry.expires_at.map(At),
        entry.lifted_at.map(At),
        At(entry.changed_at),
    ])?;
    Ok(())
}
