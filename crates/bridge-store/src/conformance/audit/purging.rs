//! What age removes, and what it never does (D30, D31).

use bridge_core::Timestamp;
use serde_json::json;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{PageStep, Quarantined, Refusal, Step};

/// One row of every kind that age removes, each of this time.
async fn write_one_of_each(audit: &dyn AuditUnderTest, n: u128, at: Timestamp) {
    let store = audit.store();
    let redis_id = i64::try_from(n).unwrap();
    store.append_sms(&[queued(redis_id, sms(n, ALICE, "x", at), failed())]).await.unwrap();
    store.upsert_onboardings(&[onboarding(n, ALICE, None, at)]).await.unwrap();
    store.store_for_later(&sms(n, ALICE, "x", at)).await.unwrap();
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    store.mark_processed(at, &[waiting[0].id]).await.unwrap();
    let text = || "x".to_owned();
    let refusal =
        Refusal { at, reason: text(), mobile_number: text(), address_hash: None, place: None, stands_for: 1 };
    store.append_refusals(&[refusal]).await.unwrap();
    let (step, language, platform) = (Step::Opened, "en", "ios");
    let opened = PageStep { onboarding_id: id(n), mobile_number: text(), step, at, language, platform };
    store.note_steps(&[opened]).await.unwrap();
    let (receiver_id, format, reason, content_type) = (text(), text(), text(), text());
    let body = vec![];
    store
        .quarantine(&Quarantined {
            id: id(n),
            at,
            receiver_id,
            format,
            reason,
            content_type,
            body,
            whole_bytes: None,
        })
        .await
        .unwrap();
    store.put_setting(at, "batch_size", &json!(redis_id), "x").await.unwrap();
}

const TABLES: [(&str, &str); 7] = [
    ("input_sms", "sms_id"),
    ("onboarding_mobile", "onboarding_id"),
    ("power_down_store", "sms_id"),
    ("ops.registration_attempts", "reason"),
    ("ops.page_funnel", "language"),
    ("ops.quarantine", "reason"),
    ("ops.settings_history", "new_value"),
];

async fn rows(audit: &dyn AuditUnderTest) -> Vec<usize> {
    let mut rows = Vec::new();
    for (table, column) in TABLES {
        rows.push(audit.column(table, column).await.len());
    }
    rows
}

pub(super) async fn what_is_older_than_the_boundary_goes(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    write_one_of_each(audit, 1, T0 - MILLI).await;
    write_one_of_each(audit, 2, T0).await;
    assert_eq!(store.purge(T0 - MILLI, MAX, true).await.unwrap(), 0);
    assert_eq!(store.purge(T0, MAX, true).await.unwrap(), TABLES.len());
    assert_eq!(rows(audit).await, [1; TABLES.len()]);
    assert_eq!(audit.column("input_sms", "sms_id").await, [Some(id(2).to_string())]);
    assert_eq!(store.purge(T0, MAX, true).await.unwrap(), 0);
    assert_eq!(store.settings().await.unwrap().len(), 1, "a setting has no age");
}

pub(super) async fn at_most_max_rows_of_each_table_go(audit: &dyn AuditUnderTest) {
    for n in 1..=3 {
        write_one_of_each(audit, n, T0).await;
    }
    let later = T0 + HOUR;
    assert_eq!(audit.store().purge(later, 2, false).await.unwrap(), 2 * TABLES.len());
    assert_eq!(rows(audit).await, [1; TABLES.len()]);
    assert_eq!(audit.store().purge(later, 2, false).await.unwrap(), TABLES.len());
    assert_eq!(rows(audit).await, [0; TABLES.len()]);
}

pub(super) async fn what_waits_for_the_remote_stays(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let batch = [queued(1, sms(1, ALICE, "x", T0), passed()), queued(2, sms(2, ALICE, "y", T0), failed())];
    store.append_sms(&batch).await.unwrap();
    assert_eq!(store.purge(T0 + HOUR, MAX, true).await.unwrap(), 1);
    let left: Vec<_> = store.sms_of(ALICE, None, MAX).await.unwrap().iter().map(|r| r.sms_id).collect();
    assert_eq!(left, [id(1)], "passed and not yet pushed");
    store.append_sms(&[queued(3, sms(3, BOB, "z", T0), passed())]).await.unwrap();
    let rows = store.unsynced(MAX).await.unwrap();
    store.mark_synced(T0, &rows[1..]).await.unwrap();
    assert_eq!(store.purge(T0 + HOUR, MAX, true).await.unwrap(), 1, "what was pushed goes");
    assert_eq!(store.unsynced(MAX).await.unwrap(), rows[..1]);
    assert_eq!(store.purge(T0 + HOUR, MAX, false).await.unwrap(), 1, "without a remote nothing waits");
    assert_eq!(store.sms_of(ALICE, None, MAX).await.unwrap(), []);
}

pub(super) async fn what_waits_to_be_judged_stays(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for n in 1..=2 {
        store.store_for_later(&sms(n, ALICE, &n.to_string(), T0)).await.unwrap();
    }
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    store.mark_processed(T0, &[waiting[0].id]).await.unwrap();
    assert_eq!(store.purge(T0 + HOUR, MAX, false).await.unwrap(), 1);
    assert_eq!(store.waiting_sms(None, MAX).await.unwrap(), waiting[1..]);
}

pub(super) async fn a_validated_mobile_is_never_purged(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.append_sms(&[queued(1, sms(1, ALICE, "x", T0), passed())]).await.unwrap();
    store.append_blacklist(&[blacklisting(BOB, T0, "operator")]).await.unwrap();
    assert_eq!(store.purge(T0 + HOUR, MAX, false).await.unwrap(), 1);
    let validated = audit.column("ops.validated_mobile", "mobile_number").await;
    assert_eq!(validated, [Some(ALICE.to_owned())]);
    assert_eq!(store.blacklist().await.unwrap().len(), 1, "nor is the blacklist");
}

pub(super) async fn what_the_remote_refused_goes_with_its_row(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.append_sms(&[queued(1, sms(1, ALICE, "x", T0), passed())]).await.unwrap();
    let row = store.unsynced(MAX).await.unwrap().remove(0);
    assert!(store.note_refused(T0, &row, "no", 1).await.unwrap());
    store.purge(T0 + HOUR, MAX, true).await.unwrap();
    assert_eq!(store.refused(MAX).await.unwrap().len(), 1, "it is kept back, not forgotten");
    store.purge(T0 + HOUR, MAX, false).await.unwrap();
    store.purge(T0 + HOUR, MAX, false).await.unwrap();
    assert_eq!(store.refused(MAX).await.unwrap(), []);
}
