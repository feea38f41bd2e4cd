//! Judged SMS: searched, and one told whole.

use std::collections::{BTreeMap, HashSet};

use bridge_core::checks::CHECKS;
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::desk::{CLOCKS, FEW, Page, Sender, SmsFilter, SmsStory, Waited};
use bridge_store::place::Place;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::columns::{At, uuid};
use super::super::sms::{QUEUED_COLUMNS, queued_row};
use super::super::sms::{sms_columns, sms_row};
use super::page::{List, Search, filled, one, page};
use crate::sqlite::engine::{Json, limit};

const BY_CHECK: &str = "input_sms_failed";

fn list(text_chars: Option<u32>) -> List<SmsRow> {
    let columns = sms_columns();
    let columns = match text_chars {
        Some(chars) => {
            columns.replace("sms_message", &format!("substr(sms_message, 1, {chars}) AS sms_message"))
        }
        None => columns,
    };
    List {
        table: "input_sms",
        time: "server_received_at",
        columns,
        by_time: "input_sms_time",
        by_number: "input_sms_number",
        read: placed,
    }
}

fn placed(row: &Row<'_>) -> rusqlite::Result<(Place, SmsRow)> {
    let row = sms_row(row)?;
    Ok((Place { at: row.server_received_at, id: row.id }, row))
}

pub(super) fn search(
    conn: &Connection,
    filter: &SmsFilter,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<SmsRow>> {
    if filter.is_contradiction() {
        return Ok(Page::empty());
    }
    let SmsFilter { mobile, receiver, from, to, passed, failed_at, late, holds, text_chars } = filter;
    if *passed == Some(false)
        && *filter
            == (SmsFilter {
                passed: *passed,
                from: *from,
                to: *to,
                text_chars: *text_chars,
                ..SmsFilter::default()
            })
    {
        return failed(conn, (*from, *to), *text_chars, before, max);
    }
    let mut search = Search::default();
    search.numbers("input_sms_number", mobile.as_ref());
    // The rarest first: by the first of them rows are found, the others are looked at.
    if *late {
        search.either("input_sms_late", "late_delivery = 1".to_owned());
    }
    if let Some(failed_at) = failed_at {
        let check = search.bind(failed_at.as_str().to_owned());
        search.either(BY_CHECK, format!("failed_at_check = {check}"));
    }
    if let Some(receiver) = receiver {
        let receiver = search.bind(receiver.clone());
        search.either("input_sms_receiver", format!("receiver_id = {receiver}"));
    }
    match passed {
        Some(true) => search.rest("failed_at_check IS NULL".to_owned()),
        Some(false) if failed_at.is_none() => search.rest("failed_at_check IS NOT NULL".to_owned()),
        _ => {}
    }
    if let Some(part) = holds {
        search.holds(part, &["mobile_number", "sms_message"]);
    }
    page(conn, &list(*text_chars), search, (*from, *to), before, max)
}

/// Every word in `failed_at_check`.
fn all_checks() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.name).chain([FailedAt::OnboardingMatch.as_str()])
}

