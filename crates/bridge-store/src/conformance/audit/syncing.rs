//! What the remote still has to hear of, in order, and what it refused (D20).

use bridge_core::Timestamp;
use uuid::Uuid;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{Refused, Unsynced};

/// Writes SMS 1, 2, …: of whom, and whether it passed.
async fn append(store: &dyn AuditStore, sent: &[(&str, bool)]) {
    for (n, (mobile, pass)) in (1_i64..).zip(sent) {
        let verdict = if *pass { passed() } else { failed() };
        let row = queued(n, sms(n.unsigned_abs().into(), mobile, "x", T0), verdict);
        store.append_sms(&[row]).await.unwrap();
    }
}

async fn unsynced(store: &dyn AuditStore) -> Vec<Unsynced> {
    store.unsynced(MAX).await.unwrap()
}

async fn ids(store: &dyn AuditStore) -> Vec<u128> {
    unsynced(store).await.iter().map(|row| row.sms_id.as_u128()).collect()
}

/// The remote refuses SMS n so often that it is dead-lettered.
async fn park(store: &dyn AuditStore, n: u128) {
    let rows = unsynced(store).await;
    let row = rows.iter().find(|row| row.sms_id == id(n)).unwrap();
    assert!(store.note_refused(T0, row, "no", 1).await.unwrap());
}

pub(super) async fn what_passed_waits_for_the_remote(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    append(store, &[(ALICE, true), (BOB, false), (BOB, true)]).await;
    let no_device = crate::judged::QueuedSms {
        device_id: None,
        judged_at: T0 + SECOND,
        ..queued(4, sms(4, "+447911123456", "x", T0 + MILLI), passed())
    };
    store.append_sms(&[no_device]).await.unwrap();
    let row = |n: u128, mobile: &str, at: Timestamp, device: &str, validated_at: Timestamp| Unsynced {
        sms_id: id(n),
        server_received_at: at,
        mobile_number: mobile.to_owned(),
        device_id: device.to_owned(),
        validated_at,
    };
    let expected = [
        row(1, ALICE, T0, "d1", T0),
        row(3, BOB, T0, "d1", T0),
        row(4, "+447911123456", T0 + MILLI, "", T0 + SECOND),
    ];
    assert_eq!(unsynced(store).await, expected);
    assert_eq!(store.unsynced(2).await.unwrap(), expected[..2]);
}

pub(super) async fn what_the_remote_has_is_marked_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    append(store, &[(ALICE, true), (BOB, true)]).await;
    let rows = unsynced(store).await;
    let unknown = Unsynced { sms_id: Uuid::from_u128(99), ..rows[0].clone() };
    store.mark_synced(T0 + SECOND, &[rows[0].clone(), unknown]).await.unwrap();
    store.mark_synced(T0 + HOUR, &rows[..1]).await.unwrap();
    store.mark_synced(T0, &[]).await.unwrap();
    assert_eq!(unsynced(store).await, rows[1..]);
    let alice = store.sms_of(ALICE, None, MAX).await.unwrap();
    assert_eq!(alice[0].synced_at, Some(T0 + SECOND), "the first time stays");
    assert_eq!(store.sms_of(BOB, None, MAX).await.unwrap()[0].synced_at, None);
}

pub(super) async fn a_row_is_parked_after_so_many_refusals(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    append(store, &[(ALICE, true), (BOB, true)]).await;
    let rows = unsynced(store).await;
    let refuse = async |n: usize, at, reason| store.note_refused(at, &rows[n], reason, 3).await.unwrap();
    assert!(!refuse(0, T0, "first").await);
    assert!(!refuse(0, T0 + SECOND, "second").await);
    assert_eq!(ids(store).await, [1, 2], "it is tried again");
    assert!(!refuse(1, T0 + SECOND + SECOND, "bob").await);
    assert!(refuse(0, T0 + HOUR, "third \u{1f4de}").await);
    assert_eq!(ids(store).await, [2]);
    let refused = |n: u128, mobile: &str, attempts, reason: &str, at, dead_lettered| Refused {
        sms_id: id(n),
        mobile_number: mobile.to_owned(),
        attempts,
        reason: reason.to_owned(),
        at,
        dead_lettered,
    };
    let expected = [
        refused(1, ALICE, 3, "third \u{1f4de}", T0 + HOUR, true),
        refused(2, BOB, 1, "bob", T0 + SECOND + SECOND, false),
    ];
    assert_eq!(store.refused(MAX).await.unwrap(), expected);
    assert_eq!(store.refused(1).await.unwrap(), expected[..1]);
    store.mark_synced(T0, &rows[1..]).await.unwrap();
    assert_eq!(store.refused(MAX).await.unwrap(), expected[..1], "what the remote took was not refused");
}

pub(super) async fn later_rows_of_a_parked_number_wait_behind_it(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    append(store, &[(ALICE, true), (BOB, true), (ALICE, true), (ALICE, true)]).await;
    park(store, 3).await;
    assert_eq!(ids(store).await, [1, 2], "what came before it goes on");
    park(store, 1).await;
    assert_eq!(ids(store).await, [2]);
    assert_eq!(store.unsynced(1).await.unwrap()[0].sms_id, id(2), "what is kept back takes no place");
}

pub(super) async fn what_is_unparked_is_tried_anew(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    append(store, &[(ALICE, true), (BOB, true), (ALICE, true), (BOB, true)]).await;
    park(store, 1).await;
    park(store, 2).await;
    assert_eq!(store.let_go(Some(id(99))).await.unwrap(), 0);
    assert_eq!(store.let_go(Some(id(2))).await.unwrap(), 1);
    assert_eq!(ids(store).await, [2, 4]);
    assert_eq!(store.let_go(Some(id(2))).await.unwrap(), 0, "it is not dead_lettered any more");
    let bob = unsynced(store).await.remove(0);
    assert!(!store.note_refused(T0, &bob, "again", 2).await.unwrap(), "as often as a new one");
    assert!(store.note_refused(T0, &bob, "again", 2).await.unwrap());
    assert_eq!(store.let_go(None).await.unwrap(), 2);
    assert_eq!(ids(store).await, [1, 2, 3, 4]);
    assert_eq!(store.let_go(None).await.unwrap(), 0);
}
