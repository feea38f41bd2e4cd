//! What the hot store is rebuilt from (D28): page by page, everything that counts and nothing twice.

use bridge_core::checks::{CHECKS, CheckId};
use bridge_core::phone::PhoneError;
use bridge_core::verdict::{Code, Codes, FailedAt};
use bridge_core::{InboundSms, Onboarding, Span, State, Timestamp, Verdict};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{Member, Totals};
use crate::judged::QueuedSms;
use crate::place::Place;

/// Reads a list to its end, in pages of two.
async fn pages<T: Clone>(read: impl AsyncFn(Option<Place>) -> Vec<(Place, T)>) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = read(after).await;
        let Some((place, _)) = page.last() else { break };
        assert!(page.len() <= 2 && Some(*place) > after, "a page goes on after the one before");
        after = Some(*place);
        all.extend(page.into_iter().map(|(_, row)| row));
    }
    all
}

async fn judged_since(store: &dyn AuditStore, since: Timestamp) -> Vec<QueuedSms> {
    pages(async |after| store.judged_since(since, after, 2).await.unwrap()).await
}

/// One of every kind: what it was judged, how it came, from whom.
fn samples() -> Vec<QueuedSms> {
    let mut codes = Codes([Code::Pass; CHECKS.len()]);
    let check = CheckId::from_name("count_check").unwrap();
    codes.0[check.index()] = Code::Fail;
    let verdict = Verdict {
        codes,
        failed_at: Some(FailedAt::Check(check)),
        reason: Some("too_many".to_owned()),
        late_delivery: true,
    };
    let with = |n: i64, sms: InboundSms, verdict: Verdict| QueuedSms {
        fingerprint: format!("{n:032x}"),
        judged_at: T0 + SECOND,
        ..queued(n, sms, verdict)
    };
    let bare = InboundSms { stamped: false, ..sms(1, ALICE, "नमस्ते \u{1f511} \n'\"", T0) };
    let delivered = InboundSms {
        line: Some("sim-2".to_owned()),
        delivery_id: Some("n/1".to_owned()),
        received_timestamp: T0 - HOUR,
        clock_skew: MILLI,
        part: Some(part(2, 2)),
        ..sms(2, BOB, "", T0 + MILLI)
    };
    let mut all = vec![
        QueuedSms { device_id: None, ..with(1, bare, verdict) },
        QueuedSms { onboarding_id: Some(id(7)), sms_in_window: 4, ..with(2, delivered, passed()) },
    ];
    let errors = [
        PhoneError::Empty,
        PhoneError::Alphanumeric,
        PhoneError::TooShort,
        PhoneError::TooLong,
        PhoneError::Impossible,
        PhoneError::Ambiguous,
        PhoneError::Rounded,
    ];
    for (n, error) in (3_i64..).zip(errors) {
        let sms = sms(n.unsigned_abs().into(), ALICE, "x", T0 + Span(n));
        let (sender_raw, sender) = (format!("sender {n}"), Err(error));
        all.push(with(n, InboundSms { sender_raw, sender, ..sms }, failed()));
    }
    all
}

pub(super) async fn judged_sms_come_back_as_they_were_queued(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let all = samples();
    store.append_sms(&all).await.unwrap();
    assert_eq!(judged_since(store, T0).await, all);
    let identities = |list: &[QueuedSms]| list.iter().map(|q| q.sms.identity()).collect::<Vec<_>>();
    assert_eq!(identities(&judged_since(store, T0).await), identities(&all));
}

pub(super) async fn judged_sms_come_in_the_order_of_their_intake(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let taken_in = [(1, 5), (2, 0), (3, 5), (4, -1), (5, 2), (6, 5)];
    for (n, at) in taken_in {
        let sms = sms(u128::try_from(n).unwrap(), ALICE, "x", T0 + Span(at));
        store.append_sms(&[queued(n, sms, failed())]).await.unwrap();
    }
    let ids = async |since| judged_since(store, since).await.iter().map(|q| q.id).collect::<Vec<_>>();
    assert_eq!(ids(T0).await, [2, 5, 1, 3, 6], "those of one millisecond as they were written");
    assert_eq!(ids(T0 + Span(2)).await, [5, 1, 3, 6]);
    assert_eq!(ids(T0 + Span(6)).await, [0_i64; 0]);
}

