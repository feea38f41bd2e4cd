//! Getting back what was lost (D28): the rules are in `restored`, here is their storing.

use bridge_core::sms::{Key, REMEMBERED};
use bridge_core::time::DAY;
use bridge_core::{Onboarding, State, Timestamp};
use bridge_store::hot::restored::{Window, is_newer, told, updated};
use bridge_store::hot::{REGISTRATION_WINDOW, Restore};
use bridge_store::judged::{Answer, QueuedSms};
use rusqlite::{Connection, OptionalExtension, params};

use super::arrivals::{self, Arrival, New};
use super::deliveries::Delivered;
use super::{Memory, onboardings};
use crate::sqlite::engine::Changes;

/// A part that can be carried to the writer.
#[derive(Clone)]
pub(super) enum Part {
    Onboardings(Vec<Onboarding>),
    Validated(Vec<String>),
    Judged(Vec<QueuedSms>),
    Uncounted(Vec<(String, Timestamp)>),
}

impl From<Restore<'_>> for Part {
    fn from(part: Restore<'_>) -> Part {
        match part {
            Restore::Onboardings(list) => Part::Onboardings(list.to_vec()),
            Restore::Validated(list) => Part::Validated(list.to_vec()),
            Restore::Judged(list) => Part::Judged(list.to_vec()),
            Restore::Uncounted(list) => Part::Uncounted(list.to_vec()),
        }
    }
}

pub(super) fn restore(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    now: Timestamp,
    part: &Part,
) -> rusqlite::Result<()> {
    match part {
        Part::Onboardings(list) => list.iter().try_for_each(|o| onboarding(conn, memory, changes, now, o)),
        Part::Validated(pairs) => {
            let mut add = conn.prepare_cached("INSERT OR IGNORE INTO validated (pair) VALUES (?1)")?;
            pairs.iter().try_for_each(|pair| add.execute([pair]).map(drop))
        }
        Part::Judged(list) => list.iter().try_for_each(|sms| judged(conn, memory, changes, now, sms)),
        Part::Uncounted(list) => {
            let mut add = conn.prepare_cached(
                "INSERT INTO uncounted (mobile, at, expires_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (mobile) DO UPDATE SET at = excluded.at, expires_at = excluded.expires_at
                 WHERE excluded.at > at",
            )?;
            list.iter().try_for_each(|(mobile, at)| {
                add.execute(params![mobile, at.0, (*at + REMEMBERED).0]).map(drop)
            })
        }
    }
}

fn onboarding(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    now: Timestamp,
    restored: &Onboarding,
) -> rusqlite::Result<()> {
    if restored.expires_at <= now {
        return Ok(());
    }
    let there = conn
        .prepare_cached(&onboardings::select("WHERE id = ?1"))?
        .query_row([restored.id.as_bytes()], onboardings::from_row)
        .optional()?;
    if let Some(there) = there {
        return match updated(&there, restored) {
            Some(onboarding) => onboardings::write(conn, changes, now, &onboarding, false),
            None => Ok(()),
        };
    }
    let mobile = restored.mobile.e164();
    let there = onboardings::registrations(conn, restored)?;
    let counted = Window::with_registration(there, restored.request_timestamp, REGISTRATION_WINDOW);
    onboardings::set_registrations(conn, restored, counted)?;
    let standing = onboardings::standing(conn, now, mobile)?;
    let mut theirs = standing.iter().filter(|there| there.is_same_person(restored));
    match standing.first() {
        // Its number has a newer one: it comes before all others.
        Some(newest) if !is_newer(restored, newest) => {
            onboardings::insert_before(conn, restored, false)?;
            theirs.next().map_or(Ok(()), |_| supersede(conn, memory, changes, now, restored.clone()))
        }
        _ => {
            onboardings::insert(conn, &standing, restored, false)?;
            theirs.try_for_each(|older| supersede(conn, memory, changes, now, older.clone()))
        }
    }
}

/// What a newer registration of the same person did to it, whether or not `onboarding_mobile` ever heard of that.
fn supersede(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    now: Timestamp,
    mut older: Onboarding,
) -> rusqlite::Result<()> {
    if !older.state.can_be_validated() {
        return Ok(());
    }
    older.state = State::Superseded;
    onboardings::change(conn, changes, now, &mut older)?;
    memory.telling.state(conn, now, &older)
}

