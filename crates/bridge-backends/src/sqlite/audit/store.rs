//! The audit store in one file: its schema, and the engine that every part of it works on. What is stored is in the
//! files beside this one, one for each trait.

use std::path::Path;

use bridge_core::checks::CHECKS;
use bridge_store::Result;
use rusqlite::Connection;

use crate::sqlite::engine::{Engine, Schema};
use crate::sqlite::salvage::{self, Salvaged};

const SCHEMA: Schema = Schema {
    name: "audit",
    steps: &[
        include_str!("../../../migrations/sqlite_audit/0001_audit.sql"),
        include_str!("../../../migrations/sqlite_audit/0002_rebuild.sql"),
        include_str!("../../../migrations/sqlite_audit/0003_skew.sql"),
        include_str!("../../../migrations/sqlite_audit/0004_receivers.sql"),
        include_str!("../../../migrations/sqlite_audit/0005_quarantine.sql"),
        include_str!("../../../migrations/sqlite_audit/0006_lookups.sql"),
        include_str!("../../../migrations/sqlite_audit/0007_accounts.sql"),
        include_str!("../../../migrations/sqlite_audit/0008_desk.sql"),
        include_str!("../../../migrations/sqlite_audit/0009_persons.sql"),
        include_str!("../../../migrations/sqlite_audit/0010_side_by_side.sql"),
        include_str!("../../../migrations/sqlite_audit/0011_quarantine_room.sql"),
        include_str!("../../../migrations/sqlite_audit/0012_number_style.sql"),
        include_str!("../../../migrations/sqlite_audit/0013_stamps.sql"),
        include_str!("../../../migrations/sqlite_audit/0014_refusal_place.sql"),
        include_str!("../../../migrations/sqlite_audit/0015_page.sql"),
        include_str!("../../../migrations/sqlite_audit/0016_events.sql"),
        include_str!("../../../migrations/sqlite_audit/0017_webhooks.sql"),
        include_str!("../../../migrations/sqlite_audit/0018_notices.sql"),
        include_str!("../../../migrations/sqlite_audit/0019_desk.sql"),
        include_str!("../../../migrations/sqlite_audit/0020_observed.sql"),
        include_str!("../../../migrations/sqlite_audit/0021_webhook_due.sql"),
    ],
    settle: add_check_columns,
};

/// A column for every check of the list: adding a check adds its column here.
fn add_check_columns(conn: &Connection) -> rusqlite::Result<()> {
    for check in &CHECKS {
        if !conn.column_exists(None, "input_sms", check.name)? {
            conn.execute_batch(&format!(
                "ALTER TABLE input_sms ADD COLUMN {} INTEGER NOT NULL DEFAULT 3",
                check.name
            ))?;
        }
    }
    Ok(())
}

/// The audit store in one file.
pub(crate) struct SqliteAudit {
    pub(super) engine: Engine,
}

impl SqliteAudit {
    pub(crate) fn open(path: &Path) -> Result<SqliteAudit> {
        Ok(SqliteAudit { engine: Engine::open(path, &SCHEMA)? })
    }

    /// Makes a damaged file anew of what can be read of it.
    pub(crate) fn rebuild(path: &Path, kept_in: &str) -> Result<Salvaged> {
        salvage::rebuild(path, &SCHEMA, kept_in, |_| Ok(()))
    }
}
