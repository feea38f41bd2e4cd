//! Judged SMS: the table `input_sms`. Not how they are searched, which is `desk`.

use std::sync::LazyLock;

use async_trait::async_trait;
use bridge_core::checks::{CHECKS, CheckId};
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Mobile, Span, Timestamp, Verdict};
use bridge_store::Result;
use bridge_store::audit::{SmsRow, SmsTrail, part, sender_error};
use bridge_store::judged::QueuedSms;
use bridge_store::place::Place;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, check_columns, codes, damaged, e164, optional_uuid, start_of, uuid};
use super::counting::Added;
use super::store::SqliteAudit;
use crate::sqlite::engine::{limit, marks};

#[async_trait]
impl SmsTrail for SqliteAudit {
    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize> {
        let batch = batch.to_vec();
        self.engine.write("append_sms", move |c, _| append_sms(c, &batch)).await
    }

    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>> {
        let mobile = mobile.to_owned();
        self.engine.read("sms_of", move |c| sms_of(c, &mobile, before, max)).await
    }

    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>> {
        self.engine.read("judged_since", move |c| judged_since(c, since, after, max)).await
    }

    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>> {
        self.engine.read("judged_before", move |c| judged_before(c, before, max)).await
    }

    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>> {
        self.engine.read("judged_one", move |c| judged_one(c, sms_id)).await
    }
}

const SMS_COLUMNS: &str = "redis_id, mobile_number, country_code, local_mobile, sms_message, received_timestamp, \
     device_id, validation_status, failed_at_check, reason, created_at, sms_id, receiver_id, format, fingerprint, \
     server_received_at, late_delivery, onboarding_id, sms_in_window, clock_skew_ms";

const SMS_COLUMN_COUNT: usize = 20;

/// What a row has besides for the day on which the hot store is rebuilt from it.
const REBUILD_COLUMNS: &str = "line, delivery_id, stamped, sender_error, part, stamp_raw";

const REBUILD_COLUMN_COUNT: usize = 6;

/// What [`sms_row`] reads.
pub(super) fn sms_columns() -> String {
    format!("{SMS_COLUMNS}, id, synced_at, stamped, stamp_raw, {}", check_columns())
}

fn append_sms(conn: &Connection, batch: &[QueuedSms]) -> rusqlite::Result<usize> {
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
            &sms.stamp_raw,
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

fn sms_of(conn: &Connection, mobile: &str, before: Option<i64>, max: usize) -> rusqlite::Result<Vec<SmsRow>> {
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
        stamped: row.get(SMS_COLUMN_COUNT + 2)?,
        stamp_raw: row.get(SMS_COLUMN_COUNT + 3)?,
        codes: codes(row, SMS_COLUMN_COUNT + 4)?,
    })
}

fn judged_since(
    conn: &Connection,
    since: Timestamp,
    after: Option<Place>,
    max: usize,
) -> rusqlite::Result<Vec<(Place, QueuedSms)>> {
    let Place { at, id } = start_of(after);
    conn.prepare_cached(&select_queued(
        "server_received_at >= ?1 AND (server_received_at, id) > (?2, ?3) ORDER BY server_received_at, id LIMIT ?4",
    ))?
    .query_map(params![At(since), At(at), id, limit(max)], placed_row)?
    .collect()
}

fn judged_before(
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

fn judged_one(conn: &Connection, sms_id: Uuid) -> rusqlite::Result<Option<QueuedSms>> {
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
         server_received_at, late_delivery, onboarding_id, sms_in_window, line, delivery_id, clock_skew_ms, part, stamp_raw",
        check_columns()
    )
});

/// A row of `input_sms` as it was queued. The sender as it came is kept only where it is no number.
pub(super) fn queued_row(row: &Row<'_>) -> rusqlite::Result<QueuedSms> {
    let first = CHECKS.len();
    let mobile_number: String = row.get(first + 2)?;
    let sender = match row.get::<_, Option<String>>(first + 3)? {
        Some(_) => Ok(e164(first + 2, &mobile_number)?),
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
            stamp_raw: row.get(first + 24)?,
            clock_not_set: None,
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
