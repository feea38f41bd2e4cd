//! Refused registrations: the table `ops.registration_attempts` (D13).

use async_trait::async_trait;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{Refusal, RefusalTrail};
use tokio_postgres::types::Type;

use super::columns::{At, column, limit};
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl RefusalTrail for PostgresAudit {
    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()> {
        on_lease!(self.append_refusals(BATCH, append_refusals, batch))
    }

    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>> {
        on_lease!(self.refusals(QUICK, refusals, max))
    }
}

async fn append_refusals(lease: &mut Lease, batch: &[Refusal]) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.registration_attempts (at, reason, mobile_number, address_hash, place, stands_for)
             SELECT at, reason, mobile, address, country, stands_for
             FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
                 WITH ORDINALITY AS arrived (at, reason, mobile, address, country, stands_for, turn)
             ORDER BY turn",
            &[
                (&column(batch, |refusal| At(refusal.at)), Type::TIMESTAMPTZ_ARRAY),
                (&column(batch, |refusal| storable(&refusal.reason)), Type::TEXT_ARRAY),
                (&column(batch, |refusal| storable(&refusal.mobile_number)), Type::TEXT_ARRAY),
                (&column(batch, |refusal| refusal.address_hash.as_deref()), Type::TEXT_ARRAY),
                (&column(batch, |refusal| refusal.place.as_deref()), Type::TEXT_ARRAY),
                (&column(batch, |refusal| refusal.stands_for), Type::INT8_ARRAY),
            ],
        )
        .await
        .map(drop)
}

async fn refusals(lease: &mut Lease, max: usize) -> Result<Vec<Refusal>> {
    lease
        .rows(
            "SELECT at, reason, mobile_number, address_hash, place, stands_for FROM ops.registration_attempts
             ORDER BY id DESC LIMIT $1",
            &[(&limit(max), Type::INT8)],
            |row| {
                Ok(Refusal {
                    at: row.try_get::<_, At>(0)?.0,
                    reason: row.try_get(1)?,
                    mobile_number: row.try_get(2)?,
                    address_hash: row.try_get(3)?,
                    place: row.try_get(4)?,
                    stands_for: row.try_get(5)?,
                })
            },
        )
        .await
}
