//! What waits for the audit tables, the blacklist, and clearing away what nobody can see any more.

use bridge_core::time::DAY;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::hot::{HotTotals, QueueSizes, REGISTRATION_WINDOW, Which};
use bridge_store::judged::QueuedSms;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use uuid::Uuid;

use super::onboardings;
use crate::sqlite::engine::{Json, limit, marks};

fn bodies<T: serde::de::DeserializeOwned>(
    conn: &Connection,
    sql: &str,
    max: usize,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map([limit(max)], |row| row.get(0).map(|body: Json<T>| body.0))?.collect()
}

pub(super) fn sms(conn: &Connection, which: Which, max: usize) -> rusqlite::Result<Vec<QueuedSms>> {
    let sql = match which {
        Which::All => "SELECT body FROM queue_input_sms ORDER BY id LIMIT ?1",
        Which::Passed => "SELECT body FROM queue_input_sms WHERE passed = 1 ORDER BY id LIMIT ?1",
    };
    bodies(conn, sql, max)
}

pub(super) fn newest_sms(conn: &Connection, max: usize) -> rusqlite::Result<Vec<QueuedSms>> {
    bodies(conn, "SELECT body FROM queue_input_sms ORDER BY id DESC LIMIT ?1", max)
}

pub(super) fn one_sms(conn: &Connection, id: i64) -> rusqlite::Result<Option<QueuedSms>> {
    conn.prepare_cached("SELECT body FROM queue_input_sms WHERE id = ?1")?
        .query_row([id], |row| row.get(0).map(|body: Json<QueuedSms>| body.0))
        .optional()
}

pub(super) fn forget_sms(conn: &Connection, ids: &[i64]) -> rusqlite::Result<()> {
    let mut forget = conn.prepare_cached("DELETE FROM queue_input_sms WHERE id = ?1")?;
    ids.iter().try_for_each(|id| forget.execute([id]).map(|_| ()))
}

pub(super) fn onboardings(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Onboarding>> {
    // CROSS: the queue is read first, whatever the planner thinks of it.
    let sql = format!(
        "SELECT {} FROM onboarding_queue CROSS JOIN onboarding USING (seq)
         LEFT JOIN onboarding_change change USING (seq) ORDER BY seq LIMIT ?1",
        onboardings::COLUMNS
    );
    conn.prepare_cached(&sql)?.query_map([limit(max)], onboardings::from_row)?.collect()
}

pub(super) fn forget_onboardings(conn: &Connection, written: &[(Uuid, i64)]) -> rusqlite::Result<()> {
    let mut forget = conn.prepare_cached(
        "DELETE FROM onboarding_queue WHERE seq =
             (SELECT seq FROM onboarding LEFT JOIN onboarding_change change USING (seq)
              WHERE id = ?1 AND coalesce(change.version, onboarding.version) = ?2)",
    )?;
    written.iter().try_for_each(|(id, version)| forget.execute(params![id.as_bytes(), version]).map(|_| ()))
}

pub(super) fn blacklistings(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Blacklisting>> {
    bodies(conn, "SELECT body FROM blacklist_queue ORDER BY mobile LIMIT ?1", max)
}

pub(super) fn forget_blacklistings(conn: &Connection, mobiles: &[String]) -> rusqlite::Result<()> {
    let mut forget = conn.prepare_cached("DELETE FROM blacklist_queue WHERE mobile = ?1")?;
    mobiles.iter().try_for_each(|mobile| forget.execute([mobile]).map(|_| ()))
}

pub(super) fn blacklist(conn: &Connection, entry: &Blacklisting) -> rusqlite::Result<()> {
    block(conn, &entry.mobile_number, entry.expires_at)?;
    conn.prepare_cached("INSERT OR REPLACE INTO blacklist_queue (mobile, body) VALUES (?1, ?2)")?
        .execute(params![entry.mobile_number, Json(entry)])?;
    Ok(())
}

pub(super) fn unblacklist(conn: &Connection, mobile: &str) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM blacklist WHERE mobile = ?1",
        "DELETE FROM blacklist_queue WHERE mobile = ?1",
        "DELETE FROM sms_count WHERE mobile = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([mobile])?;
    }
    Ok(())
}

