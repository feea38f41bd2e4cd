//! After a loss, judged SMS are remembered as before: answers, delivery ids, counts of the day (D3, D9, D28).

use bridge_core::time::DAY;
use bridge_core::{InboundSms, Span, Timestamp};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Admission, QueueSizes, Recorded, Restore, Right};
use crate::judged::Answer;

/// Everything is lost; the judged SMS are given back twice over.
async fn lose_all_but_judged(store: &dyn HotStore, now: Timestamp) {
    let judged = judged(store).await;
    let part = Restore::Judged(&judged);
    lose(store, 1, now, &[part, part]).await;
    assert_eq!(store.queue_sizes().await.unwrap(), QueueSizes::default(), "nothing is queued again");
}

async fn answered(store: &dyn HotStore, now: Timestamp, sms: &InboundSms) -> Answer {
    match store.admit(now, sms, LIMITS).await.unwrap().outcome {
        Admission::Answered(answer) => answer,
        other => panic!("answered, not {other:?}"),
    }
}

pub(super) async fn a_redelivery_gets_its_answer_after_a_loss(store: &dyn HotStore) {
    let stamped = sms(10, ALICE, "x", T0);
    let bare = InboundSms { stamped: false, ..sms(11, ALICE, "y", T0) };
    let bank = InboundSms {
        sender_raw: "MYBANK".to_owned(),
        sender: Err(bridge_core::phone::PhoneError::Alphanumeric),
        ..sms(12, ALICE, "z", T0)
    };
    let mut answers = Vec::new();
    for sms in [&stamped, &bare, &bank] {
        answers.push(settle(store, T0 + SECOND, sms, failed()).await);
    }
    lose_all_but_judged(store, T0 + SECOND).await;
    for (sms, answer) in [&stamped, &bare, &bank].into_iter().zip(&answers) {
        let again = InboundSms { sms_id: id(99), ..sms.clone() };
        assert_eq!(answered(store, T0 + SECOND, &again).await, *answer);
    }
    let end = T0 + Span(120_000);
    assert_eq!(take(store, end, &bare).await.sms.sms_id, id(11), "a bare one is forgotten in time");
    let end = T0 + Span(72 * HOUR.0);
    assert_eq!(answered(store, end - MILLI, &stamped).await, answers[0]);
    take(store, end, &stamped).await;
}

pub(super) async fn a_delivery_id_is_known_after_a_loss(store: &dyn HotStore) {
    let first = InboundSms { delivery_id: Some("a".to_owned()), ..sms(10, ALICE, "x", T0) };
    let reused = InboundSms { delivery_id: Some("a".to_owned()), ..sms(11, ALICE, "other", T0 + SECOND) };
    let answer = settle(store, T0, &first, failed()).await;
    let other = settle(store, T0 + SECOND, &reused, failed()).await;
    lose_all_but_judged(store, T0 + HOUR).await;
    let stamped_again = InboundSms { received_timestamp: T0 + HOUR, sms_id: id(12), ..first.clone() };
    assert_eq!(answered(store, T0 + HOUR, &stamped_again).await, answer);
    let admitted = store.admit(T0 + HOUR, &reused, LIMITS).await.unwrap();
    assert_eq!(admitted.outcome, Admission::Answered(other));
    assert!(admitted.delivery_id_reused, "the id still is that of the first");
}

pub(super) async fn the_count_of_the_day_is_as_it_was(store: &dyn HotStore) {
    settle(store, T0, &sms(10, ALICE, "1", T0), failed()).await;
    let second = T0 + HOUR;
    settle(store, second, &sms(11, ALICE, "2", second), failed()).await;
    let old = InboundSms { received_timestamp: T0 - DAY, ..sms(12, BOB, "old", T0 + SECOND) };
    assert_eq!(take(store, T0 + SECOND, &old).await.known.sms_in_window, 0);
    lose_all_but_judged(store, T0 + HOUR).await;
    let now = T0 + DAY - MILLI;
    assert_eq!(take(store, now, &sms(13, ALICE, "3", now)).await.known.sms_in_window, 3);
    let now = T0 + DAY;
    assert_eq!(take(store, now, &sms(14, ALICE, "4", now)).await.known.sms_in_window, 1, "its window ended");
    assert_eq!(take(store, now, &sms(15, BOB, "5", now)).await.known.sms_in_window, 1);
}

