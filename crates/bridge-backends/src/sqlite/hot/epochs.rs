//! In which epoch the store lives (D28), and whether this bridge lives in the same. What a rebuild brings
//! back is `restoring`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_store::hot::Right;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// The epoch that was entered. The writer looks into the file once and then knows.
#[derive(Default)]
pub(super) struct Epochs {
    entered: Mutex<Entered>,
}

#[derive(Default)]
struct Entered {
    name: Option<String>,
    /// It was read from the file, and no rebuild began since.
    is_current: bool,
}

impl Epochs {
    fn entered(&self) -> MutexGuard<'_, Entered> {
        self.entered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn enter(&self, epoch: Option<&str>) {
        *self.entered() = Entered { name: epoch.map(str::to_owned), is_current: false };
    }

    /// Whether the store still is what the bridge entered. For the writer only.
    pub(super) fn hold(&self, conn: &Connection) -> rusqlite::Result<bool> {
        let mut entered = self.entered();
        if let (false, Some(name)) = (entered.is_current, &entered.name) {
            entered.is_current = current(conn)?.as_ref() == Some(name);
        }
        Ok(entered.is_current)
    }

    /// Empties the store. Should this be rolled back, the next one to ask finds the epoch in the file again.
    pub(super) fn begin(&self, conn: &Connection, token: Uuid) -> rusqlite::Result<String> {
        self.entered().is_current = false;
        let name = token.to_string();
        for table in EMPTIED {
            conn.execute(&format!("DELETE FROM {table}"), [])?;
        }
        conn.execute("DELETE FROM temp.lease WHERE job <> ?1", [bridge_store::hot::REBUILD])?;
        conn.execute(
            "INSERT OR REPLACE INTO epoch (one, token, name, whole) VALUES (1, ?1, ?2, 0)",
            params![token.as_bytes(), name],
        )?;
        Ok(name)
    }

    /// Whether something may be restored under that right.
    pub(super) fn allow(&self, conn: &Connection, right: Right) -> rusqlite::Result<bool> {
        match right {
            Right::Entered => self.hold(conn),
            Right::Rebuilding(token) => conn
                .prepare_cached("SELECT 1 FROM epoch WHERE token = ?1 AND whole = 0")?
                .exists([token.as_bytes()]),
        }
    }
}

/// All but the counters, which never go back, and what is no memory of anything.
const EMPTIED: [&str; 18] = [
    "onboarding",
    "onboarding_change",
    "onboarding_queue",
    "onboarding_deadline",
    "registration_window",
    "queue_input_sms",
    "validated",
    "blacklist",
    "blacklist_queue",
    "sms_count",
    "seen",
    "arrived",
    "answered",
    "delivery",
    "delivered",
    "waiting",
    "uncounted",
    "told",
];

pub(super) fn current(conn: &Connection) -> rusqlite::Result<Option<String>> {
    conn.prepare_cached("SELECT name FROM epoch WHERE whole = 1")?.query_row([], |row| row.get(0)).optional()
}

pub(super) fn finish(conn: &Connection, token: Uuid) -> rusqlite::Result<bool> {
    let finished =
        conn.prepare_cached("UPDATE epoch SET whole = 1 WHERE token = ?1")?.execute([token.as_bytes()])?;
    Ok(finished > 0)
}
