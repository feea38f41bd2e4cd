//! What was judged, read again for people: newest first, one alone, and the onboardings it was judged against.

use bridge_core::{Onboarding, Span, State};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::judged::QueuedSms;
use crate::place::Place;

/// The nth SMS, taken in so many seconds after the first.
fn taken_in(n: i64, seconds: i64) -> QueuedSms {
    let sms = sms(u128::from(n.unsigned_abs()), ALICE, "ONBOARD:x", T0 + Span(seconds * 1000));
    QueuedSms { onboarding_id: Some(id(100)), sms_in_window: n, ..queued(n, sms, failed()) }
}

pub(super) async fn judged_sms_are_read_newest_first(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.judged_before(None, MAX).await.unwrap(), []);
    // The order of intake is not that of judgement; two were taken in at the same time.
    let batch = [taken_in(1, 0), taken_in(2, 60), taken_in(3, 30), taken_in(4, 60)];
    store.append_sms(&batch).await.unwrap();
    let expected: Vec<i64> = vec![4, 2, 3, 1];
    let all = store.judged_before(None, MAX).await.unwrap();
    assert_eq!(all.iter().map(|(_, queued)| queued.id).collect::<Vec<_>>(), expected);
    for (place, queued) in &all {
        assert_eq!(place.at, queued.sms.server_received_at);
        assert_eq!(Some(queued), batch.iter().find(|sent| sent.id == queued.id), "as it was queued");
    }
    let mut read = Vec::new();
    let mut before: Option<Place> = None;
    loop {
        let page = store.judged_before(before, 1).await.unwrap();
        let Some((place, queued)) = page.into_iter().next() else { break };
        read.push(queued.id);
        before = Some(place);
    }
    assert_eq!(read, expected, "page by page");
}

pub(super) async fn one_judged_sms_is_found(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let batch = [taken_in(1, 0), taken_in(2, 60)];
    store.append_sms(&batch).await.unwrap();
    assert_eq!(store.judged_one(id(2)).await.unwrap().as_ref(), Some(&batch[1]));
    assert_eq!(store.judged_one(id(3)).await.unwrap(), None);
}

pub(super) async fn onboardings_are_found_by_their_ids(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let alice = onboarding(1, ALICE, Some("d1"), T0);
    let bob = Onboarding { state: State::Cancelled, version: 2, ..onboarding(2, BOB, None, T0 + SECOND) };
    let other = onboarding(3, BOB, None, T0 + HOUR);
    store.upsert_onboardings(&[alice.clone(), bob.clone(), other]).await.unwrap();
    let mut found = store.onboardings_by_ids(&[id(2), id(4), id(1), id(1)]).await.unwrap();
    found.sort_by_key(|onboarding| onboarding.id);
    assert_eq!(found, [alice, bob]);
    assert_eq!(store.onboardings_by_ids(&[]).await.unwrap(), []);
}
