//! Onboardings, validated and blacklisted numbers, refusals, settings, and what waits: page by page.

use bridge_core::InboundSms;
use bridge_core::onboarding::State;
use bridge_store::audit::{Blacklisted, Refusal};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::desk::{
    BlacklistPlace, MobileFilter, OnboardingFilter, OnboardingRow, Page, QuarantineRow, RefusalFilter,
    RefusalRow, SettingChange, ValidatedFilter, ValidatedRow, WaitingRow,
};
use bridge_store::place::Place;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::columns::{At, uuid};
use super::super::onboardings::{ONBOARDING_COLUMNS, onboarding_row};
use super::page::{List, Search, one, page};
use crate::sqlite::engine::{Json, limit};

fn onboarding_columns() -> String {
    format!("{ONBOARDING_COLUMNS}, id, last_sms")
}

fn read_onboarding(row: &Row<'_>) -> rusqlite::Result<OnboardingRow> {
    let onboarding = onboarding_row(row)?;
    let last_sms = match onboarding.state {
        State::Validated => Some("passed".to_owned()),
        _ => row.get("last_sms")?,
    };
    Ok(OnboardingRow { id: row.get("id")?, onboarding, last_sms })
}

pub(super) fn onboardings(
    conn: &Connection,
    filter: &OnboardingFilter,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<OnboardingRow>> {
    let OnboardingFilter { mobile, email, device_id, state, holds, from, to } = filter;
    let mut search = Search::default();
    search.numbers("onboarding_mobile_number", mobile.as_ref());
    if let Some(email) = email {
        let email = search.bind(email.clone());
        search.either("onboarding_mobile_email", format!("email = {email}"));
    }
    if let Some(device_id) = device_id {
        let device_id = search.bind(device_id.clone());
        search.either("onboarding_mobile_device", format!("device_id = {device_id}"));
    }
    if let Some(state) = state {
        let state = search.bind(state.as_str().to_owned());
        search.rest(format!("status = {state}"));
    }
    if let Some(part) = holds {
        search.holds(part, &["mobile_number", "email", "device_id"]);
    }
    let list = List {
        table: "onboarding_mobile",
        time: "request_timestamp",
        columns: onboarding_columns(),
        by_time: "onboarding_mobile_time",
        by_number: "onboarding_mobile_number",
        read: |row| {
            let row = read_onboarding(row)?;
            Ok((row.place(), row))
        },
    };
    page(conn, &list, search, (*from, *to), before, max)
}

pub(super) fn onboarding(conn: &Connection, id: Uuid) -> rusqlite::Result<Option<OnboardingRow>> {
    let sql = format!("SELECT {} FROM onboarding_mobile WHERE onboarding_id = ?1", onboarding_columns());
    one(conn, &sql, id.to_string(), read_onboarding)
}

pub(super) fn written(conn: &Connection, ids: &Json<Vec<String>>) -> rusqlite::Result<Vec<OnboardingRow>> {
    conn.prepare_cached(&format!(
        "SELECT {} FROM onboarding_mobile WHERE onboarding_id IN (SELECT value FROM json_each(?1))",
        onboarding_columns()
    ))?
    .query_map([ids], read_onboarding)?
    .collect()
}

/// The cursor is `number:device`.
const PAIR: &str = "ops_validated_mobile_pair";

pub(super) fn validated(
    conn: &Connection,
    filter: &ValidatedFilter,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<ValidatedRow>> {
    let ValidatedFilter { mobile, from, to } = filter;
    let mut search = Search::default();
    search.numbers(PAIR, mobile.as_ref());
    let list = List {
        table: "ops_validated_mobile",
        time: "validated_at",
        columns: "id, mobile_number, device_id, sms_id, validated_at".to_owned(),
        by_time: "ops_validated_mobile_time",
        by_number: PAIR,
        read: |row| {
            let validated = ValidatedRow {
                mobile_number: row.get(1)?,
                device_id: row.get(2)?,
                sms_id: uuid(row, 3)?,
                validated_at: row.get::<_, At>(4)?.0,
            };
            Ok((Place { at: validated.validated_at, id: row.get(0)? }, validated))
        },
    };
    page(conn, &list, search, (*from, *to), before, max)
}

pub(super) fn count_validated(
    conn: &Connection,
    filter: &ValidatedFilter,
    max: usize,
) -> rusqlite::Result<usize> {
    let ValidatedFilter { mobile, from, to } = filter;
    let mut search = Search::default();
    search.numbers(PAIR, mobile.as_ref());
    search.count(conn, "ops_validated_mobile", "validated_at", (*from, *to), max)
}

pub(super) fn refusals(
    conn: &Connection,
    filter: &RefusalFilter,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<RefusalRow>> {
    let RefusalFilter { mobile, reason, from, to } = filter;
    let mut search = Search::default();
    search.numbers("ops_registration_attempts_number", mobile.as_ref());
    if let Some(reason) = reason {
        let reason = search.bind(reason.clone());
        search.rest(format!("reason = {reason}"));
    }
    let list = List {
        table: "ops_registration_attempts",
        time: "at",
        columns: "id, at, reason, mobile_number, address_hash, place, stands_for".to_owned(),
        by_time: "ops_registration_attempts_time",
        by_number: "ops_registration_attempts_number",
        read: |row| {
            let refusal = Refusal {
                at: row.get::<_, At>(1)?.0,
                reason: row.get(2)?,
                mobile_number: row.get(3)?,
                address_hash: row.get(4)?,
                place: row.get(5)?,
                stands_for: row.get(6)?,
            };
            let id = row.get(0)?;
            Ok((Place { at: refusal.at, id }, RefusalRow { id, refusal }))
        },
    };
    page(conn, &list, search, (*from, *to), before, max)
}

const CHANGE: &str = "id, at, setting_key, old_value, new_value, changed_by";

fn change(row: &Row<'_>) -> rusqlite::Result<SettingChange> {
    Ok(SettingChange {
        id: row.get(0)?,
        at: row.get::<_, At>(1)?.0,
        key: row.get(2)?,
        old_value: row.get(3)?,
        new_value: row.get(4)?,
        changed_by: row.get(5)?,
    })
}

pub(super) fn settings_history(
    conn: &Connection,
    key: Option<&str>,
    before: Option<i64>,
    max: usize,
) -> rusqlite::Result<Page<SettingChange, i64>> {
    let of_key = if key.is_some() { "setting_key = ?1" } else { "?1 IS NULL" };
    let mut rows: Vec<SettingChange> = conn
        .prepare_cached(&format!(
            "SELECT {CHANGE} FROM ops_settings_history WHERE {of_key} AND id < ?2 ORDER BY id DESC LIMIT ?3"
        ))?
        .query_map(params![key, before.unwrap_or(i64::MAX), limit(max.saturating_add(1))], change)?
        .collect::<rusqlite::Result<_>>()?;
    let is_more = rows.len() > max;
    rows.truncate(max);
    let next = rows.last().filter(|_| is_more).map(|change| change.id);
    Ok(Page { rows, next, scanned_until: None })
}

pub(super) fn setting_change(conn: &Connection, id: i64) -> rusqlite::Result<Option<SettingChange>> {
    one(conn, &format!("SELECT {CHANGE} FROM ops_settings_history WHERE id = ?1"), id, change)
}

pub(super) fn blacklist(
    conn: &Connection,
    prefix: &str,
    before: Option<&BlacklistPlace>,
    max: usize,
) -> rusqlite::Result<Page<Blacklisted, BlacklistPlace>> {
    let mut search = Search::default();
    let mut conditions = vec!["TRUE".to_owned()];
    if !prefix.is_empty() {
        let from = search.bind(prefix.to_owned());
        conditions.push(format!("mobile_number >= {from}"));
        if let Some(behind) = MobileFilter::behind(prefix) {
            let to = search.bind(behind);
            conditions.push(format!("mobile_number < {to}"));
        }
    }
    if let Some(BlacklistPlace { at, mobile_number }) = before {
        let (at, number) = (search.bind(at.to_rfc3339_millis()), search.bind(mobile_number.clone()));
        conditions.push(format!("(blacklisted_at, mobile_number) < ({at}, {number})"));
    }
    let sql = format!(
        "SELECT mobile_number, country_code, local_mobile, blacklisted_at, reason, message_count,
             expires_at, blocked_by FROM blacklist_sms
         WHERE {} ORDER BY blacklisted_at DESC, mobile_number DESC LIMIT {}",
        conditions.join(" AND "),
        max.saturating_add(1)
    );
    let mut rows = search.found(conn, &sql, |row| {
        Ok(Blacklisting {
            mobile_number: row.get(0)?,
            country_code: row.get(1)?,
            local_mobile: row.get(2)?,
            blacklisted_at: row.get::<_, At>(3)?.0,
            reason: row.get(4)?,
            message_count: row.get(5)?,
            expires_at: row.get::<_, Option<At>>(6)?.map(|at| at.0),
            blocked_by: row.get(7)?,
        })
    })?;
    let is_more = rows.len() > max;
    rows.truncate(max);
    let next = rows
        .last()
        .filter(|_| is_more)
        .map(|last| BlacklistPlace { at: last.blacklisted_at, mobile_number: last.mobile_number.clone() });
    Ok(Page { rows, next, scanned_until: None })
}

pub(super) fn power_down(
    conn: &Connection,
    processed: Option<bool>,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<WaitingRow>> {
    let mut search = Search::default();
    match processed {
        Some(true) => search.rest("processed = 1".to_owned()),
        // An index of its own: few wait.
        Some(false) => search.either("power_down_store_waiting", "processed = 0".to_owned()),
        None => {}
    }
    let list = List {
        table: "power_down_store",
        time: "server_received_at",
        columns: "id, body, processed_at".to_owned(),
        by_time: "power_down_store_time",
        by_number: "power_down_store_time",
        read: |row| {
            let row = WaitingRow {
                id: row.get(0)?,
                sms: row.get::<_, Json<InboundSms>>(1)?.0,
                processed_at: row.get::<_, Option<At>>(2)?.map(|at| at.0),
            };
            Ok((Place { at: row.sms.server_received_at, id: row.id }, row))
        },
    };
    page(conn, &list, search, (None, None), before, max)
}

pub(super) fn quarantine(
    conn: &Connection,
    before: Option<Place>,
    max: usize,
) -> rusqlite::Result<Page<QuarantineRow>> {
    let list = List {
        table: "ops_quarantine",
        time: "at",
        columns: "id, quarantine_id, at, receiver_id, format, reason, content_type, coalesce(whole_bytes, length(body))".to_owned(),
        by_time: "ops_quarantine_time",
        by_number: "ops_quarantine_time",
        read: |row| {
            let entry = QuarantineRow {
                id: uuid(row, 1)?,
                at: row.get::<_, At>(2)?.0,
                receiver_id: row.get(3)?,
                format: row.get(4)?,
                reason: row.get(5)?,
                content_type: row.get(6)?,
                bytes: row.get::<_, i64>(7)?.unsigned_abs(),
            };
            Ok((Place { at: entry.at, id: row.get(0)? }, entry))
        },
    };
    page(conn, &list, Search::default(), (None, None), before, max)
}
