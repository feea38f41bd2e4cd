//! From registration to the end: cancelling, expiring, leaving the store and coming back (D8, D19, D32).

use std::time::Duration;

use bridge_core::checks::Standing;
use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, Span, State};
use uuid::Uuid;

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Cancelled, PeerEvent};

pub(super) async fn an_onboarding_is_gone_at_expires_at(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let end = alice.expires_at;
    let last = end - MILLI;
    assert_eq!(store.onboarding(last, alice.id).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.newest_onboarding(last, ALICE).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.onboarding(end, alice.id).await.unwrap(), None);
    assert_eq!(store.newest_onboarding(end, ALICE).await.unwrap(), None);
    assert_eq!(store.cancel(end, alice.id).await.unwrap(), Cancelled::NotFound);
    assert_eq!(take(store, end, &sms(10, ALICE, "x", end)).await.known.onboarding, None);
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [alice], "the table still gets it");
}

pub(super) async fn a_superseded_one_does_not_outlive_its_successor_as_the_newest(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let short = Onboarding { expires_at: T0 + HOUR, ..onboarding(2, ALICE, Some("d2"), T0) };
    let short = open_alone(store, T0, short).await;
    store.expire_deadlines(T0 + HOUR, MAX).await.unwrap();
    let queued = store.queued_onboardings(MAX).await.unwrap();
    let written: Vec<(Uuid, i64)> = queued.iter().map(|o| (o.id, o.version)).collect();
    store.forget_onboardings(&written).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.newest_onboarding(short.expires_at, ALICE).await.unwrap(), None);
        assert!(store.onboarding(short.expires_at, first.id).await.unwrap().is_some());
        store.collect_garbage(short.expires_at, MAX).await.unwrap();
    }
}

pub(super) async fn cancelling_depends_on_the_state(store: &dyn HotStore) {
    let now = T0;
    assert_eq!(store.cancel(now, id(99)).await.unwrap(), Cancelled::NotFound);

    let pending = open(store, now, onboarding(1, ALICE, Some("d1"), now)).await;
    let cancelled = Onboarding { state: State::Cancelled, version: 2, ..pending };
    for _ in 0..2 {
        assert_eq!(store.cancel(now, cancelled.id).await.unwrap(), Cancelled::Done(cancelled.clone()));
    }
    assert_eq!(store.onboarding(now, cancelled.id).await.unwrap(), Some(cancelled));

    let superseded = open(store, now, onboarding(2, ALICE, Some("d1"), now)).await;
    let validated = open_alone(store, now, onboarding(3, ALICE, Some("d1b"), now)).await;
    settle(store, now, &sms(10, ALICE, "x", now), passed()).await;
    for final_one in [superseded, validated] {
        let kept = store.onboarding(now, final_one.id).await.unwrap().unwrap();
        assert_eq!(store.cancel(now, kept.id).await.unwrap(), Cancelled::Final(kept));
    }

    let bob = open(store, now, onboarding(4, BOB, None, now)).await;
    let late = bob.user_deadline + MILLI;
    assert_eq!(store.expire_deadlines(late, MAX).await.unwrap(), 1);
    let Cancelled::Done(bob) = store.cancel(late, bob.id).await.unwrap() else {
        panic!("expired is not final")
    };
    assert_eq!((bob.state, bob.version), (State::Cancelled, 3));
}

