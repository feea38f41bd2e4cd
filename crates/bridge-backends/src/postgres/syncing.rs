//! What of `input_sms` the remote still has to hear of (D20), and what it refused.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{Refused, SyncTrail, Unsynced};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, column, limit};
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl SyncTrail for PostgresAudit {
    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>> {
        on_lease!(self.unsynced(BATCH, unsynced, max))
    }

    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()> {
        on_lease!(self.mark_synced(BATCH, mark_synced, now, rows))
    }

    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        dead_letter_after: u32,
    ) -> Result<bool> {
        on_lease!(self.note_refused(BATCH, note_refused, now, row, reason, dead_letter_after))
    }

    async fn refused(&self, max: usize) -> Result<Vec<Refused>> {
        on_lease!(self.refused(QUICK, refused, max))
    }

    async fn let_go(&self, sms_id: Option<Uuid>) -> Result<usize> {
        on_lease!(self.let_go(QUICK, let_go, sms_id))
    }
}

async fn unsynced(lease: &mut Lease, max: usize) -> Result<Vec<Unsynced>> {
    lease
        .rows(
            "SELECT sms_id, server_received_at, mobile_number, coalesce(device_id, ''), created_at
             FROM public.input_sms sms
             WHERE validation_status = 'passed' AND synced_at IS NULL AND NOT EXISTS
                 (SELECT FROM ops.sync_refused refused JOIN public.input_sms parked
                      ON parked.sms_id = refused.sms_id AND parked.server_received_at = refused.server_received_at
                  WHERE refused.parked AND refused.mobile_number = sms.mobile_number AND parked.id <= sms.id)
             ORDER BY id LIMIT $1",
            &[(&limit(max), Type::INT8)],
            |row| {
                Ok(Unsynced {
                    sms_id: row.try_get(0)?,
                    server_received_at: row.try_get::<_, At>(1)?.0,
                    mobile_number: row.try_get(2)?,
                    device_id: row.try_get(3)?,
                    validated_at: row.try_get::<_, At>(4)?.0,
                })
            },
        )
        .await
}

async fn mark_synced(lease: &mut Lease, now: Timestamp, rows: &[Unsynced]) -> Result<()> {
    lease
        .run(
            "WITH confirmed AS (
                 SELECT * FROM unnest($2::uuid[], $3::timestamptz[]) AS confirmed (sms_id, taken_in)
             ), accepted AS (
                 DELETE FROM ops.sync_refused USING confirmed WHERE sync_refused.sms_id = confirmed.sms_id
             )
             UPDATE public.input_sms sms SET synced_at = $1 FROM confirmed
             WHERE sms.sms_id = confirmed.sms_id AND sms.server_received_at = confirmed.taken_in
                 AND sms.synced_at IS NULL",
            &[
                (&At(now), Type::TIMESTAMPTZ),
                (&column(rows, |row| row.sms_id), Type::UUID_ARRAY),
                (&column(rows, |row| At(row.server_received_at)), Type::TIMESTAMPTZ_ARRAY),
            ],
        )
        .await
        .map(drop)
}

async fn note_refused(
    lease: &mut Lease,
    now: Timestamp,
    row: &Unsynced,
    reason: &str,
    dead_letter_after: u32,
) -> Result<bool> {
    let parked = lease
        .rows(
            "INSERT INTO ops.sync_refused AS there (sms_id, server_received_at, mobile_number, attempts, reason, at, parked)
             VALUES ($1, $2, $3, 1, $4, $5, 1 >= $6)
             ON CONFLICT (sms_id) DO UPDATE SET
                 attempts = there.attempts + 1, reason = excluded.reason, at = excluded.at,
                 parked = there.parked OR there.attempts + 1 >= $6
             RETURNING parked",
            &[
                (&row.sms_id, Type::UUID),
                (&At(row.server_received_at), Type::TIMESTAMPTZ),
                (&row.mobile_number, Type::TEXT),
                (&storable(reason), Type::TEXT),
                (&At(now), Type::TIMESTAMPTZ),
                (&i64::from(dead_letter_after), Type::INT8),
            ],
            |row| Ok(row.try_get::<_, bool>(0)?),
        )
        .await?;
    Ok(parked == [true])
}

async fn refused(lease: &mut Lease, max: usize) -> Result<Vec<Refused>> {
    lease
        .rows(
            "SELECT sms_id, mobile_number, attempts, reason, at, parked FROM ops.sync_refused
             ORDER BY at DESC, id DESC LIMIT $1",
            &[(&limit(max), Type::INT8)],
            |row| {
                Ok(Refused {
                    sms_id: row.try_get(0)?,
                    mobile_number: row.try_get(1)?,
                    attempts: row.try_get(2)?,
                    reason: row.try_get(3)?,
                    at: row.try_get::<_, At>(4)?.0,
                    dead_lettered: row.try_get(5)?,
                })
            },
        )
        .await
}

/// It may be refused as often again as a new one.
async fn let_go(lease: &mut Lease, sms_id: Option<Uuid>) -> Result<usize> {
    let sql = "UPDATE ops.sync_refused SET parked = false, attempts = 0
         WHERE parked AND ($1::uuid IS NULL OR sms_id = $1)";
    let let_go = lease.run(sql, &[(&sms_id, Type::UUID)]).await?;
    Ok(usize::try_from(let_go).unwrap_or(usize::MAX))
}