pub(super) async fn a_window_that_was_over_is_not_counted_again(store: &dyn HotStore) {
    for (n, hours, nth) in [(10, 0, 1), (11, 23, 2), (12, 25, 1)] {
        let now = T0 + Span(hours * HOUR.0);
        let taken = take(store, now, &sms(n, ALICE, &format!("{n}"), now)).await;
        assert_eq!(taken.known.sms_in_window, nth);
        record(store, now, &taken.judged(failed())).await;
    }
    let now = T0 + Span(26 * HOUR.0);
    lose_all_but_judged(store, now).await;
    assert_eq!(take(store, now, &sms(13, ALICE, "x", now)).await.known.sms_in_window, 2);
    let end = T0 + Span(49 * HOUR.0);
    assert_eq!(take(store, end - MILLI, &sms(14, ALICE, "y", now)).await.known.sms_in_window, 3);
    assert_eq!(take(store, end, &sms(15, ALICE, "z", now)).await.known.sms_in_window, 1);
}

pub(super) async fn what_was_counted_before_unblacklisting_stays_forgotten(store: &dyn HotStore) {
    let at = |minutes: i64| T0 + Span(minutes * 60_000);
    settle(store, at(0), &sms(10, ALICE, "1", at(0)), failed()).await;
    settle(store, at(1), &sms(11, ALICE, "2", at(1)), failed()).await;
    store.unblacklist(ALICE).await.unwrap();
    settle(store, at(3), &sms(12, ALICE, "3", at(3)), failed()).await;
    let judged = judged(store).await;
    let (uncounted, judged) = ([(ALICE.to_owned(), at(2))], Restore::Judged(&judged));
    lose(store, 1, at(4), &[Restore::Uncounted(&uncounted), judged]).await;
    assert_eq!(take(store, at(4), &sms(13, ALICE, "4", at(4))).await.known.sms_in_window, 2);
    let end = at(3) + DAY;
    assert_eq!(take(store, end - MILLI, &sms(14, ALICE, "5", end)).await.known.sms_in_window, 3);
    assert_eq!(take(store, end, &sms(15, ALICE, "6", end)).await.known.sms_in_window, 1);
}

pub(super) async fn an_answer_that_comes_late_ends_a_judgement(store: &dyn HotStore) {
    let sms = InboundSms { delivery_id: Some("a".to_owned()), ..sms(10, ALICE, "x", T0) };
    let answer = settle(store, T0, &sms, failed()).await;
    let before = judged(store).await;
    lose(store, 1, T0, &[]).await;
    // Another copy came before the answer was back.
    let copy = take(store, T0 + SECOND, &InboundSms { sms_id: id(20), ..sms.clone() }).await;
    assert_eq!(copy.sms.sms_id, id(20));
    assert!(store.restore(T0 + SECOND, Right::Entered, Restore::Judged(&before)).await.unwrap());
    let recorded = store.record(T0 + SECOND, &copy.judged(failed())).await.unwrap();
    assert_eq!(recorded, Recorded::NotAdmitted);
    assert_eq!(answered(store, T0 + SECOND, &copy.sms).await, answer);

    // The other way round, the answer that was given stays.
    lose(store, 2, T0, &[]).await;
    let newer = settle(store, T0 + SECOND, &copy.sms, failed()).await;
    assert!(store.restore(T0 + SECOND, Right::Entered, Restore::Judged(&before)).await.unwrap());
    assert_eq!(answered(store, T0 + SECOND, &sms).await, newer);
}

pub(super) async fn ids_go_on_after_a_loss(store: &dyn HotStore) {
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let last = settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    lose_all_but_judged(store, T0).await;
    assert_eq!(settle(store, T0, &sms(11, ALICE, "y", T0), failed()).await.id, last.id + 1);
    open(store, T0, onboarding(2, BOB, Some("d1"), T0)).await;
    assert!(store.counters().await.unwrap().queue_onboarding >= 2);
}
