//! The versions of the schema, one for each step, and whether the one that is found will do. Not what brings a database
//! up to date.

use super::failure::Failure;

/// One step for each version.
pub(super) const STEPS: [&str; 21] = [
    include_str!("../../migrations/postgres/0001_audit.sql"),
    include_str!("../../migrations/postgres/0002_partitions.sql"),
    include_str!("../../migrations/postgres/0003_skew.sql"),
    include_str!("../../migrations/postgres/0004_receivers.sql"),
    include_str!("../../migrations/postgres/0005_quarantine.sql"),
    include_str!("../../migrations/postgres/0006_lookups.sql"),
    include_str!("../../migrations/postgres/0007_accounts.sql"),
    include_str!("../../migrations/postgres/0008_desk.sql"),
    include_str!("../../migrations/postgres/0009_persons.sql"),
    include_str!("../../migrations/postgres/0010_side_by_side.sql"),
    include_str!("../../migrations/postgres/0011_quarantine_room.sql"),
    include_str!("../../migrations/postgres/0012_number_style.sql"),
    include_str!("../../migrations/postgres/0013_stamps.sql"),
    include_str!("../../migrations/postgres/0014_refusal_place.sql"),
    include_str!("../../migrations/postgres/0015_page.sql"),
    include_str!("../../migrations/postgres/0016_events.sql"),
    include_str!("../../migrations/postgres/0017_webhooks.sql"),
    include_str!("../../migrations/postgres/0018_notices.sql"),
    include_str!("../../migrations/postgres/0019_desk.sql"),
    include_str!("../../migrations/postgres/0020_observed.sql"),
    include_str!("../../migrations/postgres/0021_webhook_due.sql"),
];
/// The version that this program knows.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "a handful")]
pub const KNOWN: i32 = STEPS.len() as i32;

/// Asks a database for its version.
pub(super) const VERSION: &str = "SELECT version FROM ops.schema_version";

/// Only this version will do.
pub(super) fn must_be_known(found: Option<i32>) -> std::result::Result<(), Failure> {
    match found {
        Some(version) if version == KNOWN => Ok(()),
        Some(version) if version > KNOWN => Err(Failure::schema(format!(
            "the database has schema version {version} and this program knows {KNOWN}: run the newer program"
        ))),
        Some(version) => Err(Failure::schema(format!(
            "the database has schema version {version} and this program needs {KNOWN}: run `sms-bridge migrate`"
        ))),
        None => Err(Failure::schema("the database is empty: run `sms-bridge migrate`")),
    }
}
