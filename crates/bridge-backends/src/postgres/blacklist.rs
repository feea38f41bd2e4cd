//! Blocked numbers: the table `blacklist_sms`.

use std::collections::HashMap;

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_core::message::storable;
use bridge_store::Result;
use bridge_store::audit::{BlacklistTrail, Blacklisted};
use bridge_store::blacklisting::Blacklisting;
use tokio_postgres::types::Type;

use super::columns::{At, column};
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl BlacklistTrail for PostgresAudit {
    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()> {
        on_lease!(self.append_blacklist(BATCH, append_blacklist, batch))
    }

    async fn blacklist(&self) -> Result<Vec<Blacklisted>> {
        on_lease!(self.blacklist(BATCH, blacklist))
    }

    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool> {
        on_lease!(self.remove_blacklisted(QUICK, remove_blacklisted, now, mobile))
    }

    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64> {
        on_lease!(self.clear_ended_blocks(QUICK, clear_ended_blocks, now))
    }
}

async fn append_blacklist(lease: &mut Lease, batch: &[Blacklisting]) -> Result<()> {
    // One statement cannot write a row twice.
    let mut once: Vec<&Blacklisting> = Vec::with_capacity(batch.len());
    let mut places: HashMap<&str, usize> = HashMap::new();
    for entry in batch {
        match places.get(entry.mobile_number.as_str()) {
            None => {
                places.insert(&entry.mobile_number, once.len());
                once.push(entry);
            }
            Some(place) if once[*place].gives_way_to(entry) => once[*place] = entry,
            Some(_) => {}
        }
    }
    let batch = &once[..];
    lease
        .run(
            "INSERT INTO public.blacklist_sms AS known (mobile_number, country_code, local_mobile, blacklisted_at,
                 reason, message_count, created_at, expires_at, blocked_by)
             SELECT mobile, country, local, at, reason, count, at, ends, by
             FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::bigint[],
                     $7::timestamptz[], $8::text[])
                 WITH ORDINALITY AS arrived (mobile, country, local, at, reason, count, ends, by, place)
             ORDER BY place ON CONFLICT (mobile_number) DO UPDATE SET blacklisted_at = excluded.blacklisted_at,
                 reason = excluded.reason, message_count = excluded.message_count, expires_at = excluded.expires_at,
                 blocked_by = excluded.blocked_by
             WHERE known.expires_at <= excluded.blacklisted_at
                 OR excluded.blocked_by IS NOT NULL AND excluded.blacklisted_at >= known.blacklisted_at",
            &[
                (&column(batch, |entry| &*entry.mobile_number), Type::TEXT_ARRAY),
                (&column(batch, |entry| &*entry.country_code), Type::TEXT_ARRAY),
                (&column(batch, |entry| &*entry.local_mobile), Type::TEXT_ARRAY),
                (&column(batch, |entry| At(entry.blacklisted_at)), Type::TIMESTAMPTZ_ARRAY),
                (&column(batch, |entry| storable(&entry.reason)), Type::TEXT_ARRAY),
                (&column(batch, |entry| entry.message_count), Type::INT8_ARRAY),
                (&column(batch, |entry| entry.expires_at.map(At)), Type::TIMESTAMPTZ_ARRAY),
                (&column(batch, |entry| entry.blocked_by.as_deref().map(storable)), Type::TEXT_ARRAY),
            ],
        )
        .await
        .map(drop)
}

async fn clear_ended_blocks(lease: &mut Lease, now: Timestamp) -> Result<u64> {
    let sql = "DELETE FROM public.blacklist_sms WHERE expires_at <= $1";
    lease.run(sql, &[(&At(now), Type::TIMESTAMPTZ)]).await
}

async fn blacklist(lease: &mut Lease) -> Result<Vec<Blacklisted>> {
    lease
        .rows(
            "SELECT mobile_number, coalesce(country_code, ''), coalesce(local_mobile, ''), blacklisted_at, reason,
                 message_count, expires_at, blocked_by
             FROM public.blacklist_sms ORDER BY blacklisted_at DESC, mobile_number",
            &[],
            |row| {
                Ok(Blacklisting {
                    mobile_number: row.try_get(0)?,
                    country_code: row.try_get(1)?,
                    local_mobile: row.try_get(2)?,
                    blacklisted_at: row.try_get::<_, At>(3)?.0,
                    reason: row.try_get(4)?,
                    message_count: row.try_get(5)?,
                    expires_at: row.try_get::<_, Option<At>>(6)?.map(|at| at.0),
                    blocked_by: row.try_get(7)?,
                })
            },
        )
        .await
}

/// Remembers when, also where the hot store alone had it: its count of the day begins anew.
async fn remove_blacklisted(lease: &mut Lease, now: Timestamp, mobile: &str) -> Result<bool> {
    let removed = lease
        .rows(
            "WITH noted AS (
                 INSERT INTO ops.unblacklisted (mobile_number, at) VALUES ($1, $2)
                 ON CONFLICT (mobile_number) DO UPDATE SET at = excluded.at
             )
             DELETE FROM public.blacklist_sms WHERE mobile_number = $1 RETURNING true",
            &[(&mobile, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)],
            |row| Ok(row.try_get::<_, bool>(0)?),
        )
        .await?;
    Ok(!removed.is_empty())
}
