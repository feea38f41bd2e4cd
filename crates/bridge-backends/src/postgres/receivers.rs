//! Receivers and what was seen of them.

use std::sync::LazyLock;

use async_trait::async_trait;
use bridge_core::Zone;
use bridge_core::message::storable;
use bridge_core::phone::NumberStyle;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{Receiver, ReceiverTrail, Sighting, by_name};
use tokio_postgres::types::Type;

use super::columns::{At, column};
use super::lease::{Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl ReceiverTrail for PostgresAudit {
    async fn receivers(&self) -> Result<Vec<Receiver>> {
        on_lease!(self.receivers(QUICK, all))
    }

    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()> {
        on_lease!(self.put_receiver(QUICK, put, now, receiver))
    }

    async fn sightings(&self) -> Result<Vec<Sighting>> {
        on_lease!(self.sightings(QUICK, sightings))
    }

    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()> {
        on_lease!(self.note_sightings(QUICK, note, seen))
    }
}

async fn all(lease: &mut Lease) -> Result<Vec<Receiver>> {
    lease
        .rows(
            "SELECT name, format, numbers, secrets, signing_keys, inbox_url, paused, added_at, revoked_at,
                 number_style, time_zone, expected_every_seconds
             FROM ops.receiver ORDER BY name",
            &[],
            |row| {
                Ok(Receiver {
                    name: row.try_get(0)?,
                    format: row.try_get(1)?,
                    numbers: row.try_get(2)?,
                    secrets: row.try_get(3)?,
                    signing_keys: row.try_get(4)?,
                    inbox_url: row.try_get(5)?,
                    paused: row.try_get(6)?,
                    added_at: row.try_get::<_, At>(7)?.0,
                    revoked_at: row.try_get::<_, Option<At>>(8)?.map(|at| at.0),
                    number_style: row.try_get::<_, Option<&str>>(9)?.and_then(NumberStyle::named),
                    time_zone: row.try_get::<_, Option<&str>>(10)?.and_then(Zone::named),
                    expected_every_seconds: row
                        .try_get::<_, Option<i64>>(11)?
                        .and_then(|seconds| u32::try_from(seconds).ok()),
                })
            },
        )
        .await
}

async fn put(lease: &mut Lease, now: Timestamp, receiver: &Receiver) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.receiver (name, format, numbers, secrets, signing_keys, inbox_url, paused, added_at,
                 revoked_at, updated_at, number_style, time_zone, expected_every_seconds)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (name) DO UPDATE SET
                 format = excluded.format, numbers = excluded.numbers, secrets = excluded.secrets,
                 signing_keys = excluded.signing_keys, inbox_url = excluded.inbox_url, paused = excluded.paused,
                 added_at = excluded.added_at, revoked_at = excluded.revoked_at, updated_at = excluded.updated_at,
                 number_style = excluded.number_style, time_zone = excluded.time_zone,
                 expected_every_seconds = excluded.expected_every_seconds",
            &[
                (&receiver.name, Type::TEXT),
                (&receiver.format, Type::TEXT),
                (&receiver.numbers, Type::TEXT_ARRAY),
                (&receiver.secrets, Type::TEXT_ARRAY),
                (&receiver.signing_keys, Type::TEXT_ARRAY),
                (&receiver.inbox_url, Type::TEXT),
                (&receiver.paused, Type::BOOL),
                (&At(receiver.added_at), Type::TIMESTAMPTZ),
                (&receiver.revoked_at.map(At), Type::TIMESTAMPTZ),
                (&At(now), Type::TIMESTAMPTZ),
                (&receiver.number_style.map(NumberStyle::name), Type::TEXT),
                (&receiver.time_zone.as_ref().map(Zone::name), Type::TEXT),
                (&receiver.expected_every_seconds.map(i64::from), Type::INT8),
            ],
        )
        .await
        .map(drop)
}

async fn sightings(lease: &mut Lease) -> Result<Vec<Sighting>> {
    lease
        .rows(
            "SELECT name, first_seen_at, last_seen_at, wrong_secret_at, delivered, redelivered, rejected, clock_skew_ms,
                 skew_measured_at, app_version, battery, charging, network, reported_at, contradictory, ambiguous,
                 wrote_e164, wrote_international, wrote_national, ping_gap_ms, ping_measured_at,
                 events::text
             FROM ops.sighting ORDER BY name",
            &[],
            |row| {
                let time = |column: usize| row.try_get::<_, Option<At>>(column).map(|at| at.map(|at| at.0));
                Ok(Sighting {
                    name: row.try_get(0)?,
                    first_seen_at: time(1)?,
                    last_seen_at: time(2)?,
                    wrong_secret_at: time(3)?,
                    delivered: row.try_get(4)?,
                    redelivered: row.try_get(5)?,
                    rejected: row.try_get(6)?,
                    clock_skew: Span(row.try_get(7)?),
                    skew_measured_at: time(8)?,
                    app_version: row.try_get(9)?,
                    battery: row.try_get::<_, Option<i16>>(10)?.map(u8::try_from).transpose()?,
                    charging: row.try_get(11)?,
                    network: row.try_get(12)?,
                    reported_at: time(13)?,
                    contradictory: row.try_get(14)?,
                    ambiguous: row.try_get(15)?,
                    wrote_e164: row.try_get(16)?,
                    wrote_international: row.try_get(17)?,
                    wrote_national: row.try_get(18)?,
                    ping_gap: row.try_get::<_, Option<i64>>(19)?.map(Span),
                    ping_measured_at: time(20)?,
                    events: serde_json::from_str(row.try_get(21)?)?,
                })
            },
        )
        .await
}

