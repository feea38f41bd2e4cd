//! Onboardings: registering, cancelling, expiring, and the one lookup every SMS makes.

use bridge_core::checks::Known;
use bridge_core::{Onboarding, State, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{ONBOARDING, contains, known, next_id};
use crate::hot::{Cancelled, REGISTRATION_WINDOW, Registered, Registration};
use crate::sqlite::{Changes, Json};

pub(super) fn register(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    registration: &Registration,
) -> rusqlite::Result<Registered> {
    let wanted = &registration.onboarding;
    let mobile = wanted.mobile.e164();
    if registration.refuse_blacklisted && contains(conn, "SELECT 1 FROM blacklist WHERE mobile = ?1", mobile)?
    {
        return Ok(Registered::Blacklisted);
    }
    if contains(conn, "SELECT 1 FROM validated WHERE pair = ?1", &wanted.pair())? {
        return Ok(Registered::AlreadyValidated);
    }
    let older = newest(conn, now, mobile)?;
    if let Some(same) = older.as_ref().filter(|older| older.is_same_again(wanted)) {
        return Ok(Registered::Same(same.clone()));
    }
    if let Some(until) = count_registration(conn, now, mobile, registration.per_hour)? {
        return Ok(Registered::TooMany { until });
    }
    if let Some(mut older) = older.filter(|older| older.state.can_be_validated()) {
        older.state = State::Superseded;
        change(conn, changes, &mut older)?;
    }
    insert(conn, wanted, true)?;
    Ok(Registered::New(wanted.clone()))
}

/// Counts one new hash; `Some` is when the number may ask again, and nothing was counted.
fn count_registration(
    conn: &Connection,
    now: Timestamp,
    mobile: &str,
    per_hour: i64,
) -> rusqlite::Result<Option<Timestamp>> {
    let current: Option<(i64, i64)> = conn
        .prepare_cached(
            "SELECT count, expires_at FROM registration_count WHERE mobile = ?1 AND expires_at > ?2",
        )?
        .query_row(params![mobile, now.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (count, expires_at) = match current {
        Some((count, expires_at)) if count >= per_hour => return Ok(Some(Timestamp(expires_at))),
        Some((count, expires_at)) => (count + 1, expires_at),
        None => (1, (now + REGISTRATION_WINDOW).0),
    };
    conn.prepare_cached(
        "INSERT OR REPLACE INTO registration_count (mobile, count, expires_at) VALUES (?1, ?2, ?3)",
    )?
    .execute(params![mobile, count, expires_at])?;
    Ok(None)
}

pub(super) fn insert(conn: &Connection, onboarding: &Onboarding, queued: bool) -> rusqlite::Result<()> {
    let seq = next_id(conn, ONBOARDING)?;
    conn.prepare_cached(
        "INSERT INTO onboarding (seq, id, mobile, state, version, user_deadline, expires_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        seq,
        onboarding.id.as_bytes(),
        onboarding.mobile.e164(),
        onboarding.state.as_str(),
        onboarding.version,
        onboarding.user_deadline.0,
        onboarding.expires_at.0,
        Json(onboarding),
    ])?;
    if onboarding.state == State::Pending {
        conn.prepare_cached("INSERT INTO onboarding_deadline (deadline, seq) VALUES (?1, ?2)")?
            .execute([onboarding.user_deadline.0, seq])?;
    }
    if queued {
        conn.prepare_cached("INSERT INTO onboarding_queue (seq) VALUES (?1)")?.execute([seq])?;
    }
    Ok(())
}

/// Writes a changed state: a new version, queued for `onboarding_mobile`, announced.
pub(super) fn change(
    conn: &Connection,
    changes: &mut Changes,
    onboarding: &mut Onboarding,
) -> rusqlite::Result<()> {
    write(conn, changes, onboarding, true)
}

/// Writes what only the waiting user sees, like the last SMS: nothing new for `onboarding_mobile`.
pub(super) fn touch(
    conn: &Connection,
    changes: &mut Changes,
    onboarding: &mut Onboarding,
) -> rusqlite::Result<()> {
    write(conn, changes, onboarding, false)
}

/// Without RETURNING: it would build a table for its one row.
fn write(
    conn: &Connection,
    changes: &mut Changes,
    onboarding: &mut Onboarding,
    queue: bool,
) -> rusqlite::Result<()> {
    onboarding.version += 1;
    let id = onboarding.id.as_bytes();
    conn.prepare_cached("UPDATE onboarding SET state = ?2, version = ?3, body = ?4 WHERE id = ?1")?
        .execute(params![id, onboarding.state.as_str(), onboarding.version, Json(&*onboarding)])?;
    if queue {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO onboarding_queue (seq) SELECT seq FROM onboarding WHERE id = ?1",
        )?
        .execute([id])?;
    }
    changes.push(onboarding.id);
    Ok(())
}

pub(super) fn newest(
    conn: &Connection,
    now: Timestamp,
    mobile: &str,
) -> rusqlite::Result<Option<Onboarding>> {
    // Not "the newest that is still here": one that was superseded must not come back when the one that
    // took its place expires first.
    conn.prepare_cached(
        "SELECT body FROM onboarding WHERE expires_at > ?2 AND seq =
             (SELECT max(seq) FROM onboarding WHERE mobile = ?1)",
    )?
    .query_row(params![mobile, now.0], |row| row.get(0).map(|body: Json<Onboarding>| body.0))
    .optional()
}

pub(super) fn by_id(conn: &Connection, now: Timestamp, id: Uuid) -> rusqlite::Result<Option<Onboarding>> {
    conn.prepare_cached("SELECT body FROM onboarding WHERE id = ?1 AND expires_at > ?2")?
        .query_row(params![id.as_bytes(), now.0], |row| row.get(0).map(|body: Json<Onboarding>| body.0))
        .optional()
}

pub(super) fn cancel(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    id: Uuid,
) -> rusqlite::Result<Cancelled> {
    let Some(mut onboarding) = by_id(conn, now, id)? else { return Ok(Cancelled::NotFound) };
    if onboarding.state.can_be_validated() {
        onboarding.state = State::Cancelled;
        change(conn, changes, &mut onboarding)?;
    }
    Ok(match onboarding.state {
        State::Cancelled => Cancelled::Done(onboarding),
        _ => Cancelled::Final(onboarding),
    })
}

pub(super) fn revive(
    conn: &Connection,
    now: Timestamp,
    onboarding: &Onboarding,
    until: Timestamp,
) -> rusqlite::Result<Known> {
    let mobile = onboarding.mobile.e164();
    if newest(conn, now, mobile)?.is_none() {
        // What waits for onboarding_mobile is newer than what came from there.
        let waits: Option<Onboarding> = conn
            .prepare_cached("SELECT body FROM onboarding_queue JOIN onboarding USING (seq) WHERE id = ?1")?
            .query_row([onboarding.id.as_bytes()], |row| row.get(0).map(|body: Json<Onboarding>| body.0))
            .optional()?;
        for sql in [
            "DELETE FROM onboarding_queue WHERE seq = (SELECT seq FROM onboarding WHERE id = ?1)",
            "DELETE FROM onboarding WHERE id = ?1",
        ] {
            conn.prepare_cached(sql)?.execute([onboarding.id.as_bytes()])?;
        }
        let queued = waits.is_some();
        let back = waits.unwrap_or_else(|| onboarding.clone());
        insert(conn, &Onboarding { expires_at: until, ..back }, queued)?;
    }
    let sms_in_window = super::sms::count(conn, now, mobile)?;
    known(conn, now, mobile, sms_in_window)
}

pub(super) fn expire(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    max: usize,
) -> rusqlite::Result<usize> {
    let mut expired = 0;
    while expired < max {
        let due = passed_deadlines(conn, now, max - expired)?;
        if due.is_empty() {
            break;
        }
        for (deadline, seq, onboarding) in due {
            conn.prepare_cached("DELETE FROM onboarding_deadline WHERE deadline = ?1 AND seq = ?2")?
                .execute([deadline, seq])?;
            // Most were validated meanwhile, or are gone.
            if let Some(mut onboarding) = onboarding.filter(|o| o.state == State::Pending) {
                onboarding.state = State::Expired;
                change(conn, changes, &mut onboarding)?;
                expired += 1;
            }
        }
    }
    Ok(expired)
}

type Due = (i64, i64, Option<Onboarding>);

fn passed_deadlines(conn: &Connection, now: Timestamp, max: usize) -> rusqlite::Result<Vec<Due>> {
    conn.prepare_cached(
        "SELECT deadline, seq, body FROM onboarding_deadline LEFT JOIN onboarding USING (seq)
         WHERE deadline < ?1 ORDER BY deadline, seq LIMIT ?2",
    )?
    .query_map(params![now.0, super::queues::limit(max)], |row| {
        let body: Option<Json<Onboarding>> = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, body.map(|body| body.0)))
    })?
    .collect()
}
