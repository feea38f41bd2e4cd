//! What waits to be told to apps. Written by whatever makes it happen, in its transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use bridge_core::{Onboarding, Timestamp};
use bridge_store::events::{QueuedEvent, Told};
use rusqlite::{Connection, Error, params};

use crate::sqlite::engine::{Json, limit};

/// Whether changes of states are told.
#[derive(Default)]
pub(super) struct Telling(AtomicBool);

impl Telling {
    pub(super) fn set(&self, wanted: bool) {
        self.0.store(wanted, Ordering::Relaxed);
    }

    /// This onboarding came into the state that it is in.
    pub(super) fn state(
        &self,
        conn: &Connection,
        now: Timestamp,
        onboarding: &Onboarding,
    ) -> rusqlite::Result<()> {
        if !self.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        let told = Told::State { at: now, onboarding: Box::new(onboarding.clone()) };
        queue(conn, &Entry::of(&told).map_err(|error| Error::ToSqlConversionFailure(error.into()))?)
    }
}

/// An entry as it is written: made before the writer's turn, where its maker is not in that turn already.
pub(super) struct Entry {
    mobile: String,
    since: Timestamp,
    body: String,
}

impl Entry {
    pub(super) fn of(told: &Told) -> serde_json::Result<Entry> {
        let mobile = told.mobile_number().to_owned();
        Ok(Entry { mobile, since: told.since(), body: serde_json::to_string(told)? })
    }
}

pub(super) fn queue(conn: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO told (mobile, since, body) VALUES (?1, ?2, ?3)")?
        .execute(params![entry.mobile, entry.since.0, entry.body])
        .map(drop)
}

pub(super) fn queued(conn: &Connection, max: usize) -> rusqlite::Result<Vec<QueuedEvent>> {
    conn.prepare_cached("SELECT place, body FROM told ORDER BY place LIMIT ?1")?
        .query_map([limit(max)], |row| {
            let Json(told) = row.get::<_, Json<Told>>(1)?;
            Ok(QueuedEvent { place: row.get::<_, i64>(0)?.to_string(), told })
        })?
        .collect()
}

pub(super) fn forget(conn: &Connection, places: &[String]) -> rusqlite::Result<()> {
    let mut forget = conn.prepare_cached("DELETE FROM told WHERE place = CAST(?1 AS INTEGER)")?;
    places.iter().try_for_each(|place| forget.execute([place]).map(drop))
}

/// Everything of a number that came to be until then.
pub(super) fn erase(conn: &Connection, mobile: &str, until: Timestamp) -> rusqlite::Result<usize> {
    conn.prepare_cached("DELETE FROM told WHERE mobile = ?1 AND since <= ?2")?
        .execute(params![mobile, until.0])
}
