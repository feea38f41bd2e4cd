//! `sms_settings`: the source of every setting, checked as a whole before anything is written.

use bridge_core::Timestamp;
use bridge_core::catalog;
use bridge_core::settings::Settings;
use rusqlite::{Connection, params};
use serde_json::Value;

use super::columns::At;
use bridge_store::audit::{SettingPut, SettingRow};

pub(super) fn seed(conn: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    for def in catalog::all() {
        conn.execute(
            "INSERT INTO sms_settings (setting_key, setting_value, setting_type, category, description, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (setting_key) DO UPDATE SET
                 setting_type = excluded.setting_type, category = excluded.category, description = excluded.description",
            params![
                def.key,
                def.to_text(&def.default_value()),
                def.setting_type(),
                def.category.as_str(),
                def.description,
                At(now)
            ],
        )?;
    }
    Ok(())
}

pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<SettingRow>> {
    conn.prepare_cached(
        "SELECT setting_key, setting_value, updated_at FROM sms_settings ORDER BY setting_key",
    )?
    .query_map([], |row| {
        Ok(SettingRow { key: row.get(0)?, value: row.get(1)?, updated_at: row.get::<_, At>(2)?.0 })
    })?
    .collect()
}

/// Changes all of them, or none.
pub(super) fn put(
    conn: &Connection,
    now: Timestamp,
    changes: &[(String, Value)],
    by: &str,
) -> rusqlite::Result<SettingPut> {
    let found: Option<Vec<_>> =
        changes.iter().map(|(key, value)| catalog::find(key).map(|def| (def, value))).collect();
    let Some(changes) = found else { return Ok(SettingPut::Unknown) };
    let rows = all(conn)?;
    let (current, _) = Settings::from_rows(rows.iter().map(|row| (row.key.as_str(), row.value.as_str())));
    if let Err(broken) = current.with_all(changes.iter().copied()) {
        return Ok(SettingPut::Refused(broken));
    }
    for (def, value) in changes {
        let text = def.to_text(value);
        let old = rows.iter().find(|row| row.key == def.key).map(|row| row.value.as_str());
        conn.execute(
            "INSERT INTO ops_settings_history (at, setting_key, old_value, new_value, changed_by)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![At(now), def.key, old, text, by],
        )?;
        conn.execute(
            "INSERT INTO sms_settings (setting_key, setting_value, setting_type, category, description, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (setting_key) DO UPDATE SET
                 setting_value = excluded.setting_value, updated_at = excluded.updated_at",
            params![def.key, text, def.setting_type(), def.category.as_str(), def.description, At(now)],
        )?;
    }
    Ok(SettingPut::Stored(all(conn)?))
}
