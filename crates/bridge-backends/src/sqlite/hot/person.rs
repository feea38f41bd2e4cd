//! One person: what is kept of a number, and its removal. The queue of judged SMS is not sorted by number: it is gone
//! through whole.

use bridge_core::sms::Key;
use bridge_core::time::DAY;
use bridge_core::{Onboarding, State, Timestamp};
use bridge_store::hot::{PeerEvent, REGISTRATION_WINDOW};
use bridge_store::judged::QueuedSms;
use bridge_store::person::{Count, HotPerson, Removed, Traces};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{Memory, is_blocked, onboardings, queues, told};
use crate::sqlite::engine::{Changes, Json};

pub(super) fn look(
    conn: &Connection,
    memory: &Memory,
    now: Timestamp,
    mobile: &str,
    traces: &Traces,
) -> rusqlite::Result<HotPerson> {
    let mut onboardings: Vec<Onboarding> =
        onboardings_of(conn, mobile)?.into_iter().map(|(_, o)| o).collect();
    onboardings.sort_by_key(|onboarding| onboarding.id);
    let queued_sms = queued_of(conn, mobile)?;
    let mut answers = Vec::new();
    for key in remembered(traces, &queued_sms) {
        answers.extend(memory.arrivals.find(conn, now, &key)?.and_then(|arrival| arrival.answer));
    }
    answers.sort_by_key(|answer| answer.id);
    let entry = "SELECT body FROM blacklist_queue WHERE mobile = ?1";
    let marks = "SELECT sms_id FROM waiting WHERE mobile = ?1 AND expires_at > ?2 ORDER BY sms_id";
    Ok(HotPerson {
        onboardings,
        registrations: Count::of_all(windows(conn, "registration_window", now, mobile)?.into_iter()),
        sms: Count::of_all(windows(conn, "sms_count", now, mobile)?.into_iter()),
        validated: pairs_of(conn, mobile)?,
        blacklisted: is_blocked(conn, now, mobile)?,
        queued_blacklisting: conn
            .prepare_cached(entry)?
            .query_row([mobile], |row| row.get(0).map(|Json(entry)| entry))
            .optional()?,
        queued_sms,
        answers,
        waiting: conn
            .prepare_cached(marks)?
            .query_map(params![mobile, now.0], |row| row.get(0).map(Uuid::from_bytes))?
            .collect::<rusqlite::Result<_>>()?,
    })
}

fn windows(conn: &Connection, table: &str, now: Timestamp, mobile: &str) -> rusqlite::Result<Vec<Count>> {
    conn.prepare_cached(&format!(
        "SELECT count, expires_at FROM {table} WHERE mobile = ?1 AND expires_at > ?2"
    ))?
    .query_map(params![mobile, now.0], |row| Ok(Count { count: row.get(0)?, until: Timestamp(row.get(1)?) }))?
    .collect()
}

/// Oldest first, each with its place.
fn onboardings_of(conn: &Connection, mobile: &str) -> rusqlite::Result<Vec<(i64, Onboarding)>> {
    let sql = format!(
        "SELECT {}, seq FROM onboarding LEFT JOIN onboarding_change change USING (seq) WHERE mobile = ?1 ORDER BY seq",
        onboardings::COLUMNS
    );
    conn.prepare_cached(&sql)?
        .query_map([mobile], |row| Ok((row.get("seq")?, onboardings::from_row(row)?)))?
        .collect()
}

fn queued_of(conn: &Connection, mobile: &str) -> rusqlite::Result<Vec<QueuedSms>> {
    let all: Vec<QueuedSms> = conn
        .prepare_cached("SELECT body FROM queue_input_sms WHERE instr(body, ?1) > 0 ORDER BY id")?
        .query_map([mobile], |row| row.get(0).map(|Json(queued)| queued))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(all.into_iter().filter(|queued| queued.sms.mobile_number() == mobile).collect())
}

