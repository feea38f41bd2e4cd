//! What a redelivery is recognised by (D9): SMS by their fingerprint, admitted and then answered. Those remembered
//! for long are written in the order in which they came and found through `places`; the others, and what that has
//! no room for, lie in `seen`, sorted by fingerprint.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::Timestamp;
use bridge_core::sms::Key;
use bridge_store::judged::Answer;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::places::{Places, oldest_over};
use crate::sqlite::engine::Json;

/// For the writer alone, but for its making.
pub(super) struct Arrivals {
    places: Mutex<Places>,
}

/// An SMS that was taken in, and still is remembered.
pub(super) struct Arrival {
    /// In `arrived`; None: it lies in `seen`.
    seq: Option<i64>,
    pub(super) sms_id: Uuid,
    pub(super) server_received_at: Timestamp,
    pub(super) admitted_at: Timestamp,
    pub(super) answer: Option<Answer>,
}

/// One that is to be remembered.
pub(super) struct New {
    pub(super) fingerprint: Key,
    pub(super) sms_id: Uuid,
    pub(super) server_received_at: Timestamp,
    pub(super) admitted_at: Timestamp,
    pub(super) until: Timestamp,
    /// It is remembered as long as all others.
    pub(super) is_lasting: bool,
}

fn arrival(row: &Row<'_>) -> rusqlite::Result<Arrival> {
    Ok(Arrival {
        seq: row.get(0)?,
        sms_id: Uuid::from_bytes(row.get(1)?),
        server_received_at: Timestamp(row.get(2)?),
        admitted_at: Timestamp(row.get(3)?),
        answer: row.get::<_, Option<Json<Answer>>>(4)?.map(|answer| answer.0),
    })
}

/// Whoever opens the file is alone with it: an SMS still `admitted` belongs to a process that died, and
/// its next copy need not wait for the time-out.
pub(super) fn release_orphans(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("UPDATE seen SET admitted_at = 0 WHERE answer IS NULL", [])?;
    conn.execute(
        "UPDATE arrived SET admitted_at = 0
         WHERE NOT EXISTS (SELECT 1 FROM answered WHERE answered.seq = arrived.seq)",
        [],
    )?;
    Ok(())
}

