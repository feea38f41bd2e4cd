//! The receivers as this bridge last knew them, in the data folder, readable by its owner only. They hold when the
//! bridge starts while the audit store is away, because it must take SMS in then too. The audit store stays their
//! source.

use std::path::Path;

use bridge_core::Timestamp;
use bridge_core::Zone;
use bridge_core::phone::NumberStyle;
use bridge_store::audit::{Receiver, Sighting};
use serde::{Deserialize, Serialize};

use crate::base::data_file;

const FILE: &str = "receivers.json";

#[derive(Serialize, Deserialize)]
struct Row {
    name: String,
    format: String,
    numbers: Vec<String>,
    secrets: Vec<String>,
    signing_keys: Vec<String>,
    inbox_url: Option<String>,
    #[serde(default)]
    number_style: Option<NumberStyle>,
    #[serde(default)]
    time_zone: Option<Zone>,
    #[serde(default)]
    expected_every_seconds: Option<u32>,
    paused: bool,
    added_at: Timestamp,
    revoked_at: Option<Timestamp>,
    /// One that was never heard of is not missed.
    last_seen_at: Option<Timestamp>,
}

/// Notes them. A note that cannot be written is only missed when the audit store is away at the next start.
pub(super) fn save(data_dir: &Path, receivers: &[Receiver], seen: &[Sighting]) {
    let rows: Vec<Row> = receivers
        .iter()
        .map(|receiver| Row {
            name: receiver.name.clone(),
            format: receiver.format.clone(),
            numbers: receiver.numbers.clone(),
            secrets: receiver.secrets.clone(),
            signing_keys: receiver.signing_keys.clone(),
            inbox_url: receiver.inbox_url.clone(),
            number_style: receiver.number_style,
            time_zone: receiver.time_zone.clone(),
            expected_every_seconds: receiver.expected_every_seconds,
            paused: receiver.paused,
            added_at: receiver.added_at,
            revoked_at: receiver.revoked_at,
            last_seen_at: seen.iter().find(|s| s.name == receiver.name).and_then(|s| s.last_seen_at),
        })
        .collect();
    if let Err(error) = data_file::write_json(&data_dir.join(FILE), &rows) {
        tracing::warn!(%error, "the receivers cannot be noted in the data folder");
    }
}

/// Reads them; none were noted, or they cannot be read: none are known until the audit store answers.
pub(super) fn load(data_dir: &Path) -> (Vec<Receiver>, Vec<Sighting>) {
    let rows = std::fs::read(data_dir.join(FILE))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Vec<Row>>(&bytes).ok())
        .unwrap_or_default();
    let read = |row: Row| {
        let sighting =
            Sighting { name: row.name.clone(), last_seen_at: row.last_seen_at, ..Sighting::default() };
        let receiver = Receiver {
            name: row.name,
            format: row.format,
            numbers: row.numbers,
            secrets: row.secrets,
            signing_keys: row.signing_keys,
            inbox_url: row.inbox_url,
            number_style: row.number_style,
            time_zone: row.time_zone,
            expected_every_seconds: row.expected_every_seconds,
            paused: row.paused,
            added_at: row.added_at,
            revoked_at: row.revoked_at,
        };
        (receiver, sighting)
    };
    rows.into_iter().map(read).unzip()
}
