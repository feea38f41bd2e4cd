//! Operators are told once that a trouble began and once that it is over, however many bridges see it, and again until it
//! is taken.

use std::collections::BTreeMap;

use bridge_core::{Span, Timestamp};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{Going, Notice, NoticeState, NotifyTarget, Telling};
use crate::troubles::{Trouble, TroubleKind};

const ONE: u128 = 7_001;
const TWO: u128 = 7_002;
const MINUTE: Span = Span(60_000);
/// However long a bridge says nothing, it lives.
const LONG_AGO: Timestamp = Timestamp(0);

fn target(n: u128, events: &[TroubleKind]) -> NotifyTarget {
    NotifyTarget {
        id: id(n),
        kind: "ntfy".to_owned(),
        name: "the office ü".to_owned(),
        fields: BTreeMap::from([("url".to_owned(), "https://ntfy.example/x".to_owned())]),
        events: events.to_vec(),
        quiet: Some((1_320, 420)),
        enabled: true,
        created_at: T0,
        going: Going::default(),
    }
}

fn trouble(kind: TroubleKind, subject: &str) -> Trouble {
    Trouble {
        kind,
        subject: subject.to_owned(),
        is_own: false,
        began_at: T0 + SECOND,
        detail: "it does not answer ü".to_owned(),
        is_told: false,
    }
}

fn redis() -> Trouble {
    trouble(TroubleKind::Store, "redis")
}

async fn told(store: &dyn AuditStore, n: u128) {
    store.put_notify_target(&target(n, TroubleKind::ALL)).await.unwrap();
}

async fn see(store: &dyn AuditStore, now: Timestamp, bridge: u128, seen: &[Trouble]) -> usize {
    store.see_troubles(now, id(bridge), LONG_AGO, seen).await.unwrap()
}

async fn claim(store: &dyn AuditStore, now: Timestamp, target: u128, by: u128) -> Vec<Notice> {
    let all = TroubleKind::ALL;
    store.claim_notices(now, id(target), id(by), now + HOUR, all, MAX).await.unwrap()
}

fn subjects(due: &[Notice]) -> Vec<&str> {
    due.iter().map(|notice| notice.subject.as_str()).collect()
}

fn telling(notices: &[Notice], at: Timestamp, error: Option<&str>) -> Telling {
    Telling {
        notices: notices.iter().map(|notice| notice.id).collect(),
        at,
        error: error.map(str::to_owned),
        next_at: error.map(|_| at + SECOND),
        give_up_before: LONG_AGO,
    }
}

pub(super) async fn a_target_is_as_it_was_last_put(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let first = target(1, TroubleKind::ALL);
    let second = NotifyTarget { created_at: T0 - SECOND, quiet: None, ..target(2, &[]) };
    store.put_notify_target(&first).await.unwrap();
    store.put_notify_target(&second).await.unwrap();
    assert_eq!(store.notify_targets().await.unwrap(), [second.clone(), first.clone()], "oldest first");
    let changed = NotifyTarget {
        kind: "slack".to_owned(),
        name: "other".to_owned(),
        fields: BTreeMap::new(),
        events: vec![TroubleKind::Disk],
        quiet: Some((0, 1_439)),
        enabled: false,
        ..first
    };
    store.put_notify_target(&changed).await.unwrap();
    assert_eq!(store.notify_targets().await.unwrap(), [second.clone(), changed]);
    assert!(store.remove_notify_target(id(1)).await.unwrap());
    assert!(!store.remove_notify_target(id(1)).await.unwrap());
    assert_eq!(store.notify_targets().await.unwrap(), [second]);
}

