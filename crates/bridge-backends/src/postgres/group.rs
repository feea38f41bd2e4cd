//! What a group of bridges and a hot store that is rebuilt ask for (D28): epoch, members, validated pairs.

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{GroupTrail, Member};
use tokio_postgres::types::Type;

use super::columns::{At, limit};
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl GroupTrail for PostgresAudit {
    async fn epoch(&self) -> Result<Option<String>> {
        on_lease!(self.epoch(QUICK, epoch))
    }

    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()> {
        on_lease!(self.save_epoch(QUICK, save_epoch, now, epoch))
    }

    async fn note_member(&self, member: &Member) -> Result<()> {
        on_lease!(self.note_member(QUICK, note_member, member))
    }

    async fn members(&self, within: Span) -> Result<Vec<Member>> {
        on_lease!(self.members(QUICK, members, within))
    }

    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>> {
        on_lease!(self.validated_pairs(BATCH, validated_pairs, after, max))
    }

    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
        on_lease!(self.unblacklisted_since(BATCH, unblacklisted_since, since))
    }
}

async fn epoch(lease: &mut Lease) -> Result<Option<String>> {
    Ok(lease.rows("SELECT name FROM ops.epoch", &[], |row| Ok(row.try_get(0)?)).await?.pop())
}

async fn save_epoch(lease: &mut Lease, now: Timestamp, epoch: &str) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.epoch (name, saved_at) VALUES ($1, $2)
             ON CONFLICT (one) DO UPDATE SET name = excluded.name, saved_at = excluded.saved_at",
            &[(&epoch, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)],
        )
        .await
        .map(drop)
}

async fn note_member(lease: &mut Lease, member: &Member) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.member (bridge, handed_over, seen_at) VALUES ($1, $2, now())
             ON CONFLICT (bridge) DO UPDATE SET handed_over = excluded.handed_over, seen_at = excluded.seen_at",
            &[(&member.bridge, Type::UUID), (&member.handed_over, Type::TEXT)],
        )
        .await
        .map(drop)
}

async fn members(lease: &mut Lease, within: Span) -> Result<Vec<Member>> {
    lease
        .rows(
            "SELECT bridge, handed_over FROM ops.member
             WHERE seen_at >= now() - $1 * interval '1 millisecond' ORDER BY bridge",
            &[(&within.0, Type::INT8)],
            |row| Ok(Member { bridge: row.try_get(0)?, handed_over: row.try_get(1)? }),
        )
        .await
}

async fn validated_pairs(lease: &mut Lease, after: Option<&str>, max: usize) -> Result<Vec<String>> {
    lease
        .rows(
            "SELECT pair FROM ops.validated_mobile WHERE pair > $1 ORDER BY pair LIMIT $2",
            &[(&after.unwrap_or_default(), Type::TEXT), (&limit(max), Type::INT8)],
            |row| Ok(row.try_get(0)?),
        )
        .await
}

async fn unblacklisted_since(lease: &mut Lease, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
    lease
        .rows(
            "SELECT mobile_number, at FROM ops.unblacklisted WHERE at >= $1 ORDER BY at, id",
            &[(&At(since), Type::TIMESTAMPTZ)],
            |row| Ok((row.try_get(0)?, row.try_get::<_, At>(1)?.0)),
        )
        .await
}
