//! What a group of bridges and a hot store that is rebuilt ask for (D28): epoch, members, validated pairs.

use bridge_core::{Span, Timestamp};
use tokio_postgres::types::Type;

use super::columns::{At, limit};
use super::lease::Lease;
use bridge_store::Result;
use bridge_store::audit::{Member, Totals};

pub(super) async fn epoch(lease: &mut Lease) -> Result<Option<String>> {
    Ok(lease.rows("SELECT name FROM ops.epoch", &[], |row| Ok(row.try_get(0)?)).await?.pop())
}

pub(super) async fn save_epoch(lease: &mut Lease, now: Timestamp, epoch: &str) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.epoch (name, saved_at) VALUES ($1, $2)
             ON CONFLICT (one) DO UPDATE SET name = excluded.name, saved_at = excluded.saved_at",
            &[(&epoch, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)],
        )
        .await
        .map(drop)
}

pub(super) async fn note_member(lease: &mut Lease, member: &Member) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.member (bridge, handed_over, seen_at) VALUES ($1, $2, now())
             ON CONFLICT (bridge) DO UPDATE SET handed_over = excluded.handed_over, seen_at = excluded.seen_at",
            &[(&member.bridge, Type::UUID), (&member.handed_over, Type::TEXT)],
        )
        .await
        .map(drop)
}

pub(super) async fn members(lease: &mut Lease, within: Span) -> Result<Vec<Member>> {
    lease
        .rows(
            "SELECT bridge, handed_over FROM ops.member
             WHERE seen_at >= now() - $1 * interval '1 millisecond' ORDER BY bridge",
            &[(&within.0, Type::INT8)],
            |row| Ok(Member { bridge: row.try_get(0)?, handed_over: row.try_get(1)? }),
        )
        .await
}

pub(super) async fn validated_pairs(
    lease: &mut Lease,
    after: Option<&str>,
    max: usize,
) -> Result<Vec<String>> {
    lease
        .rows(
            "SELECT pair FROM ops.validated_mobile WHERE pair > $1 ORDER BY pair LIMIT $2",
            &[(&after.unwrap_or_default(), Type::TEXT), (&limit(max), Type::INT8)],
            |row| Ok(row.try_get(0)?),
        )
        .await
}

pub(super) async fn unblacklisted_since(
    lease: &mut Lease,
    since: Timestamp,
) -> Result<Vec<(String, Timestamp)>> {
    lease
        .rows(
            "SELECT mobile_number, at FROM ops.unblacklisted WHERE at >= $1 ORDER BY at, id",
            &[(&At(since), Type::TIMESTAMPTZ)],
            |row| Ok((row.try_get(0)?, row.try_get::<_, At>(1)?.0)),
        )
        .await
}

/// The largest id is among the newest rows: ids never go back, not even after a loss (D21).
pub(super) async fn totals(lease: &mut Lease) -> Result<Totals> {
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
