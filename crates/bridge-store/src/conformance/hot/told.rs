//! What apps are told is queued in the very step that makes it happen, and nothing else is.

use bridge_core::{Onboarding, State, Timestamp};

use super::super::samples::*;
use crate::HotStore;
use crate::events::{Told, ToldOfSms};
use crate::hot::{Cancelled, Recorded, Restore};
use crate::judged::Judged;
use crate::person::Traces;

async fn told(store: &dyn HotStore) -> Vec<Told> {
    store.queued_events(MAX).await.unwrap().into_iter().map(|queued| queued.told).collect()
}

fn state(at: Timestamp, onboarding: &Onboarding) -> Told {
    Told::State { at, onboarding: Box::new(onboarding.clone()) }
}

/// Judged, and told of.
fn telling(judged: Judged, n: u128) -> Judged {
    Judged { events: vec![event(n, ALICE, T0), event(n + 1, ALICE, T0)], ..judged }
}

fn of_sms(judged: &Judged) -> Told {
    Told::Judged(ToldOfSms {
        mobile_number: judged.row.sms.mobile_number().to_owned(),
        taken_in: judged.row.sms.server_received_at,
        events: judged.events.clone(),
    })
}

pub(super) async fn a_new_state_is_told_with_the_step_that_makes_it(store: &dyn HotStore) {
    store.tell_changes(true);
    let first = open(store, T0, onboarding(1, ALICE, Some("d1\nd"), T0)).await;
    assert_eq!(told(store).await, [], "that it is registered the app knows");
    let now = T0 + SECOND;
    let second = Onboarding { asked: asked(), ..onboarding(2, ALICE, None, now) };
    let second = open_alone(store, now, second).await;
    let superseded = Onboarding { state: State::Superseded, version: 2, ..first };
    let bob = open(store, now, onboarding(3, BOB, None, now)).await;
    settle(store, now, &sms(10, BOB, "x", now), failed()).await;
    let bob = store.onboarding(now, bob.id).await.unwrap().unwrap();
    let Cancelled::Done(cancelled) = store.cancel(now, second.id).await.unwrap() else { panic!("cancelled") };
    store.cancel(now, second.id).await.unwrap();
    let late = bob.user_deadline + MILLI;
    assert_eq!(store.expire_deadlines(late, MAX).await.unwrap(), 1);
    store.expire_deadlines(late, MAX).await.unwrap();
    let expired = Onboarding { state: State::Expired, version: bob.version + 1, ..bob };
    assert_eq!(told(store).await, [state(now, &superseded), state(now, &cancelled), state(late, &expired)]);
    assert_eq!(store.queue_sizes().await.unwrap().events, 3);
}

pub(super) async fn what_nobody_wants_is_not_queued(store: &dyn HotStore) {
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    open_alone(store, T0, onboarding(2, ALICE, None, T0)).await;
    store.cancel(T0, id(2)).await.unwrap();
    settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    store.tell_changes(true);
    store.tell_changes(false);
    open(store, T0, onboarding(3, BOB, None, T0)).await;
    store.expire_deadlines(T0 + HOUR, MAX).await.unwrap();
    assert_eq!(told(store).await, []);
    assert_eq!(store.queue_sizes().await.unwrap().events, 0);
}

pub(super) async fn what_an_sms_tells_is_queued_with_its_recording_alone(store: &dyn HotStore) {
    store.tell_changes(true);
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let slow = telling(take(store, T0, &sms(10, ALICE, "x", T0)).await.judged(passed()), 70);
    let judged = telling(take(store, T0, &sms(11, ALICE, "y", T0)).await.judged(passed()), 80);
    assert_eq!(told(store).await, [], "nothing is recorded yet");
    record(store, T0, &judged).await;
    record(store, T0, &judged).await;
    assert!(matches!(store.record(T0, &slow).await.unwrap(), Recorded::Changed(_)));
    assert_eq!(told(store).await, [of_sms(&judged)], "once, and not that it is validated once more");
    let again = telling(slow, 90);
    let known = take_facts(store, 12).await;
    let again = Judged { events: again.events, ..Judged::new(again.row.sms, again.key, failed(), &known) };
    record(store, T0, &again).await;
    assert_eq!(told(store).await, [of_sms(&judged), of_sms(&again)]);
}

