//! A judged SMS is written down once, and only while what it was judged by still holds (D9).

use bridge_core::onboarding::{LastSms, hex};
use bridge_core::{InboundSms, Onboarding, State};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Admission, Counters, QueueSizes, Recorded, Which};
use crate::judged::{Answer, Judged, QueuedSms};

pub(super) async fn a_pass_validates_everything_at_once(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let skewed = InboundSms { clock_skew: SECOND, part: Some(part(1, 2)), ..sms(10, ALICE, "x", T0) };
    let taken = take(store, T0, &skewed).await;
    let now = T0 + SECOND;
    let answer = record(store, now, &taken.judged(passed())).await;
    assert_eq!(answer, Answer { id: 1, sms_id: id(10), verdict: passed() });

    let validated = Onboarding {
        state: State::Validated,
        version: 2,
        validated_at: Some(now),
        last_sms: Some(LastSms { id: 1, judged_at: now, verdict: passed() }),
        ..opened.clone()
    };
    assert_eq!(store.onboarding(now, opened.id).await.unwrap(), Some(validated.clone()));
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), [validated]);
    let queued = QueuedSms {
        id: 1,
        sms: taken.sms,
        fingerprint: hex(&taken.fingerprint),
        verdict: passed(),
        judged_at: now,
        onboarding_id: Some(opened.id),
        device_id: Some("d1".to_owned()),
        sms_in_window: 1,
    };
    assert_eq!(store.queued_sms(Which::Passed, MAX).await.unwrap(), std::slice::from_ref(&queued));
    assert_eq!(store.newest_sms(MAX).await.unwrap(), std::slice::from_ref(&queued));
    assert_eq!(store.queued_one(1).await.unwrap(), Some(queued));
    assert_eq!(store.queued_one(2).await.unwrap(), None);
    let next = take(store, now, &sms(11, ALICE, "y", T0)).await.known;
    assert!(next.pair_validated);
    let sizes = QueueSizes { input_sms: 1, onboarding: 1, ..QueueSizes::default() };
    assert_eq!(store.queue_sizes().await.unwrap(), sizes);
}

pub(super) async fn a_fail_shows_and_validates_nothing(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let answer = settle(store, T0, &sms(10, ALICE, "x", T0), failed()).await;
    let last_sms = Some(LastSms { id: answer.id, judged_at: T0, verdict: failed() });
    let touched = Onboarding { version: 2, last_sms, ..opened };
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), Some(touched));
    let next = take(store, T0, &sms(11, ALICE, "y", T0)).await;
    assert!(!next.known.pair_validated);
    let second = record(store, T0, &next.judged(failed())).await;
    let ids = |queued: Vec<QueuedSms>| queued.into_iter().map(|sms| sms.id).collect::<Vec<_>>();
    assert_eq!(ids(store.newest_sms(MAX).await.unwrap()), [2, 1]);
    assert_eq!(ids(store.newest_sms(1).await.unwrap()), [2]);
    assert_eq!(ids(store.newest_sms(0).await.unwrap()), Vec::<i64>::new());
    let last = store.newest_onboarding(T0, ALICE).await.unwrap().unwrap().last_sms;
    assert_eq!((second.id, last.map(|last| last.id)), (2, Some(2)), "the newest is shown");
}

pub(super) async fn the_table_hears_what_came_after_the_end(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    store.expire_deadlines(T0 + HOUR, MAX).await.unwrap();
    let ended = store.queued_onboardings(MAX).await.unwrap();
    store.forget_onboardings(&[(opened.id, ended[0].version)]).await.unwrap();
    let answer = settle(store, T0 + HOUR, &sms(10, ALICE, "x", T0), failed()).await;
    let told = store.queued_onboardings(MAX).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].state, told[0].last_sms.as_ref().map(|last| last.id)),
        (State::Expired, Some(answer.id))
    );
}

pub(super) async fn an_expired_onboarding_can_still_be_validated(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    store.expire_deadlines(T0 + HOUR, MAX).await.unwrap();
    settle(store, T0 + HOUR, &sms(10, ALICE, "x", T0), passed()).await;
    let validated = store.onboarding(T0 + HOUR, opened.id).await.unwrap().unwrap();
    assert_eq!((validated.state, validated.version), (State::Validated, 3));
}

pub(super) async fn a_final_onboarding_is_not_touched(store: &dyn HotStore) {
    let opened = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(10, ALICE, "x", T0), passed()).await;
    let validated = store.onboarding(T0, opened.id).await.unwrap();
    settle(store, T0 + SECOND, &sms(11, ALICE, "y", T0), failed()).await;
    assert_eq!(store.onboarding(T0, opened.id).await.unwrap(), validated);
    let queued = store.queued_sms(Which::All, MAX).await.unwrap();
    let named: Vec<_> =
        queued.iter().map(|sms| (sms.id, sms.onboarding_id, sms.device_id.as_deref())).collect();
    assert_eq!(named, [(1, Some(opened.id), Some("d1")), (2, Some(opened.id), Some("d1"))]);
}

pub(super) async fn recording_twice_is_recording_once(store: &dyn HotStore) {
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let judged = take(store, T0, &sms(10, ALICE, "x", T0)).await.judged(passed());
    let first = record(store, T0, &judged).await;
    let after = store.newest_onboarding(T0, ALICE).await.unwrap();
    let mut other_verdict = judged.clone();
    other_verdict.row.verdict = failed();
    for again in [&judged, &other_verdict] {
        assert_eq!(record(store, T0 + HOUR, again).await, first);
    }
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), after);
    assert_eq!(store.queue_sizes().await.unwrap().input_sms, 1);
    assert_eq!(store.counters().await.unwrap(), Counters { queue_input_sms: 1, queue_onboarding: 1 });
}

