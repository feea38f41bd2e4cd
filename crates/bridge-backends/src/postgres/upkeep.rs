//! The audit store as a thing that runs: does it answer, how is it set up, what is in it, and what age removes.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{Totals, UpkeepTrail};
use bridge_store::finding::Finding;
use tokio_postgres::types::Type;

use super::columns::{At, counted, limit};
use super::examine;
use super::lease::{Lease, QUICK, SLOW};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl UpkeepTrail for PostgresAudit {
    async fn ping(&self) -> Result<()> {
        self.connections.ping().await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        on_lease!(self.try_write(QUICK, examine::try_write, bytes))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        examine::examine(&self.connections).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        on_lease!(self.server_time(QUICK, now))
    }

    async fn totals(&self) -> Result<Totals> {
        on_lease!(self.totals(SLOW, totals))
    }

    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
        on_lease!(self.purge(SLOW, purge, before, max, remote))
    }
}

/// The largest id is among the newest rows: ids never go back, not even after a loss (D21).
async fn totals(lease: &mut Lease) -> Result<Totals> {
    let totals = lease
        .rows(
            "SELECT (SELECT count(*) FROM ops.validated_mobile), (SELECT count(*) FROM public.blacklist_sms),
                 (SELECT max(redis_id) FROM
                     (SELECT redis_id FROM public.input_sms ORDER BY server_received_at DESC, id DESC LIMIT 100000) AS newest)",
            &[],
            |row| {
                Ok(Totals {
                    validated: row.try_get::<_, i64>(0)?.unsigned_abs(),
                    blacklisted: row.try_get::<_, i64>(1)?.unsigned_abs(),
                    last_sms_id: row.try_get::<_, Option<i64>>(2)?.unwrap_or(0),
                })
            },
        )
        .await?;
    Ok(totals.first().copied().unwrap_or_default())
}

/// The server's clock.
async fn now(lease: &mut Lease) -> Result<Option<Timestamp>> {
    Ok(lease.rows("SELECT now()", &[], |row| Ok(row.try_get::<_, At>(0)?.0)).await?.pop())
}

/// The tables, the key that finds a row again, and what may go. `$3`: the remote is in use.
const AGED: [(&str, &str, &str); 11] = [
    (
        "public.input_sms",
        "server_received_at, id",
        "server_received_at < $1 AND (NOT $3 OR validation_status <> 'passed' OR synced_at IS NOT NULL)",
    ),
    ("public.onboarding_mobile", "id", "request_timestamp < $1"),
    ("public.power_down_store", "id", "stored_at < $1 AND processed"),
    ("ops.registration_attempts", "id", "at < $1"),
    ("ops.page_funnel", "id", "at < $1"),
    (
        "ops.webhook_outbox",
        "id",
        "at < $1 AND NOT EXISTS (SELECT FROM ops.webhook_delivery d WHERE d.event = webhook_outbox.id
             AND d.state = 'waiting')",
    ),
    (
        "ops.notice",
        "id",
        "at < $1 AND NOT EXISTS (SELECT FROM ops.notice_delivery d WHERE d.notice = notice.id
             AND d.state = 'waiting')",
    ),
    ("ops.quarantine", "id", "at < $1"),
    ("ops.settings_history", "id", "at < $1"),
    ("ops.unblacklisted", "id", "at < $1"),
    (
        "ops.sync_refused",
        "id",
        "at < $1 AND NOT EXISTS (SELECT FROM public.input_sms sms WHERE sms.sms_id = sync_refused.sms_id
             AND sms.server_received_at = sync_refused.server_received_at)",
    ),
];

async fn purge(lease: &mut Lease, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
    let dropped = lease
        .rows(
            "SELECT ops.tend_partitions($1, $2)",
            &[(&At(before), Type::TIMESTAMPTZ), (&remote, Type::BOOL)],
            |row| Ok(row.try_get::<_, i64>(0)?),
        )
        .await?;
    let mut purged = counted(&dropped);
    for (table, key, may_go) in AGED {
        lease.renew();
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN
                 (SELECT {key} FROM {table} WHERE {may_go} AND $3 IS NOT NULL LIMIT $2)"
        );
        let parameters: [super::lease::Parameter<'_>; 3] =
            [(&At(before), Type::TIMESTAMPTZ), (&limit(max), Type::INT8), (&remote, Type::BOOL)];
        purged += usize::try_from(lease.run(&sql, &parameters).await?).unwrap_or(0);
    }
    Ok(purged)
}
