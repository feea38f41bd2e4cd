//! `onboarding_mobile`: every onboarding in its newest version.

use std::collections::HashMap;
use std::sync::LazyLock;

use async_trait::async_trait;
use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::audit::OnboardingTrail;
use bridge_store::place::Place;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::batch::{self, Batched, Columns, Kept};
use super::columns::{At, asked, asked_text, behind, column, counted, e164, limit};
use super::counting;
use super::lease::{BATCH, Lease, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl OnboardingTrail for PostgresAudit {
    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize> {
        on_lease!(self.upsert_onboardings(BATCH, upsert, batch))
    }

    async fn newest_onboardings(&self, mobile: &str, max: usize) -> Result<Vec<Onboarding>> {
        on_lease!(self.newest_onboardings(QUICK, newest, mobile, max))
    }

    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>> {
        on_lease!(self.onboardings_by_ids(QUICK, by_ids, ids))
    }

    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>> {
        on_lease!(self.unexpired_onboardings(BATCH, unexpired, now, after, max))
    }
}

/// A row that was there has been updated by a transaction before: xmax tells.
const UPSERT: &str = "WITH written AS (
             INSERT INTO public.onboarding_mobile AS there (onboarding_id, mobile_number, email, device_id, hash, salt,
                 country_code, local_mobile, request_timestamp, user_deadline, expires_at, status, is_validated,
                 validated_at, version, created_at, last_sms, client_hash, asked)
             SELECT id, mobile, email, device, hash, salt, country, local, requested, deadline, expires, status,
                 status = 'validated', validated, version, requested, last_sms, client, asked
             FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                 $9::timestamptz[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::timestamptz[], $14::bigint[],
                 $15::text[], $16::text[], $17::text[])
                 WITH ORDINALITY AS arrived (id, mobile, email, device, hash, salt, country, local, requested, deadline,
                     expires, status, validated, version, last_sms, client, asked, place)
             ORDER BY place
             ON CONFLICT (onboarding_id) DO UPDATE SET
                 request_timestamp = excluded.request_timestamp, user_deadline = excluded.user_deadline,
                 expires_at = CASE WHEN excluded.user_deadline = there.user_deadline THEN there.expires_at
                     ELSE excluded.expires_at END,
                 status = excluded.status, is_validated = excluded.is_validated,
                 validated_at = excluded.validated_at, version = excluded.version,
                 last_sms = coalesce(excluded.last_sms, there.last_sms),
                 previous_status = there.status, previous_sms = there.last_sms
             WHERE excluded.version > there.version
             RETURNING there.xmax = 0 AS is_new, request_timestamp, validated_at, status, last_sms, previous_status,
                 previous_sms
         ), {figures}
         SELECT count(*) FILTER (WHERE is_new) FROM written";

impl Batched for Onboarding {
    fn statement() -> &'static str {
        static STATEMENT: LazyLock<String> =
            LazyLock::new(|| UPSERT.replace("{figures}", &counting::of_onboardings()));
        &STATEMENT
    }

    fn columns(batch: &[Onboarding]) -> Columns<'_> {
        vec![
            (Box::new(column(batch, |o| o.id)), Type::UUID_ARRAY),
            (Box::new(column(batch, |o| o.mobile.e164())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.email.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.device_id.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.hash.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.salt.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.mobile.calling_code())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.mobile.national())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| At(o.request_timestamp))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |o| At(o.user_deadline))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |o| At(o.expires_at))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |o| o.state.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.validated_at.map(At))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |o| o.version)), Type::INT8_ARRAY),
            (Box::new(column(batch, last_sms)), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| o.client.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |o| asked_text(&o.asked))), Type::TEXT_ARRAY),
        ]
    }

    fn refused(&self) -> Kept {
        Kept {
            name: format!("onboarding_mobile {} {}", self.id, self.version),
            at: self.request_timestamp,
            receiver_id: String::new(),
            format: "onboarding".to_owned(),
            body: serde_json::to_vec(self),
        }
    }
}

/// What its last SMS came to.
fn last_sms(onboarding: &Onboarding) -> Option<&'static str> {
    let last = onboarding.last_sms.as_ref()?;
    Some(last.verdict.failed_at.map_or("passed", FailedAt::as_str))
}