pub(super) async fn what_two_bridges_see_is_told_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    let seen = [redis()];
    let (one, two) = tokio::join!(see(store, T0 + SECOND, ONE, &seen), see(store, T0 + SECOND, TWO, &seen));
    assert_eq!(one + two, 1, "whichever came first");
    assert_eq!(see(store, T0 + MINUTE, ONE, &seen).await, 0);
    assert_eq!(store.troubles_of(id(ONE)).await.unwrap(), seen);
    assert_eq!(see(store, T0 + MINUTE, ONE, &[]).await, 0, "the other still sees it");
    assert_eq!(see(store, T0 + HOUR, TWO, &[]).await, 1);
    assert_eq!(see(store, T0 + HOUR, ONE, &[]).await, 0);
    let due = claim(store, T0 + HOUR, 1, ONE).await;
    let ends: Vec<_> = due.iter().map(|notice| notice.ended_at).collect();
    assert_eq!(ends, [None, Some(T0 + HOUR)]);
    assert_eq!((due[0].began_at, due[0].detail.as_str()), (T0 + SECOND, "it does not answer ü"));
    assert_eq!(see(store, T0 + HOUR + SECOND, TWO, &seen).await, 1, "it may happen again");
}

pub(super) async fn who_does_not_want_it_or_was_not_there_is_not_told(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let early = Trouble { began_at: T0 - SECOND, ..trouble(TroubleKind::Disk, "early") };
    assert_eq!(see(store, T0 - SECOND, ONE, &[early]).await, 0, "nobody is there");
    store.put_notify_target(&target(1, &[TroubleKind::Disk])).await.unwrap();
    store.put_notify_target(&NotifyTarget { enabled: false, ..target(2, TroubleKind::ALL) }).await.unwrap();
    let later = NotifyTarget { created_at: T0 + MINUTE, ..target(3, TroubleKind::ALL) };
    let seen = [redis(), trouble(TroubleKind::Disk, "disk")];
    assert_eq!(see(store, T0 + SECOND, ONE, &seen).await, 1, "one of the three changes is wanted");
    store.put_notify_target(&later).await.unwrap();
    assert_eq!(see(store, T0 + HOUR, ONE, &[]).await, 1);
    assert_eq!(subjects(&claim(store, T0 + HOUR, 1, ONE).await), ["disk", "disk"]);
    // It is known only now that it began long ago: who is there is told both.
    let long = Trouble { began_at: T0 - HOUR, ..trouble(TroubleKind::Disk, "long") };
    assert_eq!(see(store, T0 + HOUR, ONE, &[long]).await, 1);
    assert_eq!(see(store, T0 + HOUR, ONE, &[]).await, 1);
    let told = claim(store, T0 + HOUR, 1, ONE).await;
    assert_eq!((subjects(&told), told[1].began_at), (vec!["long", "long"], T0 - HOUR));
    assert_eq!(subjects(&claim(store, T0 + HOUR, 3, ONE).await), ["long", "long"]);
    for nothing in [2, 3] {
        assert!(claim(store, T0 + HOUR, nothing, ONE).await.is_empty(), "{nothing}");
    }
}

pub(super) async fn who_was_told_that_it_began_is_told_its_end_whatever_the_clock_said(
    audit: &dyn AuditUnderTest,
) {
    let store = audit.store();
    told(store, 1).await;
    // A machine comes back from a power cut in 1970, and later its clock is set.
    let seen = [trouble(TroubleKind::Clock, "clock")];
    assert_eq!(see(store, LONG_AGO, ONE, &seen).await, 1);
    assert_eq!(see(store, T0 + HOUR, ONE, &[]).await, 1);
    let ends: Vec<_> = claim(store, T0 + HOUR, 1, ONE).await.iter().map(|notice| notice.ended_at).collect();
    assert_eq!(ends, [None, Some(T0 + HOUR)]);
    // Who came meanwhile is told neither.
    assert_eq!(see(store, LONG_AGO, ONE, &seen).await, 1);
    told(store, 2).await;
    assert_eq!(see(store, T0 + HOUR, ONE, &[]).await, 1);
    assert!(claim(store, T0 + HOUR, 2, ONE).await.is_empty());
}

