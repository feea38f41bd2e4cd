//! Judged SMS: searched, and one told whole.

use std::collections::HashSet;
use std::sync::LazyLock;

use bridge_core::checks::CHECKS;
use bridge_core::verdict::FailedAt;
use bridge_core::{InboundSms, Timestamp};
use bridge_store::Result;
use bridge_store::audit::SmsRow;
use bridge_store::desk::{FEW, OnboardingRow, Page, Sender, SmsFilter, SmsStory, Waited};
use bridge_store::place::Place;
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::super::columns::{At, limit};
use super::super::lease::Lease;
use super::super::sms::{NAMES, queued_row, sms_row};
use super::page::{List, Search, filled, page};

static COLUMNS: LazyLock<String> = LazyLock::new(|| format!("id, synced_at, {}", *NAMES));

fn list(text_chars: Option<u32>) -> List<SmsRow> {
    let columns = COLUMNS.clone();
    let columns = match text_chars {
        Some(chars) => {
            columns.replace("sms_message", &format!("substr(sms_message, 1, {chars}) AS sms_message"))
        }
        None => columns,
    };
    List {
        table: "public.input_sms",
        time: "server_received_at",
        columns,
        read: |row| {
            let row = sms_row(row)?;
            Ok((Place { at: row.server_received_at, id: row.id }, row))
        },
    }
}

pub(super) async fn search(
    lease: &mut Lease,
    filter: &SmsFilter,
    before: Option<Place>,
    max: usize,
) -> Result<Page<SmsRow>> {
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
        return failed(lease, (*from, *to), *text_chars, before, max).await;
    }
    let mut search = Search::default();
    search.numbers(mobile.as_ref());
    // The rarest first: by the first of them rows are found, the others are looked at.
    if *late {
        search.either("late_delivery".to_owned());
    }
    if let Some(failed_at) = failed_at {
        let check = search.bind(failed_at.as_str(), Type::TEXT);
        search.either(format!("failed_at_check = {check}"));
    }
    if let Some(receiver) = receiver {
        let receiver = search.bind(receiver.clone(), Type::TEXT);
        search.either(format!("receiver_id = {receiver}"));
    }
    match passed {
        Some(true) => search.rest("failed_at_check IS NULL".to_owned()),
        Some(false) if failed_at.is_none() => search.rest("failed_at_check IS NOT NULL".to_owned()),
        _ => {}
    }
    if let Some(part) = holds {
        search.holds(part, &["mobile_number", "sms_message"]);
    }
    page(lease, &list(*text_chars), search, (*from, *to), before, max).await
}

/// Every word in `failed_at_check`.
fn all_checks() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).chain([FailedAt::OnboardingMatch.as_str()]).collect()
}

/// What failed anywhere: the newest of each check, and of them the newest. Found in the index alone, or the plan might
/// look for a check that nothing ever fails in all rows.
async fn failed(
    lease: &mut Lease,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    text_chars: Option<u32>,
    before: Option<Place>,
    max: usize,
) -> Result<Page<SmsRow>> {
    let List { table, time, columns, read } = list(text_chars);
    let mut search = Search::default();
    let checks = search.bind(all_checks(), Type::TEXT_ARRAY);
    let mut bounds = search.between(time, from, to);
    bounds.push_str(&search.before(time, before));
    let order = format!("ORDER BY {time} DESC, id DESC LIMIT {}", limit(max.saturating_add(1)));
    let sql = format!(
        "SELECT {columns} FROM (
             SELECT {time}, id FROM unnest({checks}) AS failed (at) CROSS JOIN LATERAL (
                 SELECT {time}, id FROM {table} WHERE failed_at_check = failed.at{bounds} {order}) AS newest {order}
         ) AS page JOIN {table} USING ({time}, id) {order}"
    );
    Ok(filled(lease.rows(&sql, &search.parameters(), read).await?, max))
}

