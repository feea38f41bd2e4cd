//! What waits for the audit store, the blacklist, the id counters, and clearing away (D4, D21, D24).

use bridge_core::Span;
use bridge_core::time::DAY;

use super::super::samples::*;
use crate::HotStore;
use crate::blacklisting::Blacklisting;
use crate::hot::{Admission, Counters, QueueSizes, Registered, THRESHOLD_EXCEEDED, Which};

async fn ids(store: &dyn HotStore, which: Which, max: usize) -> Vec<i64> {
    store.queued_sms(which, max).await.unwrap().iter().map(|sms| sms.id).collect()
}

pub(super) async fn an_sms_waits_until_it_is_forgotten(store: &dyn HotStore) {
    for (n, verdict) in [(1, failed()), (2, passed()), (3, failed()), (4, passed())] {
        settle(store, T0, &sms(n, if n < 3 { ALICE } else { BOB }, &n.to_string(), T0), verdict).await;
    }
    for _ in 0..2 {
        assert_eq!(ids(store, Which::All, MAX).await, [1, 2, 3, 4]);
        assert_eq!(ids(store, Which::All, 3).await, [1, 2, 3]);
        assert_eq!(ids(store, Which::Passed, MAX).await, [2, 4]);
        assert_eq!(ids(store, Which::Passed, 1).await, [2]);
    }
    store.forget_sms(&[2, 3, 77]).await.unwrap();
    store.forget_sms(&[2]).await.unwrap();
    store.forget_sms(&[]).await.unwrap();
    assert_eq!(ids(store, Which::All, MAX).await, [1, 4]);
    assert_eq!(ids(store, Which::Passed, MAX).await, [4]);
    assert_eq!(store.queue_sizes().await.unwrap().input_sms, 2);
    let copy = store.admit(T0, &sms(9, ALICE, "2", T0), LIMITS).await.unwrap();
    assert!(matches!(copy.outcome, Admission::Answered(_)), "a forgotten row is still recognised");
}

pub(super) async fn an_onboarding_that_changed_again_keeps_waiting(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let bob = open(store, T0, onboarding(2, BOB, None, T0)).await;
    assert_eq!(store.queued_onboardings(1).await.unwrap(), std::slice::from_ref(&alice), "oldest first");
    store.cancel(T0, alice.id).await.unwrap();
    store.forget_onboardings(&[(alice.id, 1), (bob.id, 1), (id(99), 1)]).await.unwrap();
    let waits = store.queued_onboardings(MAX).await.unwrap();
    assert_eq!(waits.iter().map(|o| (o.id, o.version)).collect::<Vec<_>>(), [(alice.id, 2)]);
    store.forget_onboardings(&[(alice.id, 2)]).await.unwrap();
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), []);
    assert_eq!(store.queue_sizes().await.unwrap(), QueueSizes::default());
    assert!(store.onboarding(T0, alice.id).await.unwrap().is_some(), "only the queue forgot it");
}

pub(super) async fn a_touched_onboarding_has_nothing_new_for_the_table(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    store.forget_onboardings(&[(alice.id, 1)]).await.unwrap();
    assert_eq!(store.queue_sizes().await.unwrap().onboarding, 1, "version 1 is not what waits now");
    store.forget_onboardings(&[(alice.id, 2)]).await.unwrap();
    settle(store, T0, &sms(11, ALICE, "y", T0), failed()).await;
    assert_eq!(store.queue_sizes().await.unwrap().onboarding, 0);
    settle(store, T0, &sms(12, ALICE, "z", T0), passed()).await;
    let waits = store.queued_onboardings(MAX).await.unwrap();
    assert_eq!(waits.iter().map(|o| o.version).collect::<Vec<_>>(), [4]);
}

