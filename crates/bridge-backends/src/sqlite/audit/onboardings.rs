//! Onboardings: the table `onboarding_mobile`. Not how they are searched, which is `desk`.

use async_trait::async_trait;
use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Timestamp};
use bridge_store::Result;
use bridge_store::audit::OnboardingTrail;
use bridge_store::place::Place;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::columns::{At, asked, asked_text, e164, start_of, state as state_of, uuid};
use super::counting::Added;
use super::store::SqliteAudit;
use crate::sqlite::engine::limit;

#[async_trait]
impl OnboardingTrail for SqliteAudit {
    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize> {
        let batch = batch.to_vec();
        self.engine.write("upsert_onboardings", move |c, _| upsert_onboardings(c, &batch)).await
    }

    async fn newest_onboardings(&self, mobile: &str, max: usize) -> Result<Vec<Onboarding>> {
        let mobile = mobile.to_owned();
        self.engine.read("newest_onboardings", move |c| newest_onboardings(c, &mobile, max)).await
    }

    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>> {
        let ids = ids.to_vec();
        self.engine.read("onboardings_by_ids", move |c| onboardings_by_ids(c, &ids)).await
    }

    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>> {
        self.engine.read("unexpired_onboardings", move |c| unexpired_onboardings(c, now, after, max)).await
    }
}

fn upsert_onboardings(conn: &Connection, batch: &[Onboarding]) -> rusqlite::Result<usize> {
    let mut known = conn.prepare_cached(
        "SELECT version, status, last_sms, request_timestamp, user_deadline FROM onboarding_mobile WHERE onboarding_id = ?1",
    )?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO onboarding_mobile (onboarding_id, status, is_validated, validated_at, version, last_sms,
             request_timestamp, user_deadline, expires_at, created_at, mobile_number, email, device_id, hash, salt,
             country_code, local_mobile, client_hash, asked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?7, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    // Without the columns that are in indexes: SQLite writes an index anew for a column that is set, changed or not.
    let mut change = conn.prepare_cached(
        "UPDATE onboarding_mobile SET status = ?2, is_validated = ?3, validated_at = ?4, version = ?5, last_sms = ?6
         WHERE onboarding_id = ?1",
    )?;
    let mut new = 0;
    let mut figures = Added::default();
    for onboarding in batch {
        let id = onboarding.id.to_string();
        let before = known.query_row([&id], Before::read).optional()?;
        if before.as_ref().is_some_and(|before| before.version >= onboarding.version) {
            continue;
        }
        let last_sms =
            last_sms(onboarding).or_else(|| before.as_ref().and_then(|before| before.last_sms.clone()));
        let requested = At(onboarding.request_timestamp);
        let (deadline, expires) = (At(onboarding.user_deadline), At(onboarding.expires_at));
        let (status, is_validated) = (onboarding.state.as_str(), onboarding.state == State::Validated);
        let validated_at = onboarding.validated_at.map(At);
        let state = params![id, status, is_validated, validated_at, onboarding.version, last_sms];
        match &before {
            None => {
                new += 1;
                insert.execute(params![
                    id,
                    status,
                    is_validated,
                    validated_at,
                    onboarding.version,
                    last_sms,
                    requested,
                    deadline,
                    expires,
                    onboarding.mobile.e164(),
                    onboarding.email,
                    onboarding.device_id,
                    onboarding.hash,
                    onboarding.salt,
                    onboarding.mobile.calling_code(),
                    onboarding.mobile.national(),
                    onboarding.client,
                    asked_text(&onboarding.asked),
                ])?;
            }
            Some(before) => {
                change.execute(state)?;
                if before.times != (onboarding.request_timestamp, onboarding.user_deadline) {
                    move_times(conn, &id, onboarding)?;
                }
            }
        }
        let before = before.map(|before| (before.state, before.last_sms));
        figures.onboarding(onboarding, last_sms, before);
    }
    figures.write(conn)?;
    Ok(new)
}

/// What the row of an onboarding says already.
struct Before {
    version: i64,
    state: State,
    last_sms: Option<String>,
    /// When it was asked for, and until when.
    times: (Timestamp, Timestamp),
}

impl Before {
    fn read(row: &Row<'_>) -> rusqlite::Result<Before> {
        Ok(Before {
            version: row.get(0)?,
            state: state_of(1, &row.get::<_, String>(1)?)?,
            last_sms: row.get(2)?,
            times: (row.get::<_, At>(3)?.0, row.get::<_, At>(4)?.0),
        })
    }
}

/// The clock was set while somebody waited (D49).
fn move_times(conn: &Connection, id: &str, onboarding: &Onboarding) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "UPDATE onboarding_mobile SET request_timestamp = ?2, user_deadline = ?3,
             expires_at = CASE WHEN user_deadline = ?3 THEN expires_at ELSE ?4 END
         WHERE onboarding_id = ?1",
    )?
    .execute(params![
        id,
        At(onboarding.request_timestamp),
        At(onboarding.user_deadline),
        At(onboarding.expires_at)
    ])
    .map(drop)
}