/// What is known of Alice now.
async fn take_facts(store: &dyn HotStore, n: u128) -> bridge_core::checks::SenderFacts {
    take(store, T0, &sms(n, ALICE, &n.to_string(), T0)).await.known
}

pub(super) async fn what_is_told_waits_until_it_is_forgotten(store: &dyn HotStore) {
    store.tell_changes(true);
    for n in 1..=5 {
        open_alone(store, T0, onboarding(n, if n < 4 { ALICE } else { BOB }, None, T0)).await;
        store.cancel(T0, id(n)).await.unwrap();
    }
    let all = store.queued_events(MAX).await.unwrap();
    assert_eq!(all.len(), 5);
    assert_eq!(store.queued_events(2).await.unwrap(), all[..2], "oldest first");
    store.forget_events(&[all[1].place.clone(), all[3].place.clone(), "0".to_owned()]).await.unwrap();
    store.forget_events(&[all[1].place.clone()]).await.unwrap();
    store.forget_events(&[]).await.unwrap();
    let left = [all[0].clone(), all[2].clone(), all[4].clone()];
    assert_eq!(store.queued_events(MAX).await.unwrap(), left);
    store.forget_events(&left.map(|queued| queued.place)).await.unwrap();
    open(store, T0, onboarding(6, BOB, None, T0)).await;
    store.cancel(T0, id(6)).await.unwrap();
    let next = store.queued_events(MAX).await.unwrap();
    assert!(all.iter().all(|before| before.place != next[0].place), "a place never comes twice");
}

pub(super) async fn a_rebuild_empties_it_and_tells_what_it_finds_out(store: &dyn HotStore) {
    store.tell_changes(true);
    let pending = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), passed()).await;
    let bob = onboarding(2, BOB, Some("d2"), T0);
    let newer = onboarding(3, BOB, Some("d2"), T0 + SECOND);
    open(store, T0, onboarding(4, BOB, None, T0)).await;
    store.cancel(T0, id(4)).await.unwrap();
    let judged = judged(store).await;
    let onboardings = [pending, bob.clone(), newer];
    let now = T0 + SECOND;
    let parts = [Restore::Onboardings(&onboardings), Restore::Judged(&judged)];
    lose(store, 1, now, &[parts, parts].concat()).await;
    let superseded = Onboarding { state: State::Superseded, version: 2, ..bob };
    let validated = store.onboarding(now, id(1)).await.unwrap().unwrap();
    assert_eq!(validated.state, State::Validated);
    assert_eq!(told(store).await, [state(now, &superseded), state(now, &validated)]);
}

pub(super) async fn of_an_erased_number_nothing_is_told(store: &dyn HotStore) {
    store.tell_changes(true);
    for (n, mobile, at) in [(1, ALICE, T0), (2, BOB, T0), (3, ALICE, T0 + SECOND)] {
        open_alone(store, at, onboarding(n, mobile, None, at)).await;
    }
    let taken = take(store, T0, &sms(10, ALICE, "x", T0)).await.judged(failed());
    record(store, T0 + SECOND, &telling(taken, 70)).await;
    store.cancel(T0 + SECOND, id(2)).await.unwrap();
    store.cancel(T0 + SECOND, id(3)).await.unwrap();
    let removed = store.erase(ALICE, T0, &Traces::default()).await.unwrap();
    assert_eq!(removed.get("queued_events"), Some(&2), "that it was superseded, and its SMS: {removed:?}");
    let left: Vec<String> = told(store).await.iter().map(|told| told.mobile_number().to_owned()).collect();
    assert_eq!(left, [BOB, ALICE], "what came after it stays");
}
