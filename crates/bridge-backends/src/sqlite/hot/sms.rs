//! An SMS on its way through: admitted once, recorded once (D9).

use bridge_core::onboarding::{LastSms, pair};
use bridge_core::sms::REMEMBERED;
use bridge_core::time::DAY;
use bridge_core::{Mobile, State, Timestamp};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::hot::{Admission, Admitted, IntakeLimits, Recorded, THRESHOLD_EXCEEDED};
use bridge_store::judged::Answer;
use rusqlite::{Connection, params};

use super::Memory;
use super::arrivals::{self, Arrival, New};
use super::counting::count;
use super::deliveries::Delivered;
use super::handed::{Arriving, Recording};
use super::{INPUT_SMS, is_validated, known, next_id, onboardings, queues, told};
use crate::sqlite::engine::{Changes, Json};

pub(super) fn admit(
    conn: &Connection,
    memory: &Memory,
    now: Timestamp,
    sms: &Arriving,
    limits: IntakeLimits,
) -> rusqlite::Result<Admitted> {
    let identity = &sms.identity;
    let delivered =
        identity.delivery.map(|key| memory.deliveries.find(conn, now, &key)).transpose()?.flatten();
    let delivery_id_reused = delivered.as_ref().is_some_and(|first| first.content != identity.content);
    // The same delivery with the same content is the same SMS, even if its stamp came out differently.
    let fingerprint = match delivered {
        Some(first) if first.content == identity.content => first.fingerprint,
        _ => identity.fingerprint,
    };
    if limits.behind_waiting && memory.marks.hold_back(conn, now, sms.mobile_number())? {
        let outcome = match memory.arrivals.find(conn, now, &fingerprint)? {
            Some(Arrival { answer: Some(answer), .. }) => Admission::Answered(answer),
            _ => Admission::BehindWaiting,
        };
        return Ok(Admitted { outcome, delivery_id_reused });
    }
    let outcome = match memory.arrivals.find(conn, now, &fingerprint)? {
        Some(Arrival { answer: Some(answer), .. }) => Admission::Answered(answer),
        Some(arrival) if now - arrival.admitted_at < limits.takeover_after => Admission::BeingJudged,
        Some(arrival) => {
            arrivals::take_over(conn, now, &fingerprint, &arrival)?;
            let Arrival { sms_id, server_received_at, .. } = arrival;
            let mobile = sms.mobile_number();
            let sms_in_window = if sms.is_counted { count(conn, now, mobile)? } else { 0 };
            let known = Box::new(known(conn, now, mobile, sms_in_window)?);
            Admission::Judge { sms_id, server_received_at, fingerprint, known }
        }
        None => {
            let new = New {
                fingerprint,
                sms_id: sms.sms_id,
                server_received_at: sms.server_received_at,
                admitted_at: now,
                until: now + identity.remembered,
                is_lasting: identity.remembered == REMEMBERED,
            };
            memory.arrivals.add(conn, now, &new)?;
            if let Some(key) = identity.delivery.filter(|_| !delivery_id_reused) {
                let first = Delivered { content: identity.content, fingerprint };
                memory.deliveries.add(conn, now, &key, &first, now + identity.remembered)?;
            }
            let sms_in_window = count_new(conn, now, sms, limits)?;
            let known = Box::new(known(conn, now, sms.mobile_number(), sms_in_window)?);
            let (sms_id, server_received_at) = (sms.sms_id, sms.server_received_at);
            Admission::Judge { sms_id, server_received_at, fingerprint, known }
        }
    };
    Ok(Admitted { outcome, delivery_id_reused })
}

/// Counts a new SMS and blacklists its sender above the limit, before any fact is read (D3, D4).
fn count_new(
    conn: &Connection,
    now: Timestamp,
    sms: &Arriving,
    limits: IntakeLimits,
) -> rusqlite::Result<i64> {
    let Ok(sender) = sms.sender.as_ref() else { return Ok(0) };
    if !sms.is_counted {
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
    if super::is_blocked(conn, now, sender.e164())? {
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
            expires_at: None,
            blocked_by: None,
        },
    )
}

pub(super) fn record(
    conn: &Connection,
    memory: &Memory,
    changes: &mut Changes,
    now: Timestamp,
    sms: &mut Recording,
) -> rusqlite::Result<Recorded> {
    let Recording { key, precondition, sms_id, mobile_number: mobile, is_counted, row, told } = sms;
    let arrival = memory.arrivals.find(conn, now, key)?.filter(|arrival| arrival.sms_id == *sms_id);
    let Some(arrival) = arrival else { return Ok(Recorded::NotAdmitted) };
    if let Some(answer) = arrival.answer {
        return Ok(Recorded::Done(answer));
    }
    let standing = onboardings::standing(conn, now, mobile)?;
    let nobody = standing.is_empty();
    let meant = precondition.onboarding;
    let onboarding = standing.into_iter().find(|there| meant == Some((there.id, there.state)));
    let device = onboarding.as_ref().and_then(|o| o.device_id.as_deref());
    let holds = (onboarding.is_some() || meant.is_none() && nobody)
        && is_validated(conn, &pair(mobile, device))? == precondition.pair_validated;
    if !holds {
        let sms_in_window = if *is_counted { count(conn, now, mobile)? } else { 0 };
        return Ok(Recorded::Changed(Box::new(known(conn, now, mobile, sms_in_window)?)));
    }
    let id = next_id(conn, INPUT_SMS)?;
    (row.id, row.judged_at) = (id, now);
    let verdict = &row.verdict;
    conn.prepare_cached("INSERT INTO queue_input_sms (id, sms_id, passed, body) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, sms_id.as_bytes(), verdict.passed(), Json(&*row)])?;
    if let Some(mut onboarding) = onboarding.filter(|o| o.state.can_be_validated()) {
        onboarding.last_sms = Some(LastSms { id, judged_at: now, verdict: verdict.clone() });
        if verdict.passed() {
            onboarding.state = State::Validated;
            onboarding.validated_at = Some(now);
            conn.prepare_cached("INSERT OR IGNORE INTO validated (pair) VALUES (?1)")?
                .execute([onboarding.pair()])?;
            onboardings::change(conn, changes, now, &mut onboarding)?;
        } else if onboarding.state == State::Expired {
            // onboarding_mobile has heard of its end: it hears what came after it, too.
            onboardings::change(conn, changes, now, &mut onboarding)?;
        } else {
            onboardings::touch(conn, changes, now, &mut onboarding)?;
        }
    }
    if let Some(told) = told {
        told::queue(conn, told)?;
    }
    let answer = Answer { id, sms_id: *sms_id, verdict: verdict.clone() };
    arrivals::answer(conn, key, &arrival, &answer)?;
    Ok(Recorded::Done(answer))
}
