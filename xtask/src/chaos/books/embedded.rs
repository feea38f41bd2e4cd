//! The books of a bridge that keeps everything in two SQLite files. Reads only.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, Row};

use super::{Books, OnboardingRow, SmsRow};
use crate::Outcome;
use crate::chaos::oracle::CHECKS;

pub(super) fn read(folder: &Path) -> Outcome<Books> {
    let (hot, audit) = (open(folder, "hot.db")?, open(folder, "audit.db")?);
    let sms = format!(
        "SELECT redis_id, sms_id, mobile_number, sms_message,
                CAST(ROUND((julianday(received_timestamp) - 2440587.5) * 86400000) AS INTEGER),
                validation_status, failed_at_check, {}, synced_at IS NOT NULL FROM input_sms",
        CHECKS.join(" || ")
    );
    let of_sms = |row: &Row<'_>| {
        Ok(SmsRow {
            redis_id: row.get(0)?,
            sms_id: row.get(1)?,
            mobile_number: row.get(2)?,
            sms_message: row.get(3)?,
            received_ms: row.get(4)?,
            validation_status: row.get(5)?,
            failed_at_check: row.get(6)?,
            codes: row.get(7)?,
            synced: row.get(8)?,
        })
    };
    let onboardings =
        "SELECT mobile_number || ':' || IFNULL(device_id, ''), hash, status, is_validated, onboarding_id
                       FROM onboarding_mobile";
    let of_onboarding = |row: &Row<'_>| {
        Ok(OnboardingRow {
            pair: row.get(0)?,
            hash: row.get(1)?,
            status: row.get(2)?,
            is_validated: row.get(3)?,
            onboarding_id: row.get(4)?,
        })
    };
    let validated = "SELECT mobile_number || ':' || device_id FROM ops_validated_mobile";
    Ok(Books {
        sms: all(&audit, &sms, of_sms)?,
        onboardings: all(&audit, onboardings, of_onboarding)?,
        blocked: all(&audit, "SELECT mobile_number FROM blacklist_sms", |row| row.get(0))?,
        validated: all(&audit, validated, |row| row.get(0))?,
        hot_validated: all(&hot, "SELECT pair FROM validated", |row| row.get(0))?,
        left: left(folder)?,
        remote: None,
    })
}

pub(super) fn counters(folder: &Path) -> Outcome<BTreeMap<String, i64>> {
    let sql = "SELECT counter_name, counter_value FROM power_down_store_counters";
    let rows = all(&open(folder, "audit.db")?, sql, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

pub(super) fn left(folder: &Path) -> Outcome<BTreeMap<&'static str, u64>> {
    let (hot, audit) = (open(folder, "hot.db")?, open(folder, "audit.db")?);
    let mut left = BTreeMap::new();
    for (name, database, sql) in [
        ("queue_input_sms", &hot, "SELECT COUNT(*) FROM queue_input_sms"),
        ("queue_onboarding", &hot, "SELECT COUNT(*) FROM onboarding_queue"),
        ("blacklist queue", &hot, "SELECT COUNT(*) FROM blacklist_queue"),
        ("events", &hot, "SELECT COUNT(*) FROM told"),
        (
            "webhook deliveries",
            &audit,
            "SELECT COUNT(*) FROM ops_webhook_delivery WHERE state <> 'delivered'",
        ),
        ("power_down_store", &audit, "SELECT COUNT(*) FROM power_down_store WHERE processed = 0"),
    ] {
        let count: i64 = database.query_row(sql, [], |row| row.get(0))?;
        left.insert(name, u64::try_from(count)?);
    }
    Ok(left)
}

fn open(folder: &Path, file: &str) -> Outcome<Connection> {
    let path = folder.join(file);
    Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|why| format!("{}: {why}", path.display()).into())
}

fn all<T>(
    database: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Outcome<Vec<T>> {
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([], |row| read(row))?.collect::<Result<_, _>>()?;
    Ok(rows)
}
