//! Fills an empty trail with rows as they come in ninety days: in order of time, most of them fine, numbers and
//! receivers mixed. Made by the database itself, because nobody else is that fast; the figures are added up from them.

use bridge_core::{Span, Timestamp};
use uuid::Uuid;

use crate::Outcome;
use crate::bench::load;

pub(super) const NUMBERS: u32 = 400_000;
pub(super) const RECEIVERS: u32 = 50;
/// So many SMS come for one onboarding.
pub(super) const PER_ONBOARDING: i64 = 4;
/// 2026-01-31T12:00:00Z, and ninety days until then.
pub(super) const END: Timestamp = Timestamp(1_769_860_800_000);
pub(super) const LENGTH: Span = Span(90 * 86_400_000);
const CHUNK: u32 = 50_000;

/// The nth number; they differ in their last digits, as numbers of one country do.
pub(super) fn number(n: u32) -> String {
    format!("+9198{:08}", u64::from(n) * 241)
}

/// The nth SMS.
pub(super) fn sms_id(n: i64) -> Uuid {
    Uuid::from_u128(
        0x7000_8000_0000_0000_0000 | u128::from(n.unsigned_abs()) << 80 | u128::from(n.unsigned_abs()),
    )
}

/// The nth onboarding.
pub(super) fn onboarding_id(n: i64) -> Uuid {
    Uuid::from_u128(
        0x7000_9000_0000_0000_0000 | u128::from(n.unsigned_abs()) << 80 | u128::from(n.unsigned_abs()),
    )
}

/// How rows are written into one kind of database. `{from}` and `{to}` are numbers of rows, `{rows}` is how many there
/// will be.
pub(super) struct Filling {
    /// Once, before.
    begin: &'static [&'static str],
    /// For each chunk.
    chunk: &'static [&'static str],
    /// Once, at the end.
    end: &'static [&'static str],
}

pub(super) fn fill(rows: u32, filling: &Filling, run: impl Fn(&str) -> Outcome) -> Outcome {
    let progress = load::progress("filling", rows as usize);
    for sql in filling.begin {
        run(sql)?;
    }
    for from in (0..rows).step_by(CHUNK as usize) {
        let to = (from + CHUNK).min(rows);
        for sql in filling.chunk {
            let sql = sql.replace("{from}", &from.to_string()).replace("{to}", &to.to_string());
            run(&sql.replace("{rows}", &rows.to_string()))?;
        }
        progress.inc((to - from).into());
    }
    for sql in filling.end {
        run(sql)?;
    }
    progress.finish_and_clear();
    Ok(())
}