async fn upsert(lease: &mut Lease, batch: &[Onboarding]) -> Result<usize> {
    let versions = newest_versions(batch);
    let written = batch::write(lease, &versions).await?;
    let new: Vec<i64> = written
        .answers
        .iter()
        .map(|row| lease.read(row, |row| Ok(row.try_get(0)?)))
        .collect::<Result<_>>()?;
    Ok(counted(&new))
}

/// One statement writes a row once: of several versions the newest, in the place of the first.
fn newest_versions(batch: &[Onboarding]) -> Vec<Onboarding> {
    let mut places = HashMap::new();
    let mut newest: Vec<Onboarding> = Vec::with_capacity(batch.len());
    for onboarding in batch {
        let place = *places.entry(onboarding.id).or_insert(newest.len());
        match newest.get_mut(place) {
            Some(there) if there.version < onboarding.version => *there = onboarding.clone(),
            Some(_) => {}
            None => newest.push(onboarding.clone()),
        }
    }
    newest
}

pub(super) const COLUMNS: &str = "id, onboarding_id, mobile_number, email, device_id, hash, salt, request_timestamp, \
     user_deadline, expires_at, status, validated_at, version, client_hash, asked";

pub(super) async fn newest(lease: &mut Lease, mobile: &str, max: usize) -> Result<Vec<Onboarding>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM public.onboarding_mobile WHERE mobile_number COLLATE \"C\" = $1
         ORDER BY request_timestamp DESC, id DESC LIMIT $2"
    );
    lease.rows(&sql, &[(&mobile, Type::TEXT), (&limit(max), Type::INT8)], onboarding_row).await
}

async fn by_ids(lease: &mut Lease, ids: &[Uuid]) -> Result<Vec<Onboarding>> {
    let sql = format!("SELECT {COLUMNS} FROM public.onboarding_mobile WHERE onboarding_id = ANY($1)");
    lease.rows(&sql, &[(&ids, Type::UUID_ARRAY)], onboarding_row).await
}

async fn unexpired(
    lease: &mut Lease,
    now: Timestamp,
    after: Option<Place>,
    max: usize,
) -> Result<Vec<(Place, Onboarding)>> {
    // The first page begins where the oldest of them is, not at the oldest row of all.
    let sql = format!(
        "SELECT {COLUMNS} FROM public.onboarding_mobile
         WHERE expires_at > $1 AND (request_timestamp, id) > ($2, $3) AND request_timestamp >=
             CASE WHEN $2 = '-infinity' THEN
                 (SELECT min(request_timestamp) FROM public.onboarding_mobile WHERE expires_at > $1)
             ELSE $2 END
         ORDER BY request_timestamp, id LIMIT $4"
    );
    let (at, id) = behind(after);
    let parameters: [super::lease::Parameter<'_>; 4] = [
        (&At(now), Type::TIMESTAMPTZ),
        (&at, Type::TIMESTAMPTZ),
        (&id, Type::INT8),
        (&limit(max), Type::INT8),
    ];
    let read = |row: &Row| {
        let onboarding = onboarding_row(row)?;
        Ok((Place { at: onboarding.request_timestamp, id: row.try_get("id")? }, onboarding))
    };
    lease.rows(&sql, &parameters, read).await
}

pub(super) fn onboarding_row(row: &Row) -> std::result::Result<Onboarding, Unreadable> {
    let time = |column: &str| row.try_get::<_, At>(column).map(|at| at.0);
    let mobile = e164(row.try_get("mobile_number")?)?;
    Ok(Onboarding {
        id: row.try_get("onboarding_id")?,
        mobile,
        email: row.try_get("email")?,
        device_id: row.try_get("device_id")?,
        client: row.try_get("client_hash")?,
        asked: asked(row.try_get("asked")?)?,
        hash: row.try_get("hash")?,
        salt: row.try_get("salt")?,
        request_timestamp: time("request_timestamp")?,
        user_deadline: time("user_deadline")?,
        expires_at: time("expires_at")?,
        state: State::from_word(row.try_get("status")?).ok_or("status is no state of an onboarding")?,
        validated_at: row.try_get::<_, Option<At>>("validated_at")?.map(|at| at.0),
        version: row.try_get("version")?,
        last_sms: None,
    })
}
