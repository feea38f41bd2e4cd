//! How figures are counted: parts of the statements that write the rows they count, so that a row and its figures are
//! written together or not at all. Not how figures are read.

use bridge_store::desk::{Kind, LATENCY_GRAIN, bounds};

/// In which bucket a length of time falls, and in which stretch it is counted.
fn latency(kind: Kind, since: &str, took: &str, from: &str) -> String {
    let bounds: Vec<String> = bounds().iter().map(i64::to_string).collect();
    format!(
        "INSERT INTO ops.latency AS there (since, kind, bucket, count)
         SELECT to_timestamp(floor(extract(epoch FROM {since}))::bigint / {grain} * {grain}), '{}',
             width_bucket((extract(epoch FROM {took}) * 1000)::bigint, '{{{}}}'::bigint[]), count(*)
         FROM {from} GROUP BY 1, 3 ORDER BY 1, 3
         ON CONFLICT (since, kind, bucket) DO UPDATE SET count = there.count + excluded.count",
        kind.as_str(),
        bounds.join(","),
        grain = LATENCY_GRAIN.0 / 1000,
    )
}

/// Of the rows of `input_sms` that `written` answers. All bridges take the rows in the same order.
pub(super) fn of_sms() -> String {
    format!(
        "by_minute AS (
             INSERT INTO ops.sms_minute AS there (minute, outcome, count)
             SELECT date_trunc('minute', counted_at, 'UTC'), outcome, count(*) FROM written WHERE NOT is_timeless
             GROUP BY 1, 2 ORDER BY 1, 2
             ON CONFLICT (minute, outcome) DO UPDATE SET count = there.count + excluded.count
         ), by_hour AS (
             INSERT INTO ops.sms_hour AS there (hour, receiver_id, outcome, count)
             SELECT date_trunc('hour', counted_at, 'UTC'), receiver_id, outcome, count(*) FROM written
             WHERE NOT is_timeless
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
             ON CONFLICT (hour, receiver_id, outcome) DO UPDATE SET count = there.count + excluded.count
         ), took AS ({})",
        latency(Kind::Verdict, "server_received_at", "created_at - server_received_at", "written WHERE NOT is_timeless")
    )
}

/// Of the rows of `onboarding_mobile` that `written` answers: each is counted where it is now, and no longer where it
/// was.
pub(super) fn of_onboardings() -> String {
    format!(
        "moved AS (
             SELECT request_timestamp, status AS state, last_sms, 1 AS by FROM written
             UNION ALL
             SELECT request_timestamp, previous_status, previous_sms, -1 FROM written WHERE NOT is_new
         ), by_minute AS (
             INSERT INTO ops.onboarding_minute AS there (minute, state, last_sms, count)
             SELECT date_trunc('minute', request_timestamp, 'UTC'), state,
                 CASE WHEN state = 'validated' THEN 'passed' ELSE coalesce(last_sms, '') END, sum(by)
             FROM moved GROUP BY 1, 2, 3 HAVING sum(by) <> 0 ORDER BY 1, 2, 3
             ON CONFLICT (minute, state, last_sms) DO UPDATE SET count = there.count + excluded.count
         ), validated AS (
             SELECT request_timestamp, validated_at FROM written
             WHERE status = 'validated' AND validated_at IS NOT NULL AND (is_new OR previous_status <> 'validated')
         ), took AS ({})",
        latency(Kind::Validation, "validated_at", "validated_at - request_timestamp", "validated")
    )
}
