//! Onboardings: registering, cancelling, expiring, and the one lookup every SMS makes.

use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::{LastSms, ending};
use bridge_core::{Onboarding, State, Timestamp};
use bridge_store::hot::restored::Window;
use bridge_store::hot::{Cancelled, PeerEvent, REGISTRATION_WINDOW, Registered, Registration};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::told::Telling;
use super::{ONBOARDING, is_blocked, is_validated, known, next_id};
use crate::sqlite::engine::{Changes, Json, limit};

pub(super) fn register(
    conn: &Connection,
    telling: &Telling,
    changes: &mut Changes,
    now: Timestamp,
    registration: &Registration,
) -> rusqlite::Result<Registered> {
    let wanted = &registration.onboarding;
    let mobile = wanted.mobile.e164();
    if registration.refuse_blacklisted && is_blocked(conn, now, mobile)? {
        return Ok(Registered::Blacklisted);
    }
    if is_validated(conn, &wanted.pair())? {
        return Ok(Registered::AlreadyValidated);
    }
    let standing = standing(conn, now, mobile)?;
    if let Some(same) = standing.iter().find(|older| older.is_same_again(wanted)) {
        return Ok(Registered::Same(same.clone()));
    }
    if let Some(until) = count_registration(conn, now, wanted, registration.per_hour)? {
        return Ok(Registered::TooMany { until });
    }
    for one in ending(&standing, wanted, registration.places) {
        let mut one = one.clone();
        one.state = State::Superseded;
        change(conn, changes, now, &mut one)?;
        telling.state(conn, now, &one)?;
    }
    insert(conn, &standing, wanted, true)?;
    Ok(Registered::New(wanted.clone()))
}

/// Counts one new hash; `Some` is when the number may ask again, and nothing was counted.
fn count_registration(
    conn: &Connection,
    now: Timestamp,
    wanted: &Onboarding,
    per_hour: i64,
) -> rusqlite::Result<Option<Timestamp>> {
    let open = registrations(conn, wanted)?.filter(|window| window.until > now);
    let window = open.unwrap_or(Window { count: 0, until: now + REGISTRATION_WINDOW });
    if window.count >= per_hour {
        return Ok(Some(window.until));
    }
    set_registrations(conn, wanted, Window { count: window.count + 1, ..window })?;
    Ok(None)
}

/// New hashes that its number was given from its client address. Also of a window that is over.
pub(super) fn registrations(conn: &Connection, of: &Onboarding) -> rusqlite::Result<Option<Window>> {
    conn.prepare_cached(
        "SELECT count, expires_at FROM registration_window WHERE mobile = ?1 AND client = ?2",
    )?
    .query_row([of.mobile.e164(), client(of)], |row| {
        Ok(Window { count: row.get(0)?, until: Timestamp(row.get(1)?) })
    })
    .optional()
}

pub(super) fn set_registrations(conn: &Connection, of: &Onboarding, window: Window) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO registration_window (mobile, client, count, expires_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![of.mobile.e164(), client(of), window.count, window.until.0])
    .map(drop)
}

fn client(of: &Onboarding) -> &str {
    of.client.as_deref().unwrap_or_default()
}

/// As the newest of its number: a cancelled one of those that stood stands no more.
pub(super) fn insert(
    conn: &Connection,
    standing: &[Onboarding],
    onboarding: &Onboarding,
    queued: bool,
) -> rusqlite::Result<()> {
    for cancelled in standing.iter().filter(|before| before.state == State::Cancelled) {
        conn.prepare_cached("UPDATE onboarding SET gone = 1 WHERE id = ?1")?
            .execute([cancelled.id.as_bytes()])?;
    }
    let seq = next_id(conn, ONBOARDING)?;
    insert_at(conn, seq, onboarding, onboarding.state == State::Superseded)?;
    queue_at(conn, seq, queued)
}

/// One that is not the newest of its number: it comes before all others.
pub(super) fn insert_before(
    conn: &Connection,
    onboarding: &Onboarding,
    queued: bool,
) -> rusqlite::Result<()> {
    next_id(conn, ONBOARDING)?;
    let first: i64 = conn
        .prepare_cached("SELECT min(0, coalesce(min(seq), 0)) FROM onboarding")?
        .query_row([], |row| row.get(0))?;
    let gone = matches!(onboarding.state, State::Superseded | State::Cancelled);
    insert_at(conn, first - 1, onboarding, gone)?;
    queue_at(conn, first - 1, queued)
}

fn queue_at(conn: &Connection, seq: i64, queued: bool) -> rusqlite::Result<()> {
    if queued {
        conn.prepare_cached("INSERT INTO onboarding_queue (seq) VALUES (?1)")?.execute([seq])?;
    }
    Ok(())
}