pub(super) const POSTGRES: Filling = Filling {
    begin: &["SELECT ops.add_partition(month) FROM generate_series('2025-11-02Z'::timestamptz, '2026-01-31Z', '29 days') AS month"],
    chunk: &[
        "INSERT INTO public.input_sms (redis_id, mobile_number, country_code, local_mobile, sms_message, received_timestamp,
             device_id, validation_status, failed_at_check, reason, created_at, sms_id, receiver_id, format, fingerprint,
             server_received_at, late_delivery, onboarding_id, sms_in_window)
         SELECT n, number, '91', substr(number, 4), 'ONBOARD:' || md5(n::text) || md5((n + 1)::text), at,
             'device-' || n % 100000, CASE WHEN failed IS NULL THEN 'passed' ELSE 'failed' END, failed,
             CASE WHEN failed IS NULL THEN NULL ELSE 'some_reason' END, at + interval '20 ms',
             (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
             'phone-' || floor(50 * random() * random())::int, 'smsgate', md5(n::text), at, n % 200 = 7,
             (lpad(to_hex(n / 4), 12, '0') || '70009000' || lpad(to_hex(n / 4), 12, '0'))::uuid, 1
         FROM (
             SELECT n, '+9198' || lpad((floor(random() * 400000)::int * 241)::text, 8, '0') AS number,
                 to_timestamp(1769860800 - 7776000 + n::float8 * 7776000 / {rows}) AS at,
                 CASE WHEN n % 100 < 62 THEN NULL WHEN n % 100 < 80 THEN 'onboarding_match'
                      WHEN n % 100 < 90 THEN 'header_hash_check' WHEN n % 100 < 96 THEN 'count_check'
                      WHEN n % 100 < 99 THEN 'duplicate_check' WHEN n % 5000 = 99 THEN 'foreign_number_check'
                      ELSE 'blacklist_check' END AS failed
             FROM generate_series({from}, {to} - 1) AS n) AS made",
        "INSERT INTO public.onboarding_mobile (mobile_number, email, device_id, hash, salt, country_code, local_mobile,
             request_timestamp, user_deadline, expires_at, is_validated, validated_at, created_at, onboarding_id, status, version)
         SELECT number, 'user' || n % 1000000 || '@example.org', 'device-' || n % 100000, md5(n::text) || md5(n::text),
             md5(n::text), '91', substr(number, 4), at, at + interval '5 minutes', at + interval '1 day', n % 10 < 7,
             CASE WHEN n % 10 < 7 THEN at + interval '40 s' END, at,
             (lpad(to_hex(n), 12, '0') || '70009000' || lpad(to_hex(n), 12, '0'))::uuid,
             CASE WHEN n % 10 < 7 THEN 'validated' WHEN n % 1000 = 8 THEN 'cancelled' WHEN n % 10 = 9 THEN 'superseded'
                  ELSE 'expired' END, 2
         FROM (
             SELECT n, '+9198' || lpad((floor(random() * 400000)::int * 241)::text, 8, '0') AS number,
                 to_timestamp(1769860800 - 7776000 + n::float8 * 4 * 7776000 / {rows}) AS at
             FROM generate_series({from} / 4, {to} / 4 - 1) AS n) AS made",
        "INSERT INTO ops.validated_mobile (mobile_number, device_id, sms_id, validated_at)
         SELECT mobile_number, device_id, gen_random_uuid(), validated_at FROM public.onboarding_mobile
         WHERE onboarding_mobile.id > {from} / 4 AND onboarding_mobile.id <= {to} / 4 AND is_validated
         ON CONFLICT DO NOTHING",
        "INSERT INTO ops.registration_attempts (at, reason, mobile_number, address_hash, stands_for)
         SELECT to_timestamp(1769860800 - 7776000 + n::float8 * 50 * 7776000 / {rows}),
             CASE n % 3 WHEN 0 THEN 'rate_limited' WHEN 1 THEN 'blacklisted' ELSE 'mobile_invalid' END,
             '+9198' || lpad((floor(random() * 400000)::int * 241)::text, 8, '0'), md5((n % 1000)::text), 1
         FROM generate_series({from} / 50, {to} / 50 - 1) AS n",
    ],
    end: &[
        "INSERT INTO public.blacklist_sms (mobile_number, country_code, local_mobile, blacklisted_at, message_count)
         SELECT '+9198' || lpad((n * 20 * 241)::text, 8, '0'), '91', 'x', to_timestamp(1769860800 - n * 300), 11
         FROM generate_series(1, 20000) AS n",
        r#"INSERT INTO public.power_down_store (mobile_number, sms_message, received_timestamp, stored_at, processed,
             processed_at, sms_id, receiver_id, format, fingerprint, server_received_at, body)
         SELECT number, 'x', at, at, n > 50, at, id, 'phone-1', 'generic', 'f', at, json_build_object('sms_id', id,
             'sender_raw', number, 'sender', json_build_object('Ok', number), 'text', 'x', 'received_timestamp', stamp,
             'stamped', true, 'server_received_at', stamp, 'receiver_id', 'phone-1', 'format', 'generic', 'line', NULL,
             'delivery_id', NULL, 'clock_skew', 0, 'part', NULL)::text
         FROM (SELECT n, gen_random_uuid() AS id, '+9198' || lpad(n::text, 8, '0') AS number,
                 to_timestamp(1769860800 - n * 60) AS at,
                 to_char(to_timestamp(1769860800 - n * 60) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS stamp
               FROM generate_series(1, 50000) AS n) AS made"#,
        "INSERT INTO ops.quarantine (at, receiver_id, format, reason, content_type, body)
         SELECT to_timestamp(1769860800 - n * 60), 'phone-1', 'unknown', 'no sender', 'text/plain', 'x'
         FROM generate_series(1, 5000) AS n",
        "INSERT INTO ops.settings_history (at, setting_key, old_value, new_value, changed_by)
         SELECT to_timestamp(1769860800 - n * 60), 'batch_size', '1', '2', 'ana' FROM generate_series(1, 1000) AS n",
        "INSERT INTO ops.incident (what, began_at, ended_at, detail)
         SELECT 'redis', to_timestamp(1769860800 - n * 86400), to_timestamp(1769860800 - n * 86400 + 60), 'away'
         FROM generate_series(1, 90) AS n",
        "INSERT INTO ops.sms_minute
         SELECT date_trunc('minute', server_received_at, 'UTC'), coalesce(failed_at_check, 'passed'), count(*)
         FROM public.input_sms GROUP BY 1, 2",
        "INSERT INTO ops.sms_hour
         SELECT date_trunc('hour', server_received_at, 'UTC'), receiver_id, coalesce(failed_at_check, 'passed'), count(*)
         FROM public.input_sms GROUP BY 1, 2, 3",
        "INSERT INTO ops.onboarding_minute
         SELECT date_trunc('minute', request_timestamp, 'UTC'), status, CASE WHEN is_validated THEN 'passed' ELSE '' END, count(*)
         FROM public.onboarding_mobile GROUP BY 1, 2, 3",
        "INSERT INTO ops.latency
         SELECT to_timestamp(1769860800 - n * 600), kind, bucket, 10
         FROM generate_series(1, 90 * 144) AS n, (VALUES ('verdict'), ('validation')) AS kinds (kind),
              generate_series(8, 22) AS bucket",
        "VACUUM ANALYZE",
    ],
};

