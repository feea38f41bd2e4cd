//! Settings and counters: the tables `sms_settings` and `power_down_store_counters`.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::settings::Broken;
use serde_json::Value;

use crate::Result;

/// One row of `power_down_store_counters`: ids handed out, or rows reported done (D21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// `queue_input_sms`, `queue_onboarding`, `input_sms_dumped`, `onboarding_mobile_dumped` or `hetzner_synced`.
    pub name: String,
    /// Its value; it never goes back.
    pub value: i64,
}

/// One row of `sms_settings`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Which setting.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of a changed setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingPut {
    /// Stored; the whole table as it is now.
    Stored(Vec<SettingRow>),
    /// It breaks these rules. Nothing was written.
    Refused(Vec<Broken>),
    /// No such setting.
    Unknown,
}

/// What was set, and what was counted.
#[async_trait]
pub trait SettingsTrail: Send + Sync + 'static {
    /// Seeds settings that have no row yet.
    async fn seed_settings(&self, now: Timestamp) -> Result<()>;
    /// Every row of `sms_settings`.
    async fn settings(&self) -> Result<Vec<SettingRow>>;
    /// Changes several settings at once if each value and the whole stay valid, and keeps the old values in the
    /// history; all or none of them.
    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut>;
    /// The same for one.
    async fn put_setting(&self, now: Timestamp, key: &str, value: &Value, by: &str) -> Result<SettingPut> {
        self.put_settings(now, &[(key, value)], by).await
    }
    /// The saved counters.
    async fn counters(&self) -> Result<Vec<Counter>>;
    /// Saves counters; a smaller value never overwrites a larger one.
    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()>;
    /// Adds to a report counter.
    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()>;
}
