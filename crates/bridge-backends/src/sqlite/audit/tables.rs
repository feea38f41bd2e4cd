//! Reading and writing the audit tables.

use bridge_core::checks::{CHECKS, CheckId};
use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{Mobile, Onboarding, Span, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, check_columns, codes, damaged, optional_uuid, uuid};
use super::counting::Added;
use crate::sqlite::engine::{limit, marks};
use bridge_store::audit::{Blacklisted, Counter, Refusal, SmsRow, part};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::judged::QueuedSms;

const SMS_COLUMNS: &str = "redis_id, mobile_number, country_code, local_mobile, sms_message, received_timestamp, \
     device_id, validation_status, failed_at_check, reason, created_at, sms_id, receiver_id, format, fingerprint, \
     server_received_at, late_delivery, onboarding_id, sms_in_window, clock_skew_ms";

const SMS_COLUMN_COUNT: usize = 20;

/// What a row has besides for the day on which the hot store is rebuilt from it.
const REBUILD_COLUMNS: &str = "line, delivery_id, stamped, sender_error, part";

const REBUILD_COLUMN_COUNT: usize = 5;

/// What [`sms_row`] reads.
pub(super) fn sms_columns() -> String {
    format!("{SMS_COLUMNS}, id, synced_at, {}", check_columns())
}

pub(super) fn append_sms(conn: &Connection, batch: &[QueuedSms]) -> rusqlite::Result<usize> {
    let mut insert = conn.prepare_cached(&format!(
        "INSERT INTO input_sms ({SMS_COLUMNS}, {REBUILD_COLUMNS}, {}) VALUES ({}) ON CONFLICT (sms_id) DO NOTHING",
        check_columns(),
        marks(SMS_COLUMN_COUNT + REBUILD_COLUMN_COUNT + CHECKS.len()),
    ))?;
    let mut validate = conn.prepare_cached(
        "INSERT INTO ops_validated_mobile (mobile_number, device_id, sms_id, validated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    let mut new = 0;
    let mut figures = Added::default();
    for queued in batch {
        let QueuedSms { id, sms, fingerprint, verdict, judged_at, .. } = queued;
        let QueuedSms { onboarding_id, device_id, sms_in_window, .. } = queued;
        let sender = sms.sender.as_ref().ok();
        let sms_id = sms.sms_id.to_string();
        let codes: Vec<u8> = CheckId::all().map(|check| verdict.codes.of(check).number()).collect();
        let (received, judged, taken_in) =
            (At(sms.received_timestamp), At(*judged_at), At(sms.server_received_at));
        let (country, national) = (sender.map(Mobile::calling_code), sender.map(Mobile::national));
        let (status, failed_at) = (verdict.status(), verdict.failed_at.map(FailedAt::as_str));
        let mobile = sms.mobile_number();
        let onboarding_id = onboarding_id.map(|id| id.to_string());
        let part = sms.part.as_ref().map(part::text);
        let sender_error = sms.sender.as_ref().err().map(|error| error.code());
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![
            id,
            &mobile,
            &country,
            &national,
            &sms.text,
            &received,
            device_id,
            &status,
            &failed_at,
            &verdict.reason,
            &judged,
            &sms_id,
            &sms.receiver_id,
            &sms.format,
            fingerprint,
            &taken_in,
            &verdict.late_delivery,
            &onboarding_id,
            sms_in_window,
            &sms.clock_skew.0,
            &sms.line,
            &sms.delivery_id,
            &sms.stamped,
            &sender_error,
            &part,
        ];
        values.extend(codes.iter().map(|code| code as &dyn rusqlite::ToSql));
        let is_new = insert.execute(&values[..])? > 0;
        if is_new {
            new += 1;
            figures.sms(queued);
        }
        // A number that was taken off does not come back with a row that was there.
        if verdict.passed() && is_new {
            validate.execute(params![mobile, device_id.as_deref().unwrap_or_default(), sms_id, judged])?;
        }
    }
    figures.write(conn)?;
    Ok(new)
}

pub(super) fn sms_of(
    conn: &Connection,
    mobile: &str,
    before: Option<i64>,
    max: usize,
) -> rusqlite::Result<Vec<SmsRow>> {
    // Their ids are in the index by number; only those of the page are read.
    conn.prepare_cached(&format!(
        "SELECT {} FROM input_sms WHERE id IN (
             SELECT id FROM input_sms INDEXED BY input_sms_number
             WHERE mobile_number = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3)
         ORDER BY id DESC",
        sms_columns(),
    ))?
    .query_map(params![mobile, before.unwrap_or(i64::MAX), limit(max)], sms_row)?
    .collect()
}