pub(super) async fn a_notice_is_one_bridge_s_until_its_claim_ends(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    told(store, 2).await;
    see(store, T0 + SECOND, ONE, &[redis(), trouble(TroubleKind::Receiver, "receiver:hall")]).await;
    let urgent = [TroubleKind::Store];
    let claimed = store.claim_notices(T0 + MINUTE, id(1), id(ONE), T0 + HOUR, &urgent, MAX).await.unwrap();
    assert_eq!(subjects(&claimed), ["redis"], "only of that kind");
    assert_eq!(subjects(&claim(store, T0 + MINUTE, 1, TWO).await), ["receiver:hall"]);
    assert!(claim(store, T0 + MINUTE, 1, TWO).await.is_empty());
    assert_eq!(claim(store, T0 + MINUTE, 2, TWO).await.len(), 2, "another target");
    store.release_notices(id(ONE)).await.unwrap();
    assert_eq!(claim(store, T0 + MINUTE, 1, TWO).await, claimed);
    assert_eq!(claim(store, T0 + MINUTE + HOUR, 1, ONE).await.len(), 2, "who claimed them is dead");
}

pub(super) async fn what_is_not_taken_is_told_again_until_it_is_given_up(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    see(store, T0 + SECOND, ONE, &[redis()]).await;
    let due = claim(store, T0 + SECOND, 1, ONE).await;
    store.note_telling(id(1), &telling(&due, T0 + SECOND, Some("refused ü\u{0}"))).await.unwrap();
    let going = store.notify_targets().await.unwrap()[0].going.clone();
    assert_eq!((going.failing_since, going.tries), (Some(T0 + SECOND), 1));
    assert!(going.error.is_some_and(|error| error.starts_with("refused ü")));
    assert!(claim(store, T0 + SECOND, 1, ONE).await.is_empty(), "not before its time");
    let due = claim(store, T0 + MINUTE, 1, ONE).await;
    assert_eq!(due.len(), 1);
    store.note_telling(id(1), &telling(&due, T0 + MINUTE, Some("again"))).await.unwrap();
    assert_eq!(store.notify_targets().await.unwrap()[0].going.failing_since, Some(T0 + SECOND));
    // Whoever changes a target wants to see at once whether it helped.
    store.put_notify_target(&target(1, TroubleKind::ALL)).await.unwrap();
    let due = claim(store, T0 + MINUTE, 1, ONE).await;
    store.note_telling(id(1), &telling(&due, T0 + MINUTE, None)).await.unwrap();
    let going = store.notify_targets().await.unwrap()[0].going.clone();
    assert_eq!(going, Going { told_at: Some(T0 + MINUTE), ..Going::default() });
    see(store, T0 + HOUR, ONE, &[]).await;
    let due = claim(store, T0 + HOUR, 1, ONE).await;
    let last = Telling { give_up_before: T0 + HOUR + SECOND, ..telling(&due, T0 + HOUR, Some("no")) };
    store.note_telling(id(1), &last).await.unwrap();
    assert!(claim(store, T0 + HOUR + HOUR, 1, ONE).await.is_empty());
    let rows = store.notices(id(1), MAX).await.unwrap();
    let states: Vec<_> = rows.iter().map(|row| (row.state, row.told_at, row.notice.ended_at)).collect();
    let expected =
        [(NoticeState::GivenUp, None, Some(T0 + HOUR)), (NoticeState::Told, Some(T0 + MINUTE), None)];
    assert_eq!(states, expected, "newest first");
    assert_eq!(store.notices(id(1), 1).await.unwrap().len(), 1);
}

pub(super) async fn notices_go_with_their_target_and_by_age(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    told(store, 2).await;
    see(store, T0 + SECOND, ONE, &[redis()]).await;
    let due = claim(store, T0 + SECOND, 1, ONE).await;
    store.note_telling(id(1), &telling(&due, T0 + SECOND, None)).await.unwrap();
    store.purge(T0 + HOUR, MAX, false).await.unwrap();
    assert_eq!(store.notices(id(1), MAX).await.unwrap().len(), 1, "it waits for the second");
    assert!(store.remove_notify_target(id(2)).await.unwrap());
    store.purge(T0 + HOUR, MAX, false).await.unwrap();
    assert!(store.notices(id(1), MAX).await.unwrap().is_empty());
}