pub(super) async fn what_was_no_sms_is_shown_while_it_can_be_validated(store: &dyn HotStore) {
    let last = LastSms::sent_as_mms(T0 + SECOND);
    assert!(!store.show_last(T0, id(99), &last).await.unwrap(), "there is none");
    let pending = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let mut notices = store.peer_events();
    assert!(store.show_last(T0 + SECOND, pending.id, &last).await.unwrap());
    let next = tokio::time::timeout(std::time::Duration::from_secs(10), notices.recv()).await;
    assert_eq!(next.expect("announced").unwrap(), crate::hot::PeerEvent::Onboarding(pending.id));
    let shown = Onboarding { version: 2, last_sms: Some(last.clone()), ..pending.clone() };
    assert_eq!(store.onboarding(T0 + SECOND, pending.id).await.unwrap(), Some(shown));
    assert!(!store.show_last(pending.expires_at, pending.id, &last).await.unwrap(), "it left");

    settle(store, T0 + SECOND, &sms(10, ALICE, "x", T0 + SECOND), passed()).await;
    let validated = store.onboarding(T0 + SECOND, pending.id).await.unwrap().unwrap();
    assert_eq!(validated.state, State::Validated, "an SMS validates it all the same");
    assert!(!store.show_last(T0 + SECOND, pending.id, &last).await.unwrap(), "that is final");
    assert_eq!(store.onboarding(T0 + SECOND, pending.id).await.unwrap(), Some(validated));
}

pub(super) async fn a_deadline_moves_with_the_clock_that_was_wrong(store: &dyn HotStore) {
    let pending = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let by = |onboarding: &Onboarding, by: Span| Onboarding {
        request_timestamp: onboarding.request_timestamp + by,
        user_deadline: onboarding.user_deadline + by,
        expires_at: onboarding.expires_at + by,
        ..onboarding.clone()
    };
    let moved = by(&pending, HOUR);
    let mut notices = store.peer_events();
    assert!(store.move_deadline(T0 + HOUR, &moved).await.unwrap());
    let next = tokio::time::timeout(std::time::Duration::from_secs(10), notices.recv()).await;
    assert_eq!(next.expect("announced").unwrap(), crate::hot::PeerEvent::Onboarding(pending.id));
    let stands = Onboarding { version: pending.version + 1, ..moved.clone() };
    assert_eq!(store.onboarding(T0 + HOUR, pending.id).await.unwrap(), Some(stands.clone()));
    assert_eq!(store.newest_onboarding(moved.expires_at - MILLI, ALICE).await.unwrap(), Some(stands.clone()));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [stands.clone()]);
    assert!(!store.move_deadline(T0 + HOUR, &moved).await.unwrap(), "it stands in another version");

    // Its old deadline ends nothing, its new one does.
    let old = pending.user_deadline + MILLI;
    assert_eq!(store.expire_deadlines(old, MAX).await.unwrap(), 0);
    assert_eq!(store.onboarding(old, pending.id).await.unwrap(), Some(stands.clone()));
    assert_eq!(store.expire_deadlines(moved.user_deadline + MILLI, MAX).await.unwrap(), 1);
    let expired = store.onboarding(moved.user_deadline + MILLI, pending.id).await.unwrap().unwrap();
    assert_eq!(expired.state, State::Expired);
    assert!(!store.move_deadline(T0 + HOUR, &expired).await.unwrap(), "it is not pending");
    let back = open(store, T0 + HOUR, onboarding(2, BOB, None, T0 + HOUR)).await;
    assert!(store.move_deadline(T0, &by(&back, Span(-HOUR.0))).await.unwrap(), "back, too");
    assert!(!store.move_deadline(T0, &onboarding(3, BOB, None, T0)).await.unwrap(), "there is none");
}

pub(super) async fn a_revived_onboarding_comes_back_as_it_was(store: &dyn HotStore) {
    let gone = Onboarding { state: State::Expired, version: 2, ..onboarding(1, ALICE, Some("d1"), T0) };
    let now = gone.expires_at + HOUR;
    let until = now + HOUR;
    let known = store.revive(now, &gone, until).await.unwrap();
    let back = Onboarding { expires_at: until, ..gone };
    assert_eq!(known.onboarding, Some(back.clone()));
    assert!(!known.pair_validated && !known.blacklisted && known.sms_in_window == 0);
    assert_eq!(store.onboarding(until - MILLI, back.id).await.unwrap(), Some(back.clone()));
    assert_eq!(store.newest_onboarding(until, ALICE).await.unwrap(), None);
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [], "the table has it already");

    settle(store, now, &sms(10, ALICE, "x", now), passed()).await;
    let validated = store.onboarding(now, back.id).await.unwrap().unwrap();
    assert_eq!((validated.state, validated.version), (State::Validated, 3));
}

