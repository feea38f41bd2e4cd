//! The epoch that a bridge entered, and no other (D28): a store that lost its memory judges nobody.

use uuid::Uuid;

use super::super::samples::*;
use crate::hot::{Counters, Restore, Right};
use crate::{HotStore, Result, StoreFault};

fn lost<T: std::fmt::Debug>(result: Result<T>) {
    assert_eq!(result.unwrap_err().kind, StoreFault::Lost);
}

/// Everything that judges or registers is refused.
async fn nothing_goes(store: &dyn HotStore, taken: &Taken) {
    let onboarding = onboarding(90, BOB, Some("d9"), T0);
    lost(store.admit(T0, &sms(91, BOB, "x", T0), LIMITS).await);
    lost(store.record(T0, &taken.judged(failed())).await);
    lost(store.register(T0, &registration(onboarding.clone())).await);
    lost(store.cancel(T0, id(1)).await);
    lost(store.revive(T0, &onboarding, T0 + HOUR).await);
}

pub(super) async fn without_an_epoch_nothing_is_judged_or_registered(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let taken = take(store, T0, &sms(10, ALICE, "x", T0)).await;
    let epoch = store.epoch().await.unwrap();
    for entered in [None, Some("another"), Some("")] {
        store.enter(entered);
        nothing_goes(store, &taken).await;
    }
    store.enter(epoch.as_deref());
    assert_eq!(store.onboarding(T0, id(1)).await.unwrap(), Some(opened), "nothing happened to it");
    assert_eq!(record(store, T0, &taken.judged(failed())).await.id, 1);
    assert_eq!(take(store, T0, &sms(91, BOB, "x", T0)).await.known.sms_in_window, 1);
}

pub(super) async fn what_was_admitted_before_a_rebuild_is_not_recorded_after_it(store: &dyn HotStore) {
    let taken = take(store, T0, &sms(10, ALICE, "x", T0)).await;
    let epoch = store.begin_rebuild(id(1)).await.unwrap();
    lost(store.record(T0, &taken.judged(failed())).await);
    assert!(store.finish_rebuild(id(1)).await.unwrap());
    lost(store.record(T0, &taken.judged(failed())).await);
    store.enter(Some(&epoch));
    let recorded = store.record(T0, &taken.judged(failed())).await.unwrap();
    assert_eq!(recorded, crate::hot::Recorded::NotAdmitted, "it is taken in again");
    assert_eq!(settle(store, T0, &taken.sms, failed()).await.sms_id, id(10));
}

pub(super) async fn a_rebuild_empties_the_store(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), passed()).await;
    open(store, T0, onboarding(2, ALICE, Some("d2"), T0)).await;
    store.blacklist(&blacklisting(BOB, T0, "operator")).await.unwrap();
    store.mark_waiting(T0, &[(BOB.to_owned(), id(20))]).await.unwrap();
    let before = store.epoch().await.unwrap();
    let after = rebuild(store, 1).await;
    assert_ne!(before, Some(after));

    assert_eq!(store.queue_sizes().await.unwrap(), crate::hot::QueueSizes::default());
    assert_eq!(store.onboarding(T0, alice.id).await.unwrap(), None);
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), None);
    assert_eq!(store.expire_deadlines(T0 + HOUR, MAX).await.unwrap(), 0);
    let again = take(store, T0, &sms(11, ALICE, "x", T0)).await;
    assert_eq!(again.sms.sms_id, id(11), "not known");
    assert_eq!((again.known.sms_in_window, again.known.pair_validated), (1, false));
    let bob = take(store, T0, &sms(21, BOB, "x", T0)).await.known;
    assert!(!bob.blacklisted);
    for n in 3..6 {
        // Not even the registrations of the hour are left.
        open(store, T0, onboarding(n, ALICE, None, T0)).await;
    }
    let at_least = Counters { queue_input_sms: 1_000, queue_onboarding: 1_000 };
    store.raise_counters(at_least).await.unwrap();
    assert_eq!(store.counters().await.unwrap(), at_least);
}

pub(super) async fn a_store_that_is_being_rebuilt_has_no_epoch(store: &dyn HotStore) {
    let taken = take(store, T0, &sms(10, ALICE, "x", T0)).await;
    let epoch = store.begin_rebuild(id(1)).await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), None);
    store.enter(Some(&epoch));
    nothing_goes(store, &taken).await;
    assert!(store.restore(T0, Right::Rebuilding(id(1)), Restore::Validated(&[])).await.unwrap());
    assert_eq!((store.epoch().await.unwrap(), store.epoch_of_data().await.unwrap()), (None, None));
    assert!(store.finish_rebuild(id(1)).await.unwrap());
    assert_eq!(store.epoch().await.unwrap(), Some(epoch.clone()));
    assert_eq!(store.epoch_of_data().await.unwrap(), Some(epoch.clone()));
    store.enter(Some(&epoch));
    store.queues_are_entered().await.unwrap();
    take(store, T0, &sms(10, ALICE, "x", T0)).await;
}

pub(super) async fn a_newer_rebuild_takes_the_right_away(store: &dyn HotStore) {
    let pair = |device: &str| vec![format!("{ALICE}:{device}")];
    let restore = async |token: Uuid, device: &str| {
        let pairs = pair(device);
        store.restore(T0, Right::Rebuilding(token), Restore::Validated(&pairs)).await.unwrap()
    };
    let first = store.begin_rebuild(id(1)).await.unwrap();
    assert!(restore(id(1), "d1").await);
    let second = store.begin_rebuild(id(2)).await.unwrap();
    assert_ne!(first, second);
    assert!(!restore(id(1), "d1").await);
    assert!(restore(id(2), "d2").await);
    assert!(!store.finish_rebuild(id(1)).await.unwrap());
    assert_eq!(store.epoch().await.unwrap(), None);
    assert!(store.finish_rebuild(id(2)).await.unwrap());
    assert!(!store.finish_rebuild(id(1)).await.unwrap());
    assert_eq!(store.epoch().await.unwrap(), Some(second.clone()));

    store.enter(Some(&second));
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let refused = store.register(T0, &registration(onboarding(2, ALICE, Some("d2"), T0))).await.unwrap();
    assert_eq!(refused, crate::hot::Registered::AlreadyValidated, "only what the newer one brought");
}

pub(super) async fn the_right_to_rebuild_ends_with_the_rebuild(store: &dyn HotStore) {
    let pairs = [format!("{ALICE}:d1")];
    let restore = async |right| store.restore(T0, right, Restore::Validated(&pairs)).await.unwrap();
    assert!(!restore(Right::Rebuilding(id(1))).await, "it never began");
    assert!(!store.finish_rebuild(id(1)).await.unwrap());
    rebuild(store, 1).await;
    assert!(!restore(Right::Rebuilding(id(1))).await);
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
}

pub(super) async fn what_comes_late_is_restored_in_the_entered_epoch(store: &dyn HotStore) {
    let pairs = [format!("{ALICE}:d1")];
    let late = async || store.restore(T0, Right::Entered, Restore::Validated(&pairs)).await.unwrap();
    assert!(late().await);
    let refused = store.register(T0, &registration(onboarding(1, ALICE, Some("d1"), T0))).await.unwrap();
    assert_eq!(refused, crate::hot::Registered::AlreadyValidated);
    let epoch = store.epoch().await.unwrap();
    store.enter(None);
    assert!(!late().await);
    store.enter(epoch.as_deref());
    store.begin_rebuild(id(1)).await.unwrap();
    assert!(!late().await);
    assert!(store.finish_rebuild(id(1)).await.unwrap());
    assert!(!late().await, "the bridge has not entered the new one");
}
