//! `power_down_store`: SMS that wait to be judged.

use async_trait::async_trait;
use bridge_core::message::storable;
use bridge_core::onboarding::hex;
use bridge_core::{InboundSms, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{LaterTrail, WaitingSms, part};
use bridge_store::place::Place;
use tokio_postgres::types::Type;

use super::columns::{At, behind, limit};
use super::lease::{BATCH, Lease, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl LaterTrail for PostgresAudit {
    async fn store_for_later(&self, sms: &InboundSms) -> Result<()> {
        on_lease!(self.store_for_later(QUICK, store, sms))
    }

    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>> {
        on_lease!(self.waiting_sms(BATCH, waiting, after, max))
    }

    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool> {
        on_lease!(self.parts_judged(QUICK, parts_judged, sms, since))
    }

    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()> {
        on_lease!(self.mark_processed(BATCH, mark_processed, now, ids))
    }
}

/// What it is judged by later is the body; the other columns are for people.
async fn store(lease: &mut Lease, sms: &InboundSms) -> Result<()> {
    let body = serde_json::to_string(sms).map_err(|e| lease.unreadable(&e))?;
    let fingerprint = hex(&sms.identity().fingerprint);
    lease
        .run(
            "INSERT INTO public.power_down_store (mobile_number, sms_message, received_timestamp, device_id, stored_at,
                 sms_id, receiver_id, format, fingerprint, server_received_at, body, part)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $5, $10, $11) ON CONFLICT (sms_id) DO NOTHING",
            &[
                (&storable(sms.mobile_number()), Type::TEXT),
                (&storable(&sms.text), Type::TEXT),
                (&At(sms.received_timestamp), Type::TIMESTAMPTZ),
                (&sms.line.as_deref().map(storable), Type::TEXT),
                (&At(sms.server_received_at), Type::TIMESTAMPTZ),
                (&sms.sms_id, Type::UUID),
                (&storable(&sms.receiver_id), Type::TEXT),
                (&storable(&sms.format), Type::TEXT),
                (&fingerprint, Type::TEXT),
                (&body, Type::TEXT),
                (&part_text(sms), Type::TEXT),
            ],
        )
        .await
        .map(drop)
}

fn part_text(sms: &InboundSms) -> Option<String> {
    sms.part.as_ref().map(|part| storable(&part::text(part)).into_owned())
}

async fn parts_judged(lease: &mut Lease, sms: &InboundSms, since: Timestamp) -> Result<bool> {
    let Some(part) = part_text(sms) else { return Ok(false) };
    let found = lease
        .rows(
            "SELECT EXISTS (SELECT FROM public.power_down_store
                 WHERE processed AND part = $1 AND mobile_number = $2 AND receiver_id = $3 AND server_received_at >= $4)",
            &[
                (&part, Type::TEXT),
                (&storable(sms.mobile_number()), Type::TEXT),
                (&storable(&sms.receiver_id), Type::TEXT),
                (&At(since), Type::TIMESTAMPTZ),
            ],
            |row| Ok(row.try_get::<_, bool>(0)?),
        )
        .await?;
    Ok(found == [true])
}

async fn waiting(lease: &mut Lease, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>> {
    let (at, id) = behind(after);
    lease
        .rows(
            "SELECT id, body FROM public.power_down_store
             WHERE NOT processed AND (server_received_at, id) > ($1, $2)
             ORDER BY server_received_at, id LIMIT $3",
            &[(&at, Type::TIMESTAMPTZ), (&id, Type::INT8), (&limit(max), Type::INT8)],
            |row| Ok(WaitingSms { id: row.try_get(0)?, sms: serde_json::from_str(row.try_get(1)?)? }),
        )
        .await
}

async fn mark_processed(lease: &mut Lease, now: Timestamp, ids: &[i64]) -> Result<()> {
    lease
        .run(
            "UPDATE public.power_down_store SET processed = true, processed_at = $1
             WHERE id = ANY ($2) AND NOT processed",
            &[(&At(now), Type::TIMESTAMPTZ), (&ids, Type::INT8_ARRAY)],
        )
        .await
        .map(drop)
}
