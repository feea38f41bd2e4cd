//! What people look at: searches, figures, incidents.

use std::collections::HashSet;

use bridge_core::onboarding::{LastSms, State};
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Span, Timestamp, Verdict};
use serde_json::json;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{Quarantined, Refusal, SmsRow};
use crate::desk::{
    DeskStore, DropOut, Failures, MobileFilter, OnboardingFilter, Outcomes, RefusalFilter, RegistrationRate,
    SCAN, SmsFilter, SmsRate,
};
use crate::judged::QueuedSms;

const MINUTE: Span = Span(60_000);
const RECEIVERS: [&str; 3] = ["phone-1", "phone-2", "modem"];

fn failed_at(word: &str) -> Verdict {
    Verdict { failed_at: FailedAt::from_word(word), ..failed() }
}

/// A judged SMS, judged 100 ms after it was taken in.
pub(super) fn judged(n: u128, e164: &str, at: Timestamp, verdict: Verdict) -> QueuedSms {
    let queued = queued(i64::try_from(n).unwrap(), sms(n, e164, "x", at), verdict);
    QueuedSms { judged_at: at + Span(100), ..queued }
}

/// A mixed lot: numbers, receivers, outcomes and times in all combinations, some at the same time.
async fn mixed(audit: &dyn AuditUnderTest) -> Vec<SmsRow> {
    let verdicts = [passed(), failed(), failed_at("header_hash_check"), failed_at("count_check"), passed()];
    let mut batch = Vec::new();
    for n in 0..60_u128 {
        let number = format!("+9198765432{:02}", n % 14);
        let at = T0 + Span(i64::try_from(n / 2).unwrap() * 60_000);
        let mut verdict = verdicts[usize::try_from(n % 5).unwrap()].clone();
        verdict.late_delivery = n % 5 == 4 && n % 3 == 0;
        let mut queued = judged(n + 1, &number, at, verdict);
        queued.sms.receiver_id = RECEIVERS[usize::try_from(n % 3).unwrap()].to_owned();
        batch.push(queued);
    }
    audit.store().append_sms(&batch).await.unwrap();
    all_pages(audit.desk(), &SmsFilter::default(), 100).await
}

async fn all_pages(desk: &dyn DeskStore, filter: &SmsFilter, max: usize) -> Vec<SmsRow> {
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let page = desk.search_sms(filter, before, max).await.unwrap();
        assert!(page.rows.len() <= max);
        rows.extend(page.rows);
        match page.next {
            Some(next) => before = Some(next),
            None => return rows,
        }
    }
}

pub(super) async fn every_filter_finds_what_it_lets_through(audit: &dyn AuditUnderTest) {
    let all = mixed(audit).await;
    assert_eq!(all.len(), 60);
    let order: Vec<_> = all.iter().map(|row| (row.server_received_at, row.id)).collect();
    assert!(order.is_sorted_by(|a, b| a > b), "newest first");
    let numbers = [
        None,
        Some(MobileFilter::Exactly("+919876543203".to_owned())),
        Some(MobileFilter::Exactly("+91987654320".to_owned())),
        Some(MobileFilter::Prefix("+91987654321".to_owned())),
        Some(MobileFilter::Prefix("+44".to_owned())),
    ];
    let check = FailedAt::from_word("header_hash_check");
    for n in 0..2_usize.pow(5) * 3 {
        let bit = |bit: usize| n >> bit & 1 == 1;
        for mobile in &numbers {
            let filter = SmsFilter {
                mobile: mobile.clone(),
                receiver: bit(0).then(|| "phone-2".to_owned()),
                from: bit(1).then_some(T0 + MINUTE),
                to: bit(2).then_some(T0 + Span(20 * 60_000)),
                late: bit(3),
                failed_at: check.filter(|_| bit(4)),
                passed: [None, Some(true), Some(false)][n / 32],
                holds: (n % 5 == 0).then(|| "98765432".to_owned()),
                text_chars: (n % 3 == 0).then_some(3),
            };
            let found = all.iter().filter(|row| filter.lets_through(row));
            let expected: Vec<_> = found.map(|row| shown(row, filter.text_chars)).collect();
            assert_eq!(all_pages(audit.desk(), &filter, 7).await, expected, "{filter:?}");
        }
    }
}

