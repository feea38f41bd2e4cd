//! Onboardings, validated and blacklisted numbers, refusals, settings, and what waits: page by page.

use bridge_core::Timestamp;
use bridge_core::onboarding::State;
use bridge_store::Result;
use bridge_store::audit::{Blacklisted, Refusal};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::desk::{
    BlacklistPlace, MobileFilter, OnboardingFilter, OnboardingRow, Page, QuarantineRow, RefusalFilter,
    RefusalRow, SettingChange, ValidatedFilter, ValidatedRow, WaitingRow,
};
use bridge_store::place::Place;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::super::columns::{At, limit};
use super::super::lease::{Lease, Unreadable};
use super::super::onboardings::{self, onboarding_row};
use super::page::{List, Search, page};

fn onboarding_columns() -> String {
    format!("{}, last_sms", onboardings::COLUMNS)
}

fn read_onboarding(row: &Row) -> std::result::Result<OnboardingRow, Unreadable> {
    let onboarding = onboarding_row(row)?;
    let last_sms = match onboarding.state {
        State::Validated => Some("passed".to_owned()),
        _ => row.try_get("last_sms")?,
    };
    Ok(OnboardingRow { id: row.try_get("id")?, onboarding, last_sms })
}

pub(super) async fn onboardings(
    lease: &mut Lease,
    filter: &OnboardingFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<OnboardingRow>> {
    let OnboardingFilter { mobile, email, device_id, state, holds, from, to } = filter;
    let mut search = Search::default();
    search.numbers(mobile.as_ref());
    if let Some(email) = email {
        let email = search.bind(email.clone(), Type::TEXT);
        search.either(format!("email = {email}"));
    }
    if let Some(device_id) = device_id {
        let device_id = search.bind(device_id.clone(), Type::TEXT);
        search.either(format!("device_id = {device_id}"));
    }
    if let Some(state) = state {
        let state = search.bind(state.as_str(), Type::TEXT);
        search.rest(format!("status = {state}"));
    }
    if let Some(part) = holds {
        search.holds(part, &["mobile_number", "email", "device_id"]);
    }
    let list = List {
        table: "public.onboarding_mobile",
        time: "request_timestamp",
        columns: onboarding_columns(),
        read: |row| {
            let row = read_onboarding(row)?;
            Ok((row.place(), row))
        },
    };
    page(lease, &list, search, (*from, *to), before, max).await
}

pub(super) async fn onboarding(lease: &mut Lease, id: Uuid) -> Result<Option<OnboardingRow>> {
    let sql =
        format!("SELECT {} FROM public.onboarding_mobile WHERE onboarding_id = $1", onboarding_columns());
    Ok(lease.rows(&sql, &[(&id, Type::UUID)], read_onboarding).await?.pop())
}

pub(super) async fn written(lease: &mut Lease, ids: &[Uuid]) -> Result<Vec<OnboardingRow>> {
    let sql = format!(
        "SELECT {} FROM public.onboarding_mobile WHERE onboarding_id = ANY($1)",
        onboarding_columns()
    );
    lease.rows(&sql, &[(&ids, Type::UUID_ARRAY)], read_onboarding).await
}

/// The pair begins with the number.
pub(super) async fn validated(
    lease: &mut Lease,
    filter: &ValidatedFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<ValidatedRow>> {
    let ValidatedFilter { mobile, from, to } = filter;
    let mut search = Search::default();
    search.numbers(mobile.as_ref());
    let list = List {
        table: "ops.validated_mobile",
        time: "validated_at",
        columns: "id, mobile_number, device_id, sms_id, validated_at".to_owned(),
        read: |row| {
            let validated = ValidatedRow {
                mobile_number: row.try_get(1)?,
                device_id: row.try_get(2)?,
                sms_id: row.try_get(3)?,
                validated_at: row.try_get::<_, At>(4)?.0,
            };
            Ok((Place { at: validated.validated_at, id: row.try_get(0)? }, validated))
        },
    };
    page(lease, &list, search, (*from, *to), before, max).await
}

pub(super) async fn count_validated(
    lease: &mut Lease,
    filter: &ValidatedFilter,
    max: usize,
) -> Result<usize> {
    let ValidatedFilter { mobile, from, to } = filter;
    let mut search = Search::default();
    search.numbers(mobile.as_ref());
    search.count(lease, "ops.validated_mobile", "validated_at", (*from, *to), max).await
}

pub(super) async fn refusals(
    lease: &mut Lease,
    filter: &RefusalFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<RefusalRow>> {
    let RefusalFilter { mobile, reason, from, to } = filter;
    let mut search = Search::default();
    search.numbers(mobile.as_ref());
    if let Some(reason) = reason {
        let reason = search.bind(reason.clone(), Type::TEXT);
        search.rest(format!("reason = {reason}"));
    }
    let list = List {
        table: "ops.registration_attempts",
        time: "at",
        columns: "id, at, reason, mobile_number, address_hash, place, stands_for".to_owned(),
        read: |row| {
            let refusal = Refusal {
                at: row.try_get::<_, At>(1)?.0,
                reason: row.try_get(2)?,
                mobile_number: row.try_get(3)?,
                address_hash: row.try_get(4)?,
                place: row.try_get(5)?,
                stands_for: row.try_get(6)?,
            };
            let id = row.try_get(0)?;
            Ok((Place { at: refusal.at, id }, RefusalRow { id, refusal }))
        },
    };
    page(lease, &list, search, (*from, *to), before, max).await
}

const CHANGE: &str = "id, at, setting_key, old_value, new_value, changed_by";

fn change(row: &Row) -> std::result::Result<SettingChange, Unreadable> {
    Ok(SettingChange {
        id: row.try_get(0)?,
        at: row.try_get::<_, At>(1)?.0,
        key: row.try_get(2)?,
        old_value: row.try_get(3)?,
        new_value: row.try_get(4)?,
        changed_by: row.try_get(5)?,
    })
}

pub(super) async fn settings_history(
    lease: &mut Lease,
    key: Option<&str>,
    before: Option<i64>,
    max: usize,
) -> Result<Page<SettingChange, i64>> {
    let of_key = if key.is_some() { "setting_key = $1" } else { "true" };
    let sql = format!(
        "SELECT {CHANGE} FROM ops.settings_history WHERE {of_key} AND id < $2 ORDER BY id DESC LIMIT $3"
    );
    let mut rows = lease
        .rows(
            &sql,
            &[
                (&key, Type::TEXT),
                (&before.unwrap_or(i64::MAX), Type::INT8),
                (&limit(max.saturating_add(1)), Type::INT8),
            ],
            change,
        )
        .await?;
    let is_more = rows.len() > max;
    rows.truncate(max);
    let next = rows.last().filter(|_| is_more).map(|change| change.id);
    Ok(Page { rows, next, scanned_until: None })
}

pub(super) async fn setting_change(lease: &mut Lease, id: i64) -> Result<Option<SettingChange>> {
    let sql = format!("SELECT {CHANGE} FROM ops.settings_history WHERE id = $1");
    Ok(lease.rows(&sql, &[(&id, Type::INT8)], change).await?.pop())
}

/// A number that begins like that is found by its index and sorted: the blacklist is short.
pub(super) async fn blacklist(
    lease: &mut Lease,
    prefix: &str,
    before: Option<&BlacklistPlace>,
    max: usize,
) -> Result<Page<Blacklisted, BlacklistPlace>> {
    let behind = MobileFilter::behind(prefix);
    let by_number = match (prefix, &behind) {
        ("", _) => "true",
        (_, None) => "mobile_number COLLATE \"C\" >= $1",
        (_, Some(_)) => "mobile_number COLLATE \"C\" >= $1 AND mobile_number COLLATE \"C\" < $2",
    };
    let earlier = match before {
        None => "true",
        Some(_) => "(blacklisted_at, mobile_number COLLATE \"C\") < ($3, $4)",
    };
    let sql = format!(
        "SELECT mobile_number, coalesce(country_code, ''), coalesce(local_mobile, ''), blacklisted_at, reason,
             message_count, expires_at, blocked_by
         FROM public.blacklist_sms WHERE {by_number} AND {earlier}
         ORDER BY blacklisted_at DESC, mobile_number COLLATE \"C\" DESC LIMIT $5"
    );
    let (at, number) = before.map_or((Timestamp(0), ""), |place| (place.at, &place.mobile_number));
    let mut rows = lease
        .rows(
            &sql,
            &[
                (&prefix, Type::TEXT),
                (&behind, Type::TEXT),
                (&At(at), Type::TIMESTAMPTZ),
                (&number, Type::TEXT),
                (&limit(max.saturating_add(1)), Type::INT8),
            ],
            |row| {
                Ok(Blacklisting {
                    mobile_number: row.try_get(0)?,
                    country_code: row.try_get(1)?,
                    local_mobile: row.try_get(2)?,
                    blacklisted_at: row.try_get::<_, At>(3)?.0,
                    reason: row.try_get(4)?,
                    message_count: row.try_get(5)?,
                    expires_at: row.try_get::<_, Option<At>>(6)?.map(|at| at.0),
                    blocked_by: row.try_get(7)?,
                })
            },
        )
        .await?;
    let is_more = rows.len() > max;
    rows.truncate(max);
    let next = rows
        .last()
        .filter(|_| is_more)
        .map(|last| BlacklistPlace { at: last.blacklisted_at, mobile_number: last.mobile_number.clone() });
    Ok(Page { rows, next, scanned_until: None })
}

pub(super) async fn power_down(
    lease: &mut Lease,
    processed: Option<bool>,
    before: Option<Place>,
    max: usize,
) -> Result<Page<WaitingRow>> {
    let mut search = Search::default();
    match processed {
        Some(true) => search.rest("processed".to_owned()),
        // An index of its own: few wait.
        Some(false) => search.indexed("NOT processed".to_owned()),
        None => {}
    }
    let list = List {
        table: "public.power_down_store",
        time: "server_received_at",
        columns: "id, body, processed_at".to_owned(),
        read: |row| {
            let row = WaitingRow {
                id: row.try_get(0)?,
                sms: serde_json::from_str(row.try_get(1)?)?,
                processed_at: row.try_get::<_, Option<At>>(2)?.map(|at| at.0),
            };
            Ok((Place { at: row.sms.server_received_at, id: row.id }, row))
        },
    };
    page(lease, &list, search, (None, None), before, max).await
}

pub(super) async fn quarantine(
    lease: &mut Lease,
    before: Option<Place>,
    max: usize,
) -> Result<Page<QuarantineRow>> {
    let list = List {
        table: "ops.quarantine",
        time: "at",
        columns: "id, quarantine_id, at, receiver_id, format, reason, content_type,
                  coalesce(whole_bytes, octet_length(body))"
            .to_owned(),
        read: |row| {
            let entry = QuarantineRow {
                id: row.try_get(1)?,
                at: row.try_get::<_, At>(2)?.0,
                receiver_id: row.try_get(3)?,
                format: row.try_get(4)?,
                reason: row.try_get(5)?,
                content_type: row.try_get(6)?,
                bytes: u64::try_from(row.try_get::<_, i64>(7)?)?,
            };
            Ok((Place { at: entry.at, id: row.try_get(0)? }, entry))
        },
    };
    page(lease, &list, Search::default(), (None, None), before, max).await
}
