//! Batches of rows, each batch one statement, and the row that the database refuses for what is in it: it goes
//! to quarantine with its reason, and stops no other.

use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::columns::At;
use super::lease::Lease;

/// The columns of a batch, each an array.
pub(super) type Columns<'a> = Vec<(Box<dyn ToSql + Sync + Send + 'a>, Type)>;

/// A row that is written in batches.
pub(super) trait Batched: Sized + Sync {
    /// The statement; it answers one row. Written again, a row changes nothing.
    fn statement() -> &'static str;
    /// Its parameters.
    fn columns(batch: &[Self]) -> Columns<'_>;
    /// What is kept of it when its table refuses it.
    fn refused(&self) -> Kept;
}

/// A refused row in quarantine.
pub(super) struct Kept {
    /// Names it: refused once more, it is still one.
    pub(super) name: String,
    pub(super) at: Timestamp,
    pub(super) receiver_id: String,
    pub(super) format: String,
    /// The whole row as JSON.
    pub(super) body: serde_json::Result<Vec<u8>>,
}

/// How often a batch is sent again because partitions changed under it: after that it is the row's fault.
const MISROUTED: usize = 20;

/// What became of a batch.
pub(super) struct Written<'a, R> {
    /// What the statements answered, a row each.
    pub(super) answers: Vec<Row>,
    /// The rows that are in quarantine.
    pub(super) refused: Vec<&'a R>,
}

/// Writes a batch. Where the database refuses a row, the batch is halved until that row is alone.
pub(super) async fn write<'a, R: Batched>(lease: &mut Lease, batch: &'a [R]) -> Result<Written<'a, R>> {
    let mut written = Written { answers: Vec::new(), refused: Vec::new() };
    let mut parts = vec![batch];
    let mut misrouted = 0;
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        lease.renew();
        let columns = R::columns(part);
        let parameters: Vec<_> = columns
            .iter()
            .map(|(values, r#type)| (&**values as &(dyn ToSql + Sync), r#type.clone()))
            .collect();
        match lease.attempt(R::statement(), &parameters).await {
            Ok(rows) => written.answers.extend(rows),
            Err(failure) if failure.is_misrouted && misrouted < MISROUTED => {
                misrouted += 1;
                parts.push(part);
            }
            Err(failure) => match (&failure.refused, part) {
                (Some(why), [row]) => {
                    quarantine(lease, &row.refused(), why).await?;
                    written.refused.push(row);
                }
                (Some(_), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
                (None, _) => return Err(lease.failed(failure)),
            },
        }
    }
    Ok(written)
}

async fn quarantine(lease: &mut Lease, kept: &Kept, why: &str) -> Result<()> {
    tracing::warn!(row = %kept.name, "a row that the database refuses is now in ops.quarantine");
    let why = storable(why);
    let body = kept.body.as_ref().map_err(|e| lease.unreadable(e))?;
    lease
        .run(
            "INSERT INTO ops.quarantine (at, receiver_id, format, reason, content_type, body, refused_row)
             VALUES ($1, $2, $3, $4, 'application/json', $5, $6) ON CONFLICT (refused_row) DO NOTHING",
            &[
                (&At(kept.at), Type::TIMESTAMPTZ),
                (&storable(&kept.receiver_id), Type::TEXT),
                (&storable(&kept.format), Type::TEXT),
                (&why, Type::TEXT),
                (body, Type::BYTEA),
                (&kept.name, Type::TEXT),
            ],
        )
        .await
        .map(drop)
}
