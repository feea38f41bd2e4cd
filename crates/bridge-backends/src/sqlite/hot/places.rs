//! An index in memory: where in a table that is written in the order of time a key lies.
//!
//! **Invariant.** It may point to what is not there (any more), so what it points to is compared; it never misses
//! what is there and still holds. So a rolled back transaction does it no harm, as long as an entry is only turned
//! away from a row that nobody can see any more.

use std::collections::HashMap;

use bridge_core::sms::Key;
use rusqlite::Connection;

/// Entries of an index: some 18 MiB when it is full.
const ROOM: usize = 900_000;

pub(super) struct Places {
    places: HashMap<u64, i64>,
    room: usize,
    /// Some keys lie in the table that is sorted by key.
    pub(super) elsewhere: bool,
}

/// Keys are hashes, but for what the first of them begin with.
fn end(key: &Key) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *key;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl Places {
    /// Reads key and place of each row, in order, and whether some lie elsewhere.
    pub(super) fn load(conn: &Connection, rows: &str, elsewhere: &str) -> rusqlite::Result<Places> {
        let elsewhere = conn.prepare(elsewhere)?.exists([])?;
        let mut all = conn.prepare(rows)?;
        let mut rows = all.query([])?;
        let mut places = HashMap::new();
        while let Some(row) = rows.next()? {
            places.insert(end(&row.get(0)?), row.get(1)?);
        }
        Ok(Places { places, room: ROOM, elsewhere })
    }

    #[cfg(test)]
    pub(super) fn with_room(self, room: usize) -> Places {
        Places { room, ..self }
    }

    /// Where it lies, or another key that ends alike.
    pub(super) fn of(&self, key: &Key) -> Option<i64> {
        self.places.get(&end(key)).copied()
    }

    pub(super) fn has_room(&self) -> bool {
        self.places.len() < self.room
    }

    pub(super) fn put(&mut self, key: &Key, seq: i64) {
        self.places.insert(end(key), seq);
    }

    /// The row is gone.
    pub(super) fn forget(&mut self, key: &Key, seq: i64) {
        if self.of(key) == Some(seq) {
            self.places.remove(&end(key));
        }
    }
}

/// The oldest rows of a table in the order of time, up to `max`, whose time is over: they all hold equally long, but
/// for a clock that was set and for what was restored, which then waits for its turn.
pub(super) fn oldest_over(
    conn: &Connection,
    rows: &str,
    now: i64,
    max: i64,
) -> rusqlite::Result<Vec<(Key, i64)>> {
    let oldest: Vec<(Key, i64, i64)> = conn
        .prepare_cached(rows)?
        .query_map([max], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let over = oldest.into_iter().take_while(|(_, _, expires_at)| *expires_at <= now);
    Ok(over.map(|(key, seq, _)| (key, seq)).collect())
}