/// What its last SMS came to.
fn last_sms(onboarding: &Onboarding) -> Option<String> {
    let last = onboarding.last_sms.as_ref()?;
    Some(last.verdict.failed_at.map_or("passed", FailedAt::as_str).to_owned())
}

/// What [`onboarding_row`] reads.
pub(super) const ONBOARDING_COLUMNS: &str = "onboarding_id, mobile_number, email, device_id, hash, salt, \
     request_timestamp, user_deadline, expires_at, status, validated_at, version, client_hash, asked";

fn newest_onboardings(conn: &Connection, mobile: &str, max: usize) -> rusqlite::Result<Vec<Onboarding>> {
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS} FROM onboarding_mobile
         WHERE mobile_number = ?1 ORDER BY request_timestamp DESC, id DESC LIMIT ?2"
    ))?
    .query_map(params![mobile, limit(max)], onboarding_row)?
    .collect()
}

fn onboardings_by_ids(conn: &Connection, ids: &[Uuid]) -> rusqlite::Result<Vec<Onboarding>> {
    let ids: serde_json::Value = ids.iter().map(Uuid::to_string).collect();
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS} FROM onboarding_mobile
         WHERE onboarding_id IN (SELECT value FROM json_each(?1))"
    ))?
    .query_map([ids.to_string()], onboarding_row)?
    .collect()
}

pub(super) fn onboarding_row(row: &Row<'_>) -> rusqlite::Result<Onboarding> {
    let number: String = row.get(1)?;
    let status: String = row.get(9)?;
    Ok(Onboarding {
        id: uuid(row, 0)?,
        mobile: e164(1, &number)?,
        email: row.get(2)?,
        device_id: row.get(3)?,
        client: row.get(12)?,
        asked: asked(13, row.get(13)?)?,
        hash: row.get(4)?,
        salt: row.get(5)?,
        request_timestamp: row.get::<_, At>(6)?.0,
        user_deadline: row.get::<_, At>(7)?.0,
        expires_at: row.get::<_, At>(8)?.0,
        state: state_of(9, &status)?,
        validated_at: row.get::<_, Option<At>>(10)?.map(|at| at.0),
        version: row.get(11)?,
        last_sms: None,
    })
}

fn unexpired_onboardings(
    conn: &Connection,
    now: Timestamp,
    after: Option<Place>,
    max: usize,
) -> rusqlite::Result<Vec<(Place, Onboarding)>> {
    let Place { at, id } = start_of(after);
    conn.prepare_cached(&format!(
        "SELECT {ONBOARDING_COLUMNS}, id FROM onboarding_mobile
         WHERE (request_timestamp, id) > (?1, ?2) AND expires_at > ?3
         ORDER BY request_timestamp, id LIMIT ?4"
    ))?
    .query_map(params![At(at), id, At(now), limit(max)], |row| {
        let onboarding = onboarding_row(row)?;
        Ok((Place { at: onboarding.request_timestamp, id: row.get("id")? }, onboarding))
    })?
    .collect()
}