pub(super) fn sms_row(row: &Row<'_>) -> rusqlite::Result<SmsRow> {
    Ok(SmsRow {
        redis_id: row.get(0)?,
        mobile_number: row.get(1)?,
        country_code: row.get(2)?,
        local_mobile: row.get(3)?,
        sms_message: row.get(4)?,
        received_timestamp: row.get::<_, At>(5)?.0,
        device_id: row.get(6)?,
        validation_status: row.get(7)?,
        failed_at_check: row.get(8)?,
        reason: row.get(9)?,
        created_at: row.get::<_, At>(10)?.0,
        sms_id: uuid(row, 11)?,
        receiver_id: row.get(12)?,
        format: row.get(13)?,
        fingerprint: row.get(14)?,
        server_received_at: row.get::<_, At>(15)?.0,
        late_delivery: row.get(16)?,
        onboarding_id: optional_uuid(row, 17)?,
        sms_in_window: row.get(18)?,
        clock_skew: Span(row.get(19)?),
        id: row.get(SMS_COLUMN_COUNT)?,
        synced_at: row.get::<_, Option<At>>(SMS_COLUMN_COUNT + 1)?.map(|at| at.0),
        codes: codes(row, SMS_COLUMN_COUNT + 2)?,
    })
}

pub(super) fn upsert_onboardings(conn: &Connection, batch: &[Onboarding]) -> rusqlite::Result<usize> {
    let mut known = conn
        .prepare_cached("SELECT version, status, last_sms FROM onboarding_mobile WHERE onboarding_id = ?1")?;
    let mut upsert = conn.prepare_cached(
        "INSERT INTO onboarding_mobile (onboarding_id, mobile_number, email, device_id, hash, salt, country_code,
             local_mobile, request_timestamp, user_deadline, expires_at, status, is_validated, validated_at, version, created_at,
             last_sms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?9, ?16)
         ON CONFLICT (onboarding_id) DO UPDATE SET
             status = excluded.status, is_validated = excluded.is_validated,
             validated_at = excluded.validated_at, version = excluded.version, last_sms = excluded.last_sms
         WHERE excluded.version > version",
    )?;
    let mut new = 0;
    let mut figures = Added::default();
    for onboarding in batch {
        let id = onboarding.id.to_string();
        let before = known
            .query_row([&id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?)))
            .optional()?;
        if before.as_ref().is_some_and(|(version, ..)| *version >= onboarding.version) {
            continue;
        }
        new += usize::from(before.is_none());
        let before: Option<(State, Option<String>)> = before
            .map(|(_, word, last_sms)| match State::from_word(&word) {
                Some(state) => Ok((state, last_sms)),
                None => Err(damaged(1, "no state of an onboarding")),
            })
            .transpose()?;
        let last_sms = last_sms(onboarding).or_else(|| before.as_ref().and_then(|(_, last)| last.clone()));
        upsert.execute(params![
            id,
            onboarding.mobile.e164(),
            onboarding.email,
            onboarding.device_id,
            onboarding.hash,
            onboarding.salt,
            onboarding.mobile.calling_code(),
            onboarding.mobile.national(),
            At(onboarding.request_timestamp),
            At(onboarding.user_deadline),
            At(onboarding.expires_at),
            onboarding.state.as_str(),
            onboarding.state == State::Validated,
            onboarding.validated_at.map(At),
            onboarding.version,
            last_sms,
        ])?;
        figures.onboarding(onboarding, last_sms, before);
    }
    figures.write(conn)?;
    Ok(new)
}

/// What its last SMS came to.
fn last_sms(onboarding: &Onboarding) -> Option<String> {
    let last = onboarding.last_sms.as_ref()?;
    Some(last.verdict.failed_at.map_or("passed", FailedAt::as_str).to_owned())
}

/// What [`onboarding_row`] reads.
pub(super) const ONBOARDING_COLUMNS: &str = "onboarding_id, mobile_number, email, device_id, hash, salt, \
     request_timestamp, user_deadline, expires_at, status, validated_at, version";

pub(super) fn newest_onboarding(conn: &Connection, mobile: &str) -> rusqlite::Result<Option<Onboarding>> {
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS} FROM onboarding_mobile
         WHERE mobile_number = ?1 ORDER BY request_timestamp DESC, id DESC LIMIT 1"
    ))?
    .query_row([mobile], onboarding_row)
    .optional()
}

pub(super) fn onboardings_by_ids(conn: &Connection, ids: &[Uuid]) -> rusqlite::Result<Vec<Onboarding>> {
    let ids: serde_json::Value = ids.iter().map(Uuid::to_string).collect();
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS} FROM onboarding_mobile
         WHERE onboarding_id IN (SELECT value FROM json_each(?1))"
    ))?
    .query_map([ids.to_string()], onboarding_row)?
    .collect()
}