pub(super) async fn what_is_rare_is_found_page_by_page(audit: &dyn AuditUnderTest) {
    // One SMS of another receiver lies below more rows of this number than one page looks through.
    let scan = u128::try_from(SCAN).unwrap();
    let mut rare = judged(1, ALICE, T0, passed());
    rare.sms.receiver_id = "rare".to_owned();
    audit.store().append_sms(&[rare]).await.unwrap();
    for begin in (2..scan + 12).step_by(2_000) {
        let batch: Vec<_> = (begin..(begin + 2_000).min(scan + 12))
            .map(|n| judged(n, ALICE, T0 + Span(i64::try_from(n).unwrap()), failed()))
            .collect();
        audit.store().append_sms(&batch).await.unwrap();
    }
    let mobile = Some(MobileFilter::Exactly(ALICE.to_owned()));
    let filter = SmsFilter { mobile, passed: Some(true), ..SmsFilter::default() };
    let first = audit.desk().search_sms(&filter, None, 10).await.unwrap();
    let edge = first.next.unwrap();
    assert_eq!((first.rows.len(), first.scanned_until), (0, Some(edge.at)));
    assert_eq!(edge.at, T0 + Span(12), "so many were looked through");
    let second = audit.desk().search_sms(&filter, Some(edge), 10).await.unwrap();
    assert_eq!((second.rows.len(), second.next, second.scanned_until), (1, None, None));
    assert_eq!(second.rows[0].receiver_id, "rare");
    // Numbers that begin alike are too many to be sorted.
    let mobile = Some(MobileFilter::Prefix(ALICE[..8].to_owned()));
    assert_eq!(all_pages(audit.desk(), &SmsFilter { mobile, ..filter }, 10).await, second.rows);
    assert_eq!(all_pages(audit.desk(), &SmsFilter::default(), 5_000).await.len(), SCAN + 11);
}

pub(super) async fn the_story_of_an_sms_is_told_whole(audit: &dyn AuditUnderTest) {
    let (store, desk) = (audit.store(), audit.desk());
    assert_eq!(desk.sms_story(id(1)).await.unwrap(), None);
    let mut waits = sms(1, ALICE, "x", T0);
    waits.line = Some("SIM 2".to_owned());
    waits.delivery_id = Some("d-17".to_owned());
    store.store_for_later(&waits).await.unwrap();
    let story = desk.sms_story(id(1)).await.unwrap().unwrap();
    assert_eq!((&story.sms, &story.judged), (&waits, &None));
    let waited = story.waited.unwrap();
    assert_eq!((waited.stored_at, waited.processed_at), (T0, None));
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    store.mark_processed(T0 + SECOND, &[waiting[0].id]).await.unwrap();
    let mut queued = queued(1, waits.clone(), failed());
    queued.onboarding_id = Some(id(9));
    store.append_sms(&[queued]).await.unwrap();
    let story = desk.sms_story(id(1)).await.unwrap().unwrap();
    assert_eq!(story.sms, waits);
    assert_eq!(story.waited.unwrap().processed_at, Some(T0 + SECOND));
    let row = story.judged.unwrap();
    assert_eq!(store.sms_of(ALICE, None, MAX).await.unwrap(), std::slice::from_ref(&row));

    store
        .upsert_onboardings(&[onboarding(9, ALICE, None, T0), onboarding(8, ALICE, None, T0)])
        .await
        .unwrap();
    let judged_against = desk.onboarding(id(9)).await.unwrap().unwrap();
    assert_eq!(desk.sms_of_onboarding(&judged_against, MAX).await.unwrap(), [row]);
    let other = desk.onboarding(id(8)).await.unwrap().unwrap();
    assert_eq!(desk.sms_of_onboarding(&other, MAX).await.unwrap(), []);

    let asked = [id(1), id(2), id(9)];
    assert_eq!(desk.written_sms(&asked, T0).await.unwrap(), HashSet::from([id(1)]));
    assert_eq!(desk.written_sms(&[], T0).await.unwrap(), HashSet::new());
    assert_eq!(desk.written_onboardings(&asked).await.unwrap(), [judged_against]);
    assert_eq!(desk.written_onboardings(&[]).await.unwrap(), []);
}