/// The SMS is not recorded, nothing of it was written, and the answer holds the facts as they are.
async fn must_be_judged_again(store: &dyn HotStore, judged: &Judged, expected: Option<Onboarding>) {
    let counters = store.counters().await.unwrap();
    let (sizes, queue) = (store.queue_sizes().await.unwrap(), store.queued_onboardings(MAX).await.unwrap());
    let Recorded::Changed(known) = store.record(T0, judged).await.unwrap() else { panic!("judge again") };
    assert_eq!(known.onboarding, expected);
    assert_eq!(store.newest_onboarding(T0, ALICE).await.unwrap(), expected);
    assert_eq!(store.counters().await.unwrap(), counters);
    assert_eq!(store.queue_sizes().await.unwrap(), sizes);
    assert_eq!(store.queued_onboardings(MAX).await.unwrap(), queue);
    let copy = InboundSms { sms_id: id(99), ..judged.row.sms.clone() };
    assert_eq!(store.admit(T0, &copy, LIMITS).await.unwrap().outcome, Admission::BeingJudged);
}

pub(super) async fn what_changed_meanwhile_is_judged_again(store: &dyn HotStore) {
    let unknown = take(store, T0, &sms(10, ALICE, "x", T0)).await.judged(failed());
    let first = open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    must_be_judged_again(store, &unknown, Some(first.clone())).await;

    let judged = take(store, T0, &sms(11, ALICE, "y", T0)).await.judged(passed());
    let second = open_alone(store, T0, onboarding(2, ALICE, Some("d2"), T0)).await;
    must_be_judged_again(store, &judged, Some(second.clone())).await;

    let mut taken = take(store, T0, &sms(12, ALICE, "z", T0)).await;
    store.cancel(T0, second.id).await.unwrap();
    let cancelled = Onboarding { state: State::Cancelled, version: 2, ..second };
    must_be_judged_again(store, &taken.judged(passed()), Some(cancelled.clone())).await;

    taken.known.onboarding = Some(cancelled);
    let answer = record(store, T0, &taken.judged(failed())).await;
    assert_eq!(answer.id, 1, "judged by what holds now, it is the first to be recorded");
}

pub(super) async fn a_pair_validated_meanwhile_is_judged_again(store: &dyn HotStore) {
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    let slow = take(store, T0, &sms(10, ALICE, "x", T0)).await.judged(passed());
    settle(store, T0, &sms(11, ALICE, "y", T0), passed()).await;
    let validated = store.newest_onboarding(T0, ALICE).await.unwrap();
    must_be_judged_again(store, &slow, validated).await;

    // The same state, and only the pair is new: nobody registers a validated pair, revival finds one.
    let end = T0 + HOUR + HOUR;
    let short = Onboarding { expires_at: T0 + HOUR, ..onboarding(2, BOB, Some("d1"), T0) };
    let short = open(store, T0, short).await;
    settle(store, T0, &sms(12, BOB, "x", T0), passed()).await;
    store.forget_onboardings(&[(short.id, 2)]).await.unwrap();
    let twin = onboarding(3, BOB, Some("d1"), T0);
    let known = store.revive(short.expires_at, &twin, end).await.unwrap();
    assert!(known.pair_validated);
    let mut taken = take(store, short.expires_at, &sms(13, BOB, "y", T0)).await;
    taken.known.pair_validated = false;
    let Recorded::Changed(known) = store.record(short.expires_at, &taken.judged(passed())).await.unwrap()
    else {
        panic!("judge again")
    };
    assert!(known.pair_validated);
}

pub(super) async fn only_what_was_admitted_is_recorded(store: &dyn HotStore) {
    let sms = sms(10, ALICE, "x", T0);
    let mut taken = Taken {
        fingerprint: sms.identity().fingerprint,
        sms: sms.clone(),
        known: Default::default(),
        delivery_id_reused: false,
    };
    assert_eq!(store.record(T0, &taken.judged(failed())).await.unwrap(), Recorded::NotAdmitted);
    take(store, T0, &sms).await;
    taken.sms.sms_id = id(11);
    assert_eq!(store.record(T0, &taken.judged(failed())).await.unwrap(), Recorded::NotAdmitted);
    taken.sms.sms_id = id(10);
    taken.fingerprint = [0; 16];
    assert_eq!(store.record(T0, &taken.judged(failed())).await.unwrap(), Recorded::NotAdmitted);
    assert_eq!(store.counters().await.unwrap(), Counters::default());
    assert_eq!(store.queue_sizes().await.unwrap(), QueueSizes::default());
}

pub(super) async fn an_admission_ends_with_its_memory(store: &dyn HotStore) {
    let bare = InboundSms { stamped: false, ..sms(10, ALICE, "x", T0) };
    let judged = take(store, T0, &bare).await.judged(failed());
    let end = T0 + bridge_core::sms::REMEMBERED_BARE;
    assert_eq!(store.record(end, &judged).await.unwrap(), Recorded::NotAdmitted);
    record(store, end - MILLI, &judged).await;
    assert_eq!(store.record(end, &judged).await.unwrap(), Recorded::NotAdmitted);
}

pub(super) async fn a_sender_without_onboarding_is_recorded(store: &dyn HotStore) {
    let bank = InboundSms {
        sender_raw: "MYBANK".to_owned(),
        sender: Err(bridge_core::phone::PhoneError::Alphanumeric),
        ..sms(10, ALICE, "Ihr Code: äöü \u{1f511}", T0)
    };
    settle(store, T0, &bank, failed()).await;
    let queued = store.queued_sms(Which::All, MAX).await.unwrap();
    assert_eq!((&queued[0].sms, queued[0].onboarding_id, &queued[0].device_id), (&bank, None, &None));
}
