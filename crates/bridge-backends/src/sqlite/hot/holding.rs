//! What holds others back for a while: marks of waiting SMS (D25), leases of jobs, and what may be used once. Leases live in memory:
//! a second process is refused by the lock of the folder, and this one takes its leases with it.

use std::sync::atomic::{AtomicBool, Ordering};

use bridge_core::{Span, Timestamp};
use bridge_store::hot::WAITING_MARK;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::sqlite::engine::CLOCK;

/// Whether a mark may be there: until the first one no SMS need look.
pub(super) struct Marks {
    any: AtomicBool,
}

impl Marks {
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Marks> {
        let any = conn.prepare("SELECT 1 FROM waiting")?.exists([])?;
        Ok(Marks { any: AtomicBool::new(any) })
    }

    pub(super) fn mark(
        &self,
        conn: &Connection,
        now: Timestamp,
        waiting: &[(String, Uuid)],
    ) -> rusqlite::Result<()> {
        self.any.store(true, Ordering::Relaxed);
        let mut mark = conn.prepare_cached(
            "INSERT OR REPLACE INTO waiting (mobile, sms_id, expires_at) VALUES (?1, ?2, ?3)",
        )?;
        let until = now + WAITING_MARK;
        waiting
            .iter()
            .try_for_each(|(mobile, id)| mark.execute(params![mobile, id.as_bytes(), until.0]).map(drop))
    }

    pub(super) fn hold_back(
        &self,
        conn: &Connection,
        now: Timestamp,
        mobile: &str,
    ) -> rusqlite::Result<bool> {
        if !self.any.load(Ordering::Relaxed) {
            return Ok(false);
        }
        conn.prepare_cached("SELECT 1 FROM waiting WHERE mobile = ?1 AND expires_at > ?2")?
            .exists(params![mobile, now.0])
    }
}

pub(super) fn unmark(conn: &Connection, done: &[(String, Uuid)]) -> rusqlite::Result<()> {
    let mut unmark = conn.prepare_cached("DELETE FROM waiting WHERE mobile = ?1 AND sms_id = ?2")?;
    done.iter().try_for_each(|(mobile, id)| unmark.execute(params![mobile, id.as_bytes()]).map(drop))
}

/// Made when the file is opened, for the writer alone.
pub(super) const LEASES: &str = "CREATE TEMP TABLE lease (job TEXT PRIMARY KEY, holder BLOB NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID";

pub(super) fn lease(conn: &Connection, job: &str, holder: Uuid, length: Span) -> rusqlite::Result<bool> {
    let taken = conn
        .prepare_cached(&format!(
            "INSERT INTO temp.lease (job, holder, until) VALUES (?1, ?2, {CLOCK} + ?3)
             ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE holder = excluded.holder OR until <= {CLOCK}"
        ))?
        .execute(params![job, holder.as_bytes(), length.0])?;
    Ok(taken > 0)
}

pub(super) fn release(conn: &Connection, job: &str, holder: Uuid) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM temp.lease WHERE job = ?1 AND holder = ?2")?
        .execute(params![job, holder.as_bytes()])?;
    Ok(())
}

pub(super) fn first_use(
    conn: &Connection,
    now: Timestamp,
    what: &str,
    length: Span,
) -> rusqlite::Result<bool> {
    let taken = conn
        .prepare_cached(
            "INSERT INTO used_once (what, expires_at) VALUES (?1, ?2)
             ON CONFLICT (what) DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?3",
        )?
        .execute(params![what, (now + length).0, now.0])?;
    Ok(taken > 0)
}