pub(super) async fn onboardings_are_found_by_all_they_have(audit: &dyn AuditUnderTest) {
    let desk = audit.desk();
    let mut batch = Vec::new();
    for n in 1..=12_u128 {
        let number = if n % 3 == 0 { ALICE } else { BOB };
        let at = T0 + Span(i64::try_from(n).unwrap() * 1000);
        let mut opened = onboarding(n, number, (n % 2 == 0).then_some("d1"), at);
        opened.email = Some(format!("{}@example.org", n % 4));
        if n % 5 == 0 {
            opened.state = State::Cancelled;
        }
        batch.push(opened);
    }
    audit.store().upsert_onboardings(&batch).await.unwrap();
    let found = async |filter: OnboardingFilter| {
        let (mut found, mut before): (Vec<Onboarding>, _) = (Vec::new(), None);
        loop {
            let page = desk.search_onboardings(&filter, before, 2).await.unwrap();
            found.extend(page.rows.into_iter().map(|row| row.onboarding));
            before = page.next;
            if before.is_none() {
                return found;
            }
        }
    };
    let expected = |lets: &dyn Fn(&Onboarding) -> bool| -> Vec<Onboarding> {
        batch.iter().rev().filter(|onboarding| lets(onboarding)).cloned().collect()
    };
    let all = OnboardingFilter::default();
    assert_eq!(found(all.clone()).await, expected(&|_| true));
    let mobile = Some(MobileFilter::Exactly(ALICE.to_owned()));
    let of_alice = OnboardingFilter { mobile, ..all.clone() };
    assert_eq!(found(of_alice.clone()).await, expected(&|o| o.mobile.e164() == ALICE));
    let in_time = OnboardingFilter { from: Some(T0 + Span(4_000)), to: Some(T0 + Span(9_000)), ..of_alice };
    assert_eq!(found(in_time).await.len(), 1);
    let mobile = Some(MobileFilter::Prefix(ALICE[..8].to_owned()));
    let cancelled = OnboardingFilter { mobile, state: Some(State::Cancelled), ..all.clone() };
    assert_eq!(found(cancelled).await, expected(&|o| o.state == State::Cancelled));
    let by_email = OnboardingFilter { email: Some("2@example.org".to_owned()), ..all.clone() };
    assert_eq!(found(by_email.clone()).await, expected(&|o| o.email.as_deref() == Some("2@example.org")));
    let both = OnboardingFilter { device_id: Some("d1".to_owned()), ..by_email };
    assert_eq!(found(both).await.len(), 3);
    let by_device = OnboardingFilter { device_id: Some("d1".to_owned()), ..all };
    assert_eq!(found(by_device).await, expected(&|o| o.device_id.is_some()));
    assert_eq!(desk.onboarding(id(3)).await.unwrap().unwrap().onboarding, batch[2]);
    assert_eq!(desk.onboarding(id(99)).await.unwrap(), None);
}

