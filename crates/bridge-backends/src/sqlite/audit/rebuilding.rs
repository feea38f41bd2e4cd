//! What a hot store that lost its memory is rebuilt from (D28), page by page, and who takes part.

use std::sync::LazyLock;

use bridge_core::checks::CHECKS;
use bridge_core::phone::PhoneError;
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp, Verdict};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, check_columns, codes, damaged, optional_uuid, uuid};
use super::tables::{ONBOARDING_COLUMNS, onboarding_row};
use crate::sqlite::engine::{CLOCK, limit};
use bridge_store::audit::{Member, Totals, part};
use bridge_store::judged::QueuedSms;
use bridge_store::place::Place;

pub(super) fn epoch(conn: &Connection) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT name FROM ops_epoch")?.query_row([], |row| row.get(0)).optional()
}

pub(super) fn save_epoch(conn: &Connection, now: Timestamp, epoch: &str) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO ops_epoch (one, name, saved_at) VALUES (1, ?1, ?2)")?
        .execute(params![epoch, At(now)])?;
    Ok(())
}

pub(super) fn note_member(conn: &Connection, member: &Member) -> rusqlite::Result<()> {
    conn.prepare_cached(&format!(
        "INSERT OR REPLACE INTO ops_member (bridge, handed_over, seen_at) VALUES (?1, ?2, {CLOCK})"
    ))?
    .execute(params![member.bridge.to_string(), member.handed_over])?;
    Ok(())
}

pub(super) fn members(conn: &Connection, within: Span) -> rusqlite::Result<Vec<Member>> {
    conn.prepare_cached(&format!(
        "SELECT bridge, handed_over FROM ops_member WHERE seen_at >= {CLOCK} - ?1 ORDER BY bridge"
    ))?
    .query_map([within.0], |row| Ok(Member { bridge: uuid(row, 0)?, handed_over: row.get(1)? }))?
    .collect()
}

/// The place before the first.
fn start(after: Option<Place>) -> Place {
    after.unwrap_or(Place { at: Timestamp(0), id: 0 })
}

pub(super) fn unexpired_onboardings(
    conn: &Connection,
    now: Timestamp,
    after: Option<Place>,
    max: usize,
) -> rusqlite::Result<Vec<(Place, Onboarding)>> {
    let Place { at, id } = start(after);
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS}, id FROM onboarding_mobile
         WHERE (request_timestamp, id) > (?1, ?2) AND expires_at > ?3
         ORDER BY request_timestamp, id LIMIT ?4"
    ))?
    .query_map(params![At(at), id, At(now), limit(max)], |row| {
        let onboarding = onboarding_row(row)?;
        Ok((Place { at: onboarding.request_timestamp, id: row.get("id")? }, onboarding))
    })?
    .collect()
}

/// In the order of number and device, which is nearly that of the pair.
pub(super) fn validated_pairs(
    conn: &Connection,
    after: Option<&str>,
    max: usize,
) -> rusqlite::Result<Vec<String>> {
    // No number holds a colon.
    let (mobile, device) = after.and_then(|pair| pair.split_once(':')).unwrap_or_default();
    conn.prepare_cached(
        "SELECT mobile_number || ':' || device_id FROM ops_validated_mobile
         WHERE (mobile_number, device_id) > (?1, ?2) ORDER BY mobile_number, device_id LIMIT ?3",
    )?
    .query_map(params![mobile, device, limit(max)], |row| row.get(0))?
    .collect()
}

pub(super) fn judged_since(
    conn: &Connection,
    since: Timestamp,
    after: Option<Place>,
    max: usize,
) -> rusqlite::Result<Vec<(Place, QueuedSms)>> {
    let Place { at, id } = start(after);
    conn.prepare_cached(&select_queued(
        "server_received_at >= ?1 AND (server_received_at, id) > (?2, ?3) ORDER BY server_received_at, id LIMIT ?4",
    ))?
    .query_map(params![At(since), At(at), id, limit(max)], placed_row)?
    .collect()
}