fn pairs_of(conn: &Connection, mobile: &str) -> rusqlite::Result<Vec<String>> {
    // Everything that begins with the number and a colon: no number holds one.
    conn.prepare_cached(
        "SELECT pair FROM validated WHERE pair >= ?1 || ':' AND pair < ?1 || ';' ORDER BY pair",
    )?
    .query_map([mobile], |row| row.get(0))?
    .collect()
}

fn remembered(traces: &Traces, queued: &[QueuedSms]) -> Vec<Key> {
    let mut all: Vec<Key> = traces.remembered.clone();
    all.extend(queued.iter().filter_map(QueuedSms::key));
    all.sort_unstable();
    all.dedup();
    all
}

pub(super) fn unvalidate(conn: &Connection, mobile: &str) -> rusqlite::Result<u64> {
    let removed = conn
        .prepare_cached("DELETE FROM validated WHERE pair >= ?1 || ':' AND pair < ?1 || ';'")?
        .execute([mobile])?;
    Ok(removed as u64)
}

pub(super) fn erase(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    mobile: &str,
    until: Timestamp,
    traces: &Traces,
) -> rusqlite::Result<Removed> {
    let mut removed = Removed::new();
    let mut note = |kind: &str, count: usize| {
        if count > 0 {
            *removed.entry(kind.to_owned()).or_default() += count as u64;
        }
    };
    let mut stays = Vec::new();
    for (seq, onboarding) in onboardings_of(conn, mobile)? {
        if onboarding.request_timestamp > until {
            stays.extend((onboarding.state == State::Validated).then(|| onboarding.pair()));
            continue;
        }
        conn.prepare_cached("DELETE FROM onboarding_queue WHERE seq = ?1")?.execute([seq])?;
        conn.prepare_cached("DELETE FROM onboarding_deadline WHERE deadline = ?1 AND seq = ?2")?
            .execute([onboarding.user_deadline.0, seq])?;
        note("onboardings", conn.prepare_cached("DELETE FROM onboarding WHERE seq = ?1")?.execute([seq])?);
        changes.push(PeerEvent::Onboarding(onboarding.id));
    }
    for (sql, begun) in [
        (
            "DELETE FROM registration_window WHERE mobile = ?1 AND expires_at <= ?2",
            until + REGISTRATION_WINDOW,
        ),
        ("DELETE FROM sms_count WHERE mobile = ?1 AND expires_at <= ?2", until + DAY),
        ("DELETE FROM uncounted WHERE mobile = ?1 AND at <= ?2", until),
    ] {
        note("counts", conn.prepare_cached(sql)?.execute(params![mobile, begun.0])?);
    }
    for pair in pairs_of(conn, mobile)?.iter().filter(|pair| !stays.contains(pair)) {
        note("validated", conn.prepare_cached("DELETE FROM validated WHERE pair = ?1")?.execute([pair])?);
    }
    let mut queued = queued_of(conn, mobile)?;
    queued.retain(|queued| queued.sms.server_received_at <= until);
    queues::forget_sms(conn, &queued.iter().map(|queued| queued.id).collect::<Vec<_>>())?;
    note("queued_sms", queued.len());
    note("queued_events", told::erase(conn, mobile, until)?);
    for key in remembered(traces, &queued) {
        note("answers", memory.arrivals.erase(conn, &key, until)?);
    }
    let of_queued = queued.iter().filter_map(|queued| queued.sms.identity().delivery);
    for key in traces.deliveries.iter().copied().chain(of_queued) {
        note("deliveries", memory.deliveries.erase(conn, &key)?);
    }
    let mut unmark = conn.prepare_cached("DELETE FROM waiting WHERE mobile = ?1 AND sms_id = ?2")?;
    for id in &traces.waiting {
        note("waiting", unmark.execute(params![mobile, id.as_bytes()])?);
    }
    Ok(removed)
}
