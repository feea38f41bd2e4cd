//! `onboarding_mobile`, `blacklist_sms`, refused registrations and quarantine.

use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, State};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{QuarantineRoom, Quarantined, Refusal};
use crate::blacklisting::Blacklisting;

pub(super) async fn an_onboarding_comes_back_without_its_last_sms(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let bare = Onboarding { email: None, ..onboarding(1, BOB, None, T0) };
    let full = Onboarding {
        state: State::Validated,
        validated_at: Some(T0 + MILLI),
        version: 5,
        ..onboarding(2, ALICE, Some("d\u{e4}1"), T0)
    };
    let last_sms = Some(LastSms { id: 1, judged_at: T0, verdict: passed() });
    let with_sms = Onboarding { last_sms, ..full.clone() };
    assert_eq!(store.upsert_onboardings(&[bare.clone(), with_sms]).await.unwrap(), 2);
    assert_eq!(store.newest_onboarding(BOB).await.unwrap(), Some(bare));
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap(), Some(full));
    assert_eq!(store.newest_onboarding("+919876543219").await.unwrap(), None);
}

pub(super) async fn what_the_app_asked_for_comes_back(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let wanted = Onboarding { asked: asked(), ..onboarding(1, ALICE, Some("d1"), T0) };
    let nothing = onboarding(2, BOB, None, T0);
    store.upsert_onboardings(&[wanted.clone(), nothing.clone()]).await.unwrap();
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap(), Some(wanted.clone()));
    assert_eq!(store.newest_onboarding(BOB).await.unwrap(), Some(nothing));
    let page = store.unexpired_onboardings(T0, None, 1).await.unwrap();
    assert_eq!(page[0].1.asked, wanted.asked, "a store that lost its memory gets it back");
}

pub(super) async fn an_older_version_never_overwrites(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let states = [State::Pending, State::Expired, State::Validated, State::Cancelled, State::Superseded];
    let versions: Vec<Onboarding> = (1..)
        .zip(states)
        .map(|(version, state)| Onboarding { version, state, ..onboarding(1, ALICE, Some("d1"), T0) })
        .collect();
    assert_eq!(store.upsert_onboardings(&[versions[0].clone(), versions[2].clone()]).await.unwrap(), 1);
    assert_eq!(store.upsert_onboardings(&[versions[1].clone()]).await.unwrap(), 0);
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap().as_ref(), Some(&versions[2]));
    assert_eq!(store.upsert_onboardings(&versions).await.unwrap(), 0);
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap().as_ref(), versions.last());
    assert_eq!(audit.column("onboarding_mobile", "status").await, [Some("superseded".to_owned())]);
}

pub(super) async fn the_newest_onboarding_is_the_last_registered(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let newest = onboarding(1, ALICE, None, T0 + SECOND);
    let batch = [newest.clone(), onboarding(2, ALICE, None, T0), onboarding(3, BOB, None, T0 + HOUR)];
    assert_eq!(store.upsert_onboardings(&batch).await.unwrap(), 3);
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap(), Some(newest));
}

pub(super) async fn a_blacklisted_number_keeps_its_first_reason(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let first = blacklisting(ALICE, T0, "operator");
    let again = blacklisting(ALICE, T0 + HOUR, "threshold_exceeded");
    store.append_blacklist(&[first.clone(), again.clone()]).await.unwrap();
    store.append_blacklist(std::slice::from_ref(&again)).await.unwrap();
    assert_eq!(store.blacklist().await.unwrap(), [first]);
    assert!(store.remove_blacklisted(T0, ALICE).await.unwrap());
    assert!(!store.remove_blacklisted(T0, ALICE).await.unwrap());
    assert_eq!(store.blacklist().await.unwrap(), []);
    store.append_blacklist(std::slice::from_ref(&again)).await.unwrap();
    assert_eq!(store.blacklist().await.unwrap(), [again], "a number taken off may come again");
}

pub(super) async fn the_blacklist_is_newest_first(audit: &dyn AuditUnderTest) {
    let entries: Vec<Blacklisting> =
        [(ALICE, T0), (BOB, T0 + HOUR)].map(|(mobile, at)| blacklisting(mobile, at, "x")).into();
    audit.store().append_blacklist(&entries).await.unwrap();
    assert!(audit.store().blacklist().await.unwrap().iter().eq(entries.iter().rev()));
}