pub(super) async fn story(lease: &mut Lease, sms_id: Uuid) -> Result<Option<SmsStory>> {
    let judged = lease
        .rows(
            &format!("SELECT {} FROM public.input_sms WHERE sms_id = $1", *COLUMNS),
            &[(&sms_id, Type::UUID)],
            |row| Ok((sms_row(row)?, queued_row(row)?.sms)),
        )
        .await?
        .pop();
    let waited = lease
        .rows(
            "SELECT body, stored_at, processed_at FROM public.power_down_store WHERE sms_id = $1",
            &[(&sms_id, Type::UUID)],
            |row| {
                let sms: InboundSms = serde_json::from_str(row.try_get(0)?)?;
                let processed_at = row.try_get::<_, Option<At>>(2)?.map(|at| at.0);
                Ok((sms, Waited { stored_at: row.try_get::<_, At>(1)?.0, processed_at }))
            },
        )
        .await?
        .pop();
    Ok(match (judged, waited) {
        (Some((row, sms)), waited) => {
            Some(SmsStory { sms, judged: Some(row), waited: waited.map(|(_, waited)| waited) })
        }
        (None, Some((sms, waited))) => Some(SmsStory { sms, judged: None, waited: Some(waited) }),
        (None, None) => None,
    })
}

pub(super) async fn written(lease: &mut Lease, ids: &[Uuid], since: Timestamp) -> Result<HashSet<Uuid>> {
    // With the time, so that partitions of years ago are left alone.
    let sql = "SELECT sms_id FROM public.input_sms WHERE sms_id = ANY($1) AND server_received_at >= $2";
    let rows = lease
        .rows(sql, &[(&ids, Type::UUID_ARRAY), (&At(since), Type::TIMESTAMPTZ)], |row| Ok(row.try_get(0)?))
        .await?;
    Ok(rows.into_iter().collect())
}

pub(super) async fn of_onboarding(
    lease: &mut Lease,
    onboarding: &OnboardingRow,
    max: usize,
) -> Result<Vec<SmsRow>> {
    // By the number: an SMS is judged against an onboarding of its own sender.
    let sql = format!(
        "SELECT {} FROM public.input_sms
         WHERE mobile_number COLLATE \"C\" = $1 AND server_received_at >= $2 AND onboarding_id = $3
         ORDER BY server_received_at, id LIMIT $4",
        *COLUMNS
    );
    let onboarding = &onboarding.onboarding;
    lease
        .rows(
            &sql,
            &[
                (&onboarding.mobile.e164(), Type::TEXT),
                (&At(onboarding.request_timestamp - bridge_store::desk::CLOCKS), Type::TIMESTAMPTZ),
                (&onboarding.id, Type::UUID),
                (&limit(max), Type::INT8),
            ],
            sms_row,
        )
        .await
}

pub(super) async fn top_failing_senders(
    lease: &mut Lease,
    from: Timestamp,
    to: Timestamp,
    max: usize,
) -> Result<Vec<Sender>> {
    let sql = format!(
        "SELECT sender.mobile_number, sender.failed, sender.last_at, blacklist_sms.blacklisted_at
         FROM (
             SELECT mobile_number, count(*) AS failed, max(server_received_at) AS last_at
             FROM unnest($1) AS failed (at) CROSS JOIN LATERAL (
                 SELECT mobile_number, server_received_at FROM public.input_sms
                 WHERE failed_at_check = failed.at AND server_received_at >= $2 AND server_received_at < $3
                 ORDER BY server_received_at DESC, id DESC LIMIT {FEW}) AS newest
             GROUP BY mobile_number ORDER BY failed DESC, last_at DESC, mobile_number COLLATE \"C\" LIMIT $4
         ) AS sender
         LEFT JOIN public.blacklist_sms ON blacklist_sms.mobile_number = sender.mobile_number
         ORDER BY sender.failed DESC, sender.last_at DESC, sender.mobile_number COLLATE \"C\""
    );
    lease
        .rows(
            &sql,
            &[
                (&all_checks(), Type::TEXT_ARRAY),
                (&At(from), Type::TIMESTAMPTZ),
                (&At(to), Type::TIMESTAMPTZ),
                (&limit(max), Type::INT8),
            ],
            sender,
        )
        .await
}

fn sender(row: &Row) -> std::result::Result<Sender, super::super::lease::Unreadable> {
    Ok(Sender {
        mobile_number: row.try_get(0)?,
        failed: row.try_get::<_, i64>(1)?.unsigned_abs(),
        last_at: row.try_get::<_, At>(2)?.0,
        blacklisted_at: row.try_get::<_, Option<At>>(3)?.map(|at| at.0),
    })
}
