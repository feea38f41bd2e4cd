//! Bodies that nobody can use.

use async_trait::async_trait;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{QuarantineRoom, QuarantineTrail, Quarantined};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, limit};
use super::lease::{Lease, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl QuarantineTrail for PostgresAudit {
    async fn quarantine(&self, entry: &Quarantined) -> Result<()> {
        on_lease!(self.quarantine(QUICK, keep, entry))
    }

    async fn trim_quarantine(&self, receiver_id: &str, room: QuarantineRoom) -> Result<u64> {
        on_lease!(self.trim_quarantine(QUICK, trim, receiver_id, room))
    }

    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>> {
        on_lease!(self.quarantined(QUICK, newest, max))
    }

    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>> {
        on_lease!(self.quarantined_one(QUICK, one, id))
    }

    async fn remove_quarantined(&self, id: Uuid) -> Result<bool> {
        on_lease!(self.remove_quarantined(QUICK, remove, id))
    }
}

async fn keep(lease: &mut Lease, entry: &Quarantined) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.quarantine (quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (quarantine_id) DO NOTHING",
            &[
                (&entry.id, Type::UUID),
                (&At(entry.at), Type::TIMESTAMPTZ),
                (&storable(&entry.receiver_id), Type::TEXT),
                (&storable(&entry.format), Type::TEXT),
                (&storable(&entry.reason), Type::TEXT),
                (&storable(&entry.content_type), Type::TEXT),
                (&entry.body, Type::BYTEA),
                (&entry.whole_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)), Type::INT8),
            ],
        )
        .await
        .map(drop)
}

pub(super) fn entry(row: &Row) -> std::result::Result<Quarantined, Unreadable> {
    Ok(Quarantined {
        id: row.try_get(0)?,
        at: row.try_get::<_, At>(1)?.0,
        receiver_id: row.try_get(2)?,
        format: row.try_get(3)?,
        reason: row.try_get(4)?,
        content_type: row.try_get(5)?,
        body: row.try_get(6)?,
        whole_bytes: row.try_get::<_, Option<i64>>(7)?.map(i64::unsigned_abs),
    })
}

/// From the newest on: what is beyond the room goes, but never the newest itself.
async fn trim(lease: &mut Lease, receiver: &str, room: QuarantineRoom) -> Result<u64> {
    let limit = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
    lease
        .run(
            "DELETE FROM ops.quarantine WHERE id IN (
                 SELECT id FROM (
                     SELECT id, row_number() OVER newest AS number, sum(octet_length(body)) OVER newest AS bytes
                     FROM ops.quarantine WHERE receiver_id = $1 AND refused_row IS NULL
                     WINDOW newest AS (ORDER BY id DESC)) AS counted
                 WHERE number > 1 AND (number > $2 OR bytes > $3))",
            &[
                (&storable(receiver), Type::TEXT),
                (&limit(room.bodies), Type::INT8),
                (&limit(room.bytes), Type::INT8),
            ],
        )
        .await
}

async fn newest(lease: &mut Lease, max: usize) -> Result<Vec<Quarantined>> {
    lease
        .rows(
            "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops.quarantine
             ORDER BY id DESC LIMIT $1",
            &[(&limit(max), Type::INT8)],
            entry,
        )
        .await
}

async fn one(lease: &mut Lease, id: Uuid) -> Result<Option<Quarantined>> {
    let found = lease
        .rows(
            "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops.quarantine
             WHERE quarantine_id = $1",
            &[(&id, Type::UUID)],
            entry,
        )
        .await?;
    Ok(found.into_iter().next())
}

pub(super) async fn remove(lease: &mut Lease, id: Uuid) -> Result<bool> {
    Ok(lease.run("DELETE FROM ops.quarantine WHERE quarantine_id = $1", &[(&id, Type::UUID)]).await? > 0)
}
