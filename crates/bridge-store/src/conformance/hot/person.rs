//! One person: shown whole, and erased as if they had never been there.

use bridge_core::InboundSms;
use bridge_core::time::DAY;

use super::super::samples::*;
use crate::HotStore;
use crate::hot::{Admission, QueueSizes, Registered, Restore, Right, Which};
use crate::person::{HotPerson, Traces};

/// Somebody of whom there is one of everything; what the audit trail would know of them.
async fn somebody(store: &dyn HotStore, n: u128, e164: &str) -> Traces {
    let first = open(store, T0, onboarding(n, e164, Some("d1"), T0)).await;
    let second = open_alone(store, T0 + MILLI, onboarding(n + 1, e164, Some("d2"), T0 + MILLI)).await;
    let passing = InboundSms { delivery_id: Some(format!("a{n}")), ..sms(n + 2, e164, "x", T0 + SECOND) };
    let failing = sms(n + 3, e164, "y", T0 + SECOND);
    settle(store, T0 + SECOND, &failing, failed()).await;
    settle(store, T0 + SECOND, &passing, passed()).await;
    store.mark_waiting(T0 + SECOND, &[(e164.to_owned(), id(n + 4))]).await.unwrap();
    let mut traces =
        Traces { onboardings: vec![first.id, second.id], waiting: vec![id(n + 4)], ..Traces::default() };
    for queued in store.queued_sms(Which::All, MAX).await.unwrap() {
        if queued.sms.mobile_number() == e164 {
            traces.add(&queued);
        }
    }
    traces
}

async fn person(store: &dyn HotStore, e164: &str, traces: &Traces) -> HotPerson {
    store.person(T0 + SECOND, e164, traces).await.unwrap()
}

pub(super) async fn everything_of_a_number_is_shown_and_nothing_of_another(store: &dyn HotStore) {
    let traces = somebody(store, 10, ALICE).await;
    somebody(store, 20, BOB).await;
    store.blacklist(&blacklisting(ALICE, T0, "operator")).await.unwrap();
    // Once with what the queues know, and once when the audit trail alone knows of them.
    for _ in 0..2 {
        let alice = person(store, ALICE, &traces).await;
        assert_eq!(alice.onboardings.iter().map(|o| o.id).collect::<Vec<_>>(), [id(10), id(11)]);
        assert_eq!(alice.registrations.map(|c| (c.count, c.until)), Some((2, T0 + HOUR)));
        assert_eq!(alice.sms.map(|c| (c.count, c.until)), Some((2, T0 + SECOND + DAY)));
        assert_eq!(alice.validated, [format!("{ALICE}:d2")]);
        assert_eq!(alice.answers.iter().map(|answer| answer.sms_id).collect::<Vec<_>>(), [id(13), id(12)]);
        assert!(alice.blacklisted);
        assert_eq!(alice.waiting, [id(14)]);
        let queued: Vec<_> = alice.queued_sms.iter().map(|queued| queued.sms.sms_id).collect();
        let waits = store.queue_sizes().await.unwrap();
        if waits == QueueSizes::default() {
            assert_eq!((queued, alice.queued_blacklisting), (vec![], None));
            return;
        }
        assert_eq!(queued, [id(13), id(12)]);
        assert_eq!(alice.queued_blacklisting, Some(blacklisting(ALICE, T0, "operator")));
        let ids: Vec<_> = store.queued_sms(Which::All, MAX).await.unwrap().iter().map(|q| q.id).collect();
        store.forget_sms(&ids).await.unwrap();
        let versions: Vec<_> =
            store.queued_onboardings(MAX).await.unwrap().iter().map(|o| (o.id, o.version)).collect();
        store.forget_onboardings(&versions).await.unwrap();
        store.forget_blacklistings(&[ALICE.to_owned()]).await.unwrap();
    }
}

