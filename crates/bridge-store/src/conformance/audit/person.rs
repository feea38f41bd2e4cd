//! One person: rows, receipts, traces; and blocks that end by themselves.

use std::collections::BTreeMap;

use bridge_core::InboundSms;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{BlockedEmail, PageStep, Quarantined, Refusal, Step};
use crate::blacklisting::Blacklisting;
use crate::judged::QueuedSms;
use crate::person::{Block, Blocked, Erasing, Erasure};

/// One row of every kind.
async fn somebody(store: &dyn AuditStore, n: u128, e164: &str) {
    let passing = QueuedSms {
        onboarding_id: Some(id(n)),
        ..queued(i64::try_from(n).unwrap(), sms(n + 1, e164, "x", T0), passed())
    };
    store.append_sms(std::slice::from_ref(&passing)).await.unwrap();
    store.upsert_onboardings(&[onboarding(n, e164, Some("d1"), T0)]).await.unwrap();
    let opened = PageStep {
        onboarding_id: id(n),
        mobile_number: e164.to_owned(),
        step: Step::Opened,
        at: T0,
        language: "en",
        platform: "ios",
    };
    store.note_steps(&[opened]).await.unwrap();
    store.append_blacklist(&[blacklisting(e164, T0, "operator")]).await.unwrap();
    let waiting = InboundSms { delivery_id: Some("w".to_owned()), ..sms(n + 2, e164, "later", T0) };
    store.store_for_later(&waiting).await.unwrap();
    let unsynced = store.unsynced(MAX).await.unwrap();
    let row = unsynced.iter().find(|row| row.mobile_number == e164).unwrap();
    store.note_refused(T0, row, "no", 1).await.unwrap();
    let national = mobile(e164).national().to_owned();
    for number in [e164.to_owned(), format!("0{national}")] {
        let refusal = Refusal {
            at: T0,
            reason: "blacklisted".to_owned(),
            mobile_number: number,
            address_hash: None,
            place: None,
            stands_for: 1,
        };
        store.append_refusals(&[refusal]).await.unwrap();
    }
    let body = format!("{{\"from\":\"{e164}\"}}").into_bytes();
    let entry = Quarantined {
        id: id(n + 3),
        at: T0,
        receiver_id: "phone-1".to_owned(),
        format: "unknown".to_owned(),
        reason: "no text".to_owned(),
        content_type: "application/json".to_owned(),
        body,
        whole_bytes: None,
    };
    store.quarantine(&entry).await.unwrap();
}

const TABLES: [(&str, u64); 8] = [
    ("ops.page_funnel", 1),
    ("input_sms", 1),
    ("onboarding_mobile", 1),
    ("power_down_store", 1),
    ("ops.validated_mobile", 1),
    ("ops.sync_refused", 1),
    ("ops.registration_attempts", 2),
    ("ops.quarantine", 1),
];

pub(super) fn receipt(n: u128) -> Erasure {
    Erasure {
        id: id(n),
        number_hash: format!("hash {n}"),
        requested_at: T0 + HOUR,
        requested_by: "operator".to_owned(),
        blacklist: Blocked::None,
        removed: BTreeMap::new(),
        finished_at: None,
    }
}

async fn shown(store: &dyn AuditStore, e164: &str) -> BTreeMap<&'static str, u64> {
    let tables = store.person(&mobile(e164), MAX).await.unwrap();
    assert!(tables.iter().all(|table| !table.more));
    let counts = tables.iter().map(|table| (table.name, table.rows.len() as u64));
    counts.filter(|(_, count)| *count > 0).collect()
}