pub(super) fn onboarding_row(row: &Row<'_>) -> rusqlite::Result<Onboarding> {
    let e164: String = row.get(1)?;
    let status: String = row.get(9)?;
    Ok(Onboarding {
        id: uuid(row, 0)?,
        mobile: Mobile::from_e164(&e164).ok_or_else(|| damaged(1, "no E.164 number"))?,
        email: row.get(2)?,
        device_id: row.get(3)?,
        hash: row.get(4)?,
        salt: row.get(5)?,
        request_timestamp: row.get::<_, At>(6)?.0,
        user_deadline: row.get::<_, At>(7)?.0,
        expires_at: row.get::<_, At>(8)?.0,
        state: State::from_word(&status).ok_or_else(|| damaged(9, "no state of an onboarding"))?,
        validated_at: row.get::<_, Option<At>>(10)?.map(|at| at.0),
        version: row.get(11)?,
        last_sms: None,
    })
}

pub(super) fn append_blacklist(conn: &Connection, batch: &[Blacklisting]) -> rusqlite::Result<()> {
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

pub(super) fn clear_ended_blocks(conn: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    let cleared =
        conn.prepare_cached("DELETE FROM blacklist_sms WHERE expires_at <= ?1")?.execute([At(now)])?;
    Ok(cleared as u64)
}

pub(super) fn blacklist(conn: &Connection) -> rusqlite::Result<Vec<Blacklisted>> {
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

pub(super) fn counters(conn: &Connection) -> rusqlite::Result<Vec<Counter>> {
    conn.prepare_cached(
        "SELECT counter_name, counter_value FROM power_down_store_counters ORDER BY counter_name",
    )?
    .query_map([], |row| Ok(Counter { name: row.get(0)?, value: row.get(1)? }))?
    .collect()
}

pub(super) fn save_counters(conn: &Connection, now: Timestamp, counters: &[Counter]) -> rusqlite::Result<()> {
    let mut save = conn.prepare_cached(
        "INSERT INTO power_down_store_counters (counter_name, counter_value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (counter_name) DO UPDATE SET
             counter_value = max(counter_value, excluded.counter_value), updated_at = excluded.updated_at",
    )?;
    counters.iter().try_for_each(|c| save.execute(params![c.name, c.value, At(now)]).map(|_| ()))
}

pub(super) fn add_to_counter(conn: &Connection, now: Timestamp, name: &str, by: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO power_down_store_counters (counter_name, counter_value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (counter_name) DO UPDATE SET
             counter_value = counter_value + excluded.counter_value, updated_at = excluded.updated_at",
    )?
    .execute(params![name, by, At(now)])?;
    Ok(())
}

pub(super) fn append_refusals(conn: &Connection, batch: &[Refusal]) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO ops_registration_attempts (at, reason, mobile_number, address_hash, stands_for) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for refusal in batch {
        insert.execute(params![
            At(refusal.at),
            refusal.reason,
            refusal.mobile_number,
            refusal.address_hash,
            refusal.stands_for,
        ])?;
    }
    Ok(())
}

pub(super) fn refusals(conn: &Connection, max: usize) -> rusqlite::Result<Vec<Refusal>> {
    conn.prepare_cached(
        "SELECT at, reason, mobile_number, address_hash, stands_for FROM ops_registration_attempts ORDER BY id DESC LIMIT ?1",
    )?
    .query_map([limit(max)], |row| {
        Ok(Refusal {
            at: row.get::<_, At>(0)?.0,
            reason: row.get(1)?,
            mobile_number: row.get(2)?,
            address_hash: row.get(3)?,
            stands_for: row.get(4)?,
        })
    })?
    .collect()
}

/// D31: an SMS whose push to the remote waits, or that itself waits to be judged, is never purged.
pub(super) fn purge(
    conn: &Connection,
    before: Timestamp,
    max: usize,
    remote: bool,
) -> rusqlite::Result<usize> {
    let pushed = if remote { "(validation_status <> 'passed' OR synced_at IS NOT NULL)" } else { "TRUE" };
    let mut purged = 0;
    for (table, condition) in [
        ("input_sms", format!("server_received_at < ?1 AND {pushed}")),
        ("onboarding_mobile", "request_timestamp < ?1".to_owned()),
        ("power_down_store", "stored_at < ?1 AND processed = 1".to_owned()),
        ("ops_registration_attempts", "at < ?1".to_owned()),
        ("ops_quarantine", "at < ?1".to_owned()),
        ("ops_settings_history", "at < ?1".to_owned()),
        ("ops_unblacklisted", "at < ?1".to_owned()),
        ("ops_sync_refused", "at < ?1 AND sms_id NOT IN (SELECT sms_id FROM input_sms)".to_owned()),
    ] {
        let sql =
            format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {condition} LIMIT ?2)");
        purged += conn.prepare_cached(&sql)?.execute(params![At(before), limit(max)])?;
    }
    Ok(purged)
}