impl Arrivals {
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Arrivals> {
        let rows = "SELECT fingerprint, seq FROM arrived ORDER BY seq";
        Ok(Arrivals { places: Mutex::new(Places::load(conn, rows, "SELECT 1 FROM seen")?) })
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(
        &self,
        conn: &Connection,
        now: Timestamp,
        fingerprint: &Key,
    ) -> rusqlite::Result<Option<Arrival>> {
        let places = self.places();
        if let Some(seq) = places.of(fingerprint) {
            let found = conn
                .prepare_cached(
                    "SELECT seq, sms_id, received_at, admitted_at, answer
                     FROM arrived LEFT JOIN answered USING (seq)
                     WHERE seq = ?1 AND fingerprint = ?2 AND expires_at > ?3",
                )?
                .query_row(params![seq, fingerprint, now.0], arrival)
                .optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        if !places.elsewhere {
            return Ok(None);
        }
        conn.prepare_cached(
            "SELECT NULL, sms_id, received_at, admitted_at, answer FROM seen
             WHERE fingerprint = ?1 AND expires_at > ?2",
        )?
        .query_row(params![fingerprint, now.0], arrival)
        .optional()
    }

    /// Remembers one whose fingerprint was not found, as admitted.
    pub(super) fn add(&self, conn: &Connection, now: Timestamp, new: &New) -> rusqlite::Result<Arrival> {
        let mut places = self.places();
        let New { fingerprint, sms_id, server_received_at, admitted_at, until, .. } = new;
        let row = params![fingerprint, sms_id.as_bytes(), server_received_at.0, admitted_at.0, until.0];
        let has_room = new.is_lasting
            && match places.of(fingerprint) {
                None => places.has_room(),
                // Only from a row that nobody can see the entry is turned away.
                Some(seq) => !conn
                    .prepare_cached("SELECT 1 FROM arrived WHERE seq = ?1 AND expires_at > ?2")?
                    .exists([seq, now.0])?,
            };
        let seq = if has_room {
            conn.prepare_cached(
                "INSERT INTO arrived (fingerprint, sms_id, received_at, admitted_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(row)?;
            places.put(fingerprint, conn.last_insert_rowid());
            Some(conn.last_insert_rowid())
        } else {
            places.elsewhere = true;
            conn.prepare_cached(
                "INSERT OR REPLACE INTO seen (fingerprint, sms_id, received_at, admitted_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(row)?;
            None
        };
        let (sms_id, server_received_at, admitted_at) = (*sms_id, *server_received_at, *admitted_at);
        Ok(Arrival { seq, sms_id, server_received_at, admitted_at, answer: None })
    }

    /// Takes one away that was taken in until then. The index goes on pointing to where it was: see `places`.
    pub(super) fn erase(
        &self,
        conn: &Connection,
        fingerprint: &Key,
        until: Timestamp,
    ) -> rusqlite::Result<usize> {
        let mut erased = conn
            .prepare_cached("DELETE FROM seen WHERE fingerprint = ?1 AND received_at <= ?2")?
            .execute(params![fingerprint, until.0])?;
        if let Some(seq) = self.places().of(fingerprint) {
            let gone = conn
                .prepare_cached(
                    "DELETE FROM arrived WHERE seq = ?1 AND fingerprint = ?2 AND received_at <= ?3",
                )?
                .execute(params![seq, fingerprint, until.0])?;
            if gone > 0 {
                conn.prepare_cached("DELETE FROM answered WHERE seq = ?1")?.execute([seq])?;
            }
            erased += gone;
        }
        Ok(erased)
    }

    /// Clears up to `max` of the oldest whose time is over.
    pub(super) fn clear(&self, conn: &Connection, now: Timestamp, max: i64) -> rusqlite::Result<usize> {
        let rows = "SELECT fingerprint, seq, expires_at FROM arrived ORDER BY seq LIMIT ?1";
        let over = oldest_over(conn, rows, now.0, max)?;
        let Some((_, last)) = over.last() else { return Ok(0) };
        conn.prepare_cached("DELETE FROM answered WHERE seq <= ?1")?.execute([last])?;
        conn.prepare_cached("DELETE FROM arrived WHERE seq <= ?1")?.execute([last])?;
        let mut places = self.places();
        over.iter().for_each(|(key, seq)| places.forget(key, *seq));
        Ok(over.len())
    }
}

/// The SMS is judged anew from now on, under the same id.
pub(super) fn take_over(
    conn: &Connection,
    now: Timestamp,
    fingerprint: &Key,
    arrival: &Arrival,
) -> rusqlite::Result<()> {
    match arrival.seq {
        Some(seq) => conn
            .prepare_cached("UPDATE arrived SET admitted_at = ?2 WHERE seq = ?1")?
            .execute(params![seq, now.0])?,
        None => conn
            .prepare_cached("UPDATE seen SET admitted_at = ?2 WHERE fingerprint = ?1")?
            .execute(params![fingerprint, now.0])?,
    };
    Ok(())
}

/// It is this one from now on: a late answer is given back (D28).
pub(super) fn replace(conn: &Connection, arrival: &Arrival, new: &New) -> rusqlite::Result<()> {
    let New { fingerprint, sms_id, server_received_at, admitted_at, until, .. } = new;
    let (table, condition) = match arrival.seq {
        Some(_) => ("arrived", "seq = ?6"),
        None => ("seen", "?6 IS NULL"),
    };
    conn.prepare_cached(&format!(
        "UPDATE {table} SET sms_id = ?2, received_at = ?3, admitted_at = ?4, expires_at = ?5
         WHERE fingerprint = ?1 AND {condition}"
    ))?
    .execute(params![
        fingerprint,
        sms_id.as_bytes(),
        server_received_at.0,
        admitted_at.0,
        until.0,
        arrival.seq
    ])?;
    Ok(())
}

/// What its redeliveries are answered from now on.
pub(super) fn answer(
    conn: &Connection,
    fingerprint: &Key,
    arrival: &Arrival,
    answer: &Answer,
) -> rusqlite::Result<()> {
    match arrival.seq {
        Some(seq) => conn
            .prepare_cached("INSERT OR REPLACE INTO answered (seq, answer) VALUES (?1, ?2)")?
            .execute(params![seq, Json(answer)])?,
        None => conn
            .prepare_cached("UPDATE seen SET answer = ?2 WHERE fingerprint = ?1")?
            .execute(params![fingerprint, Json(answer)])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const END: Timestamp = Timestamp(2_000);

    fn file() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(include_str!("../../../migrations/sqlite_hot/0001_hot.sql")).unwrap();
        conn.execute_batch(include_str!("../../../migrations/sqlite_hot/0004_arrived.sql")).unwrap();
        conn
    }

    fn with_room(conn: &Connection, room: usize) -> Arrivals {
        let places = Arrivals::load(conn).unwrap().places.into_inner().unwrap();
        Arrivals { places: Mutex::new(places.with_room(room)) }
    }

    /// The nth SMS; its fingerprint ends as those do that differ in the first half only.
    fn new(n: u8, end: u8) -> New {
        let mut fingerprint = [end; 16];
        fingerprint[0] = n;
        let (server_received_at, admitted_at) = (NOW, NOW);
        let sms_id = Uuid::from_u128(n.into());
        New { fingerprint, sms_id, server_received_at, admitted_at, until: END, is_lasting: n != 9 }
    }

    fn verdict(n: u8) -> Answer {
        let verdict = bridge_core::Verdict::failed_match("no_onboarding");
        Answer { id: n.into(), sms_id: Uuid::from_u128(n.into()), verdict }
    }

    fn found(arrivals: &Arrivals, conn: &Connection, new: &New) -> Option<(Uuid, Option<i64>)> {
        let found = arrivals.find(conn, NOW, &new.fingerprint).unwrap()?;
        Some((found.sms_id, found.answer.map(|answer| answer.id)))
    }

    #[test]
    fn all_are_found_wherever_they_lie() {
        let conn = file();
        let arrivals = with_room(&conn, 2);
        // Two that end alike, one that is remembered for a short while, one without room.
        let all = [new(1, 1), new(2, 1), new(9, 2), new(4, 4), new(5, 5)];
        for new in &all {
            assert_eq!(found(&arrivals, &conn, new), None);
            let arrival = arrivals.add(&conn, NOW, new).unwrap();
            take_over(&conn, END, &new.fingerprint, &arrival).unwrap();
            let again = arrivals.find(&conn, NOW, &new.fingerprint).unwrap().unwrap();
            assert_eq!((again.seq, again.admitted_at), (arrival.seq, END));
            answer(&conn, &new.fingerprint, &again, &verdict(new.fingerprint[0])).unwrap();
        }
        for arrivals in [&arrivals, &with_room(&conn, 2)] {
            for new in &all {
                let n = new.fingerprint[0];
                assert_eq!(found(arrivals, &conn, new), Some((new.sms_id, Some(n.into()))));
            }
        }
        assert_eq!(arrivals.clear(&conn, END, 9).unwrap(), 2);
        assert_eq!(found(&arrivals, &conn, &all[0]), None);
        assert!(found(&arrivals, &conn, &all[1]).is_some(), "what lies in seen is another's to clear");
    }

    #[test]
    fn what_was_rolled_back_is_not_found_and_hides_nothing() {
        let conn = file();
        let arrivals = Arrivals::load(&conn).unwrap();
        arrivals.add(&conn, NOW, &new(1, 1)).unwrap();
        conn.execute_batch("BEGIN").unwrap();
        // Neither one that ends alike nor a change of the first turns the index away from it.
        arrivals.add(&conn, NOW, &new(2, 1)).unwrap();
        arrivals.add(&conn, NOW, &new(3, 3)).unwrap();
        let first = arrivals.find(&conn, NOW, &new(1, 1).fingerprint).unwrap().unwrap();
        replace(&conn, &first, &New { sms_id: Uuid::max(), ..new(1, 1) }).unwrap();
        answer(&conn, &new(1, 1).fingerprint, &first, &verdict(1)).unwrap();
        conn.execute_batch("ROLLBACK").unwrap();
        assert_eq!(found(&arrivals, &conn, &new(1, 1)), Some((Uuid::from_u128(1), None)));
        assert_eq!(found(&arrivals, &conn, &new(2, 1)), None);
        assert_eq!(found(&arrivals, &conn, &new(3, 3)), None);
        // Another takes the place in the file that the third had.
        arrivals.add(&conn, NOW, &new(4, 4)).unwrap();
        assert_eq!(found(&arrivals, &conn, &new(3, 3)), None);
        arrivals.add(&conn, NOW, &new(3, 3)).unwrap();
        for n in [3, 4] {
            assert_eq!(found(&arrivals, &conn, &new(n, n)), Some((Uuid::from_u128(n.into()), None)));
        }
    }
}
