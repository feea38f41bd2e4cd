//! Receivers and what was seen of them.

use async_trait::async_trait;
use bridge_core::Zone;
use bridge_core::phone::NumberStyle;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{Receiver, ReceiverTrail, Sighting, by_name};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::At;
use super::store::SqliteAudit;
use crate::sqlite::engine::{Json, marks};

#[async_trait]
impl ReceiverTrail for SqliteAudit {
    async fn receivers(&self) -> Result<Vec<Receiver>> {
        self.engine.read("receivers", all).await
    }

    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()> {
        let receiver = receiver.clone();
        self.engine.write("put_receiver", move |c, _| put(c, now, &receiver)).await
    }

    async fn sightings(&self) -> Result<Vec<Sighting>> {
        self.engine.read("sightings", sightings).await
    }

    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()> {
        let seen = seen.to_vec();
        self.engine.write("note_sightings", move |c, _| note(c, &seen)).await
    }
}

fn all(conn: &Connection) -> rusqlite::Result<Vec<Receiver>> {
    conn.prepare_cached(
        "SELECT name, format, numbers, secrets, signing_keys, inbox_url, paused, added_at, revoked_at,
             number_style, time_zone, expected_every_seconds
         FROM ops_receiver ORDER BY name",
    )?
    .query_map([], |row| {
        Ok(Receiver {
            name: row.get(0)?,
            format: row.get(1)?,
            numbers: row.get::<_, Json<Vec<String>>>(2)?.0,
            secrets: row.get::<_, Json<Vec<String>>>(3)?.0,
            signing_keys: row.get::<_, Json<Vec<String>>>(4)?.0,
            inbox_url: row.get(5)?,
            paused: row.get(6)?,
            added_at: row.get::<_, At>(7)?.0,
            revoked_at: row.get::<_, Option<At>>(8)?.map(|at| at.0),
            number_style: row.get::<_, Option<String>>(9)?.as_deref().and_then(NumberStyle::named),
            time_zone: row.get::<_, Option<String>>(10)?.as_deref().and_then(Zone::named),
            expected_every_seconds: row.get(11)?,
        })
    })?
    .collect()
}

fn put(conn: &Connection, now: Timestamp, receiver: &Receiver) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO ops_receiver (name, format, numbers, secrets, signing_keys, inbox_url, paused, added_at,
             revoked_at, updated_at, number_style, time_zone, expected_every_seconds)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?
    .execute(params![
        receiver.name,
        receiver.format,
        Json(&receiver.numbers),
        Json(&receiver.secrets),
        Json(&receiver.signing_keys),
        receiver.inbox_url,
        receiver.paused,
        At(receiver.added_at),
        receiver.revoked_at.map(At),
        At(now),
        receiver.number_style.map(NumberStyle::name),
        receiver.time_zone.as_ref().map(Zone::name),
        receiver.expected_every_seconds,
    ])?;
    Ok(())
}

const SIGHTING: &str = "name, first_seen_at, last_seen_at, wrong_secret_at, delivered, redelivered, rejected, \
     clock_skew_ms, skew_measured_at, app_version, battery, charging, network, reported_at, \
     contradictory, ambiguous, wrote_e164, wrote_international, wrote_national, ping_gap_ms, ping_measured_at, \
     events";

fn sighting(row: &Row<'_>) -> rusqlite::Result<Sighting> {
    let time = |column: usize| row.get::<_, Option<At>>(column).map(|at| at.map(|at| at.0));
    Ok(Sighting {
        name: row.get(0)?,
        first_seen_at: time(1)?,
        last_seen_at: time(2)?,
        wrong_secret_at: time(3)?,
        delivered: row.get(4)?,
        redelivered: row.get(5)?,
        rejected: row.get(6)?,
        clock_skew: Span(row.get(7)?),
        skew_measured_at: time(8)?,
        app_version: row.get(9)?,
        battery: row.get(10)?,
        charging: row.get(11)?,
        network: row.get(12)?,
        reported_at: time(13)?,
        contradictory: row.get(14)?,
        ambiguous: row.get(15)?,
        wrote_e164: row.get(16)?,
        wrote_international: row.get(17)?,
        wrote_national: row.get(18)?,
        ping_gap: row.get::<_, Option<i64>>(19)?.map(Span),
        ping_measured_at: time(20)?,
        events: row.get::<_, Json<_>>(21)?.0,
    })
}

fn sightings(conn: &Connection) -> rusqlite::Result<Vec<Sighting>> {
    conn.prepare_cached(&format!("SELECT {SIGHTING} FROM ops_sighting ORDER BY name"))?
        .query_map([], sighting)?
        .collect()
}

fn note(conn: &Connection, seen: &[Sighting]) -> rusqlite::Result<()> {
    let mut known = conn.prepare_cached(&format!("SELECT {SIGHTING} FROM ops_sighting WHERE name = ?1"))?;
    let mut write = conn.prepare_cached(&format!(
        "INSERT OR REPLACE INTO ops_sighting ({SIGHTING}) VALUES ({})",
        marks(22)
    ))?;
    for seen in by_name(seen) {
        let known = known.query_row([&seen.name], sighting).optional()?;
        let now = match known {
            Some(mut known) => {
                known.add(&seen);
                known
            }
            None => seen,
        };
        write.execute(params![
            now.name,
            now.first_seen_at.map(At),
            now.last_seen_at.map(At),
            now.wrong_secret_at.map(At),
            now.delivered,
            now.redelivered,
            now.rejected,
            now.clock_skew.0,
            now.skew_measured_at.map(At),
            now.app_version,
            now.battery,
            now.charging,
            now.network,
            now.reported_at.map(At),
            now.contradictory,
            now.ambiguous,
            now.wrote_e164,
            now.wrote_international,
            now.wrote_national,
            now.ping_gap.map(|gap| gap.0),
            now.ping_measured_at.map(At),
            Json(&now.events),
        ])?;
    }
    Ok(())
}
