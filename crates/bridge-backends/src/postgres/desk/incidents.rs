//! Incidents.

use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::desk::{INCIDENTS, Incident};
use tokio_postgres::types::Type;

use super::super::columns::{At, limit};
use super::super::lease::Lease;

/// The end that was told first stays.
pub(super) async fn note(
    lease: &mut Lease,
    what: &str,
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
    detail: &str,
) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.incident AS there (what, began_at, ended_at, detail) VALUES ($1, $2, $3, $4)
             ON CONFLICT (what, began_at) DO UPDATE SET ended_at = excluded.ended_at, detail = excluded.detail
             WHERE there.ended_at IS NULL AND excluded.ended_at IS NOT NULL",
            &[
                (&what, Type::TEXT),
                (&At(began_at), Type::TIMESTAMPTZ),
                (&ended_at.map(At), Type::TIMESTAMPTZ),
                (&detail, Type::TEXT),
            ],
        )
        .await
        .map(drop)
}

pub(super) async fn between(lease: &mut Lease, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>> {
    let sql = format!(
        "SELECT id, what, began_at, ended_at, detail FROM ops.incident
         WHERE began_at < $2 AND (ended_at IS NULL OR ended_at >= $1) ORDER BY began_at DESC, id DESC LIMIT {INCIDENTS}"
    );
    lease
        .rows(&sql, &[(&At(from), Type::TIMESTAMPTZ), (&At(to), Type::TIMESTAMPTZ)], |row| {
            Ok(Incident {
                id: row.try_get(0)?,
                what: row.try_get(1)?,
                began_at: row.try_get::<_, At>(2)?.0,
                ended_at: row.try_get::<_, Option<At>>(3)?.map(|at| at.0),
                detail: row.try_get(4)?,
            })
        })
        .await
}

pub(super) async fn purge(lease: &mut Lease, before: Timestamp, max: usize) -> Result<usize> {
    let gone = lease
        .run(
            "DELETE FROM ops.incident WHERE id IN
                 (SELECT id FROM ops.incident WHERE began_at < $1 AND ended_at < $1 LIMIT $2)",
            &[(&At(before), Type::TIMESTAMPTZ), (&limit(max), Type::INT8)],
        )
        .await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}
