//! The schema and its versions: what brings a database up to date, over a connection past the pooler.

use std::fmt::Write as _;
use std::time::Duration;

use bridge_core::checks::CHECKS;
use bridge_store::{Result, StoreError};

use super::connect::BadUrl;
use super::lease::{Connections, Lease};
use super::version::{KNOWN, STEPS, VERSION, must_be_known};

/// An index over all that was ever judged takes its time.
const STEP: Duration = Duration::from_secs(3600);

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was there; 0 for an empty database.
    pub from: i32,
    /// The version that is there now.
    pub to: i32,
}

/// How a database stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// There is nothing of ours.
    Missing,
    /// `migrate` is needed: it is of this version, or lacks the column of a check.
    Older(i32),
    /// As this program knows it.
    Current,
    /// A newer program made it what it is.
    Newer(i32),
}

/// Why a database could not be brought up to date, or not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The address cannot be used.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// The database refused, or does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn direct(url: &str) -> std::result::Result<Lease, MigrateError> {
    Ok(Connections::new(url, 1)?.unchecked("migrate", STEP).await?)
}

/// How the database at this address, past the pooler, stands to this program.
pub async fn schema_state(direct_url: &str) -> std::result::Result<SchemaState, MigrateError> {
    let mut lease = direct(direct_url).await?;
    let version = version(&mut lease).await?;
    Ok(match version {
        0 => SchemaState::Missing,
        newer if newer > KNOWN => SchemaState::Newer(newer),
        older if older < KNOWN => SchemaState::Older(older),
        same if !missing_columns(&mut lease).await?.is_empty() => SchemaState::Older(same),
        _ => SchemaState::Current,
    })
}

/// Brings the database at this address, past the pooler, up to date, all or nothing. Of several that try at
/// once one does it. Refuses a database that a newer program changed.
pub async fn migrate(direct_url: &str) -> std::result::Result<Migrated, MigrateError> {
    let mut lease = direct(direct_url).await?;
    lease.begin().await?;
    // Who comes second waits for the first. A table that is in use is waited for too, but not long: everybody
    // would wait behind us.
    lease.simple("SELECT pg_advisory_xact_lock(8470321956); SET LOCAL lock_timeout = '5s'").await?;
    let from = version(&mut lease).await?;
    if from > KNOWN {
        must_be_known(Some(from)).map_err(|failure| failure.during("migrate"))?;
    }
    let done = usize::try_from(from).unwrap_or(0);
    if done == 0 {
        lease.simple(BEGINNING).await?;
    }
    for step in &STEPS[done.min(STEPS.len())..] {
        lease.renew();
        lease.simple(step).await?;
    }
    add_check_columns(&mut lease).await?;
    lease
        .simple(&format!(
            "UPDATE ops.schema_version SET version = {KNOWN}, migrated_at = now() WHERE version <> {KNOWN};
             SELECT ops.grant_to(name) FROM ops.bridge_role"
        ))
        .await?;
    lease.commit().await?;
    Ok(Migrated { from, to: KNOWN })
}

const BEGINNING: &str = "
CREATE SCHEMA IF NOT EXISTS ops;
CREATE TABLE ops.schema_version (
    one BOOLEAN PRIMARY KEY DEFAULT true CHECK (one),
    version INTEGER NOT NULL,
    migrated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
INSERT INTO ops.schema_version (version) VALUES (0);
";

/// 0 where there is nothing of ours.
async fn version(lease: &mut Lease) -> Result<i32> {
    let there = "SELECT to_regclass('ops.schema_version') IS NOT NULL";
    if lease.rows(there, &[], |row| Ok(row.try_get::<_, bool>(0)?)).await? != [true] {
        return Ok(0);
    }
    let found = lease.rows(VERSION, &[], |row| Ok(row.try_get(0)?)).await?;
    Ok(found.first().copied().unwrap_or(0))
}

/// Checks of the list that have no column yet.
pub(super) async fn missing_columns(lease: &mut Lease) -> Result<Vec<&'static str>> {
    let columns = "SELECT attname::text FROM pg_attribute
         WHERE attrelid = to_regclass('public.input_sms') AND attnum > 0 AND NOT attisdropped";
    let there: Vec<String> = lease.rows(columns, &[], |row| Ok(row.try_get(0)?)).await?;
    Ok(CHECKS
        .iter()
        .map(|check| check.name)
        .filter(|name| !there.iter().any(|there| there == name))
        .collect())
}

/// A column for every check of the list: adding a check adds its column here. It takes no time, however
/// many rows there are.
async fn add_check_columns(lease: &mut Lease) -> Result<()> {
    let mut sql = String::new();
    for name in missing_columns(lease).await? {
        let _ = write!(sql, "ALTER TABLE public.input_sms ADD COLUMN {name} INTEGER NOT NULL DEFAULT 3;");
    }
    if sql.is_empty() { Ok(()) } else { lease.simple(&sql).await }
}
