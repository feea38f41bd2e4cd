//! One person: rows about a number, their removal, and the receipts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bridge_core::{Mobile, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{PersonTrail, Quarantined};
use bridge_store::person::{self, AuditErased, Block, Blocked, Erasing, Erasure, Removed, Table, Traces};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::columns::{At, damaged, optional_uuid, uuid};
use super::quarantine::entry;
use super::sms::{QUEUED_COLUMNS, queued_row};
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl PersonTrail for SqliteAudit {
    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>> {
        let mobile = mobile.clone();
        self.engine.read("person", move |c| person(c, &mobile, max)).await
    }

    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces> {
        let mobile = mobile.clone();
        self.engine.read("traces", move |c| traces(c, &mobile, since)).await
    }

    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased> {
        let (mobile, until, block) = (erasing.mobile.clone(), erasing.until, erasing.block);
        let receipt = receipt.clone();
        self.engine.write("erase", move |c, _| erase(c, &mobile, until, block, &receipt)).await
    }

    async fn put_erasure(&self, receipt: &Erasure) -> Result<()> {
        let receipt = receipt.clone();
        self.engine.write("put_erasure", move |c, _| put_erasure(c, &receipt)).await
    }

    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>> {
        self.engine.read("erasures", move |c| erasures(c, max)).await
    }

    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>> {
        let hashes = hashes.to_vec();
        self.engine.read("erased_until", move |c| erased_until(c, &hashes)).await
    }

    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64> {
        let mobile = mobile.to_owned();
        self.engine.write("unvalidate", move |c, _| unvalidate(c, now, &mobile)).await
    }
}

/// Tables whose rows carry the number as the program writes it: their name, the name it is known by, the column that
/// says when a row came to be.
const TABLES: [(&str, &str, &str); 8] = [
    ("input_sms", "input_sms", "server_received_at"),
    ("onboarding_mobile", "onboarding_mobile", "request_timestamp"),
    ("power_down_store", "power_down_store", "server_received_at"),
    ("ops_validated_mobile", VALIDATED, "validated_at"),
    ("ops_page_funnel", "ops.page_funnel", "at"),
    ("ops_webhook_outbox", "ops.webhook_outbox", "since"),
    ("ops_unblacklisted", "ops.unblacklisted", "at"),
    ("blacklist_sms", "blacklist_sms", "blacklisted_at"),
];

/// What SMS proved.
const VALIDATED: &str = "ops.validated_mobile";

const REFUSED: (&str, &str) = ("ops_sync_refused", "ops.sync_refused");

const ATTEMPTS: (&str, &str) = ("ops_registration_attempts", "ops.registration_attempts");

/// The last millisecond that a column can hold.
const END_OF_TIME: Timestamp = Timestamp(253_402_300_799_999);

const QUARANTINE: &str = "ops.quarantine";

fn person(conn: &Connection, mobile: &Mobile, max: usize) -> rusqlite::Result<Vec<Table>> {
    let mut tables = Vec::new();
    let named = TABLES.iter().map(|(table, name, _)| (*table, *name)).chain([REFUSED]);
    for (table, name) in named {
        let sql = format!("SELECT * FROM {table} WHERE mobile_number = ?1 ORDER BY rowid DESC LIMIT ?2");
        let mut select = conn.prepare_cached(&sql)?;
        let rows = select.query_map(params![mobile.e164(), limit(max + 1)], as_json)?;
        tables.push(cut(name, rows.collect::<rusqlite::Result<_>>()?, max));
    }
    let ids = attempts(conn, mobile, END_OF_TIME)?;
    let mut select = conn.prepare_cached(&format!("SELECT * FROM {} WHERE id = ?1", ATTEMPTS.0))?;
    let rows = ids.iter().rev().take(max + 1).map(|id| select.query_row([id], as_json));
    tables.push(cut(ATTEMPTS.1, rows.collect::<rusqlite::Result<_>>()?, max));
    let bodies = quarantined(conn, mobile)?.iter().map(Quarantined::shown).collect();
    tables.push(cut(QUARANTINE, bodies, max));
    Ok(tables)
}

