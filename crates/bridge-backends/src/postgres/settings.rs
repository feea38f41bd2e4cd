//! `sms_settings`, the source of every setting, checked as a whole before anything is written, and
//! `power_down_store_counters` (D21).

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::catalog;
use bridge_core::settings::{SettingDef, Settings};
use bridge_store::Result;
use bridge_store::audit::{Counter, SettingPut, SettingRow, SettingsTrail};
use serde_json::Value;
use tokio_postgres::types::Type;

use super::columns::{At, column};
use super::lease::{Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl SettingsTrail for PostgresAudit {
    async fn seed_settings(&self, now: Timestamp) -> Result<()> {
        on_lease!(self.seed_settings(QUICK, seed, now))
    }

    async fn settings(&self) -> Result<Vec<SettingRow>> {
        on_lease!(self.settings(QUICK, all))
    }

    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut> {
        on_lease!(self.put_settings(QUICK, put, now, changes, by))
    }

    async fn counters(&self) -> Result<Vec<Counter>> {
        on_lease!(self.counters(QUICK, counters))
    }

    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()> {
        on_lease!(self.save_counters(QUICK, save_counters, now, counters))
    }

    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()> {
        on_lease!(self.add_to_counter(QUICK, add_to_counter, now, name, by))
    }
}

async fn seed(lease: &mut Lease, now: Timestamp) -> Result<()> {
    let defs: Vec<_> = catalog::all().iter().collect();
    lease
        .run(
            "INSERT INTO public.sms_settings (setting_key, setting_value, setting_type, category, description, updated_at)
             SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
             ON CONFLICT (setting_key) DO UPDATE SET
                 setting_type = excluded.setting_type, category = excluded.category, description = excluded.description",
            &[
                (&column(&defs, |def| def.key), Type::TEXT_ARRAY),
                (&column(&defs, |def| def.to_text(&def.default_value())), Type::TEXT_ARRAY),
                (&column(&defs, |def| def.setting_type()), Type::TEXT_ARRAY),
                (&column(&defs, |def| def.category.as_str()), Type::TEXT_ARRAY),
                (&column(&defs, |def| def.description.as_str()), Type::TEXT_ARRAY),
                (&At(now), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}

pub(super) async fn all(lease: &mut Lease) -> Result<Vec<SettingRow>> {
    lease
        .rows(
            "SELECT setting_key, setting_value, updated_at FROM public.sms_settings ORDER BY setting_key",
            &[],
            |row| {
                Ok(SettingRow {
                    key: row.try_get(0)?,
                    value: row.try_get(1)?,
                    updated_at: row.try_get::<_, At>(2)?.0,
                })
            },
        )
        .await
}

/// All of them, or none. One change at a time in the whole group: two that are valid each may break a rule together.
async fn put(lease: &mut Lease, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut> {
    let found: Option<Vec<_>> =
        changes.iter().map(|(key, value)| catalog::find(key).map(|def| (def, *value))).collect();
    let Some(changes) = found else { return Ok(SettingPut::Unknown) };
    lease.begin().await?;
    lease.simple("SELECT pg_advisory_xact_lock(8470321957)").await?;
    let rows = all(lease).await?;
    let (current, _) = Settings::from_rows(rows.iter().map(|row| (row.key.as_str(), row.value.as_str())));
    if let Err(broken) = current.with_all(changes.iter().copied()) {
        lease.commit().await?;
        return Ok(SettingPut::Refused(broken));
    }
    for (def, value) in changes {
        put_one(lease, now, def, value, by).await?;
    }
    let rows = all(lease).await?;
    lease.commit().await?;
    Ok(SettingPut::Stored(rows))
}

async fn put_one(lease: &mut Lease, now: Timestamp, def: &SettingDef, value: &Value, by: &str) -> Result<()> {
    lease
        .run(
            "WITH noted AS (
                 INSERT INTO ops.settings_history (at, setting_key, old_value, new_value, changed_by)
                 SELECT $1, $2, (SELECT setting_value FROM public.sms_settings WHERE setting_key = $2), $3, $4
             )
             INSERT INTO public.sms_settings (setting_key, setting_value, setting_type, category, description, updated_at)
             VALUES ($2, $3, $5, $6, $7, $1)
             ON CONFLICT (setting_key) DO UPDATE SET
                 setting_value = excluded.setting_value, updated_at = excluded.updated_at",
            &[
                (&At(now), Type::TIMESTAMPTZ),
                (&def.key, Type::TEXT),
                (&def.to_text(value), Type::TEXT),
                (&by, Type::TEXT),
                (&def.setting_type(), Type::TEXT),
                (&def.category.as_str(), Type::TEXT),
                (&def.description, Type::TEXT),
            ],
        )
        .await
        .map(drop)
}

async fn counters(lease: &mut Lease) -> Result<Vec<Counter>> {
    lease
        .rows(
            "SELECT counter_name, counter_value FROM public.power_down_store_counters ORDER BY counter_name",
            &[],
            |row| Ok(Counter { name: row.try_get(0)?, value: row.try_get(1)? }),
        )
        .await
}

async fn save_counters(lease: &mut Lease, now: Timestamp, counters: &[Counter]) -> Result<()> {
    lease
        .run(
            "INSERT INTO public.power_down_store_counters AS there (counter_name, counter_value, updated_at)
             SELECT name, max(value), $3 FROM unnest($1::text[], $2::bigint[]) AS saved (name, value)
             GROUP BY name ORDER BY name
             ON CONFLICT (counter_name) DO UPDATE SET
                 counter_value = greatest(there.counter_value, excluded.counter_value), updated_at = excluded.updated_at",
            &[
                (&column(counters, |counter| counter.name.as_str()), Type::TEXT_ARRAY),
                (&column(counters, |counter| counter.value), Type::INT8_ARRAY),
                (&At(now), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}

async fn add_to_counter(lease: &mut Lease, now: Timestamp, name: &str, by: i64) -> Result<()> {
    lease
        .run(
            "INSERT INTO public.power_down_store_counters AS there (counter_name, counter_value, updated_at)
             VALUES ($1, $2, $3)
             ON CONFLICT (counter_name) DO UPDATE SET
                 counter_value = there.counter_value + excluded.counter_value, updated_at = excluded.updated_at",
            &[(&name, Type::TEXT), (&by, Type::INT8), (&At(now), Type::TIMESTAMPTZ)],
        )
        .await
        .map(drop)
}
