//! E-mail addresses that may not register.

use async_trait::async_trait;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{BlockedEmail, BlockedEmailTrail};
use tokio_postgres::types::Type;

use super::columns::At;
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl BlockedEmailTrail for PostgresAudit {
    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>> {
        on_lease!(self.blocked_emails(BATCH, all))
    }

    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()> {
        on_lease!(self.put_blocked_email(QUICK, put, entry))
    }
}

async fn all(lease: &mut Lease) -> Result<Vec<BlockedEmail>> {
    lease
        .rows(
            "SELECT address, reason, blocked_by, blocked_at, expires_at, lifted_at, changed_at
             FROM ops.blocked_email ORDER BY address",
            &[],
            |row| {
                Ok(BlockedEmail {
                    address: row.try_get(0)?,
                    reason: row.try_get(1)?,
                    blocked_by: row.try_get(2)?,
                    blocked_at: row.try_get::<_, At>(3)?.0,
                    expires_at: row.try_get::<_, Option<At>>(4)?.map(|at| at.0),
                    lifted_at: row.try_get::<_, Option<At>>(5)?.map(|at| at.0),
                    changed_at: row.try_get::<_, At>(6)?.0,
                })
            },
        )
        .await
}

async fn put(lease: &mut Lease, entry: &BlockedEmail) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.blocked_email (address, reason, blocked_by, blocked_at, expires_at, lifted_at, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, blocked_by = excluded.blocked_by,
                 blocked_at = excluded.blocked_at, expires_at = excluded.expires_at, lifted_at = excluded.lifted_at,
                 changed_at = excluded.changed_at",
            &[
                (&storable(&entry.address), Type::TEXT),
                (&storable(&entry.reason), Type::TEXT),
                (&storable(&entry.blocked_by), Type::TEXT),
                (&At(entry.blocked_at), Type::TIMESTAMPTZ),
                (&entry.expires_at.map(At), Type::TIMESTAMPTZ),
                (&entry.lifted_at.map(At), Type::TIMESTAMPTZ),
                (&At(entry.changed_at), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}
