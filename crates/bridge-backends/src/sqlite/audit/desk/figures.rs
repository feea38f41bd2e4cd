//! How figures are read. Not how they are counted.

use bridge_core::{Span, Timestamp};
use bridge_store::desk::{
    DropOut, Failures, Funnel, HOUR, LATENCY_GRAIN, Latencies, MINUTE, Outcomes, ReceiverRate, RefusalRate,
    RegistrationRate, SmsRate, floor,
};
use rusqlite::{Connection, Row, params};

use super::super::columns::{At, state as state_of};
use crate::sqlite::engine::limit;

/// Tables of figures, and the time at which what a row counts begins, and how long it is.
const AGED: [(&str, &str, Span); 4] = [
    ("ops_sms_minute", "minute", MINUTE),
    ("ops_sms_hour", "hour", HOUR),
    ("ops_onboarding_minute", "minute", MINUTE),
    ("ops_latency", "since", LATENCY_GRAIN),
];

pub(super) fn purge(conn: &Connection, before: Timestamp, max: usize) -> rusqlite::Result<usize> {
    let mut purged = 0;
    for (table, time, length) in AGED {
        // Rows of one time go together, or stay.
        let sql = format!(
            "DELETE FROM {table} WHERE {time} <= ?1 AND {time} < coalesce(
                 (SELECT {time} FROM {table} WHERE {time} <= ?1 ORDER BY {time} LIMIT 1 OFFSET ?2), ?1 + 1)"
        );
        purged += conn.prepare_cached(&sql)?.execute(params![(before - length).0, limit(max)])?;
    }
    Ok(purged)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

fn outcomes(row: &Row<'_>, first: usize) -> rusqlite::Result<Outcomes> {
    let passed = count(row, first)?;
    Ok(Outcomes { passed, failed: count(row, first + 1)?.saturating_sub(passed) })
}

pub(super) fn sms_rates(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
    step: Span,
) -> rusqlite::Result<Vec<SmsRate>> {
    let step = bridge_store::desk::step(step);
    let (table, time) = if step >= HOUR { ("ops_sms_hour", "hour") } else { ("ops_sms_minute", "minute") };
    conn.prepare_cached(&format!(
        "SELECT {time} / ?3 * ?3, coalesce(sum(count) FILTER (WHERE outcome = 'passed'), 0), sum(count) FROM {table}
         WHERE {time} >= ?1 AND {time} < ?2 GROUP BY 1 ORDER BY 1"
    ))?
    .query_map(params![floor(from, step).0, to.0, step.0], |row| {
        Ok(SmsRate { at: Timestamp(row.get(0)?), count: outcomes(row, 1)? })
    })?
    .collect()
}

pub(super) fn receiver_rates(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Vec<ReceiverRate>> {
    conn.prepare_cached(
        "SELECT receiver_id, coalesce(sum(count) FILTER (WHERE outcome = 'passed'), 0), sum(count) FROM ops_sms_hour
         WHERE hour >= ?1 AND hour < ?2 GROUP BY 1 ORDER BY 1",
    )?
    .query_map(params![floor(from, HOUR).0, to.0], |row| {
        Ok(ReceiverRate { receiver_id: row.get(0)?, count: outcomes(row, 1)? })
    })?
    .collect()
}

pub(super) fn registrations(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
    step: Span,
) -> rusqlite::Result<Vec<RegistrationRate>> {
    let step = bridge_store::desk::step(step);
    conn.prepare_cached(
        "SELECT minute / ?3 * ?3, sum(count), coalesce(sum(count) FILTER (WHERE state = 'validated'), 0)
         FROM ops_onboarding_minute WHERE minute >= ?1 AND minute < ?2 GROUP BY 1 ORDER BY 1",
    )?
    .query_map(params![floor(from, step).0, to.0, step.0], |row| {
        let at = Timestamp(row.get(0)?);
        Ok(RegistrationRate { at, registered: count(row, 1)?, validated: count(row, 2)? })
    })?
    .collect()
}

pub(super) fn failures_by_check(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Vec<Failures>> {
    conn.prepare_cached(
        "SELECT outcome, sum(count) FROM ops_sms_minute
         WHERE minute >= ?1 AND minute < ?2 AND outcome <> 'passed' GROUP BY 1 ORDER BY 2 DESC, 1",
    )?
    .query_map(params![floor(from, MINUTE).0, to.0], |row| {
        Ok(Failures { check: row.get(0)?, count: count(row, 1)? })
    })?
    .collect()
}

pub(super) fn funnel(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Funnel> {
    let stood = conn
        .prepare_cached(
            "SELECT state, last_sms, sum(count) FROM ops_onboarding_minute
             WHERE minute >= ?1 AND minute < ?2 GROUP BY 1, 2 HAVING sum(count) > 0 ORDER BY 3 DESC, 1, 2",
        )?
        .query_map(params![floor(from, MINUTE).0, to.0], |row| {
            let word: String = row.get(0)?;
            let state = state_of(0, &word)?;
            let last_sms = Some(row.get::<_, String>(1)?).filter(|word| !word.is_empty());
            Ok(DropOut { state, last_sms, count: count(row, 2)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Funnel::of(stood))
}

pub(super) fn latencies(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Latencies> {
    let counted: Vec<_> = conn
        .prepare_cached(
            "SELECT kind, bucket, sum(count) FROM ops_latency WHERE since >= ?1 AND since < ?2 GROUP BY 1, 2",
        )?
        .query_map(params![floor(from, LATENCY_GRAIN).0, to.0], |row| {
            Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Latencies::of(&counted))
}

pub(super) fn refusals_by_hour(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
) -> rusqlite::Result<Vec<RefusalRate>> {
    conn.prepare_cached(
        "SELECT substr(at, 1, 13) || ':00:00.000Z' AS hour, reason, place, sum(stands_for) FROM ops_registration_attempts
         WHERE at >= ?1 AND at < ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    )?
    .query_map(params![At(floor(from, HOUR)), At(to)], |row| {
        let hour = row.get::<_, At>(0)?.0;
        Ok(RefusalRate { hour, reason: row.get(1)?, place: row.get(2)?, count: count(row, 3)? })
    })?
    .collect()
}
