//! What age removes (D31): whole months of `input_sms` where nothing in them waits, single rows elsewhere.

use bridge_core::Timestamp;
use tokio_postgres::types::Type;

use super::columns::{At, counted, limit};
use super::lease::Lease;
use bridge_store::Result;

/// The tables, the key that finds a row again, and what may go. `$3`: the remote is in use.
const AGED: [(&str, &str, &str); 8] = [
    (
        "public.input_sms",
        "server_received_at, id",
        "server_received_at < $1 AND (NOT $3 OR validation_status <> 'passed' OR synced_at IS NOT NULL)",
    ),
    ("public.onboarding_mobile", "id", "request_timestamp < $1"),
    ("public.power_down_store", "id", "stored_at < $1 AND processed"),
    ("ops.registration_attempts", "id", "at < $1"),
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

pub(super) async fn purge(lease: &mut Lease, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
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