fn insert_at(conn: &Connection, seq: i64, onboarding: &Onboarding, gone: bool) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO onboarding (seq, id, mobile, state, version, user_deadline, expires_at, body, gone)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
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
        gone,
    ])?;
    if onboarding.state == State::Pending {
        conn.prepare_cached("INSERT INTO onboarding_deadline (deadline, seq) VALUES (?1, ?2)")?
            .execute([onboarding.user_deadline.0, seq])?;
    }
    Ok(())
}

/// Writes a changed state: a new version, queued for `onboarding_mobile`, announced.
pub(super) fn change(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    onboarding: &mut Onboarding,
) -> rusqlite::Result<()> {
    onboarding.version += 1;
    write(conn, changes, now, onboarding, true)
}

/// Writes what only the waiting user sees, like the last SMS: nothing new for `onboarding_mobile`.
pub(super) fn touch(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    onboarding: &mut Onboarding,
) -> rusqlite::Result<()> {
    onboarding.version += 1;
    write(conn, changes, now, onboarding, false)
}

/// Writes what became of an onboarding, in its version.
pub(super) fn write(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    onboarding: &Onboarding,
    queue: bool,
) -> rusqlite::Result<()> {
    let id = onboarding.id.as_bytes();
    if let Some(gone) = is_gone_by(conn, now, onboarding)? {
        // Only what changes is written: `gone` stands in an index, and a validated one hardly ever was gone.
        conn.prepare_cached("UPDATE onboarding SET gone = ?2 WHERE id = ?1 AND gone <> ?2")?
            .execute(params![id, gone])?;
    }
    conn.prepare_cached(
        "INSERT OR REPLACE INTO onboarding_change (seq, state, version, validated_at, last_sms)
         SELECT seq, ?2, ?3, ?4, ?5 FROM onboarding WHERE id = ?1",
    )?
    .execute(params![
        id,
        onboarding.state.as_str(),
        onboarding.version,
        onboarding.validated_at.map(|at| at.0),
        onboarding.last_sms.as_ref().map(Json),
    ])?;
    if queue {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO onboarding_queue (seq) SELECT seq FROM onboarding WHERE id = ?1",
        )?
        .execute([id])?;
    }
    changes.push(PeerEvent::Onboarding(onboarding.id));
    Ok(())
}

/// What [`from_row`] reads, from `onboarding LEFT JOIN onboarding_change change USING (seq)`.
pub(super) const COLUMNS: &str = "body, change.state, change.version, change.validated_at, change.last_sms";

/// An onboarding as it stands: as it was written, and what became of it.
pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Onboarding> {
    let Json(mut onboarding) = row.get::<_, Json<Onboarding>>(0)?;
    if let Some(word) = row.get::<_, Option<String>>(1)? {
        onboarding.state = State::from_word(&word).ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?;
        onboarding.version = row.get(2)?;
        onboarding.validated_at = row.get::<_, Option<i64>>(3)?.map(Timestamp);
        onboarding.last_sms = row.get::<_, Option<Json<LastSms>>>(4)?.map(|last| last.0);
    }
    Ok(onboarding)
}

/// Whether an SMS can mean one no more that is in this state now. None: as before.
fn is_gone_by(conn: &Connection, now: Timestamp, onboarding: &Onboarding) -> rusqlite::Result<Option<bool>> {
    match onboarding.state {
        State::Pending | State::Expired => Ok(None),
        State::Superseded => Ok(Some(true)),
        State::Validated => Ok(Some(false)),
        State::Cancelled => {
            let newest = "SELECT id FROM onboarding WHERE mobile = ?1 AND gone = 0 AND expires_at > ?2
                          ORDER BY seq DESC LIMIT 1";
            let newest: Option<[u8; 16]> = conn
                .prepare_cached(newest)?
                .query_row(params![onboarding.mobile.e164(), now.0], |row| row.get(0))
                .optional()?;
            Ok((newest != Some(*onboarding.id.as_bytes())).then_some(true))
        }
    }
}