pub(super) async fn rows_about_a_number_are_shown_and_erased_and_no_others(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    somebody(store, 10, ALICE).await;
    somebody(store, 20, BOB).await;
    let everything: BTreeMap<_, _> = TABLES.into_iter().chain([("blacklist_sms", 1)]).collect();
    assert_eq!(shown(store, ALICE).await, everything);
    let tables = store.person(&mobile(ALICE), 1).await.unwrap();
    let more: Vec<_> = tables.iter().filter(|table| table.more).map(|table| table.name).collect();
    assert_eq!(more, ["ops.registration_attempts"]);
    let row = tables.iter().find(|table| table.name == "onboarding_mobile").unwrap().rows[0].clone();
    assert_eq!((&row["mobile_number"], &row["device_id"]), (&ALICE.into(), &"d1".into()));

    let alice = mobile(ALICE);
    let erasing = Erasing { mobile: &alice, until: T0 + HOUR, block: Block::Keep };
    let erased = store.erase(&erasing, &receipt(1)).await.unwrap();
    assert!(erased.was_blocked);
    assert_eq!(erased.removed, TABLES.into_iter().map(|(name, n)| (name.to_owned(), n)).collect());
    assert_eq!(shown(store, ALICE).await, BTreeMap::from([("blacklist_sms", 1)]));
    assert_eq!(shown(store, BOB).await, everything);
    let again = store.erase(&erasing, &receipt(1)).await.unwrap();
    assert!(again.removed.is_empty());
    assert_eq!(store.erasures(MAX).await.unwrap(), [receipt(1)], "once");
}

pub(super) async fn what_came_after_the_erasure_stays(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    somebody(store, 10, ALICE).await;
    let alice = mobile(ALICE);
    let before = shown(store, ALICE).await;
    let erasing = Erasing { mobile: &alice, until: T0 - MILLI, block: Block::Lift };
    let erased = store.erase(&erasing, &receipt(1)).await.unwrap();
    assert!(erased.removed.is_empty(), "{:?}", erased.removed);
    assert_eq!(shown(store, ALICE).await, before);
}

pub(super) async fn what_an_sms_proved_goes_with_it_however_late_it_was_judged(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let late = QueuedSms { judged_at: T0 + HOUR, ..queued(1, sms(1, ALICE, "x", T0), passed()) };
    store.append_sms(std::slice::from_ref(&late)).await.unwrap();
    assert_eq!(store.totals().await.unwrap().validated, 1);
    let alice = mobile(ALICE);
    let erasing = Erasing { mobile: &alice, until: T0 + SECOND, block: Block::Keep };
    store.erase(&erasing, &receipt(1)).await.unwrap();
    assert_eq!(store.totals().await.unwrap().validated, 0);
}

pub(super) async fn a_block_is_kept_or_lifted(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let alice = mobile(ALICE);
    store.append_blacklist(&[blacklisting(ALICE, T0, "operator")]).await.unwrap();
    for (block, left) in [(Block::Keep, 1), (Block::Lift, 0), (Block::Lift, 0)] {
        let was_blocked = store.blacklist().await.unwrap().len() == 1;
        let erasing = Erasing { mobile: &alice, until: T0 + HOUR, block };
        assert_eq!(store.erase(&erasing, &receipt(1)).await.unwrap().was_blocked, was_blocked);
        assert_eq!(store.blacklist().await.unwrap().len(), left, "{block:?}");
    }
    assert_eq!(
        store.unblacklisted_since(T0).await.unwrap(),
        [],
        "not even that it was taken off is remembered"
    );
}

pub(super) async fn receipts_are_kept_in_their_last_state(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let later = Erasure { requested_at: T0 + HOUR + MILLI, ..receipt(2) };
    for receipt in [&receipt(1), &later] {
        store.put_erasure(receipt).await.unwrap();
    }
    let removed = BTreeMap::from([("hot".to_owned(), BTreeMap::from([("answers".to_owned(), 3)]))]);
    let done =
        Erasure { blacklist: Blocked::Kept, removed, finished_at: Some(T0 + HOUR + SECOND), ..receipt(1) };
    store.put_erasure(&done).await.unwrap();
    assert_eq!(store.erasures(MAX).await.unwrap(), [later.clone(), done]);
    assert_eq!(store.erasures(1).await.unwrap(), [later]);
    let again = Erasure { requested_at: T0, number_hash: "hash 2".to_owned(), ..receipt(3) };
    store.put_erasure(&again).await.unwrap();
    let asked = ["hash 2".to_owned(), "hash 9".to_owned()];
    let newest = ("hash 2".to_owned(), T0 + HOUR + MILLI);
    assert_eq!(store.erased_until(&asked).await.unwrap(), [newest]);
}

pub(super) async fn what_the_hot_store_may_know_is_told_by_traces(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    somebody(store, 10, ALICE).await;
    somebody(store, 20, BOB).await;
    let traces = store.traces(&mobile(ALICE), T0).await.unwrap();
    assert!(traces.onboardings.contains(&id(10)) && !traces.onboardings.contains(&id(20)));
    assert_eq!(traces.waiting, [id(12)]);
    assert!(traces.remembered.contains(&sms(11, ALICE, "x", T0).identity().fingerprint));
    let later = store.traces(&mobile(ALICE), T0 + MILLI).await.unwrap();
    assert!(later.remembered.is_empty() && later.onboardings == [id(10)], "{later:?}");
}

