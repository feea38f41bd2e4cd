//! One person: rows about a number, their removal in one transaction, and the receipts.

use async_trait::async_trait;
use bridge_core::{Mobile, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{PersonTrail, Quarantined};
use bridge_store::judged::QueuedSms;
use bridge_store::person::{self, AuditErased, Block, Blocked, Erasing, Erasure, Table, Traces};
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::columns::{At, limit};
use super::lease::{BATCH, Lease, QUICK, Unreadable};
use super::quarantine::entry;
use super::sms::{NAMES, queued_row};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl PersonTrail for PostgresAudit {
    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>> {
        on_lease!(self.person(BATCH, person, mobile, max))
    }

    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces> {
        on_lease!(self.traces(BATCH, traces, mobile, since))
    }

    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased> {
        on_lease!(self.erase(BATCH, erase, erasing, receipt))
    }

    async fn put_erasure(&self, receipt: &Erasure) -> Result<()> {
        on_lease!(self.put_erasure(QUICK, put_erasure, receipt))
    }

    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>> {
        on_lease!(self.erasures(QUICK, erasures, max))
    }

    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>> {
        on_lease!(self.erased_until(QUICK, erased_until, hashes))
    }

    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64> {
        on_lease!(self.unvalidate(QUICK, unvalidate, now, mobile))
    }
}

/// Tables whose rows carry the number as the program writes it: their name, the name it is known by, the column that
/// says when a row came to be.
const TABLES: [(&str, &str, &str); 8] = [
    ("public.input_sms", "input_sms", "server_received_at"),
    ("public.onboarding_mobile", "onboarding_mobile", "request_timestamp"),
    ("public.power_down_store", "power_down_store", "server_received_at"),
    (VALIDATED, VALIDATED, "validated_at"),
    ("ops.page_funnel", "ops.page_funnel", "at"),
    ("ops.webhook_outbox", "ops.webhook_outbox", "since"),
    ("ops.unblacklisted", "ops.unblacklisted", "at"),
    ("public.blacklist_sms", "blacklist_sms", "blacklisted_at"),
];

/// What SMS proved.
const VALIDATED: &str = "ops.validated_mobile";

const REFUSED: &str = "ops.sync_refused";

const ATTEMPTS: &str = "ops.registration_attempts";

const QUARANTINE: &str = "ops.quarantine";

/// Said in both ways, because the large tables are indexed by the order of bytes and the small ones by the database's.
const OF_NUMBER: &str = "mobile_number = $1 AND mobile_number COLLATE \"C\" = $1";

/// A number as somebody typed it, in digits.
const SPELLED: &str = "regexp_replace(mobile_number, '[^0-9]', '', 'g') = ANY ($1)";

fn json(row: &Row) -> std::result::Result<Value, Unreadable> {
    Ok(serde_json::from_str(row.try_get(0)?)?)
}

async fn person(lease: &mut Lease, mobile: &Mobile, max: usize) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let number = mobile.e164();
    let some = limit(max.saturating_add(1));
    let refused = (REFUSED, REFUSED, "at");
    for (table, name, at) in TABLES.into_iter().chain([refused]) {
        let sql = format!(
            "SELECT to_jsonb(kept)::text FROM {table} kept WHERE {OF_NUMBER} ORDER BY {at} DESC LIMIT $2"
        );
        let rows = lease.rows(&sql, &[(&number, Type::TEXT), (&some, Type::INT8)], json).await?;
        tables.push(cut(name, rows, max));
    }
    let sql =
        format!("SELECT to_jsonb(kept)::text FROM {ATTEMPTS} kept WHERE {SPELLED} ORDER BY id DESC LIMIT $2");
    let spellings = person::spellings(mobile).to_vec();
    let rows = lease.rows(&sql, &[(&spellings, Type::TEXT_ARRAY), (&some, Type::INT8)], json).await?;
    tables.push(cut(ATTEMPTS, rows, max));
    let bodies = quarantined(lease, mobile).await?.iter().map(Quarantined::shown).collect();
    tables.push(cut(QUARANTINE, bodies, max));
    Ok(tables)
}