pub(super) async fn refusals_are_found_by_number_and_reason(audit: &dyn AuditUnderTest) {
    let refusal = |n: i64, mobile: &str, reason: &str| Refusal {
        at: T0 + Span(n * 1000),
        reason: reason.to_owned(),
        mobile_number: mobile.to_owned(),
        address_hash: Some("a".to_owned()),
        place: (n > 2).then(|| "IN".to_owned()),
        stands_for: n,
    };
    let all = [
        refusal(1, ALICE, "blacklisted"),
        refusal(2, BOB, "rate_limited"),
        refusal(3, ALICE, "rate_limited"),
        refusal(4, "garbage", "mobile_invalid"),
    ];
    audit.store().append_refusals(&all).await.unwrap();
    let found = async |filter: RefusalFilter| {
        let first = audit.desk().search_refusals(&filter, None, 1).await.unwrap();
        let mut rows = first.rows;
        if let Some(next) = first.next {
            rows.extend(audit.desk().search_refusals(&filter, Some(next), MAX).await.unwrap().rows);
        }
        rows.into_iter().map(|row| row.refusal).collect::<Vec<_>>()
    };
    assert!(found(RefusalFilter::default()).await.iter().eq(all.iter().rev()), "newest first");
    let limited = RefusalFilter { reason: Some("rate_limited".to_owned()), ..RefusalFilter::default() };
    assert_eq!(found(limited.clone()).await, [all[2].clone(), all[1].clone()]);
    let mobile = Some(MobileFilter::Exactly(BOB.to_owned()));
    assert_eq!(found(RefusalFilter { mobile, ..limited }).await, [all[1].clone()]);
    let mobile = Some(MobileFilter::Prefix("+9198".to_owned()));
    let late = RefusalFilter { mobile, from: Some(T0 + Span(2000)), ..RefusalFilter::default() };
    assert_eq!(found(late).await, [all[2].clone(), all[1].clone()]);
}

pub(super) async fn the_history_of_settings_is_read_page_by_page(audit: &dyn AuditUnderTest) {
    let (store, desk) = (audit.store(), audit.desk());
    store.seed_settings(T0).await.unwrap();
    for (n, key) in [(11, "batch_size"), (12, "blacklist_threshold"), (13, "batch_size"), (14, "batch_size")]
    {
        store.put_setting(T0 + Span(n), key, &json!(n), "ana").await.unwrap();
    }
    let first = desk.settings_history(Some("batch_size"), None, 2).await.unwrap();
    let values: Vec<_> = first.rows.iter().map(|change| change.new_value.as_str()).collect();
    assert_eq!(values, ["14", "13"]);
    assert_eq!((first.rows[0].old_value.as_deref(), first.rows[0].changed_by.as_str()), (Some("13"), "ana"));
    let second = desk.settings_history(Some("batch_size"), first.next, 2).await.unwrap();
    assert_eq!((second.rows.len(), second.next), (1, None));
    assert_eq!(desk.settings_history(None, None, MAX).await.unwrap().rows.len(), 4);
    let one = &first.rows[1];
    assert_eq!(desk.setting_change(one.id).await.unwrap().as_ref(), Some(one));
    assert_eq!(desk.setting_change(one.id + 100).await.unwrap(), None);
}

pub(super) async fn the_blacklist_is_read_page_by_page(audit: &dyn AuditUnderTest) {
    let entries = [
        blacklisting(ALICE, T0, "threshold_exceeded"),
        blacklisting("+4915112345678", T0 + SECOND, "manual"),
        blacklisting(BOB, T0, "threshold_exceeded"),
    ];
    audit.store().append_blacklist(&entries).await.unwrap();
    let first = audit.desk().blacklist_page("", None, 2).await.unwrap();
    assert_eq!(first.rows, [entries[1].clone(), entries[2].clone()]);
    let second = audit.desk().blacklist_page("", first.next.as_ref(), 2).await.unwrap();
    assert_eq!((second.rows, second.next), (vec![entries[0].clone()], None));
    let indian = audit.desk().blacklist_page("+91987", None, MAX).await.unwrap();
    assert_eq!(indian.rows, [entries[2].clone(), entries[0].clone()]);
}