pub(super) async fn the_blacklist_is_kept_and_queued(store: &dyn HotStore) {
    let (alice, bob) = (blacklisting(ALICE, T0, "operator"), blacklisting(BOB, T0, "operator"));
    store.blacklist(&bob).await.unwrap();
    store.blacklist(&alice).await.unwrap();
    let again = blacklisting(ALICE, T0 + SECOND, "operator again");
    store.blacklist(&again).await.unwrap();
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), [again, bob]);
    assert_eq!(store.queued_blacklistings(1).await.unwrap().len(), 1);
    assert_eq!(store.queue_sizes().await.unwrap().blacklist, 2);
    store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    assert_eq!(store.queue_sizes().await.unwrap().blacklist, 1);
    assert!(take(store, T0, &sms(10, ALICE, "x", T0)).await.known.blacklisted);
}

pub(super) async fn unblacklisting_forgets_the_count_too(store: &dyn HotStore) {
    for n in 1..=5 {
        take(store, T0, &sms(n, ALICE, &n.to_string(), T0)).await;
    }
    store.unblacklist(ALICE).await.unwrap();
    store.unblacklist(BOB).await.unwrap();
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), []);
    let known = take(store, T0, &sms(6, ALICE, "6", T0)).await.known;
    assert_eq!((known.blacklisted, known.sms_in_window), (false, 1));
}

pub(super) async fn replacing_the_blacklist_keeps_what_still_waits(store: &dyn HotStore) {
    let blacklisted = async |n: u128| {
        let alice = take(store, T0, &sms(n, ALICE, &n.to_string(), T0)).await.known.blacklisted;
        let bob = take(store, T0, &sms(n + 1, BOB, &n.to_string(), T0)).await.known.blacklisted;
        (alice, bob)
    };
    store.blacklist(&blacklisting(ALICE, T0, "operator")).await.unwrap();
    store.replace_blacklist(&[(BOB.to_owned(), None), (BOB.to_owned(), None)]).await.unwrap();
    assert_eq!(blacklisted(10).await, (true, true));
    assert_eq!(store.queue_sizes().await.unwrap().blacklist, 1, "what came from the table does not wait");
    store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    store.replace_blacklist(&[(ALICE.to_owned(), None)]).await.unwrap();
    assert_eq!(blacklisted(20).await, (true, false));
    store.replace_blacklist(&[]).await.unwrap();
    assert_eq!(blacklisted(30).await, (false, false), "an empty table empties the set");
}

pub(super) async fn a_block_ends_by_itself(store: &dyn HotStore) {
    let ends = T0 + HOUR;
    let entry = Blacklisting {
        expires_at: Some(ends),
        blocked_by: Some("operator".to_owned()),
        ..blacklisting(ALICE, T0, "a week of quiet")
    };
    store.blacklist(&entry).await.unwrap();
    assert_eq!(store.queued_blacklistings(MAX).await.unwrap(), std::slice::from_ref(&entry));
    let refused = store.register(ends - MILLI, &registration(onboarding(1, ALICE, None, ends - MILLI))).await;
    assert_eq!(refused.unwrap(), Registered::Blacklisted);
    assert!(take(store, ends - MILLI, &sms(2, ALICE, "x", ends - MILLI)).await.known.blacklisted);
    assert!(!take(store, ends, &sms(3, ALICE, "y", ends)).await.known.blacklisted);
    open(store, ends, onboarding(4, ALICE, None, ends)).await;

    // The same when it comes from its source, and when it still waits for it.
    store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    let later = Some(ends + HOUR);
    store.replace_blacklist(&[(ALICE.to_owned(), later), (BOB.to_owned(), Some(ends))]).await.unwrap();
    assert!(take(store, ends, &sms(5, ALICE, "z", ends)).await.known.blacklisted);
    assert!(!take(store, ends, &sms(6, BOB, "z", ends)).await.known.blacklisted);
    let without_end = blacklisting(BOB, ends, "for good");
    store.blacklist(&without_end).await.unwrap();
    store.replace_blacklist(&[(BOB.to_owned(), Some(ends))]).await.unwrap();
    assert!(
        take(store, ends + HOUR, &sms(7, BOB, "w", ends + HOUR)).await.known.blacklisted,
        "what waits holds"
    );
}

