//! How figures are read. Not how they are counted.

use bridge_core::onboarding::State;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::desk::{
    DropOut, Failures, Funnel, HOUR, LATENCY_GRAIN, Latencies, MINUTE, Outcomes, ReceiverRate, RefusalRate,
    RegistrationRate, SmsRate, floor,
};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::super::columns::{At, limit};
use super::super::lease::{Lease, Parameter, Unreadable};

/// The range, from the beginning of its first step on.
fn range(from: Timestamp, to: Timestamp, grain: Span) -> (At, At) {
    (At(floor(from, grain)), At(to))
}

fn parameters<'a>((from, to): &'a (At, At), seconds: &'a i64) -> [Parameter<'a>; 3] {
    [(from, Type::TIMESTAMPTZ), (to, Type::TIMESTAMPTZ), (seconds, Type::INT8)]
}

fn count(row: &Row, column: usize) -> std::result::Result<u64, Unreadable> {
    Ok(u64::try_from(row.try_get::<_, i64>(column)?).unwrap_or(0))
}

/// When a step begins, in whole seconds.
fn step_of(time: &str) -> String {
    // `date_part` reckons in floating point, which is fast and exact for whole seconds; `extract` does not.
    format!("to_timestamp(floor(date_part('epoch', {time}) / $3) * $3)")
}

pub(super) async fn sms_rates(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
    step: Span,
) -> Result<Vec<SmsRate>> {
    let step = bridge_store::desk::step(step);
    let (table, time) = if step >= HOUR { ("ops.sms_hour", "hour") } else { ("ops.sms_minute", "minute") };
    let sql = format!(
        "SELECT {}, (sum(count) FILTER (WHERE outcome = 'passed'))::bigint, sum(count)::bigint FROM {table}
         WHERE {time} >= $1 AND {time} < $2 GROUP BY 1 ORDER BY 1",
        step_of(time)
    );
    lease
        .rows(&sql, &parameters(&range(from, to, step), &(step.0 / 1000)), |row| {
            let passed = row.try_get::<_, Option<i64>>(1)?.unwrap_or(0).unsigned_abs();
            Ok(SmsRate {
                at: row.try_get::<_, At>(0)?.0,
                count: Outcomes { passed, failed: count(row, 2)?.saturating_sub(passed) },
            })
        })
        .await
}

pub(super) async fn receiver_rates(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<ReceiverRate>> {
    lease
        .rows(
            "SELECT receiver_id, coalesce(sum(count) FILTER (WHERE outcome = 'passed'), 0)::bigint, sum(count)::bigint
             FROM ops.sms_hour WHERE hour >= $1 AND hour < $2 GROUP BY 1 ORDER BY 1",
            &parameters(&range(from, to, HOUR), &0),
            |row| {
                let (passed, all) = (count(row, 1)?, count(row, 2)?);
                let count = Outcomes { passed, failed: all.saturating_sub(passed) };
                Ok(ReceiverRate { receiver_id: row.try_get(0)?, count })
            },
        )
        .await
}

pub(super) async fn registrations(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
    step: Span,
) -> Result<Vec<RegistrationRate>> {
    let step = bridge_store::desk::step(step);
    let sql = format!(
        "SELECT {}, sum(count)::bigint, coalesce(sum(count) FILTER (WHERE state = 'validated'), 0)::bigint
         FROM ops.onboarding_minute WHERE minute >= $1 AND minute < $2 GROUP BY 1 ORDER BY 1",
        step_of("minute")
    );
    lease
        .rows(&sql, &parameters(&range(from, to, step), &(step.0 / 1000)), |row| {
            Ok(RegistrationRate {
                at: row.try_get::<_, At>(0)?.0,
                registered: count(row, 1)?,
                validated: count(row, 2)?,
            })
        })
        .await
}

pub(super) async fn failures_by_check(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Failures>> {
    lease
        .rows(
            "SELECT outcome, sum(count)::bigint FROM ops.sms_minute
             WHERE minute >= $1 AND minute < $2 AND outcome <> 'passed' GROUP BY 1 ORDER BY 2 DESC, 1",
            &parameters(&range(from, to, MINUTE), &0),
            |row| Ok(Failures { check: row.try_get(0)?, count: count(row, 1)? }),
        )
        .await
}

pub(super) async fn funnel(lease: &mut Lease, from: Timestamp, to: Timestamp) -> Result<Funnel> {
    let stood = lease
        .rows(
            "SELECT state, last_sms, sum(count)::bigint FROM ops.onboarding_minute
             WHERE minute >= $1 AND minute < $2 GROUP BY 1, 2 HAVING sum(count) > 0 ORDER BY 3 DESC, 1, 2",
            &parameters(&range(from, to, MINUTE), &0),
            |row| {
                let state = State::from_word(row.try_get(0)?).ok_or("state is no state of an onboarding")?;
                let last_sms = Some(row.try_get::<_, String>(1)?).filter(|word| !word.is_empty());
                Ok(DropOut { state, last_sms, count: count(row, 2)? })
            },
        )
        .await?;
    Ok(Funnel::of(stood))
}

pub(super) async fn latencies(lease: &mut Lease, from: Timestamp, to: Timestamp) -> Result<Latencies> {
    let counted = lease
        .rows(
            "SELECT kind, bucket, sum(count)::bigint FROM ops.latency WHERE since >= $1 AND since < $2 GROUP BY 1, 2",
            &parameters(&range(from, to, LATENCY_GRAIN), &0),
            |row| Ok((row.try_get::<_, String>(0)?, (row.try_get(1)?, row.try_get(2)?))),
        )
        .await?;
    Ok(Latencies::of(&counted))
}

pub(super) async fn refusals_by_hour(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<RefusalRate>> {
    lease
        .rows(
            "SELECT date_trunc('hour', at, 'UTC'), reason, place, sum(stands_for)::bigint FROM ops.registration_attempts
             WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3 ORDER BY 1, reason COLLATE \"C\", place COLLATE \"C\" NULLS FIRST",
            &parameters(&range(from, to, HOUR), &0),
            |row| {
                Ok(RefusalRate {
                    hour: row.try_get::<_, At>(0)?.0,
                    reason: row.try_get(1)?,
                    place: row.try_get(2)?,
                    count: count(row, 3)?,
                })
            },
        )
        .await
}

/// Tables of figures, their keys, the time at which what a row counts begins, and how long it is.
const AGED: [(&str, &str, &str, Span); 4] = [
    ("ops.sms_minute", "minute, outcome", "minute", MINUTE),
    ("ops.sms_hour", "hour, receiver_id, outcome", "hour", HOUR),
    ("ops.onboarding_minute", "minute, state, last_sms", "minute", MINUTE),
    ("ops.latency", "since, kind, bucket", "since", LATENCY_GRAIN),
];

/// What age removes, with the incidents that are over.
pub(super) async fn purge(lease: &mut Lease, before: Timestamp, max: usize) -> Result<usize> {
    let mut purged = super::incidents::purge(lease, before, max).await?;
    for (table, key, time, length) in AGED {
        lease.renew();
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {time} <= $1 ORDER BY {key} LIMIT $2)"
        );
        let gone =
            lease.run(&sql, &[(&At(before - length), Type::TIMESTAMPTZ), (&limit(max), Type::INT8)]).await?;
        purged += usize::try_from(gone).unwrap_or(usize::MAX);
    }
    Ok(purged)
}
