//! The tables of the hot store's file, version by version, and the file made anew where it is damaged.

use std::path::Path;

use bridge_store::Result;
use rusqlite::Connection;

use super::{SqliteHot, arrivals, holding};
use crate::sqlite::engine::Schema;
use crate::sqlite::salvage::{self, Salvaged};

pub(super) const SCHEMA: Schema = Schema {
    name: "hot",
    steps: &[
        include_str!("../../../migrations/sqlite_hot/0001_hot.sql"),
        include_str!("../../../migrations/sqlite_hot/0002_epochs.sql"),
        include_str!("../../../migrations/sqlite_hot/0003_delivered.sql"),
        include_str!("../../../migrations/sqlite_hot/0004_arrived.sql"),
        include_str!("../../../migrations/sqlite_hot/0005_expiring_blocks.sql"),
        include_str!("../../../migrations/sqlite_hot/0006_side_by_side.sql"),
        include_str!("../../../migrations/sqlite_hot/0007_used_once.sql"),
        include_str!("../../../migrations/sqlite_hot/0008_told.sql"),
    ],
    settle: begin_process,
};

fn begin_process(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(holding::LEASES)?;
    arrivals::release_orphans(conn)
}

impl SqliteHot {
    /// Makes a damaged file anew. It has no epoch then: the bridge gives it back from the audit store what it misses, after it
    /// carried away what was still in its queues.
    pub(crate) fn rebuild(path: &Path, kept_in: &str) -> Result<Salvaged> {
        salvage::rebuild(path, &SCHEMA, kept_in, |conn| conn.execute_batch("DELETE FROM epoch"))
    }
}
