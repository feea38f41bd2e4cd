//! `input_sms`: judged SMS go in by batches, and come out for people and for a hot store that is rebuilt.

use std::sync::LazyLock;

use async_trait::async_trait;
use bridge_core::checks::{CHECKS, CheckId};
use bridge_core::sms::IMPORT;
use bridge_core::verdict::{Code, Codes, FailedAt};
use bridge_core::{InboundSms, Mobile, Span, Timestamp, Verdict};
use bridge_store::Result;
use bridge_store::audit::{SmsRow, SmsTrail, part, sender_error};
use bridge_store::judged::QueuedSms;
use bridge_store::place::Place;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::batch::{self, Batched, Columns, Kept};
use super::columns::{At, behind, column, e164, limit};
use super::counting;
use super::lease::{BATCH, Lease, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl SmsTrail for PostgresAudit {
    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize> {
        on_lease!(self.append_sms(BATCH, append, batch))
    }

    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>> {
        on_lease!(self.sms_of(QUICK, of_number, mobile, before, max))
    }

    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>> {
        on_lease!(self.judged_since(BATCH, judged_since, since, after, max))
    }

    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>> {
        on_lease!(self.judged_before(BATCH, judged_before, before, max))
    }

    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>> {
        on_lease!(self.judged_one(QUICK, judged_one, sms_id))
    }
}

/// What is written of a queued SMS, in the order of [`Batched::columns`]; the check columns follow.
const COLUMNS: [(&str, &str); 26] = [
    ("redis_id", "bigint"),
    ("mobile_number", "text"),
    ("country_code", "text"),
    ("local_mobile", "text"),
    ("sms_message", "text"),
    ("received_timestamp", "timestamptz"),
    ("device_id", "text"),
    ("validation_status", "text"),
    ("failed_at_check", "text"),
    ("reason", "text"),
    ("created_at", "timestamptz"),
    ("sms_id", "uuid"),
    ("receiver_id", "text"),
    ("format", "text"),
    ("fingerprint", "text"),
    ("server_received_at", "timestamptz"),
    ("late_delivery", "boolean"),
    ("onboarding_id", "uuid"),
    ("sms_in_window", "bigint"),
    ("line", "text"),
    ("delivery_id", "text"),
    ("stamped", "boolean"),
    ("sender_error", "text"),
    ("clock_skew_ms", "bigint"),
    ("part", "text"),
    ("stamp_raw", "text"),
];

/// All column names with those of the checks, in that order.
pub(super) static NAMES: LazyLock<String> = LazyLock::new(|| {
    let names = COLUMNS.iter().map(|(name, _)| *name).chain(CHECKS.iter().map(|check| check.name));
    names.collect::<Vec<_>>().join(", ")
});

/// One statement, one round trip: the rows, what they validate, the figures of those that are new, how many those
/// were, and when one came in for whose month there is no partition.
static APPEND: LazyLock<String> = LazyLock::new(|| {
    let types = COLUMNS.iter().map(|(_, r#type)| *r#type).chain(CHECKS.iter().map(|_| "integer"));
    let arrays: Vec<String> = (1..).zip(types).map(|(n, r#type)| format!("${n}::{type}[]")).collect();
    format!(
        "WITH arrived AS (
             SELECT * FROM unnest({}) WITH ORDINALITY AS arrived ({names}, place)
         ), written AS (
             INSERT INTO public.input_sms ({names}) SELECT {names} FROM arrived ORDER BY place
             ON CONFLICT (sms_id, server_received_at) DO NOTHING
             RETURNING sms_id, server_received_at, created_at, receiver_id, coalesce(failed_at_check, 'passed') AS outcome,
                 tableoid = 'public.input_sms_default'::regclass AS is_homeless,
                 format = '{IMPORT}' AND NOT stamped AS is_timeless
         ), {figures}, validated AS (
             INSERT INTO ops.validated_mobile (mobile_number, device_id, sms_id, validated_at)
             SELECT mobile_number, coalesce(device_id, ''), sms_id, created_at FROM arrived
             WHERE validation_status = 'passed' AND sms_id IN (SELECT sms_id FROM written) ORDER BY place
             ON CONFLICT DO NOTHING
         )
         SELECT count(*), min(server_received_at) FILTER (WHERE is_homeless) FROM written",
        arrays.join(", "),
        names = *NAMES,
        figures = counting::of_sms(),
    )
});

impl Batched for QueuedSms {
    fn statement() -> &'static str {
        &APPEND
    }

    fn columns(batch: &[QueuedSms]) -> Columns<'_> {
        let mut columns: Columns<'_> = vec![
            (Box::new(column(batch, |q| q.id)), Type::INT8_ARRAY),
            (Box::new(column(batch, |q| q.sms.mobile_number())), Type::TEXT_ARRAY),
            (
                Box::new(column(batch, |q| q.sms.sender.as_ref().ok().map(Mobile::calling_code))),
                Type::TEXT_ARRAY,
            ),
            (Box::new(column(batch, |q| q.sms.sender.as_ref().ok().map(Mobile::national))), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.text.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| At(q.sms.received_timestamp))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |q| q.device_id.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.verdict.status())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.verdict.failed_at.map(FailedAt::as_str))), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.verdict.reason.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| At(q.judged_at))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |q| q.sms.sms_id)), Type::UUID_ARRAY),
            (Box::new(column(batch, |q| q.sms.receiver_id.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.format.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.fingerprint.as_str())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| At(q.sms.server_received_at))), Type::TIMESTAMPTZ_ARRAY),
            (Box::new(column(batch, |q| q.verdict.late_delivery)), Type::BOOL_ARRAY),
            (Box::new(column(batch, |q| q.onboarding_id)), Type::UUID_ARRAY),
            (Box::new(column(batch, |q| q.sms_in_window)), Type::INT8_ARRAY),
            (Box::new(column(batch, |q| q.sms.line.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.delivery_id.as_deref())), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.stamped)), Type::BOOL_ARRAY),
            (Box::new(column(batch, |q| q.sms.sender.as_ref().err().map(|e| e.code()))), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.clock_skew.0)), Type::INT8_ARRAY),
            (Box::new(column(batch, |q| q.sms.part.as_ref().map(part::text))), Type::TEXT_ARRAY),
            (Box::new(column(batch, |q| q.sms.stamp_raw.as_deref())), Type::TEXT_ARRAY),
        ];
        for check in CheckId::all() {
            let codes = column(batch, |q| i32::from(q.verdict.codes.of(check).number()));
            columns.push((Box::new(codes), Type::INT4_ARRAY));
        }
        columns
    }

    fn refused(&self) -> Kept {
        Kept {
            name: format!("input_sms {}", self.sms.sms_id),
            at: self.judged_at,
            receiver_id: self.sms.receiver_id.clone(),
            format: self.sms.format.clone(),
            body: serde_json::to_vec(self),
        }
    }
}