pub(super) async fn what_was_stored_for_later_is_read_page_by_page(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let stored: Vec<_> =
        (1..=4_i64).map(|n| sms(u128::try_from(n).unwrap(), ALICE, "x", T0 + Span(n * 1000))).collect();
    for sms in &stored {
        store.store_for_later(sms).await.unwrap();
    }
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    store.mark_processed(T0 + HOUR, &[waiting[1].id]).await.unwrap();
    let found = async |processed| {
        let first = audit.desk().power_down_page(processed, None, 2).await.unwrap();
        let mut rows = first.rows;
        if let Some(next) = first.next {
            rows.extend(audit.desk().power_down_page(processed, Some(next), MAX).await.unwrap().rows);
        }
        rows
    };
    let ids = |rows: &[crate::desk::WaitingRow]| rows.iter().map(|row| row.sms.sms_id).collect::<Vec<_>>();
    assert_eq!(ids(&found(None).await), [id(4), id(3), id(2), id(1)]);
    assert_eq!(ids(&found(Some(false)).await), [id(4), id(3), id(1)]);
    let processed = found(Some(true)).await;
    assert_eq!((processed[0].processed_at, &processed[0].sms), (Some(T0 + HOUR), &stored[1]));
    assert_eq!(processed.len(), 1);
}

pub(super) async fn the_quarantine_is_read_page_by_page(audit: &dyn AuditUnderTest) {
    for n in 1..=3_u8 {
        let text = |text: &str| text.to_owned();
        let entry = Quarantined {
            id: id(n.into()),
            at: T0,
            receiver_id: text("phone-1"),
            format: text("generic"),
            reason: text("no sender"),
            content_type: text("text/plain"),
            body: vec![0; n.into()],
            whole_bytes: None,
        };
        audit.store().quarantine(&entry).await.unwrap();
    }
    let first = audit.desk().quarantine_page(None, 2).await.unwrap();
    let read: Vec<_> = first.rows.iter().map(|row| (row.id, row.bytes)).collect();
    assert_eq!(read, [(id(3), 3), (id(2), 2)]);
    let second = audit.desk().quarantine_page(first.next, 2).await.unwrap();
    assert_eq!((second.rows.len(), second.rows[0].id, second.next), (1, id(1), None));
    assert_eq!((second.rows[0].reason.as_str(), second.rows[0].at), ("no sender", T0));
}

pub(super) async fn sms_are_counted_once_however_often_they_come(audit: &dyn AuditUnderTest) {
    let (store, desk) = (audit.store(), audit.desk());
    let batch = [
        judged(1, ALICE, T0, passed()),
        judged(2, ALICE, T0 + SECOND, failed_at("count_check")),
        judged(3, BOB, T0 + SECOND, failed_at("count_check")),
        judged(4, BOB, T0 + MINUTE, failed()),
    ];
    store.append_sms(&batch[..3]).await.unwrap();
    store.append_sms(&batch).await.unwrap();
    store.append_sms(&batch).await.unwrap();
    let rate = |at, passed, failed| SmsRate { at, count: Outcomes { passed, failed } };
    let end = T0 + HOUR;
    let by_minute = desk.sms_rates(T0 + SECOND, end, MINUTE).await.unwrap();
    assert_eq!(by_minute, [rate(T0, 1, 2), rate(T0 + MINUTE, 0, 1)], "the first step is whole");
    assert_eq!(desk.sms_rates(T0, end, Span(120_000)).await.unwrap(), [rate(T0, 1, 3)]);
    assert_eq!(desk.sms_rates(T0 + MINUTE, end, Span(7_200_000)).await.unwrap(), [rate(T0, 1, 3)]);
    assert_eq!(desk.sms_rates(T0 + MINUTE, T0 + MINUTE, MINUTE).await.unwrap(), []);
    let failures = |check: &str, count| Failures { check: check.to_owned(), count };
    let expected = [failures("count_check", 2), failures("onboarding_match", 1)];
    assert_eq!(desk.failures_by_check(T0, end).await.unwrap(), expected);
    let receivers = desk.receiver_rates(T0, end).await.unwrap();
    assert_eq!((receivers.len(), receivers[0].receiver_id.as_str()), (1, "phone-1"));
    assert_eq!(receivers[0].count, Outcomes { passed: 1, failed: 3 });
    let took = desk.latencies(T0, end).await.unwrap().verdict;
    assert_eq!(took.count, 4);
    assert!((100..130).contains(&took.p50.0) && took.p50 == took.p99, "{took:?}");
}

