//! How far people come on their page: the table `ops_page_funnel`.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{FUNNEL_ROWS, PageFunnel, PageStep, PageTrail, Step};
use rusqlite::{Connection, Row, params};

use super::columns::At;
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl PageTrail for SqliteAudit {
    async fn note_steps(&self, batch: &[PageStep]) -> Result<()> {
        let batch = batch.to_vec();
        self.engine.write("note_steps", move |c, _| note_steps(c, &batch)).await
    }

    async fn page_funnel(&self, from: Timestamp, to: Timestamp) -> Result<Vec<PageFunnel>> {
        self.engine.read("page_funnel", move |c| page_funnel(c, from, to)).await
    }
}

fn note_steps(conn: &Connection, batch: &[PageStep]) -> rusqlite::Result<()> {
    let mut note = conn.prepare_cached(
        "INSERT INTO ops_page_funnel (onboarding_id, mobile_number, at, language, platform, opened, tapped, copied, scanned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (onboarding_id) DO UPDATE SET
             opened = max(opened, excluded.opened), tapped = max(tapped, excluded.tapped),
             copied = max(copied, excluded.copied),
             scanned = max(scanned, excluded.scanned,
                 platform = 'desktop' AND excluded.opened AND excluded.platform <> 'desktop')",
    )?;
    for one in batch {
        note.execute(params![
            one.onboarding_id.to_string(),
            one.mobile_number,
            At(one.at),
            one.language,
            one.platform,
            one.step == Step::Opened,
            one.step == Step::Tapped,
            one.step == Step::Copied,
            one.step == Step::Scanned,
        ])?;
    }
    Ok(())
}

fn page_funnel(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Vec<PageFunnel>> {
    conn.prepare_cached(
        "SELECT language, platform, sum(opened), sum(tapped), sum(copied), sum(scanned),
             count(CASE WHEN last_sms IS NOT NULL OR status = 'validated' THEN 1 END),
             count(CASE WHEN status = 'validated' THEN 1 END)
         FROM (SELECT * FROM ops_page_funnel WHERE at >= ?1 AND at < ?2 ORDER BY at DESC LIMIT ?3)
         LEFT JOIN onboarding_mobile USING (onboarding_id)
         GROUP BY language, platform ORDER BY count(*) DESC, language, platform",
    )?
    .query_map(params![At(from), At(to), limit(FUNNEL_ROWS)], funnel)?
    .collect()
}

fn funnel(row: &Row<'_>) -> rusqlite::Result<PageFunnel> {
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(PageFunnel {
        language: row.get(0)?,
        platform: row.get(1)?,
        opened: count(2)?,
        tapped: count(3)?,
        copied: count(4)?,
        scanned: count(5)?,
        sms_seen: count(6)?,
        validated: count(7)?,
    })
}
