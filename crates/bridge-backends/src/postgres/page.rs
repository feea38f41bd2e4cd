//! How far people come on their page: the table `ops.page_funnel`.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{FUNNEL_ROWS, PageFunnel, PageStep, PageTrail, Step};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::columns::{At, column, limit};
use super::lease::{BATCH, Lease, QUICK, Unreadable};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl PageTrail for PostgresAudit {
    async fn note_steps(&self, batch: &[PageStep]) -> Result<()> {
        on_lease!(self.note_steps(BATCH, note_steps, batch))
    }

    async fn page_funnel(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PageFunnel>> {
        on_lease!(self.page_funnel(QUICK, page_funnel, from, to))
    }
}

/// One statement writes a row once: the steps of one onboarding are put together first.
async fn note_steps(lease: &mut Lease, batch: &[PageStep]) -> Result<()> {
    lease
        .run(
            "INSERT INTO ops.page_funnel AS there (onboarding_id, mobile_number, at, language, platform, opened, tapped,
                 copied, scanned)
             SELECT id, (array_agg(mobile ORDER BY place))[1], min(at), (array_agg(language ORDER BY place))[1],
                 (array_agg(platform ORDER BY place))[1], bool_or(step = 'opened'), bool_or(step = 'tapped'),
                 bool_or(step = 'copied'), bool_or(step = 'scanned')
                     OR bool_or(step = 'opened' AND platform <> 'desktop')
                         AND (array_agg(platform ORDER BY place))[1] = 'desktop'
             FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[])
                 WITH ORDINALITY AS arrived (id, mobile, at, language, platform, step, place)
             GROUP BY id ORDER BY id
             ON CONFLICT (onboarding_id) DO UPDATE SET
                 opened = there.opened OR excluded.opened, tapped = there.tapped OR excluded.tapped,
                 copied = there.copied OR excluded.copied,
                 scanned = there.scanned OR excluded.scanned
                     OR there.platform = 'desktop' AND excluded.opened AND excluded.platform <> 'desktop'",
            &[
                (&column(batch, |one| one.onboarding_id), Type::UUID_ARRAY),
                (&column(batch, |one| one.mobile_number.as_str()), Type::TEXT_ARRAY),
                (&column(batch, |one| At(one.at)), Type::TIMESTAMPTZ_ARRAY),
                (&column(batch, |one| one.language), Type::TEXT_ARRAY),
                (&column(batch, |one| one.platform), Type::TEXT_ARRAY),
                (&column(batch, |one| Step::as_str(one.step)), Type::TEXT_ARRAY),
            ],
        )
        .await
        .map(drop)
}

async fn page_funnel(lease: &mut Lease, from: Timestamp, to: Timestamp) -> Result<Vec<PageFunnel>> {
    lease
        .rows(
            "SELECT language, platform, count(*) FILTER (WHERE opened), count(*) FILTER (WHERE tapped),
                 count(*) FILTER (WHERE copied), count(*) FILTER (WHERE scanned),
                 count(*) FILTER (WHERE last_sms IS NOT NULL OR status = 'validated'),
                 count(*) FILTER (WHERE status = 'validated')
             FROM (SELECT * FROM ops.page_funnel WHERE at >= $1 AND at < $2 ORDER BY at DESC LIMIT $3) page
             LEFT JOIN public.onboarding_mobile USING (onboarding_id)
             GROUP BY language, platform ORDER BY count(*) DESC, language COLLATE \"C\", platform COLLATE \"C\"",
            &[
                (&At(from), Type::TIMESTAMPTZ),
                (&At(to), Type::TIMESTAMPTZ),
                (&limit(FUNNEL_ROWS), Type::INT8),
            ],
            funnel,
        )
        .await
}

fn funnel(row: &Row) -> std::result::Result<PageFunnel, Unreadable> {
    let count = |column: usize| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(PageFunnel {
        language: row.try_get(0)?,
        platform: row.try_get(1)?,
        opened: count(2)?,
        tapped: count(3)?,
        copied: count(4)?,
        scanned: count(5)?,
        sms_seen: count(6)?,
        validated: count(7)?,
    })
}
