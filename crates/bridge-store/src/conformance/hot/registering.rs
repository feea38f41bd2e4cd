//! Who gets a hash, who gets the same one, and who gets none (D13).

use bridge_core::message::Found;
use bridge_core::{Onboarding, State, Timestamp};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Counters, Registered, Registration, Restore};

async fn register(store: &dyn HotStore, now: Timestamp, wanted: &Onboarding) -> Registered {
    store.register(now, &registration(wanted.clone())).await.unwrap()
}

pub(super) async fn a_new_registration_is_kept_as_it_was_asked(store: &dyn HotStore) {
    let alice = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let unknown = onboarding(2, BOB, None, T0);
    assert_eq!(store.onboarding(T0, alice.id).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [alice]);
    assert_eq!(store.onboarding(T0, unknown.id).await.unwrap(), None);
    assert_eq!(store.newest_onboarding(T0, BOB).await.unwrap(), None);
    let counters = Counters { queue_input_sms: 0, queue_onboarding: 1 };
    assert_eq!(store.counters().await.unwrap(), counters);
}

pub(super) async fn what_the_app_asked_for_is_kept_and_survives_a_loss(store: &dyn HotStore) {
    let wanted = Onboarding { asked: asked(), ..onboarding(1, ALICE, Some("d1"), T0) };
    let alice = open(store, T0, wanted).await;
    assert_eq!(store.onboarding(T0, alice.id).await.unwrap(), Some(alice.clone()));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), std::slice::from_ref(&alice));
    let again = onboarding(2, ALICE, Some("d1"), T0);
    assert_eq!(register(store, T0, &again).await, Registered::Same(alice.clone()), "the first wish holds");
    let taken = take(store, T0, &sms(10, ALICE, "x", T0)).await;
    assert_eq!(taken.known.onboarding, Some(alice.clone()), "the checks know who has the short code");
    lose(store, 77, T0, &[Restore::Onboardings(std::slice::from_ref(&alice))]).await;
    assert_eq!(store.onboarding(T0, alice.id).await.unwrap(), Some(alice));
}

pub(super) async fn asking_again_gives_the_same_hash_until_the_deadline(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let deadline = first.user_deadline;
    let again = onboarding(2, ALICE, Some("d1"), deadline);
    assert_eq!(register(store, deadline, &again).await, Registered::Same(first.clone()));
    assert_eq!(store.queue_sizes().await.unwrap().onboarding, 1);

    let late = onboarding(3, ALICE, Some("d1"), deadline + MILLI);
    assert_eq!(register(store, deadline + MILLI, &late).await, Registered::New(late.clone()));
    let before = store.onboarding(deadline + MILLI, first.id).await.unwrap().unwrap();
    assert_eq!(before.state, State::Superseded);
}

pub(super) async fn without_a_device_nobody_is_the_same(store: &dyn HotStore) {
    for (n, device) in [(1, None), (2, None), (3, Some(""))] {
        open(store, T0, onboarding(n, ALICE, device, T0)).await;
    }
}

pub(super) async fn other_people_stand_beside_each_other(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let second = open(store, T0, onboarding(2, ALICE, Some("d2"), T0)).await;
    let other_mail = Onboarding { email: None, ..onboarding(3, ALICE, Some("d2"), T0) };
    let third = open(store, T0, other_mail).await;
    let all = [third.clone(), second.clone(), first.clone()];
    assert_eq!(store.standing_onboardings(T0, ALICE).await.unwrap(), all);
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), Some(third.clone()));
    for again in [&first, &second, &third] {
        let wanted = Onboarding { id: id(9), hash: "another".to_owned(), ..again.clone() };
        assert_eq!(register(store, T0, &wanted).await, Registered::Same(again.clone()));
    }
    // An SMS validates the one that it means, and that alone.
    let sms = sms(10, ALICE, &second.hash, T0);
    let mut taken = take(store, T0, &sms).await;
    assert_eq!(taken.known.others.len(), 2);
    taken.known = taken.known.meant_by(&Found::hashes(vec![second.hash.clone()]));
    assert_eq!(taken.known.onboarding, Some(second.clone()));
    record(store, T0, &taken.judged(passed())).await;
    let state = async |id| store.onboarding(T0, id).await.unwrap().unwrap().state;
    assert_eq!(state(first.id).await, State::Pending);
    assert_eq!(state(second.id).await, State::Validated);
    assert_eq!(state(third.id).await, State::Pending);
    // A cancelled one stands as long as it is the newest.
    store.cancel(T0, first.id).await.unwrap();
    store.cancel(T0, third.id).await.unwrap();
    let stand = store.standing_onboardings(T0, ALICE).await.unwrap();
    assert_eq!(stand.iter().map(|o| o.id).collect::<Vec<_>>(), [third.id, second.id]);
    open(store, T0 + HOUR, onboarding(4, ALICE, None, T0 + HOUR)).await;
    let stand = store.standing_onboardings(T0 + HOUR, ALICE).await.unwrap();
    assert_eq!(stand.iter().map(|o| o.id).collect::<Vec<_>>(), [id(4), second.id]);
}