fn block(conn: &Connection, mobile: &str, ends: Option<Timestamp>) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO blacklist (mobile, expires_at) VALUES (?1, ?2)")?
        .execute(params![mobile, ends.map(|at| at.0)])?;
    Ok(())
}

pub(super) fn replace_blacklist(
    conn: &Connection,
    blocks: &[(String, Option<Timestamp>)],
) -> rusqlite::Result<()> {
    conn.execute("DELETE FROM blacklist", [])?;
    let waiting = blacklistings(conn, usize::MAX)?;
    let waiting: Vec<(String, Option<Timestamp>)> = waiting.iter().map(Blacklisting::block).collect();
    blocks.iter().chain(&waiting).try_for_each(|(mobile, ends)| block(conn, mobile, *ends))
}

pub(super) fn totals(conn: &Connection) -> rusqlite::Result<HotTotals> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let count: i64 = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    Ok(HotTotals {
        validated: count("SELECT count(*) FROM validated")?,
        blacklisted: count("SELECT count(*) FROM blacklist")?,
    })
}

/// Those of the pairs that are not validated.
pub(super) fn not_validated(conn: &Connection, mut pairs: Vec<String>) -> rusqlite::Result<Vec<String>> {
    let mut find = conn.prepare_cached("SELECT 1 FROM validated WHERE pair = ?1")?;
    let mut failure = None;
    pairs.retain(|pair| match find.exists([pair]) {
        Ok(there) => !there,
        Err(error) => {
            failure = Some(error);
            false
        }
    });
    failure.map_or(Ok(pairs), Err)
}

pub(super) fn sizes(conn: &Connection) -> rusqlite::Result<QueueSizes> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        let count: i64 = conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    Ok(QueueSizes {
        input_sms: count("SELECT count(*) FROM queue_input_sms")?,
        onboarding: count("SELECT count(*) FROM onboarding_queue")?,
        blacklist: count("SELECT count(*) FROM blacklist_queue")?,
        events: count("SELECT count(*) FROM told")?,
    })
}

/// An onboarding stays while it waits for `onboarding_mobile`, while nobody wrote down that its deadline
/// passed, and while an older one of its number is here, which would become the newest.
const ONBOARDING_IS_OVER: &str =
    "seq NOT IN (SELECT seq FROM onboarding_queue)
    AND coalesce((SELECT change.state FROM onboarding_change change WHERE change.seq = onboarding.seq), state) <> 'pending'
    AND NOT EXISTS
    (SELECT 1 FROM onboarding older WHERE older.mobile = onboarding.mobile AND older.seq < onboarding.seq)";

/// Rows whose time is over. Counts stay for as long again: what is restored may belong to a window that is over
/// (D28).
pub(super) fn collect_garbage(conn: &Connection, now: Timestamp, max: usize) -> rusqlite::Result<usize> {
    let mut cleared = 0;
    for (table, key, condition) in [
        ("seen", "fingerprint", "TRUE"),
        ("delivery", "key", "TRUE"),
        ("sms_count", "mobile", &format!("expires_at <= ?1 - {}", DAY.0)),
        ("uncounted", "mobile", "TRUE"),
        ("used_once", "what", "TRUE"),
        ("onboarding", "seq", ONBOARDING_IS_OVER),
    ] {
        let keys: Vec<rusqlite::types::Value> = conn
            .prepare_cached(&format!(
                "SELECT {key} FROM {table} WHERE expires_at <= ?1 AND {condition} LIMIT ?2"
            ))?
            .query_map(params![now.0, limit(max)], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if keys.is_empty() {
            continue;
        }
        conn.execute(
            &format!("DELETE FROM {table} WHERE {key} IN ({})", marks(keys.len())),
            params_from_iter(&keys),
        )?;
        cleared += keys.len();
    }
    cleared += conn
        .prepare_cached(
            "DELETE FROM registration_window WHERE (mobile, client) IN
                 (SELECT mobile, client FROM registration_window WHERE expires_at <= ?1 - ?3 LIMIT ?2)",
        )?
        .execute(params![now.0, limit(max), REGISTRATION_WINDOW.0])?;
    cleared += conn
        .prepare_cached(
            "DELETE FROM waiting WHERE (mobile, sms_id) IN
                 (SELECT mobile, sms_id FROM waiting WHERE expires_at <= ?1 LIMIT ?2)",
        )?
        .execute(params![now.0, limit(max)])?;
    Ok(cleared)
}