pub(super) async fn an_erased_number_is_one_that_was_never_there(store: &dyn HotStore) {
    let traces = somebody(store, 10, ALICE).await;
    let of_bob = somebody(store, 20, BOB).await;
    let bob = person(store, BOB, &of_bob).await;
    store.blacklist(&blacklisting(ALICE, T0, "operator")).await.unwrap();
    let mut notices = store.peer_events();
    let now = T0 + SECOND;
    let removed = store.erase(ALICE, now, &traces).await.unwrap();
    for (kind, count) in
        [("onboardings", 2), ("validated", 1), ("queued_sms", 2), ("answers", 2), ("waiting", 1)]
    {
        assert_eq!(removed.get(kind), Some(&count), "{kind} of {removed:?}");
    }
    let mut told = Vec::new();
    while let Ok(Ok(notice)) = tokio::time::timeout(std::time::Duration::from_secs(5), notices.recv()).await {
        told.push(notice);
        if told.len() >= 2 {
            break;
        }
    }
    assert_eq!(told.len(), 2, "whoever waits for an onboarding is told");

    let left = person(store, ALICE, &traces).await;
    let block = Some(blacklisting(ALICE, T0, "operator"));
    let only_a_block = HotPerson { blacklisted: true, queued_blacklisting: block, ..HotPerson::default() };
    assert_eq!(left, only_a_block);
    assert_eq!(person(store, BOB, &of_bob).await, bob, "nobody else loses anything");
    store.unblacklist(ALICE).await.unwrap();
    assert_eq!(store.newest_onboarding(now, ALICE).await.unwrap(), None);
    assert_eq!(store.onboarding(now, id(11)).await.unwrap(), None);
    assert_eq!(store.expire_deadlines(now + DAY, MAX).await.unwrap(), 0, "of Alice; Bob is validated");
    let again = sms(15, ALICE, "y", T0 + SECOND);
    let taken = take(store, now, &again).await;
    assert_eq!((taken.known.sms_in_window, taken.known.onboarding.clone()), (1, None));
    let delivered = InboundSms { delivery_id: Some("a10".to_owned()), ..sms(16, ALICE, "x", T0 + SECOND) };
    assert_eq!(take(store, now, &delivered).await.sms.sms_id, id(16), "a new SMS");
    open(store, now, onboarding(17, ALICE, Some("d2"), now)).await;
}

pub(super) async fn what_came_after_the_erasure_stays(store: &dyn HotStore) {
    let traces = somebody(store, 10, ALICE).await;
    let later = T0 + HOUR;
    store.erase(ALICE, T0 + SECOND, &traces).await.unwrap();
    let anew = open(store, later, onboarding(30, ALICE, Some("d1"), later)).await;
    settle(store, later, &sms(31, ALICE, "new", later), passed()).await;
    let mut all = traces.clone();
    all.onboardings.push(anew.id);
    store.queued_sms(Which::All, MAX).await.unwrap().iter().for_each(|queued| all.add(queued));
    let before = store.person(later, ALICE, &all).await.unwrap();
    assert_eq!((before.onboardings.len(), before.queued_sms.len(), before.answers.len()), (1, 1, 1));
    assert_eq!(before.validated, [format!("{ALICE}:d1")]);
    // Bridges that carried something to and fro meanwhile: it is erased once more, up to the same time.
    store.erase(ALICE, T0 + SECOND, &all).await.unwrap();
    assert_eq!(store.person(later, ALICE, &all).await.unwrap(), before);
    let copy = store.admit(later, &sms(32, ALICE, "new", later), LIMITS).await.unwrap();
    assert!(matches!(copy.outcome, Admission::Answered(_)));
}

pub(super) async fn erasing_is_safe_to_repeat_and_needs_no_epoch(store: &dyn HotStore) {
    let traces = somebody(store, 10, ALICE).await;
    let token = id(900);
    let onboardings = store.queued_onboardings(MAX).await.unwrap();
    let judged = judged(store).await;
    store.begin_rebuild(token).await.unwrap();
    for part in [Restore::Onboardings(&onboardings), Restore::Judged(&judged)] {
        assert!(store.restore(T0 + SECOND, Right::Rebuilding(token), part).await.unwrap());
    }
    store.erase(ALICE, T0 + SECOND, &traces).await.unwrap();
    assert_eq!(person(store, ALICE, &traces).await, HotPerson::default());
    assert!(store.erase(ALICE, T0 + SECOND, &traces).await.unwrap().is_empty());
    assert!(store.erase("+447911123456", T0, &Traces::default()).await.unwrap().is_empty());
}

pub(super) async fn an_unvalidated_number_registers_again(store: &dyn HotStore) {
    open(store, T0, onboarding(1, ALICE, Some("d1"), T0)).await;
    settle(store, T0, &sms(2, ALICE, "x", T0), passed()).await;
    let again = registration(onboarding(3, ALICE, Some("d1"), T0 + HOUR));
    assert_eq!(store.register(T0 + HOUR, &again).await.unwrap(), Registered::AlreadyValidated);
    assert_eq!(store.unvalidate(ALICE).await.unwrap(), 1);
    assert_eq!(store.unvalidate(ALICE).await.unwrap(), 0);
    assert!(matches!(store.register(T0 + HOUR, &again).await.unwrap(), Registered::New(_)));
    settle(store, T0 + HOUR, &sms(4, ALICE, "y", T0 + HOUR), passed()).await;
    assert_eq!(store.totals().await.unwrap().validated, 1);
}
