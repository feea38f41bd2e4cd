//! What the disk and SQLite can do without us: rows per second, made durable in batches. The figure
//! that no design on the embedded stores can beat on this machine.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// The sizes of the group commits that are measured.
pub(crate) const BATCHES: [u32; 3] = [1, 32, 64];
const ROW_BYTES: usize = 200;
const EACH: Duration = Duration::from_secs(2);

/// Rows per second for each of [`BATCHES`], in a new database in the folder.
pub(crate) fn sqlite(folder: &Path) -> Outcome<[f64; 3]> {
    let mut database = Connection::open(folder.join("floor.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)")?;
    let mut rates = [0.0; 3];
    for (rate, batch) in rates.iter_mut().zip(BATCHES) {
        *rate = rows_per_second(&mut database, batch, EACH)?;
    }
    Ok(rates)
}

fn rows_per_second(database: &mut Connection, batch: u32, long: Duration) -> Outcome<f64> {
    let body = [b'x'; ROW_BYTES];
    let watch = Stopwatch::start();
    let mut rows = 0_u64;
    while watch.elapsed() < long {
        let transaction = database.transaction()?;
        let mut insert = transaction.prepare_cached("INSERT INTO rows (body) VALUES (?1)")?;
        for _ in 0..batch {
            insert.execute([&body])?;
        }
        drop(insert);
        transaction.commit()?;
        rows += u64::from(batch);
    }
    Ok(rows as f64 / watch.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_rows() {
        let mut database = Connection::open_in_memory().unwrap();
        database.execute_batch("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB NOT NULL)").unwrap();
        assert!(rows_per_second(&mut database, 32, Duration::from_millis(5)).unwrap() > 0.0);
    }
}
