//! Incidents.

use bridge_core::Timestamp;
use bridge_store::desk::{INCIDENTS, Incident};
use rusqlite::{Connection, params};

use super::super::columns::At;
use crate::sqlite::engine::limit;

/// The end that was told first stays.
pub(super) fn note(
    conn: &Connection,
    what: &str,
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
    detail: &str,
) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO ops_incident (what, began_at, ended_at, detail) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (what, began_at) DO UPDATE SET ended_at = excluded.ended_at, detail = excluded.detail
         WHERE ended_at IS NULL AND excluded.ended_at IS NOT NULL",
    )?
    .execute(params![what, At(began_at), ended_at.map(At), detail])
    .map(drop)
}

pub(super) fn between(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Vec<Incident>> {
    conn.prepare_cached(
        "SELECT id, what, began_at, ended_at, detail FROM ops_incident
         WHERE began_at < ?2 AND (ended_at IS NULL OR ended_at >= ?1) ORDER BY began_at DESC, id DESC LIMIT ?3",
    )?
    .query_map(params![At(from), At(to), limit(INCIDENTS)], |row| {
        Ok(Incident {
            id: row.get(0)?,
            what: row.get(1)?,
            began_at: row.get::<_, At>(2)?.0,
            ended_at: row.get::<_, Option<At>>(3)?.map(|at| at.0),
            detail: row.get(4)?,
        })
    })?
    .collect()
}

pub(super) fn purge(conn: &Connection, before: Timestamp, max: usize) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "DELETE FROM ops_incident WHERE id IN
             (SELECT id FROM ops_incident WHERE began_at < ?1 AND ended_at < ?1 LIMIT ?2)",
    )?
    .execute(params![At(before), limit(max)])
}