pub(super) async fn a_flood_blocks_again_after_a_block_has_ended(store: &dyn HotStore) {
    let entry = Blacklisting { expires_at: Some(T0 + HOUR), ..blacklisting(ALICE, T0, "for an hour") };
    store.blacklist(&entry).await.unwrap();
    store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    let after = T0 + HOUR;
    for n in 1..=4 {
        let blacklisted = take(store, after, &sms(n, ALICE, &n.to_string(), after)).await.known.blacklisted;
        assert_eq!(blacklisted, n == 4, "{n}");
    }
    let waits = store.queued_blacklistings(MAX).await.unwrap();
    assert_eq!((waits.len(), &*waits[0].reason, waits[0].expires_at), (1, THRESHOLD_EXCEEDED, None));
    let day = after + DAY - MILLI;
    assert!(take(store, day, &sms(9, ALICE, "still", day)).await.known.blacklisted);
}

pub(super) async fn counters_never_go_back(store: &dyn HotStore) {
    let at_least = Counters { queue_input_sms: 100, queue_onboarding: 7 };
    store.raise_counters(at_least).await.unwrap();
    store.raise_counters(Counters { queue_input_sms: 5, queue_onboarding: 8 }).await.unwrap();
    store.raise_counters(Counters::default()).await.unwrap();
    let raised = Counters { queue_input_sms: 100, queue_onboarding: 8 };
    assert_eq!(store.counters().await.unwrap(), raised);
    open(store, T0, onboarding(1, ALICE, None, T0)).await;
    assert_eq!(settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await.id, 101);
    let next = Counters { queue_input_sms: 101, queue_onboarding: 9 };
    assert_eq!(store.counters().await.unwrap(), next);
}

pub(super) async fn clearing_away_is_invisible(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    store.forget_onboardings(&[(alice.id, 1)]).await.unwrap();
    let bob = open(store, T0, onboarding(2, BOB, Some("d1"), T0)).await;
    let answer = settle(store, T0, &sms(10, BOB, "x", T0), passed()).await;
    let open_one = take(store, T0, &sms(11, ALICE, "y", T0)).await;

    // Everything is still there at the last millisecond of its life.
    store.collect_garbage(T0 + DAY - MILLI, MAX).await.unwrap();
    assert!(store.onboarding(T0 + DAY - MILLI, alice.id).await.unwrap().is_some());
    let count = take(store, T0 + DAY - MILLI, &sms(12, ALICE, "z", T0)).await.known.sms_in_window;
    assert_eq!(count, 2);

    // A day later onboardings and counts are over, but not what waits, nor the memory of redeliveries.
    let now = T0 + DAY + HOUR;
    store.collect_garbage(now, MAX).await.unwrap();
    assert_eq!(store.onboarding(now, alice.id).await.unwrap(), None);
    let waits: Vec<_> = store.queued_onboardings(MAX).await.unwrap().iter().map(|o| o.id).collect();
    assert_eq!(waits, [bob.id]);
    let copy = store.admit(now, &sms(13, BOB, "x", T0), LIMITS).await.unwrap();
    assert_eq!(copy.outcome, Admission::Answered(answer));
    assert_eq!(take(store, now, &sms(14, ALICE, "y", T0)).await.sms.sms_id, open_one.sms.sms_id);

    // Nobody wrote down yet that the deadline passed: the table must still hear of it.
    assert_eq!(store.expire_deadlines(now, MAX).await.unwrap(), 1);
    assert_eq!(store.queue_sizes().await.unwrap().onboarding, 2);

    let end = T0 + Span(73 * HOUR.0);
    store.collect_garbage(end, MAX).await.unwrap();
    assert_eq!(
        store.queue_sizes().await.unwrap(),
        QueueSizes { input_sms: 1, onboarding: 2, ..QueueSizes::default() }
    );
    assert!(matches!(
        store.register(end, &registration(onboarding(3, BOB, Some("d1"), end))).await.unwrap(),
        crate::hot::Registered::AlreadyValidated
    ));
}
