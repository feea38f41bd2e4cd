//! Whether the audit database holds every SMS once: the proof behind the figures. Reads only.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// What `input_sms` holds after the server has stopped, on whichever store.
pub(crate) struct Recorded {
    pub(crate) sent: u32,
    pub(crate) rows: u32,
    pub(crate) numbers: u32,
    pub(crate) passed: u32,
    /// How long after the last SMS the dump had written them all, or was given up on.
    pub(crate) awaited_s: f64,
}

const POLL: Duration = Duration::from_millis(100);
/// Without a new row for this long the dump is not slow, it has stopped.
const STALLED_AFTER: Duration = Duration::from_secs(20);

impl Recorded {
    /// Every number sent one SMS: as many rows as SMS, and as many numbers.
    pub(crate) fn exactly_once(&self) -> bool {
        [self.rows, self.numbers, self.passed].iter().all(|count| *count == self.sent)
    }

    /// In words.
    pub(crate) fn told(&self) -> String {
        format!(
            "{} SMS sent, {} rows of {} numbers, {} passed",
            self.sent, self.rows, self.numbers, self.passed
        )
    }
}

/// Waits until as many rows are there as SMS were sent, or no more are coming.
pub(crate) async fn wait(audit: &Path, sent: u32) -> Outcome<Duration> {
    let (start, mut moved, mut before) = (Stopwatch::start(), Stopwatch::start(), 0);
    let database = open(audit)?;
    loop {
        let rows = database.query_row("SELECT COUNT(*) FROM input_sms", [], |row| row.get::<_, u32>(0))?;
        if rows >= sent || moved.elapsed() > STALLED_AFTER {
            return Ok(start.elapsed());
        }
        if rows > before {
            (moved, before) = (Stopwatch::start(), rows);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Counts, once the server is gone.
pub(crate) fn read(audit: &Path, sent: u32, awaited: Duration) -> Outcome<Recorded> {
    let sql =
        "SELECT COUNT(*), COUNT(DISTINCT mobile_number), COUNT(*) FILTER (WHERE validation_status = 'passed')
               FROM input_sms";
    let recorded = open(audit)?.query_row(sql, [], |row| {
        let (rows, numbers, passed) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Recorded { sent, rows, numbers, passed, awaited_s: awaited.as_secs_f64() })
    })?;
    Ok(recorded)
}

fn open(audit: &Path) -> Outcome<Connection> {
    Connection::open_with_flags(audit, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|why| format!("{}: {why}", audit.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(numbers: &[&str], sent: u32) -> Recorded {
        let folder = tempfile::tempdir().unwrap();
        let audit = folder.path().join("audit.db");
        let database = Connection::open(&audit).unwrap();
        database
            .execute_batch("CREATE TABLE input_sms (mobile_number TEXT, validation_status TEXT)")
            .unwrap();
        for number in numbers {
            database.execute("INSERT INTO input_sms VALUES (?1, 'passed')", [number]).unwrap();
        }
        read(&audit, sent, Duration::ZERO).unwrap()
    }

    #[test]
    fn once_is_neither_lost_nor_doubled() {
        assert!(recorded(&["+1", "+2"], 2).exactly_once());
        assert!(!recorded(&["+1"], 2).exactly_once());
        assert!(!recorded(&["+1", "+2", "+2"], 2).exactly_once());
        assert!(!recorded(&["+1", "+1"], 2).exactly_once());
    }
}
