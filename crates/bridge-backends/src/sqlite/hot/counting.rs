//! How many SMS of a number were counted in its window. Not the counting itself, which belongs to an admission.

use bridge_core::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

/// SMS of this number counted in its window.
pub(super) fn count(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<i64> {
    let count = conn
        .prepare_cached("SELECT count FROM sms_count WHERE mobile = ?1 AND expires_at > ?2")?
        .query_row(params![mobile, now.0], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}