async fn append(lease: &mut Lease, batch: &[QueuedSms]) -> Result<usize> {
    let written = batch::write(lease, batch).await?;
    let mut new = 0;
    let mut homeless = None;
    for row in written.answers {
        let read = |row: &Row| Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, Option<At>>(1)?));
        let (count, when) = lease.read(&row, read)?;
        new += usize::try_from(count).unwrap_or(0);
        homeless = homeless.or(when);
    }
    if let Some(at) = homeless {
        // They are safe where they are; if their month cannot be made now, it can another time.
        let made = lease.run("SELECT ops.add_partition($1)", &[(&at, Type::TIMESTAMPTZ)]).await;
        if let Err(error) = made {
            tracing::debug!(%error, "no partition was made");
        }
    }
    for queued in written.refused.into_iter().filter(|queued| queued.verdict.passed()) {
        validate(lease, queued).await?;
    }
    Ok(new)
}

/// A number stays validated though the row that shows it is in quarantine; unless it is what is wrong.
async fn validate(lease: &mut Lease, queued: &QueuedSms) -> Result<()> {
    let sql = "INSERT INTO ops.validated_mobile (mobile_number, device_id, sms_id, validated_at)
         VALUES ($1, coalesce($2, ''), $3, $4) ON CONFLICT DO NOTHING";
    let parameters: [super::lease::Parameter<'_>; 4] = [
        (&queued.sms.mobile_number(), Type::TEXT),
        (&queued.device_id, Type::TEXT),
        (&queued.sms.sms_id, Type::UUID),
        (&At(queued.judged_at), Type::TIMESTAMPTZ),
    ];
    match lease.attempt(sql, &parameters).await {
        Err(failure) if failure.refused.is_none() => Err(lease.failed(failure)),
        _ => Ok(()),
    }
}

