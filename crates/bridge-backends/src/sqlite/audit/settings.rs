//! `sms_settings`: the source of every setting, checked as a whole before anything is written.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::catalog;
use bridge_core::settings::Settings;
use bridge_store::Result;
use bridge_store::audit::{Counter, SettingPut, SettingRow, SettingsTrail};
use rusqlite::{Connection, params};
use serde_json::Value;

use super::columns::At;
use super::store::SqliteAudit;

#[async_trait]
impl SettingsTrail for SqliteAudit {
    async fn seed_settings(&self, now: Timestamp) -> Result<()> {
        self.engine.write("seed_settings", move |c, _| seed(c, now)).await
    }

    async fn settings(&self) -> Result<Vec<SettingRow>> {
        self.engine.read("settings", all).await
    }

    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut> {
        let changes: Vec<(String, Value)> =
            changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect();
        let by = by.to_owned();
        self.engine.write("put_settings", move |c, _| put(c, now, &changes, &by)).await
    }

    async fn counters(&self) -> Result<Vec<Counter>> {
        self.engine.read("counters", counters).await
    }

    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()> {
        let counters = counters.to_vec();
        self.engine.write("save_counters", move |c, _| save_counters(c, now, &counters)).await
    }

    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()> {
        let name = name.to_owned();
        self.engine.write("add_to_counter", move |c, _| add_to_counter(c, now, &name, by)).await
    }
}

fn seed(conn: &Connection, now: Timestamp) -> rusqlite::Result<()> {
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
fn put(
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

fn counters(conn: &Connection) -> rusqlite::Result<Vec<Counter>> {
    conn.prepare_cached(
        "SELECT counter_name, counter_value FROM power_down_store_counters ORDER BY counter_name",
    )?
    .query_map([], |row| Ok(Counter { name: row.get(0)?, value: row.get(1)? }))?
    .collect()
}

fn save_counters(conn: &Connection, now: Timestamp, counters: &[Counter]) -> rusqlite::Result<()> {
    let mut save = conn.prepare_cached(
        "INSERT INTO power_down_store_counters (counter_name, counter_value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (counter_name) DO UPDATE SET
             counter_value = max(counter_value, excluded.counter_value), updated_at = excluded.updated_at",
    )?;
    counters.iter().try_for_each(|c| save.execute(params![c.name, c.value, At(now)]).map(|_| ()))
}

fn add_to_counter(conn: &Connection, now: Timestamp, name: &str, by: i64) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO power_down_store_counters (counter_name, counter_value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (counter_name) DO UPDATE SET
             counter_value = counter_value + excluded.counter_value, updated_at = excluded.updated_at",
    )?
    .execute(params![name, by, At(now)])?;
    Ok(())
}