pub(super) async fn a_full_number_ends_one_of_whoever_holds_most_places(store: &dyn HotStore) {
    let from = |n: u128, client: Option<&str>| Onboarding {
        client: client.map(str::to_owned),
        ..onboarding(n, ALICE, Some(&format!("d{n}")), T0)
    };
    let register = async |n, client| {
        let wanted = Registration { places: 3, per_hour: 9, ..registration(from(n, client)) };
        assert_eq!(store.register(T0, &wanted).await.unwrap(), Registered::New(wanted.onboarding));
    };
    let stand = async || {
        let all = store.standing_onboardings(T0, ALICE).await.unwrap();
        all.iter().map(|o| o.id.as_u128()).collect::<Vec<_>>()
    };
    register(1, Some("honest")).await;
    for n in 2..=5 {
        register(n, Some("stranger")).await;
    }
    assert_eq!(stand().await, [5, 4, 1]);
    let ended = store.onboarding(T0, id(2)).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.version), (State::Superseded, 2), "its user is told");
    // Unknown addresses are one; where several hold as many, the oldest goes.
    register(6, None).await;
    register(7, None).await;
    assert_eq!(stand().await, [7, 6, 5]);
    register(8, Some("third")).await;
    assert_eq!(stand().await, [8, 7, 5]);
    register(9, None).await;
    assert_eq!(stand().await, [9, 8, 7]);
    register(10, Some("fourth")).await;
    assert_eq!(stand().await, [10, 9, 8]);
}

pub(super) async fn each_client_address_has_its_own_hour(store: &dyn HotStore) {
    let from = |n: u128, client: Option<&str>| Onboarding {
        client: client.map(str::to_owned),
        ..onboarding(n, ALICE, None, T0)
    };
    for n in 1..=3 {
        open(store, T0, from(n, Some("stranger"))).await;
    }
    let until = T0 + HOUR;
    assert_eq!(register(store, T0, &from(4, Some("stranger"))).await, Registered::TooMany { until });
    open(store, T0, from(5, Some("honest"))).await;
    for n in 6..=8 {
        open(store, T0, from(n, None)).await;
    }
    assert_eq!(register(store, T0, &from(9, None)).await, Registered::TooMany { until });
    open(store, until, Onboarding { request_timestamp: until, ..from(10, Some("stranger")) }).await;
}

pub(super) async fn a_cancelled_one_stays_cancelled_when_a_newer_comes(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    store.cancel(T0, first.id).await.unwrap();
    open(store, T0, onboarding(2, ALICE, Some("d1"), T0)).await;
    let before = store.onboarding(T0, first.id).await.unwrap().unwrap();
    assert_eq!((before.state, before.version), (State::Cancelled, 2));
}

pub(super) async fn a_validated_pair_is_refused_and_another_device_is_not(store: &dyn HotStore) {
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, &first.hash, T0), passed()).await;
    let again = onboarding(2, ALICE, Some("d1"), T0);
    assert_eq!(register(store, T0, &again).await, Registered::AlreadyValidated);
    open(store, T0, onboarding(3, ALICE, Some("d2"), T0)).await;
    let before = store.onboarding(T0, first.id).await.unwrap().unwrap();
    assert_eq!(before.state, State::Validated, "validated is final");
    let later = first.expires_at + HOUR;
    let again = onboarding(4, ALICE, Some("d1"), later);
    assert_eq!(register(store, later, &again).await, Registered::AlreadyValidated, "for ever");
}

pub(super) async fn a_blacklisted_number_is_refused_while_the_check_is_on(store: &dyn HotStore) {
    store.blacklist(&blacklisting(ALICE, T0, "operator")).await.unwrap();
    let wanted = registration(onboarding(1, ALICE, Some("d1"), T0));
    assert_eq!(store.register(T0, &wanted).await.unwrap(), Registered::Blacklisted);
    open(store, T0, onboarding(2, BOB, Some("d1"), T0)).await;
    let check_off = Registration { refuse_blacklisted: false, ..wanted.clone() };
    assert_eq!(store.register(T0, &check_off).await.unwrap(), Registered::New(wanted.onboarding));
}

pub(super) async fn too_many_new_hashes_wait_for_the_window(store: &dyn HotStore) {
    let mut newest = None;
    for n in 1..=3 {
        let now = T0 + SECOND;
        newest = Some(open(store, now, onboarding(n, ALICE, Some(&format!("d{n}")), now)).await);
    }
    let newest = newest.unwrap();
    let until = T0 + SECOND + HOUR;
    let refused = |at| (at, onboarding(4, ALICE, Some("d4"), at));
    for (now, wanted) in [refused(T0 + SECOND), refused(until - MILLI)] {
        assert_eq!(register(store, now, &wanted).await, Registered::TooMany { until });
    }
    let kept = store.newest_onboarding(T0 + SECOND, ALICE).await.unwrap().unwrap();
    assert_eq!(kept, newest, "a refusal supersedes nothing");
    let same = onboarding(5, ALICE, Some("d3"), T0 + SECOND);
    assert_eq!(register(store, T0 + SECOND, &same).await, Registered::Same(newest), "the same is not new");
    open(store, T0 + SECOND, onboarding(6, BOB, Some("d1"), T0 + SECOND)).await;
    for n in 7..=9 {
        open(store, until, onboarding(n, ALICE, Some(&format!("d{n}")), until)).await;
    }
    let (now, wanted) = (until, onboarding(10, ALICE, None, until));
    assert_eq!(register(store, now, &wanted).await, Registered::TooMany { until: until + HOUR });
}