pub(super) async fn an_onboarding_is_counted_where_it_stands(audit: &dyn AuditUnderTest) {
    let (store, desk) = (audit.store(), audit.desk());
    let mut all: Vec<_> = (1..=4).map(|n| onboarding(n, ALICE, None, T0 + SECOND)).collect();
    store.upsert_onboardings(&all).await.unwrap();
    store.upsert_onboardings(&all).await.unwrap();
    let end = T0 + HOUR;
    let funnel = desk.funnel(T0, end).await.unwrap();
    assert_eq!((funnel.registered, funnel.sms_seen, funnel.validated), (4, 0, 0));
    let stands = |state, last_sms: Option<&str>, count| DropOut {
        state,
        last_sms: last_sms.map(str::to_owned),
        count,
    };
    assert_eq!(funnel.drop_outs, [stands(State::Pending, None, 4)]);

    let last = |verdict| Some(LastSms { id: 1, judged_at: T0, verdict });
    // One is validated, after it expired with an SMS that failed; one expires without any.
    (all[0].state, all[0].last_sms) = (State::Expired, last(failed_at("header_hash_check")));
    all[1].state = State::Expired;
    (all[2].state, all[2].last_sms) = (State::Expired, last(failed_at("count_check")));
    all.iter_mut().for_each(|onboarding| onboarding.version += 1);
    store.upsert_onboardings(&all[..3]).await.unwrap();
    (all[0].state, all[0].last_sms) = (State::Validated, last(passed()));
    (all[0].validated_at, all[0].version) = (Some(T0 + Span(9_000)), all[0].version + 1);
    // What is known of its last SMS stays, also where a later version does not tell.
    (all[2].state, all[2].last_sms, all[2].version) = (State::Superseded, None, all[2].version + 1);
    store.upsert_onboardings(&all[..3]).await.unwrap();
    store.upsert_onboardings(&all[..3]).await.unwrap();
    let funnel = desk.funnel(T0, end).await.unwrap();
    assert_eq!((funnel.registered, funnel.sms_seen, funnel.validated), (4, 2, 1));
    let mut drop_outs = funnel.drop_outs;
    drop_outs.sort_by_key(|stands| stands.state.as_str());
    assert_eq!(
        drop_outs,
        [
            stands(State::Expired, None, 1),
            stands(State::Pending, None, 1),
            stands(State::Superseded, Some("count_check"), 1)
        ]
    );
    let took = desk.latencies(T0, end).await.unwrap().validation;
    assert!(took.count == 1 && (8_000..12_000).contains(&took.p95.0), "{took:?}");
    let rates = desk.registrations(T0, end, MINUTE).await.unwrap();
    assert_eq!(rates, [RegistrationRate { at: T0, registered: 4, validated: 1 }]);
    let row = desk.onboarding(all[2].id).await.unwrap().unwrap();
    assert_eq!(row.last_sms.as_deref(), Some("count_check"));
}

pub(super) async fn the_worst_senders_come_first(audit: &dyn AuditUnderTest) {
    let mut batch = vec![judged(1, ALICE, T0, failed()), judged(2, ALICE, T0 + SECOND, passed())];
    batch.extend((3..6).map(|n| judged(n, BOB, T0 + SECOND, failed_at("blacklist_check"))));
    audit.store().append_sms(&batch).await.unwrap();
    audit.store().append_blacklist(&[blacklisting(BOB, T0, "threshold_exceeded")]).await.unwrap();
    let senders = audit.desk().top_failing_senders(T0, T0 + HOUR, 5).await.unwrap();
    assert_eq!(senders.len(), 2);
    assert_eq!(
        (senders[0].mobile_number.as_str(), senders[0].failed, senders[0].blacklisted_at),
        (BOB, 3, Some(T0))
    );
    assert_eq!((senders[1].failed, senders[1].last_at, senders[1].blacklisted_at), (1, T0, None));
    assert_eq!(audit.desk().top_failing_senders(T0, T0 + HOUR, 1).await.unwrap(), senders[..1]);
    assert_eq!(audit.desk().top_failing_senders(T0 + HOUR, T0 + HOUR, 1).await.unwrap(), []);
}

