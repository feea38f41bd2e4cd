//! After a loss, registrations stand as before (D13, D19, D28), and no older one takes a newer one's place.

use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, Span, State};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Cancelled, Registered, Restore, Right};

/// An onboarding as `onboarding_mobile` gives it back.
fn stored(onboarding: &Onboarding) -> Onboarding {
    Onboarding { last_sms: None, ..onboarding.clone() }
}

pub(super) async fn an_onboarding_is_as_it_was_after_a_loss(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    let second = settle(store, T0 + SECOND, &sms(11, ALICE, "y", T0 + SECOND), failed()).await;
    let bob = open(store, T0, onboarding(2, BOB, None, T0)).await;
    let Cancelled::Done(bob) = store.cancel(T0, bob.id).await.unwrap() else { panic!("cancelled") };
    let judged = judged(store).await;
    let onboardings = [stored(&alice), stored(&bob)];
    let parts = [Restore::Onboardings(&onboardings), Restore::Judged(&judged)];
    lose(store, 1, T0 + SECOND, &[parts, parts].concat()).await;

    let now = T0 + SECOND;
    let last_sms = Some(LastSms { id: second.id, judged_at: now, verdict: failed() });
    let found = store.newest_onboarding(now, ALICE).await.unwrap().unwrap();
    assert_eq!(found, Onboarding { last_sms, version: found.version, ..alice.clone() });
    assert!(found.version > alice.version, "what is shown grows with what it shows");
    assert_eq!(store.onboarding(now, alice.id).await.unwrap(), Some(found.clone()));
    assert_eq!(store.newest_onboarding(now, BOB).await.unwrap(), Some(bob));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), []);
    let again = Onboarding { request_timestamp: now, id: id(3), ..alice.clone() };
    assert_eq!(store.register(now, &registration(again)).await.unwrap(), Registered::Same(found));
    settle(store, now, &sms(12, ALICE, "z", now), passed()).await;
    let validated = store.onboarding(now, alice.id).await.unwrap().unwrap();
    assert_eq!((validated.state, validated.validated_at), (State::Validated, Some(now)));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [validated]);
}

pub(super) async fn a_pass_that_the_table_never_heard_of_validates(store: &dyn HotStore) {
    let pending = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let now = T0 + SECOND;
    let pass = settle(store, now, &sms(10, ALICE, "x", T0), passed()).await;
    let later = now + SECOND;
    settle(store, later, &sms(11, ALICE, "after it", T0), failed()).await;
    let judged = judged(store).await;
    let pending = [pending];
    let parts = [Restore::Onboardings(&pending), Restore::Judged(&judged)];
    lose(store, 1, later, &[parts, parts].concat()).await;
    let found = store.onboarding(later, id(1)).await.unwrap().unwrap();
    assert_eq!((found.state, found.validated_at), (State::Validated, Some(now)));
    assert_eq!(found.last_sms.as_ref().map(|last| last.id), Some(pass.id), "not what came after it");
    assert!(found.version > pending[0].version);
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [found], "the table must hear of it now");
    assert!(take(store, later, &sms(12, ALICE, "y", later)).await.known.pair_validated);
    let refused =
        store.register(later, &registration(onboarding(2, ALICE, Some("d1"), later))).await.unwrap();
    assert_eq!(refused, Registered::AlreadyValidated);
}

pub(super) async fn a_pass_is_not_superseded_by_what_was_registered_after_it(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0 + SECOND, &sms(10, ALICE, "x", T0), passed()).await;
    let later = T0 + SECOND + SECOND;
    let second = open(store, later, onboarding(2, ALICE, Some("d2"), later)).await;
    let judged = judged(store).await;
    // The table knows both as they were registered, and neither validation.
    let pending = [first.clone(), second.clone()];
    lose(store, 1, later, &[Restore::Onboardings(&pending), Restore::Judged(&judged)]).await;
    let found = store.onboarding(later, first.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.validated_at), (State::Validated, Some(T0 + SECOND)));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [found], "the table must hear of it now");
    assert_eq!(store.newest_onboarding(later, ALICE).await.unwrap(), Some(second));
}

pub(super) async fn a_number_that_asked_too_often_still_did(store: &dyn HotStore) {
    let mut opened = Vec::new();
    for (n, device) in [(1, "d1"), (2, "d2"), (3, "d3")] {
        let now = T0 + Span(i64::try_from(n).unwrap() * 60_000);
        opened.push(open(store, now, onboarding(n, ALICE, Some(device), now)).await);
    }
    let part = Restore::Onboardings(&opened);
    let until = T0 + Span(60_000) + HOUR;
    lose(store, 1, until - MILLI, &[part, part]).await;
    let now = until - MILLI;
    let wanted = registration(onboarding(4, ALICE, Some("d4"), now));
    assert_eq!(store.register(now, &wanted).await.unwrap(), Registered::TooMany { until });
    open(store, until, onboarding(5, ALICE, Some("d4"), until)).await;
    // The two of before were in the window that is over.
    open(store, until, onboarding(6, ALICE, Some("d5"), until)).await;
    open(store, until, onboarding(7, ALICE, Some("d6"), until)).await;
}