fn cut(name: &'static str, mut rows: Vec<Value>, max: usize) -> Table {
    let more = rows.len() > max;
    rows.truncate(max);
    Table { name, rows, more }
}

/// Bodies that name that number, newest first.
async fn quarantined(lease: &mut Lease, mobile: &Mobile) -> Result<Vec<Quarantined>> {
    let all = lease
        .rows(
            "SELECT quarantine_id, at, receiver_id, format, reason, content_type, body, whole_bytes FROM ops.quarantine
             WHERE position(convert_to($1, 'UTF8') IN body) > 0 ORDER BY id DESC",
            &[(&mobile.national(), Type::TEXT)],
            entry,
        )
        .await?;
    Ok(all.into_iter().filter(|entry| person::names(&entry.body, mobile)).collect())
}

async fn traces(lease: &mut Lease, mobile: &Mobile, since: Timestamp) -> Result<Traces> {
    let number = mobile.e164();
    let id = |row: &Row| Ok(row.try_get::<_, Uuid>(0)?);
    let onboardings =
        "SELECT onboarding_id FROM public.onboarding_mobile WHERE mobile_number COLLATE \"C\" = $1";
    let waiting = "SELECT sms_id FROM public.power_down_store WHERE mobile_number = $1 AND NOT processed";
    let mut traces = Traces {
        onboardings: lease.rows(onboardings, &[(&number, Type::TEXT)], id).await?,
        waiting: lease.rows(waiting, &[(&number, Type::TEXT)], id).await?,
        ..Traces::default()
    };
    let sql = format!(
        "SELECT {} FROM public.input_sms WHERE mobile_number COLLATE \"C\" = $1 AND server_received_at >= $2",
        *NAMES
    );
    let parameters: [super::lease::Parameter<'_>; 2] =
        [(&number, Type::TEXT), (&At(since), Type::TIMESTAMPTZ)];
    let judged: Vec<QueuedSms> = lease.rows(&sql, &parameters, queued_row).await?;
    judged.iter().for_each(|queued| traces.add(queued));
    Ok(traces)
}

pub(super) async fn erase(
    lease: &mut Lease,
    erasing: &Erasing<'_>,
    receipt: &Erasure,
) -> Result<AuditErased> {
    let Erasing { mobile, until, block } = erasing;
    let (number, until_at) = (mobile.e164(), At(*until));
    lease.begin().await?;
    put_erasure(lease, receipt).await?;
    let mut erased = AuditErased::default();
    let blocked = "SELECT EXISTS (SELECT FROM public.blacklist_sms WHERE mobile_number = $1)";
    let answer = lease.rows(blocked, &[(&number, Type::TEXT)], |row| Ok(row.try_get::<_, bool>(0)?)).await?;
    erased.was_blocked = answer == [true];
    let mut note = |name: &str, count: u64| {
        if count > 0 {
            erased.removed.insert(name.to_owned(), count);
        }
    };
    // The last first: what an SMS proved goes with it, even if it came before the wish and was judged after it.
    for (table, name, at) in TABLES.into_iter().rev() {
        if name == "blacklist_sms" && *block == Block::Keep {
            continue;
        }
        let with_its_sms = match name {
            VALIDATED => {
                "OR sms_id IN (SELECT sms_id FROM public.input_sms
                     WHERE mobile_number COLLATE \"C\" = $1 AND server_received_at <= $2)"
            }
            _ => "",
        };
        let sql = format!("DELETE FROM {table} WHERE {OF_NUMBER} AND ({at} <= $2 {with_its_sms})");
        note(name, lease.run(&sql, &[(&number, Type::TEXT), (&until_at, Type::TIMESTAMPTZ)]).await?);
        lease.renew();
    }
    // What was refused goes with the row that it speaks of.
    let sql = format!("DELETE FROM {REFUSED} WHERE mobile_number = $1 AND server_received_at <= $2");
    note(REFUSED, lease.run(&sql, &[(&number, Type::TEXT), (&until_at, Type::TIMESTAMPTZ)]).await?);
    let sql = format!("DELETE FROM {ATTEMPTS} WHERE {SPELLED} AND at <= $2");
    let spellings = person::spellings(mobile).to_vec();
    note(ATTEMPTS, lease.run(&sql, &[(&spellings, Type::TEXT_ARRAY), (&until_at, Type::TIMESTAMPTZ)]).await?);
    let bodies = quarantined(lease, mobile).await?;
    let bodies: Vec<Uuid> =
        bodies.into_iter().filter(|entry| entry.at <= *until).map(|entry| entry.id).collect();
    let sql = "DELETE FROM ops.quarantine WHERE quarantine_id = ANY ($1)";
    note(QUARANTINE, lease.run(sql, &[(&bodies, Type::UUID_ARRAY)]).await?);
    lease.commit().await?;
    Ok(erased)
}

async fn put_erasure(lease: &mut Lease, receipt: &Erasure) -> Result<()> {
    let removed = serde_json::to_string(&receipt.removed).map_err(|error| lease.unreadable(&error))?;
    lease
        .run(
            "INSERT INTO ops.erasure (erasure_id, number_hash, requested_at, requested_by, blacklist, removed,
                 finished_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (erasure_id) DO UPDATE SET blacklist = excluded.blacklist, removed = excluded.removed,
                 finished_at = excluded.finished_at",
            &[
                (&receipt.id, Type::UUID),
                (&receipt.number_hash, Type::TEXT),
                (&At(receipt.requested_at), Type::TIMESTAMPTZ),
                (&receipt.requested_by, Type::TEXT),
                (&receipt.blacklist.as_str(), Type::TEXT),
                (&removed, Type::TEXT),
                (&receipt.finished_at.map(At), Type::TIMESTAMPTZ),
            ],
        )
        .await
        .map(drop)
}

async fn erasures(lease: &mut Lease, max: usize) -> Result<Vec<Erasure>> {
    lease
        .rows(
            "SELECT erasure_id, number_hash, requested_at, requested_by, blacklist, removed, finished_at
             FROM ops.erasure ORDER BY requested_at DESC, erasure_id DESC LIMIT $1",
            &[(&limit(max), Type::INT8)],
            |row| {
                Ok(Erasure {
                    id: row.try_get(0)?,
                    number_hash: row.try_get(1)?,
                    requested_at: row.try_get::<_, At>(2)?.0,
                    requested_by: row.try_get(3)?,
                    blacklist: Blocked::from_word(row.try_get(4)?)
                        .ok_or("blacklist is no word of this version")?,
                    removed: serde_json::from_str(row.try_get(5)?)?,
                    finished_at: row.try_get::<_, Option<At>>(6)?.map(|at| at.0),
                })
            },
        )
        .await
}

async fn erased_until(lease: &mut Lease, hashes: &[String]) -> Result<Vec<(String, Timestamp)>> {
    lease
        .rows(
            "SELECT number_hash, max(requested_at) FROM ops.erasure WHERE number_hash = ANY ($1)
             GROUP BY number_hash ORDER BY number_hash",
            &[(&hashes, Type::TEXT_ARRAY)],
            |row| Ok((row.try_get(0)?, row.try_get::<_, At>(1)?.0)),
        )
        .await
}

pub(super) async fn unvalidate(lease: &mut Lease, now: Timestamp, mobile: &str) -> Result<u64> {
    let gone = lease
        .rows(
            "WITH told AS (
                 UPDATE public.input_sms SET synced_at = $2
                 WHERE mobile_number COLLATE \"C\" = $1 AND validation_status = 'passed' AND synced_at IS NULL
             ), refused AS (
                 DELETE FROM ops.sync_refused WHERE mobile_number = $1
             ), gone AS (
                 DELETE FROM ops.validated_mobile WHERE mobile_number = $1 RETURNING true
             )
             SELECT count(*) FROM gone",
            &[(&mobile, Type::TEXT), (&At(now), Type::TIMESTAMPTZ)],
            |row| Ok(row.try_get::<_, i64>(0)?),
        )
        .await?;
    Ok(gone.first().copied().unwrap_or_default().unsigned_abs())
}