pub(super) async fn an_unvalidated_number_does_not_come_back(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    somebody(store, 10, ALICE).await;
    somebody(store, 20, BOB).await;
    assert_eq!(store.unvalidate(T0 + HOUR, ALICE).await.unwrap(), 1);
    assert_eq!(store.unvalidate(T0 + HOUR, ALICE).await.unwrap(), 0);
    let let_go = store.let_go(None).await.unwrap();
    let waits: Vec<_> = store.unsynced(MAX).await.unwrap().into_iter().map(|row| row.mobile_number).collect();
    assert_eq!((let_go, waits), (1, vec![BOB.to_owned()]), "what of it waited does not go to the remote");
    assert_eq!(shown(store, ALICE).await.get("input_sms"), Some(&1), "its history stays");
    // Another bridge's journal brings the row once more.
    let known = QueuedSms { onboarding_id: Some(id(10)), ..queued(10, sms(11, ALICE, "x", T0), passed()) };
    assert_eq!(store.append_sms(&[known]).await.unwrap(), 0);
    assert_eq!(store.validated_pairs(None, MAX).await.unwrap(), [format!("{BOB}:d1")]);
    let anew = queued(30, sms(31, ALICE, "y", T0 + HOUR), passed());
    assert_eq!(store.append_sms(&[anew]).await.unwrap(), 1);
    assert_eq!(store.validated_pairs(None, MAX).await.unwrap().len(), 2);
}

pub(super) async fn a_blocked_address_is_as_it_was_last_put(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let entry = |address: &str| BlockedEmail {
        address: address.to_owned(),
        reason: "spam \u{1f4e7}".to_owned(),
        blocked_by: "operator".to_owned(),
        blocked_at: T0,
        expires_at: Some(T0 + HOUR),
        lifted_at: None,
        changed_at: T0,
    };
    for address in ["b@example.org", "a@example.org"] {
        store.put_blocked_email(&entry(address)).await.unwrap();
    }
    let lifted = BlockedEmail {
        expires_at: None,
        lifted_at: Some(T0 + MILLI),
        changed_at: T0 + MILLI,
        ..entry("b@example.org")
    };
    store.put_blocked_email(&lifted).await.unwrap();
    assert_eq!(store.blocked_emails().await.unwrap(), [entry("a@example.org"), lifted]);
}

pub(super) async fn a_block_that_ended_gives_way_and_goes(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let by = |reason: &str, at, expires_at, by: Option<&str>| Blacklisting {
        expires_at,
        blocked_by: by.map(str::to_owned),
        ..blacklisting(ALICE, at, reason)
    };
    let hour = by("an hour", T0, Some(T0 + HOUR), Some("ann"));
    let flood = by("threshold_exceeded", T0 + SECOND, None, None);
    store.append_blacklist(&[hour.clone(), flood.clone()]).await.unwrap();
    assert_eq!(store.blacklist().await.unwrap(), std::slice::from_ref(&hour), "a flood changes nothing");
    let longer = by("a day", T0 + SECOND, Some(T0 + HOUR + HOUR), Some("bea"));
    store.append_blacklist(std::slice::from_ref(&longer)).await.unwrap();
    store.append_blacklist(std::slice::from_ref(&hour)).await.unwrap();
    assert_eq!(store.blacklist().await.unwrap(), [longer], "what a person said last holds");
    let after = by("threshold_exceeded", T0 + HOUR + HOUR, None, None);
    store.append_blacklist(std::slice::from_ref(&after)).await.unwrap();
    assert_eq!(store.blacklist().await.unwrap(), [after], "one that has ended gives way");
    store
        .append_blacklist(&[Blacklisting { expires_at: Some(T0), ..blacklisting(BOB, T0, "x") }])
        .await
        .unwrap();
    assert_eq!(store.clear_ended_blocks(T0 - MILLI).await.unwrap(), 0);
    assert_eq!(store.clear_ended_blocks(T0).await.unwrap(), 1);
    assert_eq!(store.blacklist().await.unwrap().len(), 1);
}