pub(super) async fn onboardings_come_in_order_of_registration(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let opened = |n: u128, at: Timestamp, ttl: Span| Onboarding {
        expires_at: at + ttl,
        ..onboarding(n, &format!("+91987654321{n}"), Some("d1"), at)
    };
    let cancelled = Onboarding { state: State::Cancelled, version: 2, ..opened(3, T0, HOUR) };
    let all = [
        opened(1, T0 + SECOND, HOUR),
        opened(2, T0, Span(2 * HOUR.0)),
        cancelled,
        opened(4, T0 - HOUR, HOUR),
        opened(5, T0 + SECOND, HOUR),
    ];
    store.upsert_onboardings(&all).await.unwrap();
    let unexpired = async |now| {
        let read = async |after| store.unexpired_onboardings(now, after, 2).await.unwrap();
        pages(read).await.iter().map(|o| o.id.as_u128()).collect::<Vec<_>>()
    };
    assert_eq!(unexpired(T0 - MILLI).await, [4, 2, 3, 1, 5]);
    assert_eq!(unexpired(T0).await, [2, 3, 1, 5], "one is gone at expires_at");
    assert_eq!(unexpired(T0 + HOUR).await, [2, 1, 5]);
    assert_eq!(unexpired(T0 + HOUR + HOUR).await, [0_u128; 0]);
    let page = store.unexpired_onboardings(T0, None, 2).await.unwrap();
    let stored: Vec<Onboarding> = page.into_iter().map(|(_, onboarding)| onboarding).collect();
    assert_eq!(stored, all[1..3], "as they stand");
}

pub(super) async fn validated_pairs_come_once_each(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let senders = [
        ("+447911123456", Some("d1")),
        (ALICE, None),
        (ALICE, Some("d2:x")),
        (ALICE, Some("d10")),
        (BOB, Some("नमस्ते")),
    ];
    for (n, (mobile, device)) in (1_i64..).zip(senders) {
        for repeated in [0, 100] {
            let sms = sms(u128::from(n.unsigned_abs()) + repeated, mobile, "x", T0);
            let row = QueuedSms { device_id: device.map(str::to_owned), ..queued(n, sms, passed()) };
            store.append_sms(&[row]).await.unwrap();
        }
    }
    let (mut pairs, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.validated_pairs(after.as_deref(), 2).await.unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        pairs.extend(page);
    }
    pairs.sort();
    let mut expected = senders.map(|(mobile, device)| format!("{mobile}:{}", device.unwrap_or_default()));
    expected.sort();
    assert_eq!(pairs, expected);
}

pub(super) async fn unblacklisting_is_remembered_with_its_time(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.append_blacklist(&[blacklisting(ALICE, T0, "x")]).await.unwrap();
    assert!(store.remove_blacklisted(T0 + SECOND, ALICE).await.unwrap());
    assert!(!store.remove_blacklisted(T0 + HOUR, BOB).await.unwrap(), "the hot store alone had it");
    let since = async |at| store.unblacklisted_since(at).await.unwrap();
    let (alice, bob) = ((ALICE.to_owned(), T0 + SECOND), (BOB.to_owned(), T0 + HOUR));
    assert_eq!(since(T0).await, [alice.clone(), bob.clone()]);
    assert_eq!(since(T0 + SECOND).await, [alice, bob.clone()]);
    assert_eq!(since(T0 + SECOND + MILLI).await, std::slice::from_ref(&bob));
    store.remove_blacklisted(T0 + HOUR + HOUR, ALICE).await.unwrap();
    assert_eq!(since(T0).await, [bob, (ALICE.to_owned(), T0 + HOUR + HOUR)], "the last time counts");
}

pub(super) async fn the_epoch_is_the_one_saved_last(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.epoch().await.unwrap(), None);
    store.save_epoch(T0, "first").await.unwrap();
    store.save_epoch(T0 + SECOND, "second@1").await.unwrap();
    assert_eq!(store.epoch().await.unwrap().as_deref(), Some("second@1"));
}

pub(super) async fn members_say_what_they_handed_over(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let member =
        |n, handed_over: Option<&str>| Member { bridge: id(n), handed_over: handed_over.map(str::to_owned) };
    let members = async |within| {
        let mut members = store.members(within).await.unwrap();
        members.sort_by_key(|member| member.bridge);
        members
    };
    assert_eq!(members(HOUR).await, []);
    store.note_member(&member(1, None)).await.unwrap();
    store.note_member(&member(2, Some("first"))).await.unwrap();
    assert_eq!(members(HOUR).await, [member(1, None), member(2, Some("first"))]);
    store.note_member(&member(1, Some("first"))).await.unwrap();
    store.note_member(&member(2, None)).await.unwrap();
    assert_eq!(members(HOUR).await, [member(1, Some("first")), member(2, None)]);
    for _ in 0..1_000 {
        if members(MILLI).await.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("a bridge that says nothing for a millisecond is still there");
}

pub(super) async fn totals_count_what_is_there(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.totals().await.unwrap(), Totals::default());
    let sent = [(7, ALICE, passed()), (9, ALICE, passed()), (8, BOB, failed())];
    for (n, mobile, verdict) in sent {
        let sms = sms(u128::try_from(n).unwrap(), mobile, "x", T0);
        store.append_sms(&[queued(n, sms, verdict)]).await.unwrap();
    }
    let entries = [blacklisting(ALICE, T0, "x"), blacklisting(BOB, T0, "x")];
    store.append_blacklist(&entries).await.unwrap();
    let expected = Totals { validated: 1, blacklisted: 2, last_sms_id: 9 };
    assert_eq!(store.totals().await.unwrap(), expected);
}

pub(super) async fn probes_can_be_written(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.ping().await.unwrap();
    for bytes in [1, 1, 100_000] {
        store.try_write(bytes).await.unwrap();
    }
}