fn cut(name: &'static str, mut rows: Vec<Value>, max: usize) -> Table {
    let more = rows.len() > max;
    rows.truncate(max);
    Table { name, rows, more }
}

fn as_json(row: &Row<'_>) -> rusqlite::Result<Value> {
    let names: Vec<String> = row.as_ref().column_names().map(str::to_owned).collect();
    let mut object = Map::new();
    for (place, name) in names.into_iter().enumerate() {
        let value = match row.get_ref(place)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into(),
        };
        object.insert(name, value);
    }
    Ok(Value::Object(object))
}

/// Refused registrations of that number, however it was written: their ids, oldest first.
fn attempts(conn: &Connection, mobile: &Mobile, until: Timestamp) -> rusqlite::Result<Vec<i64>> {
    let mut found = Vec::new();
    let sql = format!("SELECT id, mobile_number FROM {} WHERE at <= ?1 ORDER BY id", ATTEMPTS.0);
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query([At(until)])?;
    while let Some(row) = rows.next()? {
        if person::spells(row.get_ref(1)?.as_str()?, mobile) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Bodies that name that number, newest first.
fn quarantined(conn: &Connection, mobile: &Mobile) -> rusqlite::Result<Vec<Quarantined>> {
    let mut select = conn.prepare_cached(
        "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops_quarantine
         WHERE instr(body, CAST(?1 AS BLOB)) > 0 ORDER BY id DESC",
    )?;
    let all: Vec<Quarantined> =
        select.query_map([mobile.national()], entry)?.collect::<rusqlite::Result<_>>()?;
    Ok(all.into_iter().filter(|entry| person::names(&entry.body, mobile)).collect())
}

fn traces(conn: &Connection, mobile: &Mobile, since: Timestamp) -> rusqlite::Result<Traces> {
    let mut traces = Traces::default();
    let ids = |sql: &str| -> rusqlite::Result<Vec<Uuid>> {
        conn.prepare_cached(sql)?.query_map([mobile.e164()], |row| uuid(row, 0))?.collect()
    };
    traces.onboardings = ids("SELECT onboarding_id FROM onboarding_mobile WHERE mobile_number = ?1")?;
    traces.waiting = ids("SELECT sms_id FROM power_down_store WHERE mobile_number = ?1 AND processed = 0")?;
    let sql = format!(
        "SELECT {} FROM input_sms WHERE mobile_number = ?1 AND server_received_at >= ?2",
        *QUEUED_COLUMNS
    );
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query(params![mobile.e164(), At(since)])?;
    while let Some(row) = rows.next()? {
        traces.add(&queued_row(row)?);
    }
    Ok(traces)
}

pub(super) fn erase(
    conn: &Connection,
    mobile: &Mobile,
    until: Timestamp,
    block: Block,
    receipt: &Erasure,
) -> rusqlite::Result<AuditErased> {
    let number = mobile.e164();
    // What is deleted is overwritten, too.
    conn.pragma_update(None, "secure_delete", true)?;
    put_erasure(conn, receipt)?;
    let mut removed = Removed::new();
    let mut note = |name: &str, count: usize| {
        if count > 0 {
            removed.insert(name.to_owned(), count as u64);
        }
    };
    let was_blocked =
        conn.prepare_cached("SELECT 1 FROM blacklist_sms WHERE mobile_number = ?1")?.exists([number])?;
    // The last first: what an SMS proved goes with it, even if it came before the wish and was judged after it.
    for (table, name, at) in TABLES.into_iter().rev() {
        if name == "blacklist_sms" && block == Block::Keep {
            continue;
        }
        let with_its_sms = match name {
            VALIDATED => {
                "OR sms_id IN (SELECT sms_id FROM input_sms WHERE mobile_number = ?1 AND server_received_at <= ?2)"
            }
            _ => "",
        };
        let sql = format!("DELETE FROM {table} WHERE mobile_number = ?1 AND ({at} <= ?2 {with_its_sms})");
        note(name, conn.prepare_cached(&sql)?.execute(params![number, At(until)])?);
    }
    // What was refused goes with the row that it speaks of.
    let sql = format!(
        "DELETE FROM {} WHERE mobile_number = ?1 AND sms_id NOT IN (SELECT sms_id FROM input_sms WHERE mobile_number = ?1)",
        REFUSED.0
    );
    note(REFUSED.1, conn.prepare_cached(&sql)?.execute([number])?);
    let mut forget = conn.prepare_cached(&format!("DELETE FROM {} WHERE id = ?1", ATTEMPTS.0))?;
    let ids = attempts(conn, mobile, until)?;
    ids.iter().try_for_each(|id| forget.execute([id]).map(drop))?;
    note(ATTEMPTS.1, ids.len());
    let bodies: Vec<Quarantined> =
        quarantined(conn, mobile)?.into_iter().filter(|entry| entry.at <= until).collect();
    bodies.iter().try_for_each(|entry| super::quarantine::remove(conn, entry.id).map(drop))?;
    note(QUARANTINE, bodies.len());
    Ok(AuditErased { removed, was_blocked })
}

fn put_erasure(conn: &Connection, receipt: &Erasure) -> rusqlite::Result<()> {
    let removed = serde_json::to_string(&receipt.removed).unwrap_or_default();
    conn.prepare_cached(
        "INSERT OR REPLACE INTO ops_erasure (erasure_id, number_hash, requested_at, requested_by, blacklist, removed,
             finished_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        receipt.id.to_string(),
        receipt.number_hash,
        At(receipt.requested_at),
        receipt.requested_by,
        receipt.blacklist.as_str(),
        removed,
        receipt.finished_at.map(At),
    ])?;
    Ok(())
}

fn erasures(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Erasure>> {
    conn.prepare_cached(
        "SELECT erasure_id, number_hash, requested_at, requested_by, blacklist, removed, finished_at FROM ops_erasure
         ORDER BY requested_at DESC, erasure_id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], |row| {
        let blacklist: String = row.get(4)?;
        let removed: String = row.get(5)?;
        Ok(Erasure {
            id: optional_uuid(row, 0)?.ok_or_else(|| damaged(0, "no id"))?,
            number_hash: row.get(1)?,
            requested_at: row.get::<_, At>(2)?.0,
            requested_by: row.get(3)?,
            blacklist: Blocked::from_word(&blacklist).ok_or_else(|| damaged(4, "no such word"))?,
            removed: serde_json::from_str(&removed).map_err(|error| damaged(5, error))?,
            finished_at: row.get::<_, Option<At>>(6)?.map(|at| at.0),
        })
    })?
    .collect()
}

fn erased_until(conn: &Connection, hashes: &[String]) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    let mut newest =
        conn.prepare_cached("SELECT max(requested_at) FROM ops_erasure WHERE number_hash = ?1")?;
    let mut found = BTreeMap::new();
    for hash in hashes {
        if let Some(At(at)) = newest.query_row([hash], |row| row.get::<_, Option<At>>(0))? {
            found.insert(hash.clone(), at);
        }
    }
    Ok(found.into_iter().collect())
}

pub(super) fn unvalidate(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<u64> {
    conn.prepare_cached(
        "UPDATE input_sms SET synced_at = ?2
         WHERE mobile_number = ?1 AND validation_status = 'passed' AND synced_at IS NULL",
    )?
    .execute(params![mobile, At(now)])?;
    conn.prepare_cached("DELETE FROM ops_sync_refused WHERE mobile_number = ?1")?.execute([mobile])?;
    let gone = conn
        .prepare_cached("DELETE FROM ops_validated_mobile WHERE mobile_number = ?1")?
        .execute([mobile])?;
    Ok(gone as u64)
}