async fn of_number(lease: &mut Lease, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>> {
    // Their ids are in the index by number; only those of the page are read.
    let sql = format!(
        "SELECT id, synced_at, {} FROM (
             SELECT server_received_at, id FROM public.input_sms
             WHERE mobile_number COLLATE \"C\" = $1 AND id < $2 ORDER BY id DESC LIMIT $3
         ) AS page JOIN public.input_sms USING (server_received_at, id) ORDER BY id DESC",
        *NAMES
    );
    let before = before.unwrap_or(i64::MAX);
    lease
        .rows(&sql, &[(&mobile, Type::TEXT), (&before, Type::INT8), (&limit(max), Type::INT8)], sms_row)
        .await
}

pub(super) fn sms_row(row: &Row) -> std::result::Result<SmsRow, Unreadable> {
    Ok(SmsRow {
        id: row.try_get("id")?,
        redis_id: row.try_get("redis_id")?,
        mobile_number: row.try_get("mobile_number")?,
        country_code: row.try_get("country_code")?,
        local_mobile: row.try_get("local_mobile")?,
        sms_message: row.try_get("sms_message")?,
        received_timestamp: time(row, "received_timestamp")?,
        device_id: row.try_get("device_id")?,
        codes: codes(row)?,
        validation_status: row.try_get("validation_status")?,
        failed_at_check: row.try_get("failed_at_check")?,
        reason: row.try_get("reason")?,
        created_at: time(row, "created_at")?,
        sms_id: row.try_get("sms_id")?,
        receiver_id: row.try_get("receiver_id")?,
        format: row.try_get("format")?,
        fingerprint: row.try_get("fingerprint")?,
        server_received_at: time(row, "server_received_at")?,
        late_delivery: row.try_get("late_delivery")?,
        synced_at: row.try_get::<_, Option<At>>("synced_at")?.map(|at| at.0),
        onboarding_id: row.try_get("onboarding_id")?,
        sms_in_window: row.try_get("sms_in_window")?,
        clock_skew: Span(row.try_get("clock_skew_ms")?),
        stamped: row.try_get("stamped")?,
        stamp_raw: row.try_get("stamp_raw")?,
    })
}

fn time(row: &Row, column: &str) -> std::result::Result<Timestamp, Unreadable> {
    Ok(row.try_get::<_, At>(column)?.0)
}

fn codes(row: &Row) -> std::result::Result<Codes, Unreadable> {
    let mut codes = [Code::Disabled; CHECKS.len()];
    for (check, code) in CHECKS.iter().zip(&mut codes) {
        let number = u8::try_from(row.try_get::<_, i32>(check.name)?)?;
        *code = Code::from_number(number).ok_or("a check column holds no check code")?;
    }
    Ok(Codes(codes))
}

