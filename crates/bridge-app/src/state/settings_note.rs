//! The settings as this bridge last knew them, in the data folder. They hold when it starts while the audit store is
//! away. The audit store stays their source.

use std::path::Path;

use bridge_core::Timestamp;
use bridge_store::audit::SettingRow;
use serde::{Deserialize, Serialize};

use crate::base::data_file;

const FILE: &str = "settings.json";

#[derive(Serialize, Deserialize)]
struct Row {
    key: String,
    value: String,
    updated_at: Timestamp,
}

/// Notes them. A note that cannot be written is only missed when the audit store is away at the next start.
pub fn save(data_dir: &Path, rows: &[SettingRow]) {
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| Row { key: row.key.clone(), value: row.value.clone(), updated_at: row.updated_at })
        .collect();
    if let Err(error) = data_file::write_json(&data_dir.join(FILE), &rows) {
        tracing::warn!(%error, "the settings cannot be noted in the data folder");
    }
}

/// Reads them; none were noted, or they cannot be read: the defaults hold.
#[must_use]
pub fn load(data_dir: &Path) -> Vec<SettingRow> {
    let rows = std::fs::read(data_dir.join(FILE))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<Row>>(&bytes).ok());
    let row = |row: Row| SettingRow { key: row.key, value: row.value, updated_at: row.updated_at };
    rows.unwrap_or_default().into_iter().map(row).collect()
}
