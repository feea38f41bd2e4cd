//! An SMS comes in: is it new, and what is known about its sender (D3, D4, D9).

use bridge_core::phone::PhoneError;
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Span, Timestamp};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Admission, Admitted, THRESHOLD_EXCEEDED};

async fn admit(store: &dyn HotStore, now: Timestamp, sms: &InboundSms) -> Admitted {
    store.admit(now, sms, LIMITS).await.unwrap()
}

fn delivered(sms: InboundSms, delivery_id: &str) -> InboundSms {
    InboundSms { delivery_id: Some(delivery_id.to_owned()), ..sms }
}

/// The SMS, with neither stamp nor delivery id.
fn bare(sms: InboundSms) -> InboundSms {
    InboundSms { stamped: false, delivery_id: None, ..sms }
}

const BEING_JUDGED: Admitted = Admitted { outcome: Admission::BeingJudged, delivery_id_reused: false };

pub(super) async fn the_first_copy_is_judged_and_the_second_waits(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let first = sms(10, ALICE, "x", T0);
    let taken = take(store, T0, &first).await;
    assert_eq!((&taken.sms, taken.fingerprint), (&first, first.identity().fingerprint));
    assert_eq!((taken.known.onboarding, taken.known.sms_in_window), (Some(alice), 1));
    assert!(!taken.known.pair_validated && !taken.known.blacklisted && !taken.delivery_id_reused);
    assert_eq!(admit(store, T0, &sms(11, ALICE, "x", T0)).await, BEING_JUDGED);
    let other_phone = InboundSms { receiver_id: "phone-2".to_owned(), ..sms(12, ALICE, "x", T0) };
    assert_eq!(take(store, T0, &other_phone).await.known.sms_in_window, 2);
}

pub(super) async fn an_sms_that_was_never_answered_is_taken_over(store: &dyn HotStore) {
    let first = take(store, T0, &sms(10, ALICE, "x", T0)).await;
    let due = T0 + LIMITS.takeover_after;
    let copy = InboundSms { server_received_at: due, ..sms(11, ALICE, "x", T0) };
    assert_eq!(admit(store, due - MILLI, &copy).await, BEING_JUDGED);
    let taken = take(store, due, &copy).await;
    assert_eq!(taken.sms, first.sms, "under the first id and intake time");
    assert_eq!((taken.fingerprint, taken.known.sms_in_window), (first.fingerprint, 1), "and uncounted");
    assert_eq!(admit(store, due + MILLI, &copy).await, BEING_JUDGED, "its time begins anew");
}

pub(super) async fn a_copy_of_an_answered_sms_gets_the_same_answer(store: &dyn HotStore) {
    let answer = settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    for n in 11..=20 {
        let copy = admit(store, T0 + HOUR, &sms(n, ALICE, "x", T0)).await;
        assert_eq!(copy.outcome, Admission::Answered(answer.clone()));
    }
    let next = take(store, T0 + HOUR, &sms(30, ALICE, "y", T0)).await;
    assert_eq!(next.known.sms_in_window, 2, "copies are not counted");
    assert!(!next.known.blacklisted);
}

pub(super) async fn stamps_within_one_second_are_one_sms(store: &dyn HotStore) {
    let stamped = |n, millis| sms(n, ALICE, "x", T0 + Span(millis));
    take(store, T0, &stamped(10, 0)).await;
    assert_eq!(admit(store, T0, &stamped(11, 999)).await, BEING_JUDGED);
    assert_eq!(take(store, T0, &stamped(12, 1_000)).await.known.sms_in_window, 2);
}

pub(super) async fn a_delivery_that_comes_again_with_another_stamp_is_the_same(store: &dyn HotStore) {
    let first = delivered(sms(10, ALICE, "x", T0), "a");
    let answer = settle(store, T0, &first, failed()).await;
    let restamped = delivered(sms(11, ALICE, "x", T0 + HOUR), "a");
    let again = admit(store, T0 + HOUR, &restamped).await;
    assert_eq!(again, Admitted { outcome: Admission::Answered(answer), delivery_id_reused: false });
    let other_format = InboundSms { format: "other".to_owned(), ..restamped };
    assert_eq!(take(store, T0 + HOUR, &other_format).await.known.sms_in_window, 2);

    let waiting = take(store, T0, &delivered(sms(12, BOB, "x", T0), "b")).await;
    let due = T0 + LIMITS.takeover_after;
    let restamped = delivered(sms(13, BOB, "x", T0 + HOUR), "b");
    let taken = take(store, due, &restamped).await;
    assert_eq!((taken.sms.sms_id, taken.fingerprint), (waiting.sms.sms_id, waiting.fingerprint));
}