pub(super) async fn refusals_are_newest_first(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let refusal = |n: i64, address_hash: Option<&str>| Refusal {
        at: T0 + bridge_core::Span(n),
        reason: "blacklisted".to_owned(),
        mobile_number: "not a \u{1f4de}".to_owned(),
        address_hash: address_hash.map(str::to_owned),
        place: address_hash.map(|_| "IN".to_owned()),
        stands_for: n,
    };
    let batch = [refusal(1, None), refusal(2, Some("ab12"))];
    store.append_refusals(&batch).await.unwrap();
    store.append_refusals(&[refusal(3, None)]).await.unwrap();
    let [one, two] = batch;
    assert_eq!(store.refusals(MAX).await.unwrap(), [refusal(3, None), two.clone(), one]);
    assert_eq!(store.refusals(2).await.unwrap(), [refusal(3, None), two]);
    let rates = audit.desk().refusals_by_hour(T0, T0 + bridge_core::Span(4)).await.unwrap();
    let by_place: Vec<_> = rates.iter().map(|rate| (rate.place.as_deref(), rate.count)).collect();
    assert_eq!(by_place, [(None, 4), (Some("IN"), 2)], "those of one hour and reason, by place");
}

fn quarantined(n: u128, body: Vec<u8>) -> Quarantined {
    Quarantined {
        id: id(n),
        at: T0,
        receiver_id: "phone-1".to_owned(),
        format: "unknown".to_owned(),
        reason: "no JSON".to_owned(),
        content_type: "application/json".to_owned(),
        body,
        whole_bytes: None,
    }
}

pub(super) async fn quarantine_takes_any_bytes(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let entries = [
        quarantined(3, (0..=255).collect()),
        quarantined(1, Vec::new()),
        Quarantined { whole_bytes: Some(1 << 40), ..quarantined(2, vec![0xff; 100_000]) },
    ];
    for entry in &entries {
        store.quarantine(entry).await.unwrap();
    }
    let kept = store.quarantined(MAX).await.unwrap();
    assert!(kept.iter().eq(entries.iter().rev()), "all, newest first");
    assert_eq!(store.quarantined(1).await.unwrap(), kept[..1]);
}

pub(super) async fn a_quarantined_body_is_one_until_it_is_taken_away(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let (first, other) = (quarantined(1, vec![1]), quarantined(2, vec![2]));
    let again = Quarantined { at: T0 + HOUR, ..quarantined(1, vec![3]) };
    for entry in [&first, &other, &again] {
        store.quarantine(entry).await.unwrap();
    }
    assert_eq!(store.quarantined(MAX).await.unwrap(), [other.clone(), first.clone()], "the first stays");
    assert_eq!(store.quarantined_one(id(1)).await.unwrap(), Some(first));
    assert_eq!(store.quarantined_one(id(9)).await.unwrap(), None);
    assert!(store.remove_quarantined(id(1)).await.unwrap());
    assert!(!store.remove_quarantined(id(1)).await.unwrap());
    assert_eq!(store.quarantined_one(id(1)).await.unwrap(), None);
    assert_eq!(store.quarantined(MAX).await.unwrap(), [other]);
}

pub(super) async fn the_quarantine_of_one_receiver_has_room_for_so_much(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let of_other = Quarantined { receiver_id: "phone-2".to_owned(), ..quarantined(99, vec![9; 1_000]) };
    store.quarantine(&of_other).await.unwrap();
    for n in 1..=5 {
        store.quarantine(&quarantined(n, vec![1; 100])).await.unwrap();
    }
    let left = async || {
        let kept = store.quarantined(MAX).await.unwrap();
        kept.iter().map(|entry| entry.id.as_u128()).collect::<Vec<_>>()
    };
    let room = |bodies, bytes| QuarantineRoom { bodies, bytes };
    assert_eq!(store.trim_quarantine("phone-1", room(5, 500)).await.unwrap(), 0);
    assert_eq!(store.trim_quarantine("nobody", room(0, 0)).await.unwrap(), 0);
    assert_eq!(store.trim_quarantine("phone-1", room(4, 500)).await.unwrap(), 1);
    assert_eq!(left().await, [5, 4, 3, 2, 99], "the oldest goes first, and of nobody else");
    assert_eq!(store.trim_quarantine("phone-1", room(9, 250)).await.unwrap(), 2);
    assert_eq!(left().await, [5, 4, 99]);
    assert_eq!(store.trim_quarantine("phone-1", room(0, 0)).await.unwrap(), 1);
    assert_eq!(left().await, [5, 99], "the newest stays, however long it is");
}