fn judged(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    now: Timestamp,
    queued: &QueuedSms,
) -> rusqlite::Result<()> {
    let there = queued.onboarding_id.map(|id| onboardings::by_id(conn, now, id)).transpose()?.flatten();
    if let Some((mut onboarding, is_validated)) = there.and_then(|there| told(&there, queued)) {
        if is_validated {
            conn.prepare_cached("INSERT OR IGNORE INTO validated (pair) VALUES (?1)")?
                .execute([onboarding.pair()])?;
            onboardings::change(conn, changes, now, &mut onboarding)?;
            memory.telling.state(conn, now, &onboarding)?;
        } else {
            onboardings::touch(conn, changes, now, &mut onboarding)?;
        }
    }
    let Some(fingerprint) = queued.key() else { return Ok(()) };
    if remember(conn, memory, now, queued, fingerprint)? {
        delivered(conn, memory, now, queued, fingerprint)?;
        count(conn, queued)?;
    }
    Ok(())
}

/// The answer that its redeliveries get. False: they get it already.
fn remember(
    conn: &Connection,
    memory: &Memory,
    now: Timestamp,
    queued: &QueuedSms,
    fingerprint: Key,
) -> rusqlite::Result<bool> {
    let QueuedSms { id, sms, verdict, .. } = queued;
    let remembered = sms.identity().remembered;
    let until = sms.server_received_at + remembered;
    let there = memory.arrivals.find(conn, now, &fingerprint)?;
    if let Some(Arrival { sms_id, answer: Some(_), .. }) = &there {
        return Ok(*sms_id != sms.sms_id);
    }
    if until <= now {
        return Ok(true);
    }
    let new = New {
        fingerprint,
        sms_id: sms.sms_id,
        server_received_at: sms.server_received_at,
        admitted_at: sms.server_received_at,
        until,
        is_lasting: remembered == REMEMBERED,
    };
    let arrival = match there {
        Some(arrival) => {
            arrivals::replace(conn, &arrival, &new)?;
            arrival
        }
        None => memory.arrivals.add(conn, now, &new)?,
    };
    let answer = Answer { id: *id, sms_id: sms.sms_id, verdict: verdict.clone() };
    arrivals::answer(conn, &fingerprint, &arrival, &answer)?;
    Ok(true)
}

fn delivered(
    conn: &Connection,
    memory: &Memory,
    now: Timestamp,
    queued: &QueuedSms,
    fingerprint: Key,
) -> rusqlite::Result<()> {
    let identity = queued.sms.identity();
    let until = queued.sms.server_received_at + identity.remembered;
    let Some(key) = identity.delivery.filter(|_| until > now) else { return Ok(()) };
    if memory.deliveries.find(conn, now, &key)?.is_none() {
        let first = Delivered { content: identity.content, fingerprint };
        memory.deliveries.add(conn, now, &key, &first, until)?;
    }
    Ok(())
}

fn count(conn: &Connection, queued: &QueuedSms) -> rusqlite::Result<()> {
    let (mobile, taken_in) = (queued.sms.mobile_number(), queued.sms.server_received_at);
    let forgotten = conn
        .prepare_cached("SELECT 1 FROM uncounted WHERE mobile = ?1 AND at >= ?2")?
        .exists(params![mobile, taken_in.0])?;
    if queued.sms_in_window == 0 || forgotten {
        return Ok(());
    }
    // Also one that is over: in what order things are restored, it may have been open.
    let there = conn
        .prepare_cached("SELECT count, expires_at FROM sms_count WHERE mobile = ?1")?
        .query_row([mobile], |row| Ok(Window { count: row.get(0)?, until: Timestamp(row.get(1)?) }))
        .optional()?;
    let window = Window::with_sms(there, queued.sms_in_window, taken_in, DAY);
    conn.prepare_cached("INSERT OR REPLACE INTO sms_count (mobile, count, expires_at) VALUES (?1, ?2, ?3)")?
        .execute(params![mobile, window.count, window.until.0])
        .map(drop)
}