async fn judged_since(
    lease: &mut Lease,
    since: Timestamp,
    after: Option<Place>,
    max: usize,
) -> Result<Vec<(Place, QueuedSms)>> {
    let sql = format!(
        "SELECT id, {} FROM public.input_sms
         WHERE server_received_at >= $1 AND (server_received_at, id) > ($2, $3)
         ORDER BY server_received_at, id LIMIT $4",
        *NAMES
    );
    let (at, id) = behind(after);
    let parameters: [super::lease::Parameter<'_>; 4] = [
        (&At(since), Type::TIMESTAMPTZ),
        (&at, Type::TIMESTAMPTZ),
        (&id, Type::INT8),
        (&limit(max), Type::INT8),
    ];
    lease.rows(&sql, &parameters, placed_row).await
}

async fn judged_before(
    lease: &mut Lease,
    before: Option<Place>,
    max: usize,
) -> Result<Vec<(Place, QueuedSms)>> {
    let sql = format!(
        "SELECT id, {} FROM public.input_sms WHERE (server_received_at, id) < ($1, $2)
         ORDER BY server_received_at DESC, id DESC LIMIT $3",
        *NAMES
    );
    let (at, id) = before.map_or((At(Timestamp(i64::MAX)), i64::MAX), |place| (At(place.at), place.id));
    let parameters: [super::lease::Parameter<'_>; 3] =
        [(&at, Type::TIMESTAMPTZ), (&id, Type::INT8), (&limit(max), Type::INT8)];
    lease.rows(&sql, &parameters, placed_row).await
}

async fn judged_one(lease: &mut Lease, sms_id: Uuid) -> Result<Option<QueuedSms>> {
    let sql = format!("SELECT {} FROM public.input_sms WHERE sms_id = $1 LIMIT 1", *NAMES);
    Ok(lease.rows(&sql, &[(&sms_id, Type::UUID)], queued_row).await?.pop())
}

fn placed_row(row: &Row) -> std::result::Result<(Place, QueuedSms), Unreadable> {
    let queued = queued_row(row)?;
    Ok((Place { at: queued.sms.server_received_at, id: row.try_get("id")? }, queued))
}

/// A row as it was queued. The sender as it came is kept only where it is no number.
pub(super) fn queued_row(row: &Row) -> std::result::Result<QueuedSms, Unreadable> {
    let mobile_number: String = row.try_get("mobile_number")?;
    let sender = match row.try_get::<_, Option<&str>>("country_code")? {
        Some(_) => Ok(e164(&mobile_number)?),
        None => Err(sender_error(row.try_get("sender_error")?)),
    };
    let failed_at = row.try_get::<_, Option<&str>>("failed_at_check")?;
    let failed_at =
        failed_at.map(|word| FailedAt::from_word(word).ok_or("failed_at_check is no check")).transpose()?;
    let part = row.try_get::<_, Option<&str>>("part")?;
    Ok(QueuedSms {
        id: row.try_get("redis_id")?,
        sms: InboundSms {
            sms_id: row.try_get("sms_id")?,
            sender_raw: mobile_number,
            sender,
            text: row.try_get("sms_message")?,
            received_timestamp: time(row, "received_timestamp")?,
            stamped: row.try_get("stamped")?,
            stamp_raw: row.try_get("stamp_raw")?,
            clock_not_set: None,
            server_received_at: time(row, "server_received_at")?,
            receiver_id: row.try_get("receiver_id")?,
            format: row.try_get("format")?,
            line: row.try_get("line")?,
            delivery_id: row.try_get("delivery_id")?,
            clock_skew: Span(row.try_get("clock_skew_ms")?),
            part: part.map(|text| part::read(text).ok_or("part is no part of an SMS")).transpose()?,
        },
        fingerprint: row.try_get("fingerprint")?,
        verdict: Verdict {
            codes: codes(row)?,
            failed_at,
            reason: row.try_get("reason")?,
            late_delivery: row.try_get("late_delivery")?,
        },
        judged_at: time(row, "created_at")?,
        onboarding_id: row.try_get("onboarding_id")?,
        device_id: row.try_get("device_id")?,
        sms_in_window: row.try_get("sms_in_window")?,
    })
}