pub(super) const SQLITE: Filling = Filling {
    begin: &["PRAGMA synchronous = OFF; PRAGMA cache_size = -400000"],
    chunk: &[
        "INSERT INTO input_sms (redis_id, mobile_number, country_code, local_mobile, sms_message, received_timestamp,
             device_id, validation_status, failed_at_check, reason, created_at, sms_id, receiver_id, format, fingerprint,
             server_received_at, late_delivery, onboarding_id, sms_in_window)
         WITH RECURSIVE counted (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {to}),
         made AS MATERIALIZED (
             SELECT n, printf('+9198%08d', abs(random() % 400000) * 241) AS number,
                 strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - 7776000 + n * 7776000.0 / {rows}, 'unixepoch') AS at,
                 lower(hex(randomblob(32))) AS hash,
                 CASE WHEN n % 100 < 62 THEN NULL WHEN n % 100 < 80 THEN 'onboarding_match'
                      WHEN n % 100 < 90 THEN 'header_hash_check' WHEN n % 100 < 96 THEN 'count_check'
                      WHEN n % 100 < 99 THEN 'duplicate_check' WHEN n % 5000 = 99 THEN 'foreign_number_check'
                      ELSE 'blacklist_check' END AS failed
             FROM counted)
         SELECT n, number, '91', substr(number, 4), 'ONBOARD:' || hash, at, 'device-' || (n % 100000),
             CASE WHEN failed IS NULL THEN 'passed' ELSE 'failed' END, failed,
             CASE WHEN failed IS NULL THEN NULL ELSE 'some_reason' END, at,
             printf('%08x-%04x-7000-8000-%012x', n >> 16, n & 65535, n),
             'phone-' || (abs(random() % 50) * abs(random() % 50) / 50), 'smsgate', substr(hash, 1, 32), at, n % 200 = 7,
             printf('%08x-%04x-7000-9000-%012x', (n / 4) >> 16, (n / 4) & 65535, n / 4), 1
         FROM made",
        "INSERT INTO onboarding_mobile (mobile_number, email, device_id, hash, salt, country_code, local_mobile,
             request_timestamp, user_deadline, expires_at, is_validated, validated_at, created_at, onboarding_id, status, version)
         WITH RECURSIVE counted (n) AS (SELECT {from} / 4 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {to} / 4),
         made AS MATERIALIZED (
             SELECT n, printf('+9198%08d', abs(random() % 400000) * 241) AS number,
                 strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - 7776000 + n * 4 * 7776000.0 / {rows}, 'unixepoch') AS at,
                 lower(hex(randomblob(32))) AS hash
             FROM counted)
         SELECT number, 'user' || (n % 1000000) || '@example.org', 'device-' || (n % 100000), hash, substr(hash, 1, 32), '91',
             substr(number, 4), at, at, at, n % 10 < 7, CASE WHEN n % 10 < 7 THEN at END, at,
             printf('%08x-%04x-7000-9000-%012x', n >> 16, n & 65535, n),
             CASE WHEN n % 10 < 7 THEN 'validated' WHEN n % 1000 = 8 THEN 'cancelled' WHEN n % 10 = 9 THEN 'superseded'
                  ELSE 'expired' END, 2
         FROM made",
        "INSERT INTO ops_validated_mobile (mobile_number, device_id, sms_id, validated_at)
         SELECT mobile_number, device_id, onboarding_id, validated_at FROM onboarding_mobile
         WHERE id > {from} / 4 AND id <= {to} / 4 AND is_validated ON CONFLICT DO NOTHING",
        "INSERT INTO ops_registration_attempts (at, reason, mobile_number, address_hash, stands_for)
         WITH RECURSIVE counted (n) AS (SELECT {from} / 50 UNION ALL SELECT n + 1 FROM counted WHERE n + 1 < {to} / 50)
         SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - 7776000 + n * 50 * 7776000.0 / {rows}, 'unixepoch'),
             CASE n % 3 WHEN 0 THEN 'rate_limited' WHEN 1 THEN 'blacklisted' ELSE 'mobile_invalid' END,
             printf('+9198%08d', abs(random() % 400000) * 241), hex(n % 1000), 1
         FROM counted",
    ],
    end: &[
        "INSERT INTO blacklist_sms (mobile_number, country_code, local_mobile, blacklisted_at, message_count, created_at)
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 20000)
         SELECT printf('+9198%08d', n * 20 * 241), '91', 'x', strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - n * 300, 'unixepoch'), 11,
             '2026-01-31T12:00:00.000Z'
         FROM counted",
        "INSERT INTO power_down_store (mobile_number, sms_message, received_timestamp, stored_at, processed, processed_at,
             sms_id, receiver_id, format, fingerprint, server_received_at, body)
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 50000),
         made AS MATERIALIZED (SELECT n, printf('%08x-0000-7000-a000-000000000000', n) AS id, printf('+9198%08d', n) AS number,
             strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - n * 60, 'unixepoch') AS at FROM counted)
         SELECT number, 'x', at, at, n > 50, at, id, 'phone-1', 'generic', 'f', at, json_object('sms_id', id,
             'sender_raw', number, 'sender', json_object('Ok', number), 'text', 'x', 'received_timestamp', at,
             'stamped', json('true'), 'server_received_at', at, 'receiver_id', 'phone-1', 'format', 'generic', 'line', NULL,
             'delivery_id', NULL, 'clock_skew', 0, 'part', NULL)
         FROM made",
        "INSERT INTO ops_quarantine (at, receiver_id, format, reason, content_type, body, quarantine_id)
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 5000)
         SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - n * 60, 'unixepoch'), 'phone-1', 'unknown', 'no sender',
             'text/plain', 'x', printf('%08x-0000-7000-b000-000000000000', n)
         FROM counted",
        "INSERT INTO ops_settings_history (at, setting_key, old_value, new_value, changed_by)
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 1000)
         SELECT '2026-01-31T12:00:00.000Z', 'batch_size', '1', '2', 'ana' FROM counted",
        "INSERT INTO ops_incident (what, began_at, ended_at, detail)
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 90)
         SELECT 'redis', strftime('%Y-%m-%dT%H:%M:%fZ', 1769860800 - n * 86400, 'unixepoch'),
             strftime('%Y-%m-%dT%H:%M:%fZ', 1769860860 - n * 86400, 'unixepoch'), 'away'
         FROM counted",
        "INSERT INTO ops_sms_minute
         SELECT unixepoch(substr(server_received_at, 1, 16)) * 1000, coalesce(failed_at_check, 'passed'), count(*)
         FROM input_sms GROUP BY 1, 2",
        "INSERT INTO ops_sms_hour
         SELECT unixepoch(substr(server_received_at, 1, 13) || ':00') * 1000, receiver_id, coalesce(failed_at_check, 'passed'),
             count(*)
         FROM input_sms GROUP BY 1, 2, 3",
        "INSERT INTO ops_onboarding_minute
         SELECT unixepoch(substr(request_timestamp, 1, 16)) * 1000, status, CASE WHEN is_validated THEN 'passed' ELSE '' END,
             count(*)
         FROM onboarding_mobile GROUP BY 1, 2, 3",
        "INSERT INTO ops_latency
         WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 90 * 144),
         buckets (bucket) AS (SELECT 8 UNION ALL SELECT bucket + 1 FROM buckets WHERE bucket < 22)
         SELECT (1769860800 - n * 600) * 1000, kind, bucket, 10
         FROM counted, (SELECT 'verdict' AS kind UNION ALL SELECT 'validation'), buckets",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ],
};