/// What failed anywhere: the newest of each check, and of them the newest.
fn failed(
    conn: &Connection,
    between: (Option<Timestamp>, Option<Timestamp>),
    text_chars: Option<u32>,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<SmsRow>> {
    let List { table, time, columns, read, .. } = list(text_chars);
    let mut found = Vec::new();
    for check in all_checks() {
        let mut search = Search::default();
        let check = search.bind(check.to_owned());
        let bounds = search.within(time, between, before);
        let sql = format!(
            "SELECT {columns} FROM {table} INDEXED BY {BY_CHECK} WHERE failed_at_check = {check}{bounds}
             ORDER BY {time} DESC, id DESC LIMIT {}",
            max.saturating_add(1)
        );
        found.extend(search.found(conn, &sql, read)?);
    }
    found.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    Ok(filled(found, max))
}

pub(super) fn story(conn: &Connection, sms_id: Uuid) -> rusqlite::Result<Option<SmsStory>> {
    let id = sms_id.to_string();
    let row = format!("SELECT {} FROM input_sms WHERE sms_id = ?1", sms_columns());
    let row = one(conn, &row, &id, sms_row)?;
    let queued = format!("SELECT {} FROM input_sms WHERE sms_id = ?1", *QUEUED_COLUMNS);
    let judged = row.zip(one(conn, &queued, &id, queued_row)?);
    let waited = "SELECT body, stored_at, processed_at FROM power_down_store WHERE sms_id = ?1";
    let waited = one(conn, waited, &id, |row| {
        let processed_at = row.get::<_, Option<At>>(2)?.map(|at| at.0);
        let waited = Waited { stored_at: row.get::<_, At>(1)?.0, processed_at };
        Ok((row.get::<_, Json<InboundSms>>(0)?.0, waited))
    })?;
    Ok(match (judged, waited) {
        (Some((row, queued)), waited) => {
            Some(SmsStory { sms: queued.sms, judged: Some(row), waited: waited.map(|(_, waited)| waited) })
        }
        (None, Some((sms, waited))) => Some(SmsStory { sms, judged: None, waited: Some(waited) }),
        (None, None) => None,
    })
}

/// By the number: an SMS is judged against an onboarding of its own sender.
pub(super) fn written(conn: &Connection, ids: &Json<Vec<String>>) -> rusqlite::Result<HashSet<Uuid>> {
    conn.prepare_cached("SELECT sms_id FROM input_sms WHERE sms_id IN (SELECT value FROM json_each(?1))")?
        .query_map([ids], |row| uuid(row, 0))?
        .collect()
}

pub(super) fn of_onboarding(
    conn: &Connection,
    onboarding: &Onboarding,
    max: usize,
) -> rusqlite::Result<Vec<SmsRow>> {
    conn.prepare_cached(&format!(
        "SELECT {} FROM input_sms INDEXED BY input_sms_number
         WHERE mobile_number = ?1 AND server_received_at >= ?2 AND onboarding_id = ?3
         ORDER BY server_received_at, id LIMIT ?4",
        sms_columns()
    ))?
    .query_map(
        params![
            onboarding.mobile.e164(),
            At(onboarding.request_timestamp - CLOCKS),
            onboarding.id.to_string(),
            limit(max)
        ],
        sms_row,
    )?
    .collect()
}

pub(super) fn top_failing_senders(
    conn: &Connection,
    from: Timestamp,
    to: Timestamp,
    max: usize,
) -> rusqlite::Result<Vec<Sender>> {
    let mut newest = conn.prepare_cached(&format!(
        "SELECT mobile_number, server_received_at FROM input_sms INDEXED BY {BY_CHECK}
         WHERE failed_at_check = ?1 AND server_received_at >= ?2 AND server_received_at < ?3
         ORDER BY server_received_at DESC, id DESC LIMIT {FEW}"
    ))?;
    let mut senders: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
    for check in all_checks() {
        let mut rows = newest.query(params![check, At(from), At(to)])?;
        while let Some(row) = rows.next()? {
            let at = row.get::<_, At>(1)?.0;
            let (failed, last_at) = senders.entry(row.get(0)?).or_insert((0, at));
            *failed += 1;
            *last_at = at.max(*last_at);
        }
    }
    let mut senders: Vec<_> = senders.into_iter().collect();
    // What is equal stays in order of the number.
    senders.sort_by_key(|(_, (failed, last_at))| std::cmp::Reverse((*failed, *last_at)));
    senders.truncate(max);
    senders
        .into_iter()
        .map(|(mobile_number, (failed, last_at))| {
            let sql = "SELECT blacklisted_at FROM blacklist_sms WHERE mobile_number = ?1";
            let blacklisted_at = one(conn, sql, &mobile_number, |row| row.get::<_, At>(0))?.map(|at| at.0);
            Ok(Sender { mobile_number, failed, last_at, blacklisted_at })
        })
        .collect()
}