/// [`Sighting::add`] for every row there is. In the order of their names, so that two bridges do not wait for each
/// other's rows.
static NOTE: LazyLock<String> = LazyLock::new(|| {
    let said = ["app_version", "battery", "charging", "network"].map(|column| {
        format!(
            "{column} = CASE
                 WHEN coalesce(excluded.reported_at, '-infinity') >= coalesce(known.reported_at, '-infinity')
                 THEN coalesce(excluded.{column}, known.{column}) ELSE coalesce(known.{column}, excluded.{column}) END"
        )
    });
    format!(
        "INSERT INTO ops.sighting AS known (name, first_seen_at, last_seen_at, wrong_secret_at, delivered, redelivered,
             rejected, clock_skew_ms, skew_measured_at, app_version, battery, charging, network, reported_at, contradictory,
             ambiguous, wrote_e164, wrote_international, wrote_national, ping_gap_ms, ping_measured_at, events)
         SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::bigint[],
             $6::bigint[], $7::bigint[], $8::bigint[], $9::timestamptz[], $10::text[], $11::smallint[], $12::boolean[],
             $13::text[], $14::timestamptz[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
             $20::bigint[], $21::timestamptz[], $22::jsonb[])
         ON CONFLICT (name) DO UPDATE SET
             first_seen_at = least(known.first_seen_at, excluded.first_seen_at),
             last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at),
             wrong_secret_at = greatest(known.wrong_secret_at, excluded.wrong_secret_at),
             delivered = known.delivered + excluded.delivered,
             redelivered = known.redelivered + excluded.redelivered,
             rejected = known.rejected + excluded.rejected,
             contradictory = known.contradictory + excluded.contradictory,
             ambiguous = known.ambiguous + excluded.ambiguous,
             wrote_e164 = known.wrote_e164 + excluded.wrote_e164,
             wrote_international = known.wrote_international + excluded.wrote_international,
             wrote_national = known.wrote_national + excluded.wrote_national,
             events = (
                 SELECT coalesce(jsonb_object_agg(kind, total), '{{}}') FROM (
                     SELECT kind, sum(count::bigint) AS total FROM (
                         SELECT * FROM jsonb_each_text(known.events)
                         UNION ALL SELECT * FROM jsonb_each_text(excluded.events)
                     ) AS each (kind, count) GROUP BY kind
                 ) AS sums),
             clock_skew_ms = CASE
                 WHEN excluded.skew_measured_at >= coalesce(known.skew_measured_at, '-infinity')
                 THEN excluded.clock_skew_ms ELSE known.clock_skew_ms END,
             ping_gap_ms = CASE
                 WHEN excluded.ping_measured_at >= coalesce(known.ping_measured_at, '-infinity')
                 THEN excluded.ping_gap_ms ELSE known.ping_gap_ms END,
             ping_measured_at = greatest(known.ping_measured_at, excluded.ping_measured_at),
             skew_measured_at = greatest(known.skew_measured_at, excluded.skew_measured_at),
             {},
             reported_at = greatest(known.reported_at, excluded.reported_at)",
        said.join(",\n             ")
    )
});

async fn note(lease: &mut Lease, seen: &[Sighting]) -> Result<()> {
    let seen = by_name(seen);
    lease
        .run(
            &NOTE,
            &[
                (&column(&seen, |s| storable(&s.name)), Type::TEXT_ARRAY),
                (&column(&seen, |s| s.first_seen_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| s.last_seen_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| s.wrong_secret_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| s.delivered), Type::INT8_ARRAY),
                (&column(&seen, |s| s.redelivered), Type::INT8_ARRAY),
                (&column(&seen, |s| s.rejected), Type::INT8_ARRAY),
                (&column(&seen, |s| s.clock_skew.0), Type::INT8_ARRAY),
                (&column(&seen, |s| s.skew_measured_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| s.app_version.as_deref().map(storable)), Type::TEXT_ARRAY),
                (&column(&seen, |s| s.battery.map(i16::from)), Type::INT2_ARRAY),
                (&column(&seen, |s| s.charging), Type::BOOL_ARRAY),
                (&column(&seen, |s| s.network.as_deref().map(storable)), Type::TEXT_ARRAY),
                (&column(&seen, |s| s.reported_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| s.contradictory), Type::INT8_ARRAY),
                (&column(&seen, |s| s.ambiguous), Type::INT8_ARRAY),
                (&column(&seen, |s| s.wrote_e164), Type::INT8_ARRAY),
                (&column(&seen, |s| s.wrote_international), Type::INT8_ARRAY),
                (&column(&seen, |s| s.wrote_national), Type::INT8_ARRAY),
                (&column(&seen, |s| s.ping_gap.map(|gap| gap.0)), Type::INT8_ARRAY),
                (&column(&seen, |s| s.ping_measured_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&seen, |s| serde_json::json!(s.events)), Type::JSONB_ARRAY),
            ],
        )
        .await
        .map(drop)
}
