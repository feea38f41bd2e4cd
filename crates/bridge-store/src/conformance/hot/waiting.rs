//! What comes while an earlier SMS of its sender waits to be judged, waits behind it (D25).

use bridge_core::InboundSms;
use bridge_core::phone::PhoneError;
use uuid::Uuid;

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Admission, IntakeLimits, WAITING_MARK};

fn mark(mobile: &str, n: u128) -> [(String, Uuid); 1] {
    [(mobile.to_owned(), id(n))]
}

async fn waits(store: &dyn HotStore, now: bridge_core::Timestamp, sms: &InboundSms) -> bool {
    store.admit(now, sms, LIMITS).await.unwrap().outcome == Admission::BehindWaiting
}

pub(super) async fn an_sms_waits_behind_one_of_its_sender(store: &dyn HotStore) {
    let marks = [mark(ALICE, 1), mark(ALICE, 2)].concat();
    store.mark_waiting(T0, &marks).await.unwrap();
    let sms_of = |n, mobile| sms(n, mobile, "x", T0);
    assert!(waits(store, T0, &sms_of(10, ALICE)).await);
    take(store, T0, &sms_of(11, BOB)).await;
    store.unmark_waiting(&mark(ALICE, 1)).await.unwrap();
    assert!(waits(store, T0, &sms_of(10, ALICE)).await, "the other still waits");
    store.unmark_waiting(&mark(BOB, 2)).await.unwrap();
    assert!(waits(store, T0, &sms_of(10, ALICE)).await);
    store.unmark_waiting(&marks).await.unwrap();
    take(store, T0, &sms_of(10, ALICE)).await;
}

pub(super) async fn what_waits_behind_has_no_effect(store: &dyn HotStore) {
    store.mark_waiting(T0, &mark(ALICE, 1)).await.unwrap();
    let behind = InboundSms { delivery_id: Some("a".to_owned()), ..sms(10, ALICE, "x", T0) };
    for _ in 0..5 {
        assert!(waits(store, T0, &behind).await);
    }
    store.unmark_waiting(&mark(ALICE, 1)).await.unwrap();
    let other = InboundSms { delivery_id: Some("a".to_owned()), ..sms(11, ALICE, "y", T0) };
    let taken = take(store, T0, &other).await;
    assert_eq!(taken.known.sms_in_window, 1, "it was not counted");
    assert!(!taken.delivery_id_reused, "nor its id remembered");
    assert!(!taken.known.blacklisted);
    assert_eq!(take(store, T0, &sms(12, ALICE, "x", T0)).await.sms.sms_id, id(12), "nor the SMS");
}

pub(super) async fn an_answered_sms_is_answered_while_others_wait(store: &dyn HotStore) {
    let sms = sms(10, ALICE, "x", T0);
    let copy = InboundSms { sms_id: id(11), ..sms.clone() };
    let taken = take(store, T0, &sms).await;
    store.mark_waiting(T0, &mark(ALICE, 1)).await.unwrap();
    assert!(waits(store, T0, &copy).await, "nobody answered it yet");
    let later = T0 + LIMITS.takeover_after;
    assert!(waits(store, later, &copy).await, "nor takes it over");
    let answer = record(store, T0, &taken.judged(failed())).await;
    let admitted = store.admit(T0, &copy, LIMITS).await.unwrap();
    assert_eq!(admitted.outcome, Admission::Answered(answer));
}

pub(super) async fn a_sender_that_is_no_number_waits_too(store: &dyn HotStore) {
    let bank = InboundSms {
        sender_raw: "MYBANK".to_owned(),
        sender: Err(PhoneError::Alphanumeric),
        ..sms(10, ALICE, "x", T0)
    };
    store.mark_waiting(T0, &mark("MYBANK", 1)).await.unwrap();
    assert!(waits(store, T0, &bank).await);
    store.unmark_waiting(&mark("MYBANK", 1)).await.unwrap();
    take(store, T0, &bank).await;
}

pub(super) async fn a_mark_holds_for_its_time(store: &dyn HotStore) {
    store.mark_waiting(T0, &mark(ALICE, 1)).await.unwrap();
    store.mark_waiting(T0, &mark(BOB, 2)).await.unwrap();
    store.mark_waiting(T0 + SECOND, &mark(BOB, 2)).await.unwrap();
    store.mark_waiting(T0, &[]).await.unwrap();
    let end = T0 + WAITING_MARK;
    assert!(waits(store, end - MILLI, &sms(10, ALICE, "x", T0)).await);
    take(store, end, &sms(10, ALICE, "x", T0)).await;
    assert!(waits(store, end, &sms(11, BOB, "x", T0)).await, "it was marked anew");
    store.collect_garbage(end, MAX).await.unwrap();
    assert!(waits(store, end, &sms(11, BOB, "x", T0)).await);
    take(store, end + SECOND, &sms(11, BOB, "x", T0)).await;
}

pub(super) async fn an_sms_that_is_replayed_does_not_wait_behind_itself(store: &dyn HotStore) {
    store.mark_waiting(T0, &mark(ALICE, 10)).await.unwrap();
    let replayed = IntakeLimits { behind_waiting: false, ..LIMITS };
    let admitted = store.admit(T0, &sms(10, ALICE, "x", T0), replayed).await.unwrap();
    assert!(matches!(admitted.outcome, Admission::Judge { sms_id, .. } if sms_id == id(10)), "{admitted:?}");
}
