//! An SMS on its way through: admitted once, recorded once (D9).

use bridge_core::onboarding::{LastSms, hex};
use bridge_core::sms::{Identity, Key};
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Mobile, State, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::{INPUT_SMS, answer, known, next_id, onboardings, queues, standing};
use crate::hot::{
    Admission, Admitted, Answer, Basis, Blacklisting, IntakeLimits, Judged, QueuedSms, Recorded,
    THRESHOLD_EXCEEDED,
};
use crate::sqlite::{Changes, Json};

pub(super) fn admit(
    conn: &Connection,
    now: Timestamp,
    sms: &InboundSms,
    limits: IntakeLimits,
) -> rusqlite::Result<Admitted> {
    let identity = sms.identity();
    let delivered = delivered_before(conn, now, &identity)?;
    let delivery_id_reused = delivered.is_some_and(|(content, _)| content != identity.content);
    // The same delivery with the same content is the same SMS, even if its stamp came out differently.
    let fingerprint = match delivered {
        Some((content, first)) if content == identity.content => first,
        _ => identity.fingerprint,
    };
    let outcome = match remember(conn, now, sms, &fingerprint, &identity, delivery_id_reused)? {
        Some(Seen { answer: Some(answer), .. }) => Admission::Answered(answer),
        Some(seen) if now - seen.admitted_at < limits.takeover_after => Admission::BeingJudged,
        Some(Seen { sms_id, server_received_at, .. }) => {
            conn.prepare_cached("UPDATE seen SET admitted_at = ?2 WHERE fingerprint = ?1")?
                .execute(params![fingerprint, now.0])?;
            let mobile = sms.mobile_number();
            let sms_in_window = if sms.is_counted() { count(conn, now, mobile)? } else { 0 };
            let known = Box::new(known(conn, now, mobile, sms_in_window)?);
            Admission::Judge { sms_id, server_received_at, fingerprint, known }
        }
        None => {
            let sms_in_window = count_new(conn, now, sms, limits)?;
            let known = Box::new(known(conn, now, sms.mobile_number(), sms_in_window)?);
            let (sms_id, server_received_at) = (sms.sms_id, sms.server_received_at);
            Admission::Judge { sms_id, server_received_at, fingerprint, known }
        }
    };
    Ok(Admitted { outcome, delivery_id_reused })
}

