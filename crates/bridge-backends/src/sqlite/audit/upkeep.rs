//! The audit store as a thing that runs: does it answer, how is it set up, what is in it, and what age removes.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{Totals, UpkeepTrail};
use bridge_store::damage::Damage;
use bridge_store::finding::Finding;
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;
use crate::sqlite::engine::{limit, try_write};

#[async_trait]
impl UpkeepTrail for SqliteAudit {
    async fn ping(&self) -> Result<()> {
        self.engine.read("ping", |c| c.query_row("SELECT 1", [], |_| Ok(()))).await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        self.engine.write("try_write", move |c, _| try_write(c, bytes)).await
    }

    fn damage(&self) -> Option<Damage> {
        self.engine.damage()
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn totals(&self) -> Result<Totals> {
        self.engine.read("totals", totals).await
    }

    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
        self.engine.write("purge", move |c, _| purge(c, before, max, remote)).await
    }
}

fn totals(conn: &Connection) -> rusqlite::Result<Totals> {
    let one = |sql: &str| conn.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0));
    Ok(Totals {
        validated: one("SELECT count(*) FROM ops_validated_mobile")?.unsigned_abs(),
        blacklisted: one("SELECT count(*) FROM blacklist_sms")?.unsigned_abs(),
        last_sms_id: one("SELECT coalesce(max(redis_id), 0) FROM input_sms")?,
    })
}

/// D31: an SMS whose push to the remote waits, or that itself waits to be judged, is never purged.
fn purge(conn: &Connection, before: Timestamp, max: usize, remote: bool) -> rusqlite::Result<usize> {
    let pushed = if remote { "(validation_status <> 'passed' OR synced_at IS NOT NULL)" } else { "TRUE" };
    let mut purged = 0;
    for (table, condition) in [
        ("input_sms", format!("server_received_at < ?1 AND {pushed}")),
        ("onboarding_mobile", "request_timestamp < ?1".to_owned()),
        ("power_down_store", "stored_at < ?1 AND processed = 1".to_owned()),
        ("ops_registration_attempts", "at < ?1".to_owned()),
        ("ops_page_funnel", "at < ?1".to_owned()),
        (
            "ops_webhook_outbox",
            "at < ?1 AND NOT EXISTS (SELECT 1 FROM ops_webhook_delivery d WHERE d.event = ops_webhook_outbox.id
                 AND d.state = 'waiting')"
                .to_owned(),
        ),
        (
            "ops_notice",
            "at < ?1 AND NOT EXISTS (SELECT 1 FROM ops_notice_delivery d WHERE d.notice = ops_notice.id
                 AND d.state = 'waiting')"
                .to_owned(),
        ),
        ("ops_quarantine", "at < ?1".to_owned()),
        ("ops_settings_history", "at < ?1".to_owned()),
        ("ops_unblacklisted", "at < ?1".to_owned()),
        ("ops_sync_refused", "at < ?1 AND sms_id NOT IN (SELECT sms_id FROM input_sms)".to_owned()),
    ] {
        let sql =
            format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {condition} LIMIT ?2)");
        purged += conn.prepare_cached(&sql)?.execute(params![At(before), limit(max)])?;
    }
    Ok(purged)
}