/// The onboardings of a number that an SMS may mean, newest first.
pub(super) fn standing(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<Vec<Onboarding>> {
    let sql = select("WHERE mobile = ?1 AND gone = 0 AND expires_at > ?2 ORDER BY seq DESC");
    conn.prepare_cached(&sql)?.query_map(params![mobile, now.0], from_row)?.collect()
}

/// A query for onboardings as they stand.
pub(super) fn select(condition: &str) -> String {
    format!("SELECT {COLUMNS} FROM onboarding LEFT JOIN onboarding_change change USING (seq) {condition}")
}

pub(super) fn by_id(conn: &Connection, now: Timestamp, id: Uuid) -> rusqlite::Result<Option<Onboarding>> {
    conn.prepare_cached(&select("WHERE id = ?1 AND expires_at > ?2"))?
        .query_row(params![id.as_bytes(), now.0], from_row)
        .optional()
}

pub(super) fn cancel(
    conn: &Connection,
    telling: &Telling,
    changes: &mut Changes,
    now: Timestamp,
    id: Uuid,
) -> rusqlite::Result<Cancelled> {
    let Some(mut onboarding) = by_id(conn, now, id)? else { return Ok(Cancelled::NotFound) };
    if onboarding.state.can_be_validated() {
        onboarding.state = State::Cancelled;
        change(conn, changes, now, &mut onboarding)?;
        telling.state(conn, now, &onboarding)?;
    }
    Ok(match onboarding.state {
        State::Cancelled => Cancelled::Done(onboarding),
        _ => Cancelled::Final(onboarding),
    })
}

pub(super) fn show_last(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    id: Uuid,
    last: &LastSms,
) -> rusqlite::Result<bool> {
    let open = by_id(conn, now, id)?.filter(|onboarding| onboarding.state.can_be_validated());
    let Some(mut onboarding) = open else { return Ok(false) };
    onboarding.last_sms = Some(last.clone());
    touch(conn, changes, now, &mut onboarding)?;
    Ok(true)
}

pub(super) fn move_deadline(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    moved: &Onboarding,
) -> rusqlite::Result<bool> {
    let there = conn
        .prepare_cached(&select("WHERE id = ?1"))?
        .query_row([moved.id.as_bytes()], from_row)
        .optional()?
        .filter(|there| there.state == State::Pending && there.version == moved.version);
    let Some(mut there) = there else { return Ok(false) };
    there.request_timestamp = moved.request_timestamp;
    there.user_deadline = moved.user_deadline;
    there.expires_at = moved.expires_at;
    let id = moved.id.as_bytes();
    for sql in [
        "DELETE FROM onboarding_deadline WHERE (deadline, seq) = (SELECT user_deadline, seq FROM onboarding WHERE id = ?1)",
        "INSERT INTO onboarding_deadline (deadline, seq) SELECT ?2, seq FROM onboarding WHERE id = ?1",
        "UPDATE onboarding SET user_deadline = ?2, expires_at = ?3, body = ?4 WHERE id = ?1",
    ] {
        let mut statement = conn.prepare_cached(sql)?;
        let all = params![id, there.user_deadline.0, there.expires_at.0, Json(&there)];
        let count = statement.parameter_count();
        statement.execute(&all[..count])?;
    }
    change(conn, changes, now, &mut there)?;
    Ok(true)
}

pub(super) fn revive(
    conn: &Connection,
    now: Timestamp,
    onboarding: &Onboarding,
    until: Timestamp,
) -> rusqlite::Result<SenderFacts> {
    let mobile = onboarding.mobile.e164();
    let standing = standing(conn, now, mobile)?;
    if standing.iter().all(|there| there.id != onboarding.id) {
        // What waits for onboarding_mobile is newer than what came from there.
        let waits: Option<Onboarding> = conn
            .prepare_cached(&select("WHERE id = ?1 AND seq IN (SELECT seq FROM onboarding_queue)"))?
            .query_row([onboarding.id.as_bytes()], from_row)
            .optional()?;
        for sql in [
            "DELETE FROM onboarding_queue WHERE seq = (SELECT seq FROM onboarding WHERE id = ?1)",
            "DELETE FROM onboarding WHERE id = ?1",
        ] {
            conn.prepare_cached(sql)?.execute([onboarding.id.as_bytes()])?;
        }
        let queued = waits.is_some();
        let back = waits.unwrap_or_else(|| onboarding.clone());
        let back = Onboarding { expires_at: until, ..back };
        if standing.is_empty() {
            insert(conn, &standing, &back, queued)?;
        } else {
            insert_before(conn, &back, queued)?;
        }
    }
    let sms_in_window = super::counting::count(conn, now, mobile)?;
    known(conn, now, mobile, sms_in_window)
}

pub(super) fn expire(
    conn: &Connection,
    telling: &Telling,
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
        for (deadline, seq) in due {
            conn.prepare_cached("DELETE FROM onboarding_deadline WHERE deadline = ?1 AND seq = ?2")?
                .execute([deadline, seq])?;
            let onboarding =
                conn.prepare_cached(&select("WHERE seq = ?1"))?.query_row([seq], from_row).optional()?;
            // Most were validated meanwhile, or are gone.
            if let Some(mut onboarding) = onboarding.filter(|o| o.state == State::Pending) {
                onboarding.state = State::Expired;
                change(conn, changes, now, &mut onboarding)?;
                telling.state(conn, now, &onboarding)?;
                expired += 1;
            }
        }
    }
    Ok(expired)
}

fn passed_deadlines(conn: &Connection, now: Timestamp, max: usize) -> rusqlite::Result<Vec<(i64, i64)>> {
    conn.prepare_cached(
        "SELECT deadline, seq FROM onboarding_deadline WHERE deadline < ?1 ORDER BY deadline, seq LIMIT ?2",
    )?
    .query_map(params![now.0, limit(max)], |row| Ok((row.get(0)?, row.get(1)?)))?
    .collect()
}