/// Content and fingerprint of the first SMS that came with this delivery id.
fn delivered_before(
    conn: &Connection,
    now: Timestamp,
    identity: &Identity,
) -> rusqlite::Result<Option<(Key, Key)>> {
    let Some(key) = identity.delivery else { return Ok(None) };
    conn.prepare_cached("SELECT content, fingerprint FROM delivery WHERE key = ?1 AND expires_at > ?2")?
        .query_row(params![key, now.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

struct Seen {
    sms_id: Uuid,
    server_received_at: Timestamp,
    admitted_at: Timestamp,
    answer: Option<Answer>,
}

fn seen_before(conn: &Connection, now: Timestamp, fingerprint: &Key) -> rusqlite::Result<Option<Seen>> {
    conn.prepare_cached(
        "SELECT sms_id, received_at, admitted_at, answer FROM seen WHERE fingerprint = ?1 AND expires_at > ?2",
    )?
    .query_row(params![fingerprint, now.0], |row| {
        Ok(Seen {
            sms_id: Uuid::from_bytes(row.get(0)?),
            server_received_at: Timestamp(row.get(1)?),
            admitted_at: Timestamp(row.get(2)?),
            answer: row.get::<_, Option<Json<Answer>>>(3)?.map(|answer| answer.0),
        })
    })
    .optional()
}

/// Writes a new SMS down as admitted, or returns what is known of it.
fn remember(
    conn: &Connection,
    now: Timestamp,
    sms: &InboundSms,
    fingerprint: &Key,
    identity: &Identity,
    delivery_id_reused: bool,
) -> rusqlite::Result<Option<Seen>> {
    let expires_at = (now + identity.remembered).0;
    // One that expired and was not cleared away yet is as good as gone.
    let new = conn
        .prepare_cached(
            "INSERT INTO seen (fingerprint, sms_id, received_at, admitted_at, answer, expires_at)
             VALUES (?1, ?2, ?3, ?4, NULL, ?5)
             ON CONFLICT (fingerprint) DO UPDATE SET
                 sms_id = excluded.sms_id, received_at = excluded.received_at,
                 admitted_at = excluded.admitted_at, answer = NULL, expires_at = excluded.expires_at
             WHERE expires_at <= ?4",
        )?
        .execute(params![fingerprint, sms.sms_id.as_bytes(), sms.server_received_at.0, now.0, expires_at])?;
    if new == 0 {
        return seen_before(conn, now, fingerprint);
    }
    if let Some(key) = identity.delivery.filter(|_| !delivery_id_reused) {
        conn.prepare_cached(
            "INSERT OR REPLACE INTO delivery (key, content, fingerprint, expires_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![key, identity.content, fingerprint, expires_at])?;
    }
    Ok(None)
}

/// Counts a new SMS and blacklists its sender above the limit, before any fact is read (D3, D4).
fn count_new(
    conn: &Connection,
    now: Timestamp,
    sms: &InboundSms,
    limits: IntakeLimits,
) -> rusqlite::Result<i64> {
    let Ok(sender) = sms.sender.as_ref() else { return Ok(0) };
    if !sms.is_counted() {
        return Ok(0);
    }
    let now_or_new = params![sender.e164(), now.0, (now + DAY).0];
    conn.prepare_cached(
        "INSERT INTO sms_count (mobile, count, expires_at) VALUES (?1, 1, ?3)
         ON CONFLICT (mobile) DO UPDATE SET
             count = CASE WHEN expires_at > ?2 THEN count + 1 ELSE 1 END,
             expires_at = CASE WHEN expires_at > ?2 THEN expires_at ELSE excluded.expires_at END",
    )?
    .execute(now_or_new)?;
    let count = count(conn, now, sender.e164())?;
    if count > limits.blacklist_above {
        blacklist_flooder(conn, now, sender, count)?;
    }
    Ok(count)
}

fn blacklist_flooder(conn: &Connection, now: Timestamp, sender: &Mobile, count: i64) -> rusqlite::Result<()> {
    if super::contains(conn, "SELECT 1 FROM blacklist WHERE mobile = ?1", sender.e164())? {
        return Ok(());
    }
    queues::blacklist(
        conn,
        &Blacklisting {
            mobile_number: sender.e164().to_owned(),
            country_code: sender.calling_code().to_owned(),
            local_mobile: sender.national().to_owned(),
            blacklisted_at: now,
            reason: THRESHOLD_EXCEEDED.to_owned(),
            message_count: count,
        },
    )
}

/// SMS of this number counted in its window.
pub(super) fn count(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<i64> {
    let count = conn
        .prepare_cached("SELECT count FROM sms_count WHERE mobile = ?1 AND expires_at > ?2")?
        .query_row(params![mobile, now.0], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or(0))
}

pub(super) fn record(
    conn: &Connection,
    changes: &mut Changes,
    now: Timestamp,
    judged: &Judged,
) -> rusqlite::Result<Recorded> {
    let Judged { sms, fingerprint, verdict, basis } = judged;
    match answer(conn, now, fingerprint)? {
        Some((sms_id, Some(answer))) if sms_id == sms.sms_id => return Ok(Recorded::Done(answer)),
        Some((sms_id, None)) if sms_id == sms.sms_id => {}
        _ => return Ok(Recorded::NotAdmitted),
    }
    let mobile = sms.mobile_number();
    let (onboarding, pair_validated) = standing(conn, now, mobile)?;
    if (Basis { onboarding: onboarding.as_ref().map(|o| (o.id, o.state)), pair_validated }) != *basis {
        let sms_in_window = if sms.is_counted() { count(conn, now, mobile)? } else { 0 };
        return Ok(Recorded::Changed(Box::new(known(conn, now, mobile, sms_in_window)?)));
    }
    let id = next_id(conn, INPUT_SMS)?;
    let queued = QueuedSms {
        id,
        sms: sms.clone(),
        fingerprint: hex(fingerprint),
        verdict: verdict.clone(),
        judged_at: now,
        onboarding_id: onboarding.as_ref().map(|o| o.id),
        device_id: onboarding.as_ref().and_then(|o| o.device_id.clone()),
    };
    conn.prepare_cached("INSERT INTO queue_input_sms (id, sms_id, passed, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, sms.sms_id.as_bytes(), verdict.passed(), Json(&queued)])?;
    if let Some(mut onboarding) = onboarding.filter(|o| o.state.can_be_validated()) {
        onboarding.last_sms = Some(LastSms { id, judged_at: now, verdict: verdict.clone() });
        if verdict.passed() {
            onboarding.state = State::Validated;
            onboarding.validated_at = Some(now);
            conn.prepare_cached("INSERT OR IGNORE INTO validated (pair) VALUES (?1)")?
                .execute([onboarding.pair()])?;
            onboardings::change(conn, changes, &mut onboarding)?;
        } else {
            onboardings::touch(conn, changes, &mut onboarding)?;
        }
    }
    let answer = Answer { id, sms_id: sms.sms_id, verdict: verdict.clone() };
    conn.prepare_cached("UPDATE seen SET answer = ?2 WHERE fingerprint = ?1")?
        .execute(params![fingerprint, Json(&answer)])?;
    Ok(Recorded::Done(answer))
}
