//! The bridges that share a hot store, and what it is rebuilt from that has no table of its own here (D28).

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{GroupTrail, Member};
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{At, uuid};
use super::store::SqliteAudit;
use crate::sqlite::engine::{CLOCK, limit};

#[async_trait]
impl GroupTrail for SqliteAudit {
    async fn epoch(&self) -> Result<Option<String>> {
        self.engine.read("epoch", epoch).await
    }

    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()> {
        let epoch = epoch.to_owned();
        self.engine.write("save_epoch", move |c, _| save_epoch(c, now, &epoch)).await
    }

    async fn note_member(&self, member: &Member) -> Result<()> {
        let member = member.clone();
        self.engine.write("note_member", move |c, _| note_member(c, &member)).await
    }

    async fn members(&self, within: Span) -> Result<Vec<Member>> {
        self.engine.read("members", move |c| members(c, within)).await
    }

    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>> {
        let after = after.map(str::to_owned);
        self.engine.read("validated_pairs", move |c| validated_pairs(c, after.as_deref(), max)).await
    }

    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
        self.engine.read("unblacklisted_since", move |c| unblacklisted_since(c, since)).await
    }
}

fn epoch(conn: &Connection) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT name FROM ops_epoch")?.query_row([], |row| row.get(0)).optional()
}

fn save_epoch(conn: &Connection, now: Timestamp, epoch: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO ops_epoch (one, name, saved_at) VALUES (1, ?1, ?2)")?
        .execute(params![epoch, At(now)])?;
    Ok(())
}

fn note_member(conn: &Connection, member: &Member) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "INSERT OR REPLACE INTO ops_member (bridge, handed_over, seen_at) VALUES (?1, ?2, {CLOCK})"
    ))?
    .execute(params![member.bridge.to_string(), member.handed_over])?;
    Ok(())
}

fn members(conn: &Connection, within: Span) -> rusqlite::Result<Vec<Member>> {
    conn.prepare_cached(&format!(
        "SELECT bridge, handed_over FROM ops_member WHERE seen_at >= {CLOCK} - ?1 ORDER BY bridge"
    ))?
    .query_map([within.0], |row| Ok(Member { bridge: uuid(row, 0)?, handed_over: row.get(1)? }))?
    .collect()
}

/// In the order of number and device, which is nearly that of the pair.
fn validated_pairs(conn: &Connection, after: Option<&str>, max: usize) -> rusqlite::Result<Vec<String>> {
    // No number holds a colon.
    let (mobile, device) = after.and_then(|pair| pair.split_once(':')).unwrap_or_default();
    conn.prepare_cached(
        "SELECT mobile_number || ':' || device_id FROM ops_validated_mobile
         WHERE (mobile_number, device_id) > (?1, ?2) ORDER BY mobile_number, device_id LIMIT ?3",
    )?
    .query_map(params![mobile, device, limit(max)], |row| row.get(0))?
    .collect()
}

fn unblacklisted_since(conn: &Connection, since: Timestamp) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    conn.prepare_cached("SELECT mobile_number, at FROM ops_unblacklisted WHERE at >= ?1 ORDER BY at, id")?
        .query_map([At(since)], |row| Ok((row.get(0)?, row.get::<_, At>(1)?.0)))?
        .collect()
}
