//! Deliveries by their key (D9): written in the order in which they came, found through `places`. What that has no
//! room for lies in `delivery`, sorted by key.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::Timestamp;
use bridge_core::sms::Key;
use rusqlite::{Connection, OptionalExtension, params};

use super::places::{Places, oldest_over};

/// For the writer alone, but for its making.
pub(super) struct Deliveries {
    places: Mutex<Places>,
}

/// What the first delivery with a key brought.
pub(super) struct Delivered {
    pub(super) content: Key,
    pub(super) fingerprint: Key,
}

impl Deliveries {
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Deliveries> {
        let rows = "SELECT key, seq FROM delivered ORDER BY seq";
        Ok(Deliveries { places: Mutex::new(Places::load(conn, rows, "SELECT 1 FROM delivery")?) })
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(
        &self,
        conn: &Connection,
        now: Timestamp,
        key: &Key,
    ) -> rusqlite::Result<Option<Delivered>> {
        let places = self.places();
        let read = |row: &rusqlite::Row<'_>| Ok(Delivered { content: row.get(0)?, fingerprint: row.get(1)? });
        if let Some(seq) = places.of(key) {
            let found = conn
                .prepare_cached(
                    "SELECT content, fingerprint FROM delivered WHERE seq = ?1 AND key = ?2 AND expires_at > ?3",
                )?
                .query_row(params![seq, key, now.0], read)
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if !places.elsewhere {
            return Ok(None);
        }
        conn.prepare_cached("SELECT content, fingerprint FROM delivery WHERE key = ?1 AND expires_at > ?2")?
            .query_row(params![key, now.0], read)
            .optional()
    }

    /// Remembers a delivery whose key was not found, or one whose SMS was forgotten before it.
    pub(super) fn add(
        &self,
        conn: &Connection,
        now: Timestamp,
        key: &Key,
        delivered: &Delivered,
        until: Timestamp,
    ) -> rusqlite::Result<()> {
        let mut places = self.places();
        let has_room = match places.of(key) {
            None => places.has_room(),
            // Only from a row that nobody can see the entry is turned away.
            Some(seq) => !conn
                .prepare_cached("SELECT 1 FROM delivered WHERE seq = ?1 AND expires_at > ?2")?
                .exists([seq, now.0])?,
        };
        let Delivered { content, fingerprint } = delivered;
        if has_room {
            conn.prepare_cached(
                "INSERT INTO delivered (key, content, fingerprint, expires_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![key, content, fingerprint, until.0])?;
            places.put(key, conn.last_insert_rowid());
        } else {
            places.elsewhere = true;
            conn.prepare_cached(
                "INSERT OR REPLACE INTO delivery (key, content, fingerprint, expires_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![key, content, fingerprint, until.0])?;
        }
        Ok(())
    }

    /// Takes one away. The index goes on pointing to where it was: see `places`.
    pub(super) fn erase(&self, conn: &Connection, key: &Key) -> rusqlite::Result<usize> {
        let mut erased = conn.prepare_cached("DELETE FROM delivery WHERE key = ?1")?.execute([key])?;
        if let Some(seq) = self.places().of(key) {
            erased += conn
                .prepare_cached("DELETE FROM delivered WHERE seq = ?1 AND key = ?2")?
                .execute(params![seq, key])?;
        }
        Ok(erased)
    }

    /// Clears up to `max` of the oldest whose time is over.
    pub(super) fn clear(&self, conn: &Connection, now: Timestamp, max: i64) -> rusqlite::Result<usize> {
        let rows = "SELECT key, seq, expires_at FROM delivered ORDER BY seq LIMIT ?1";
        let over = oldest_over(conn, rows, now.0, max)?;
        let Some((_, last)) = over.last() else { return Ok(0) };
        conn.prepare_cached("DELETE FROM delivered WHERE seq <= ?1")?.execute([last])?;
        let mut places = self.places();
        over.iter().for_each(|(key, seq)| places.forget(key, *seq));
        Ok(over.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const END: Timestamp = Timestamp(2_000);

    fn file() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../../migrations/sqlite_hot/0001_hot.sql")).unwrap();
        conn.execute_batch(include_str!("../../../migrations/sqlite_hot/0003_delivered.sql")).unwrap();
        conn
    }

    /// Keys that end alike where `end` is the same.
    fn key(end: u8, beginning: u8) -> Key {
        let mut key = [end; 16];
        key[0] = beginning;
        key
    }

    fn with_room(conn: &Connection, room: usize) -> Deliveries {
        let places = Deliveries::load(conn).unwrap().places.into_inner().unwrap();
        Deliveries { places: Mutex::new(places.with_room(room)) }
    }

    fn add(deliveries: &Deliveries, conn: &Connection, key: Key, n: u8) {
        let delivered = Delivered { content: [n; 16], fingerprint: [n; 16] };
        deliveries.add(conn, NOW, &key, &delivered, END).unwrap();
    }

    fn found(deliveries: &Deliveries, conn: &Connection, key: Key) -> Option<u8> {
        deliveries.find(conn, NOW, &key).unwrap().map(|found| found.content[0])
    }

    #[test]
    fn keys_that_end_alike_and_those_without_room_are_found() {
        let conn = file();
        let deliveries = with_room(&conn, 2);
        let keys = [key(1, 1), key(1, 2), key(2, 1), key(3, 1), key(1, 3)];
        for (n, key) in (1..).zip(keys) {
            assert_eq!(found(&deliveries, &conn, key), None);
            add(&deliveries, &conn, key, n);
        }
        for deliveries in [&deliveries, &with_room(&conn, 2)] {
            assert!((1..).zip(keys).all(|(n, key)| found(deliveries, &conn, key) == Some(n)));
            assert_eq!(found(deliveries, &conn, key(1, 4)), None);
        }
        assert_eq!(deliveries.clear(&conn, NOW, 9).unwrap(), 0);
        assert_eq!(deliveries.clear(&conn, END, 9).unwrap(), 2);
        assert_eq!(found(&deliveries, &conn, keys[0]), None);
        assert_eq!(found(&deliveries, &conn, keys[1]), Some(2), "what lies elsewhere is another's to clear");
    }

    #[test]
    fn what_was_rolled_back_is_not_found_and_does_no_harm() {
        let conn = file();
        let deliveries = Deliveries::load(&conn).unwrap();
        conn.execute_batch("BEGIN").unwrap();
        add(&deliveries, &conn, key(1, 1), 1);
        conn.execute_batch("ROLLBACK").unwrap();
        assert_eq!(found(&deliveries, &conn, key(1, 1)), None);
        // Another one takes its place in the file.
        add(&deliveries, &conn, key(2, 1), 2);
        assert_eq!(found(&deliveries, &conn, key(1, 1)), None);
        add(&deliveries, &conn, key(1, 2), 3);
        add(&deliveries, &conn, key(1, 1), 4);
        let all = [key(2, 1), key(1, 2), key(1, 1)].map(|key| found(&deliveries, &conn, key));
        assert_eq!(all, [Some(2), Some(3), Some(4)]);
    }
}