pub(super) async fn one_is_revived_beside_those_of_other_people(store: &dyn HotStore) {
    let older = onboarding(1, ALICE, Some("d1"), T0);
    let newer = open(store, T0, onboarding(2, ALICE, Some("d2"), T0)).await;
    take(store, T0, &sms(10, ALICE, "x", T0)).await;
    let known = store.revive(T0, &older, T0 + HOUR).await.unwrap();
    let back = Onboarding { expires_at: T0 + HOUR, ..older.clone() };
    let beside = Standing { onboarding: back.clone(), pair_validated: false };
    assert_eq!((known.onboarding, known.others), (Some(newer.clone()), vec![beside]));
    assert_eq!(known.sms_in_window, 1);
    assert_eq!(store.onboarding(T0, older.id).await.unwrap(), Some(back));
    let again = store.revive(T0, &newer, T0 + HOUR).await.unwrap();
    assert_eq!(again.onboarding, Some(newer), "not even its end");
}

pub(super) async fn reviving_does_not_lose_a_change_that_waits(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), passed()).await;
    let now = opened.expires_at;
    // The table was away and still says pending.
    let known = store.revive(now, &opened, now + HOUR).await.unwrap();
    let back = known.onboarding.unwrap();
    assert_eq!((back.state, back.version, back.expires_at), (State::Validated, 2, now + HOUR));
    assert!(known.pair_validated);
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [back]);
}

pub(super) async fn a_deadline_passes_one_millisecond_after_it(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    store.forget_onboardings(&[(alice.id, 1)]).await.unwrap();
    assert_eq!(store.expire_deadlines(alice.user_deadline, MAX).await.unwrap(), 0);
    let late = alice.user_deadline + MILLI;
    assert_eq!(store.expire_deadlines(late, MAX).await.unwrap(), 1);
    assert_eq!(store.expire_deadlines(late, MAX).await.unwrap(), 0);
    let expired = Onboarding { state: State::Expired, version: 2, ..alice };
    assert_eq!(store.onboarding(late, expired.id).await.unwrap(), Some(expired.clone()));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [expired], "the table hears of it");
}

pub(super) async fn deadlines_pass_earliest_first_and_at_most_max(store: &dyn HotStore) {
    let later = open(store, T0, onboarding(1, ALICE, None, T0 + SECOND)).await;
    let earlier = open(store, T0, onboarding(2, BOB, None, T0)).await;
    let now = T0 + HOUR;
    assert_eq!(store.expire_deadlines(now, 1).await.unwrap(), 1);
    let state = async |id| store.onboarding(now, id).await.unwrap().unwrap().state;
    assert_eq!((state(earlier.id).await, state(later.id).await), (State::Expired, State::Pending));
    assert_eq!(store.expire_deadlines(now, 1).await.unwrap(), 1);
    assert_eq!(state(later.id).await, State::Expired);
}

pub(super) async fn what_changes_is_announced(store: &dyn HotStore) {
    let mut notices = store.peer_events();
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let second = open_alone(store, T0, onboarding(2, ALICE, Some("d2"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    settle(store, T0, &sms(11, ALICE, "y", T0), passed()).await;
    let bob = open(store, T0, onboarding(3, BOB, None, T0)).await;
    store.expire_deadlines(T0 + HOUR, MAX).await.unwrap();
    store.cancel(T0 + HOUR, bob.id).await.unwrap();
    for expected in [first.id, second.id, second.id, bob.id, bob.id] {
        let next = tokio::time::timeout(Duration::from_secs(10), notices.recv()).await;
        assert_eq!(next.expect("announced").unwrap(), PeerEvent::Onboarding(expected));
    }
}