pub(super) async fn refusals_are_counted_by_hour_and_reason(audit: &dyn AuditUnderTest) {
    let refusal = |at, reason: &str, stands_for| Refusal {
        at,
        reason: reason.to_owned(),
        mobile_number: "x".to_owned(),
        address_hash: None,
        place: None,
        stands_for,
    };
    let all =
        [refusal(T0, "a", 1), refusal(T0 + MINUTE, "a", 9), refusal(T0 + HOUR, "a", 1), refusal(T0, "b", 2)];
    audit.store().append_refusals(&all).await.unwrap();
    let found = audit.desk().refusals_by_hour(T0 + MINUTE, T0 + HOUR + HOUR).await.unwrap();
    let found: Vec<_> = found.iter().map(|rate| (rate.hour, rate.reason.as_str(), rate.count)).collect();
    assert_eq!(found, [(T0, "a", 10), (T0, "b", 2), (T0 + HOUR, "a", 1)], "the first hour is whole");
}

pub(super) async fn an_incident_begins_and_ends_once(audit: &dyn AuditUnderTest) {
    let desk = audit.desk();
    for _ in 0..2 {
        desk.begin_incident("redis", T0, "does not answer").await.unwrap();
    }
    desk.begin_incident("receiver:phone-1", T0 + SECOND, "silent").await.unwrap();
    let open = desk.incidents(T0 + HOUR, T0 + HOUR + HOUR).await.unwrap();
    assert_eq!(
        open.iter().map(|i| (i.what.as_str(), i.ended_at)).collect::<Vec<_>>(),
        [("receiver:phone-1", None), ("redis", None)]
    );
    desk.end_incident("redis", T0, T0 + MINUTE, "answers again").await.unwrap();
    desk.end_incident("redis", T0, T0 + HOUR, "told late").await.unwrap();
    desk.begin_incident("redis", T0, "told late").await.unwrap();
    desk.end_incident("bridge", T0 - HOUR, T0 - MINUTE, "was not running").await.unwrap();
    let all = desk.incidents(T0 - HOUR, T0 + HOUR).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!((all[1].ended_at, all[1].detail.as_str()), (Some(T0 + MINUTE), "answers again"));
    assert_eq!(
        (all[2].what.as_str(), all[2].began_at, all[2].ended_at),
        ("bridge", T0 - HOUR, Some(T0 - MINUTE))
    );
    let still_open = desk.incidents(T0 + HOUR, T0 + HOUR + HOUR).await.unwrap();
    assert_eq!(still_open.len(), 1, "what ended before is not shown");
}

pub(super) async fn figures_are_purged_by_age(audit: &dyn AuditUnderTest) {
    let (store, desk) = (audit.store(), audit.desk());
    for (n, at) in [(1, T0), (2, T0 + HOUR)] {
        store.append_sms(&[judged(n, ALICE, at, passed())]).await.unwrap();
        store.upsert_onboardings(&[onboarding(n, ALICE, None, at)]).await.unwrap();
        desk.end_incident("redis", at, at + SECOND, "").await.unwrap();
    }
    desk.begin_incident("postgresql", T0, "").await.unwrap();
    assert_eq!(desk.purge_figures(T0, MAX).await.unwrap(), 0);
    assert_eq!(desk.purge_figures(T0 + HOUR, MAX).await.unwrap(), 5);
    let left = desk.sms_rates(T0, T0 + HOUR + HOUR, MINUTE).await.unwrap();
    assert_eq!(left.iter().map(|rate| rate.at).collect::<Vec<_>>(), [T0 + HOUR]);
    assert_eq!(desk.incidents(T0, T0 + HOUR + HOUR).await.unwrap().len(), 2, "what goes on stays");
    assert_eq!(desk.purge_figures(T0 + HOUR, MAX).await.unwrap(), 0);
}