pub(super) async fn a_restored_deadline_passes(store: &dyn HotStore) {
    let pending = onboarding(1, ALICE, Some("d1"), T0);
    let expired = Onboarding { state: State::Expired, version: 2, ..onboarding(2, BOB, None, T0) };
    let restored = [pending.clone(), expired.clone()];
    lose(store, 1, T0, &[Restore::Onboardings(&restored), Restore::Onboardings(&restored)]).await;
    let deadline = pending.user_deadline;
    assert_eq!(store.expire_deadlines(deadline, MAX).await.unwrap(), 0);
    assert_eq!(store.expire_deadlines(deadline + MILLI, MAX).await.unwrap(), 1);
    let passed = Onboarding { state: State::Expired, version: 2, ..pending.clone() };
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [passed]);
    assert_eq!(store.newest_onboarding(deadline, BOB).await.unwrap(), Some(expired));
    // One that left the store by then does not come back.
    let end = pending.expires_at;
    lose(store, 2, end, &[Restore::Onboardings(&restored)]).await;
    assert_eq!(store.onboarding(end, pending.id).await.unwrap(), None);
}

pub(super) async fn an_older_one_never_becomes_the_newest(store: &dyn HotStore) {
    let [first, second, third] = [(1, 0), (2, 1), (3, 2)].map(|(n, seconds)| {
        let at = T0 + Span(seconds * SECOND.0);
        onboarding(n, ALICE, Some("d1"), at)
    });
    let now = T0 + HOUR;
    // The table never heard that the first was superseded.
    let known = [first.clone(), third.clone()];
    lose(store, 1, now, &[Restore::Onboardings(&known)]).await;
    assert_eq!(store.newest_onboarding(now, ALICE).await.unwrap(), Some(third.clone()));
    let superseded = |o: &Onboarding| Onboarding { state: State::Superseded, version: 2, ..o.clone() };
    assert_eq!(store.onboarding(now, first.id).await.unwrap(), Some(superseded(&first)));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [superseded(&first)]);
    store.forget_onboardings(&[(first.id, 2)]).await.unwrap();

    // Late, and twice.
    for _ in 0..2 {
        let late = [second.clone(), first.clone()];
        assert!(store.restore(now, Right::Entered, Restore::Onboardings(&late)).await.unwrap());
        assert_eq!(store.newest_onboarding(now, ALICE).await.unwrap(), Some(third.clone()));
        assert_eq!(store.onboarding(now, second.id).await.unwrap(), Some(superseded(&second)));
        assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [superseded(&second)]);
    }
    let taken = take(store, now, &sms(10, ALICE, "x", now)).await;
    assert_eq!(taken.known.onboarding, Some(third));
    // And none of them when the newest leaves the store.
    let end = taken.known.onboarding.unwrap().expires_at;
    assert_eq!(store.newest_onboarding(end, ALICE).await.unwrap(), None);
}

pub(super) async fn a_superseded_one_does_not_stand_in_for_its_successor(store: &dyn HotStore) {
    // Its successor expired before it did, and so was not restored.
    let superseded = Onboarding { state: State::Superseded, version: 2, ..onboarding(1, ALICE, None, T0) };
    let restored = [superseded.clone()];
    lose(store, 1, T0, &[Restore::Onboardings(&restored)]).await;
    assert_eq!(store.onboarding(T0, id(1)).await.unwrap(), Some(superseded));
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), None);
    assert_eq!(take(store, T0, &sms(10, ALICE, "x", T0)).await.known.onboarding, None);
    let back = onboarding(2, ALICE, Some("d2"), T0 + SECOND);
    let known = store.revive(T0 + HOUR, &back, T0 + HOUR + HOUR).await.unwrap();
    assert_eq!(known.onboarding.map(|o| o.id), Some(back.id));
}

pub(super) async fn what_is_newer_stays(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), passed()).await;
    let validated = store.onboarding(T0, opened.id).await.unwrap().unwrap();
    let restore = async |onboarding: Onboarding| {
        let part = [onboarding];
        assert!(store.restore(T0, Right::Entered, Restore::Onboardings(&part)).await.unwrap());
        store.newest_onboarding(T0, ALICE).await.unwrap().unwrap()
    };
    assert_eq!(restore(opened.clone()).await, validated);
    let pending_in_a_newer_version = Onboarding { version: 9, ..opened.clone() };
    assert_eq!(restore(pending_in_a_newer_version).await, validated, "what is final stays final");

    // A newer version of one that is not final is taken over; what the table does not know stays.
    let bob = open(store, T0, onboarding(2, BOB, None, T0)).await;
    let answer = settle(store, T0, &sms(11, BOB, "x", T0), failed()).await;
    let part = [Onboarding { state: State::Cancelled, version: 9, ..bob.clone() }];
    assert!(store.restore(T0, Right::Entered, Restore::Onboardings(&part)).await.unwrap());
    let found = store.onboarding(T0, bob.id).await.unwrap().unwrap();
    assert_eq!((found.state, found.version), (State::Cancelled, 9));
    assert_eq!(found.last_sms.map(|last| last.id), Some(answer.id));
}

pub(super) async fn a_validated_pair_is_refused_after_a_loss(store: &dyn HotStore) {
    let pairs = [format!("{ALICE}:d1"), format!("{BOB}:")];
    lose(store, 1, T0, &[Restore::Validated(&pairs), Restore::Validated(&pairs)]).await;
    let register = async |onboarding| store.register(T0, &registration(onboarding)).await.unwrap();
    assert_eq!(register(onboarding(1, ALICE, Some("d1"), T0)).await, Registered::AlreadyValidated);
    assert_eq!(register(onboarding(2, BOB, None, T0)).await, Registered::AlreadyValidated);
    open(store, T0, onboarding(3, ALICE, Some("d2"), T0)).await;
}