pub(super) async fn a_delivery_id_with_other_content_is_a_new_sms(store: &dyn HotStore) {
    let first = delivered(sms(10, ALICE, "x", T0), "a");
    let answer = settle(store, T0, &first, failed()).await;
    for (n, sender, text) in [(11, ALICE, "y"), (12, BOB, "x")] {
        let other = delivered(sms(n, sender, text, T0), "a");
        let taken = take(store, T0, &other).await;
        assert!(taken.delivery_id_reused);
        assert_eq!(taken.sms, other);
        let copy = admit(store, T0, &other).await;
        assert_eq!(copy, Admitted { outcome: Admission::BeingJudged, delivery_id_reused: true });
    }
    let again = admit(store, T0, &delivered(sms(13, ALICE, "x", T0 + HOUR), "a")).await;
    assert_eq!(again.outcome, Admission::Answered(answer), "the id stays with what came first");
}

pub(super) async fn a_bare_sms_is_remembered_for_two_minutes(store: &dyn HotStore) {
    let first = bare(sms(10, ALICE, "x", T0));
    let answer = settle(store, T0, &first, failed()).await;
    let end = T0 + Span(120_000);
    let copy = |n, now| bare(sms(n, ALICE, "x", now));
    let before = admit(store, end - MILLI, &copy(11, end - MILLI)).await;
    assert_eq!(before.outcome, Admission::Answered(answer));
    assert_eq!(take(store, end, &copy(12, end)).await.sms.sms_id, id(12));
}

pub(super) async fn a_stamped_sms_is_remembered_for_72_hours(store: &dyn HotStore) {
    let first = delivered(sms(10, ALICE, "x", T0), "a");
    let answer = settle(store, T0, &first, failed()).await;
    let end = T0 + Span(72 * HOUR.0);
    for (n, copy) in [(11, sms(11, ALICE, "x", T0)), (12, delivered(sms(12, ALICE, "x", end), "a"))] {
        let outcome = admit(store, end - MILLI, &copy).await.outcome;
        assert_eq!(outcome, Admission::Answered(answer.clone()), "{n}");
    }
    let other = admit(store, end, &delivered(sms(13, ALICE, "z", end), "a")).await;
    assert!(!other.delivery_id_reused, "the id is forgotten as well");
    assert_eq!(take(store, end, &sms(14, ALICE, "x", T0)).await.sms.sms_id, id(14));
}

pub(super) async fn the_count_covers_24_hours_from_the_first(store: &dyn HotStore) {
    let count = async |n: u128, now: Timestamp| {
        take(store, now, &sms(n, ALICE, &n.to_string(), now)).await.known.sms_in_window
    };
    assert_eq!(count(10, T0).await, 1);
    assert_eq!(count(11, T0 + HOUR).await, 2);
    assert_eq!(count(12, T0 + DAY - MILLI).await, 3, "a later one does not prolong the window");
    assert_eq!(count(13, T0 + DAY).await, 1);
    assert_eq!(count(14, T0 + DAY + HOUR).await, 2);
    assert_eq!(take(store, T0, &sms(15, BOB, "x", T0)).await.known.sms_in_window, 1, "each for itself");
}

pub(super) async fn old_and_unusable_sms_are_not_counted(store: &dyn HotStore) {
    for n in 10..20 {
        let received_timestamp = T0 - DAY - MILLI;
        let old = InboundSms { received_timestamp, ..sms(n, ALICE, &n.to_string(), T0) };
        let known = take(store, T0, &old).await.known;
        assert_eq!((known.sms_in_window, known.blacklisted), (0, false));
        let bank = InboundSms {
            sender_raw: "MYBANK".to_owned(),
            sender: Err(PhoneError::Alphanumeric),
            ..sms(100 + n, BOB, &n.to_string(), T0)
        };
        let known = take(store, T0, &bank).await.known;
        assert_eq!((known.onboarding, known.sms_in_window, known.blacklisted), (None, 0, false));
    }
    let day_old = InboundSms { received_timestamp: T0 - DAY, ..sms(30, ALICE, "x", T0) };
    assert_eq!(take(store, T0, &day_old).await.known.sms_in_window, 1);
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), []);
}

pub(super) async fn a_flooding_sender_is_blacklisted_before_its_facts_are_read(store: &dyn HotStore) {
    for n in 1..=3 {
        assert!(!take(store, T0, &sms(n, ALICE, &n.to_string(), T0)).await.known.blacklisted);
    }
    let fourth = take(store, T0 + SECOND, &sms(4, ALICE, "4", T0)).await.known;
    assert_eq!((fourth.blacklisted, fourth.sms_in_window), (true, 4));
    let entry = blacklisting(ALICE, T0 + SECOND, THRESHOLD_EXCEEDED);
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), [entry]);
    assert!(!take(store, T0, &sms(5, BOB, "x", T0)).await.known.blacklisted);
}

pub(super) async fn a_sender_is_blacklisted_only_once(store: &dyn HotStore) {
    for n in 1..=4 {
        take(store, T0, &sms(n, ALICE, &n.to_string(), T0)).await;
    }
    let first = store.queued_blacklistings(MAX).await.unwrap();
    assert!(take(store, T0 + SECOND, &sms(5, ALICE, "5", T0)).await.known.blacklisted);
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), first);
    store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    assert!(take(store, T0 + SECOND, &sms(6, ALICE, "6", T0)).await.known.blacklisted);
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), [], "nor again once it is in the table");
}