pub(super) fn judged_before(
    conn: &Connection,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Vec<(Place, QueuedSms)>> {
    let newest_first = "ORDER BY server_received_at DESC, id DESC LIMIT ?1";
    match before {
        None => conn
            .prepare_cached(&select_queued(&format!("TRUE {newest_first}")))?
            .query_map([limit(max)], placed_row)?
            .collect(),
        Some(Place { at, id }) => conn
            .prepare_cached(&select_queued(&format!("(server_received_at, id) < (?2, ?3) {newest_first}")))?
            .query_map(params![limit(max), At(at), id], placed_row)?
            .collect(),
    }
}

pub(super) fn judged_one(conn: &Connection, sms_id: Uuid) -> rusqlite::Result<Option<QueuedSms>> {
    conn.prepare_cached(&select_queued("sms_id = ?1"))?.query_row([sms_id.to_string()], queued_row).optional()
}

fn select_queued(condition: &str) -> String {
    format!("SELECT {} FROM input_sms WHERE {condition}", *QUEUED_COLUMNS)
}

fn placed_row(row: &Row<'_>) -> rusqlite::Result<(Place, QueuedSms)> {
    let queued = queued_row(row)?;
    Ok((Place { at: queued.sms.server_received_at, id: row.get("id")? }, queued))
}

/// What [`queued_row`] reads.
pub(super) static QUEUED_COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}, id, redis_id, mobile_number, country_code, sender_error, sms_message, received_timestamp, stamped, \
         device_id, failed_at_check, reason, created_at, sms_id, receiver_id, format, fingerprint, \
         server_received_at, late_delivery, onboarding_id, sms_in_window, line, delivery_id, clock_skew_ms, part",
        check_columns()
    )
});

/// A row of `input_sms` as it was queued. The sender as it came is kept only where it is no number.
pub(super) fn queued_row(row: &Row<'_>) -> rusqlite::Result<QueuedSms> {
    let first = CHECKS.len();
    let mobile_number: String = row.get(first + 2)?;
    let sender = match row.get::<_, Option<String>>(first + 3)? {
        Some(_) => {
            Ok(Mobile::from_e164(&mobile_number).ok_or_else(|| damaged(first + 2, "no E.164 number"))?)
        }
        None => Err(sender_error(row.get::<_, Option<String>>(first + 4)?.as_deref())),
    };
    let failed_at: Option<String> = row.get(first + 9)?;
    let failed_at = failed_at
        .map(|word| FailedAt::from_word(&word).ok_or_else(|| damaged(first + 9, "no check")))
        .transpose()?;
    let part: Option<String> = row.get(first + 23)?;
    let part = part
        .map(|text| part::read(&text).ok_or_else(|| damaged(first + 23, "no part of an SMS")))
        .transpose()?;
    Ok(QueuedSms {
        id: row.get(first + 1)?,
        sms: InboundSms {
            sms_id: uuid(row, first + 12)?,
            sender_raw: mobile_number,
            sender,
            text: row.get(first + 5)?,
            received_timestamp: row.get::<_, At>(first + 6)?.0,
            stamped: row.get(first + 7)?,
            server_received_at: row.get::<_, At>(first + 16)?.0,
            receiver_id: row.get(first + 13)?,
            format: row.get(first + 14)?,
            line: row.get(first + 20)?,
            delivery_id: row.get(first + 21)?,
            clock_skew: Span(row.get(first + 22)?),
            part,
        },
        fingerprint: row.get(first + 15)?,
        verdict: Verdict {
            codes: codes(row, 0)?,
            failed_at,
            reason: row.get(first + 10)?,
            late_delivery: row.get(first + 17)?,
        },
        judged_at: row.get::<_, At>(first + 11)?.0,
        onboarding_id: optional_uuid(row, first + 18)?,
        device_id: row.get(first + 8)?,
        sms_in_window: row.get(first + 19)?,
    })
}

/// Why a sender is no number. Rows from before did not tell: of them, any reason is as good.
fn sender_error(code: Option<&str>) -> PhoneError {
    use PhoneError::{Alphanumeric, Empty, Impossible, TooLong, TooShort};
    let errors = [Empty, Alphanumeric, TooShort, TooLong, Impossible];
    errors.into_iter().find(|error| Some(error.code()) == code).unwrap_or(Impossible)
}

/// Remembers that a number's count of the day begins anew, also where the hot store alone had it.
pub(super) fn note_unblacklisted(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_unblacklisted (mobile_number, at) VALUES (?1, ?2)
         ON CONFLICT (mobile_number) DO UPDATE SET at = excluded.at",
    )?
    .execute(params![mobile, At(now)])?;
    Ok(())
}

pub(super) fn unblacklisted_since(
    conn: &Connection,
    since: Timestamp,
) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    conn.prepare_cached("SELECT mobile_number, at FROM ops_unblacklisted WHERE at >= ?1 ORDER BY at, id")?
        .query_map([At(since)], |row| Ok((row.get(0)?, row.get::<_, At>(1)?.0)))?
        .collect()
}

pub(super) fn totals(conn: &Connection) -> rusqlite::Result<Totals> {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    Ok(Totals {
        validated: one("SELECT count(*) FROM ops_validated_mobile")?.unsigned_abs(),
        blacklisted: one("SELECT count(*) FROM blacklist_sms")?.unsigned_abs(),
        last_sms_id: one("SELECT coalesce(max(redis_id), 0) FROM input_sms")?,
    })
}
