//! Webhooks: each event is kept once, told to whoever wanted it when it happened, in order, and tried again.

use bridge_core::{Span, Timestamp};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{DeliveryState, Due, Next, Observed, Outcome, Replay, Tally, Tried, Webhook};
use crate::events::{Event, EventKind};
use crate::person::{Block, Erasing};

const BRIDGE: u128 = 7_000;

fn webhook(n: u128, events: &[EventKind]) -> Webhook {
    Webhook {
        id: id(n),
        url: format!("https://app-{n}.example/hook"),
        events: events.to_vec(),
        description: "the shop".to_owned(),
        enabled: true,
        secret: "whsec_bmV3".to_owned(),
        previous_secret: None,
        previous_until: None,
        created_at: T0,
        failing_since: None,
        disabled_reason: None,
    }
}

async fn told(store: &dyn AuditStore, n: u128) -> Webhook {
    let webhook = webhook(n, &[EventKind::SmsJudged]);
    store.put_webhook(&webhook).await.unwrap();
    webhook
}

async fn claim(store: &dyn AuditStore, now: Timestamp, webhook: u128) -> Vec<Due> {
    store.claim_deliveries(now, id(webhook), id(BRIDGE), now + HOUR, MAX).await.unwrap()
}

fn ids(due: &[Due]) -> Vec<&str> {
    due.iter().map(|due| due.event_id.as_str()).collect()
}

fn tried(due: &Due, at: Timestamp, status: u16, next: Next) -> Tried {
    let answer = "ü\u{0}".to_owned();
    let outcome = Outcome { at, took_ms: 12, status: Some(status), answer, error: None };
    Tried { delivery: due.delivery, outcome, next }
}

pub(super) async fn a_webhook_is_as_it_was_last_put(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let first = webhook(1, EventKind::ALL);
    let second = Webhook { created_at: T0 - SECOND, ..webhook(2, &[]) };
    store.put_webhook(&first).await.unwrap();
    store.put_webhook(&second).await.unwrap();
    assert_eq!(store.webhooks().await.unwrap(), [second.clone(), first.clone()], "oldest first");
    let changed = Webhook {
        url: "https://other.example/".to_owned(),
        events: vec![EventKind::NumberBlacklisted],
        enabled: false,
        secret: "whsec_bmV3ZXI".to_owned(),
        previous_secret: Some(first.secret.clone()),
        previous_until: Some(T0 + HOUR),
        failing_since: Some(T0),
        disabled_reason: Some("it answered 410".to_owned()),
        ..first
    };
    store.put_webhook(&changed).await.unwrap();
    assert_eq!(store.webhooks().await.unwrap(), [second.clone(), changed]);
    assert!(store.remove_webhook(id(1)).await.unwrap());
    assert!(!store.remove_webhook(id(1)).await.unwrap());
    assert_eq!(store.webhooks().await.unwrap(), [second]);
}

pub(super) async fn an_event_is_kept_once_for_those_who_want_it(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    store.put_webhook(&webhook(2, &[EventKind::BridgePaused])).await.unwrap();
    store.put_webhook(&Webhook { enabled: false, ..webhook(3, &[EventKind::SmsJudged]) }).await.unwrap();
    let later = Webhook { created_at: T0 + SECOND, ..webhook(4, &[EventKind::SmsJudged]) };
    store.put_webhook(&later).await.unwrap();
    let first = event(10, ALICE, T0);
    let second = event(20, BOB, T0 + SECOND);
    let nobodys = Event { kind: EventKind::BridgeResumed, ..event(30, ALICE, T0) };
    let bare = Event {
        kind: EventKind::BridgePaused,
        subject: Some(id(99)),
        mobile_number: None,
        ..event(40, BOB, T0)
    };
    let all = [first.clone(), nobodys, second.clone(), bare];
    assert_eq!(store.append_events(&all).await.unwrap(), 3);
    assert_eq!(store.append_events(&all).await.unwrap(), 0);
    assert_eq!(store.append_events(&[]).await.unwrap(), 0);
    let now = T0 + HOUR;
    let due = claim(store, now, 1).await;
    assert_eq!(ids(&due), ["evt_10", "evt_20"]);
    assert_eq!(due[0].body, first.body(), "to the byte");
    assert_eq!(ids(&claim(store, now, 2).await), ["evt_40"]);
    assert_eq!(ids(&claim(store, now, 3).await), [] as [&str; 0]);
    assert_eq!(ids(&claim(store, now, 4).await), ["evt_20"], "what happened before it was there is not told");
    assert_eq!(audit.column("ops.webhook_outbox", "event_id").await.len(), 3);
}

fn observed(second: i64, is_on: bool) -> Observed {
    let kind = if is_on { EventKind::BridgePaused } else { EventKind::BridgeResumed };
    let at = T0 + Span(second * 1_000);
    let event = Event { kind, subject: Some(id(99)), mobile_number: None, ..event(500, ALICE, at) };
    let event = Event { id: format!("evt_{second}"), ..event };
    Observed { subject: id(99), is_on, event, begins: EventKind::BridgePaused }
}

pub(super) async fn what_several_bridges_see_begins_with_the_first_and_ends_with_the_last(
    audit: &dyn AuditUnderTest,
) {
    let store = audit.store();
    let see = async |bridge: u128, silent: Span, seen: &[Observed]| {
        store.observe(id(bridge), silent, seen).await.unwrap()
    };
    let (one, two) = (BRIDGE + 1, BRIDGE + 2);
    // Nobody wants to know; whoever comes while it is so is not told the end alone.
    assert_eq!(see(one, HOUR, &[observed(1, true)]).await, 0);
    let wanted = [EventKind::BridgePaused, EventKind::BridgeResumed];
    store.put_webhook(&webhook(1, &wanted)).await.unwrap();
    assert_eq!(see(one, HOUR, &[observed(2, true)]).await, 0, "it is no news to this bridge");
    assert_eq!(see(one, HOUR, &[observed(3, false)]).await, 0);
    // Two see it.
    assert_eq!(see(two, HOUR, &[observed(4, false)]).await, 0, "it never began");
    assert_eq!(see(one, HOUR, &[observed(5, true)]).await, 1);
    assert_eq!(see(two, HOUR, &[observed(6, true)]).await, 0);
    assert_eq!(see(one, HOUR, &[observed(7, false)]).await, 0, "the other still sees it");
    assert_eq!(see(one, HOUR, &[observed(8, false)]).await, 0, "however often it is said");
    assert_eq!(see(two, HOUR, &[observed(9, false)]).await, 1);
    assert_eq!(see(one, HOUR, &[observed(10, false)]).await, 0);
    // One that says nothing any more sees nothing any more.
    assert_eq!(see(one, HOUR, &[observed(11, true)]).await, 1);
    assert_eq!(see(two, Span(0), &[observed(12, false)]).await, 1);
    // What came and went while the store was away is told as it came.
    assert_eq!(see(two, HOUR, &[observed(13, true), observed(14, false), observed(15, true)]).await, 3);
    let mut due = Vec::new();
    while let [next] = &claim(store, T0 + HOUR, 1).await[..] {
        store.note_tries(id(1), &[tried(next, T0 + HOUR, 200, Next::Delivered)]).await.unwrap();
        due.push(next.event_id.clone());
    }
    assert_eq!(due, ["evt_5", "evt_9", "evt_11", "evt_12", "evt_13", "evt_14", "evt_15"]);
}

pub(super) async fn what_waits_is_tried_at_once_when_a_webhook_is_changed(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let first = told(store, 1).await;
    told(store, 2).await;
    store
        .append_events(&[event(10, ALICE, T0), event(20, BOB, T0), event(30, "+919876543299", T0)])
        .await
        .unwrap();
    let now = T0 + SECOND;
    for n in [1, 2] {
        let due = claim(store, now, n).await;
        let later =
            [tried(&due[0], now, 500, Next::Again(T0 + HOUR)), tried(&due[1], now, 200, Next::Delivered)];
        // The third is under way.
        store.note_tries(id(n), &later).await.unwrap();
    }
    assert_eq!(claim(store, now, 1).await, []);
    store.put_webhook(&Webhook { description: "it is mended".to_owned(), ..first }).await.unwrap();
    let again = claim(store, now, 1).await;
    assert_eq!((ids(&again), again[0].tries), (vec!["evt_10"], 0));
    assert_eq!(claim(store, now, 2).await, [], "of another one nothing changed");

    // What was under way, and fails after the change, begins anew, too.
    let more =
        [tried(&again[0], now, 500, Next::Again(now)), tried(&again[0], now, 500, Next::Again(T0 + HOUR))];
    for more in more {
        store.note_tries(id(1), &[more]).await.unwrap();
    }
    assert_eq!(claim(store, now, 1).await, []);
    let under_way = claim(store, T0 + HOUR, 1).await;
    assert_eq!(under_way.iter().find(|due| due.event_id == "evt_10").unwrap().tries, 2);
    let changed = store.webhooks().await.unwrap().remove(0);
    store.put_webhook(&Webhook { description: "once more".to_owned(), ..changed }).await.unwrap();
    let due = under_way.iter().find(|due| due.event_id == "evt_10").unwrap();
    store.note_tries(id(1), &[tried(due, T0 + HOUR, 500, Next::Again(T0 + HOUR))]).await.unwrap();
    let again = claim(store, T0 + HOUR, 1).await;
    assert_eq!((ids(&again), again[0].tries), (vec!["evt_10"], 1));
}

pub(super) async fn a_claim_is_one_bridge_s_until_it_ends(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    store.append_events(&[event(10, ALICE, T0), event(20, ALICE, T0), event(30, ALICE, T0)]).await.unwrap();
    assert_eq!(ids(&claim(store, T0 - MILLI, 1).await), [] as [&str; 0], "its time has not come");
    let until = T0 + SECOND;
    let first = store.claim_deliveries(T0, id(1), id(BRIDGE), until, 2).await.unwrap();
    assert_eq!(ids(&first), ["evt_10", "evt_20"]);
    assert_eq!(ids(&store.claim_deliveries(T0, id(1), id(9), until, MAX).await.unwrap()), ["evt_30"]);
    assert_eq!(ids(&claim(store, until - MILLI, 1).await), [] as [&str; 0]);
    store.release_deliveries(id(9)).await.unwrap();
    assert_eq!(ids(&store.claim_deliveries(T0, id(1), id(8), until, MAX).await.unwrap()), ["evt_30"]);
    assert_eq!(ids(&claim(store, until, 1).await), ["evt_10", "evt_20", "evt_30"], "nobody said how it went");
}

pub(super) async fn events_of_an_onboarding_wait_for_those_before(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    told(store, 2).await;
    // 10 to 12 are of one onboarding, 20 is of another.
    let all = [event(10, ALICE, T0), event(11, ALICE, T0), event(20, BOB, T0), event(12, ALICE, T0)];
    store.append_events(&all).await.unwrap();
    let due = claim(store, T0, 1).await;
    assert_eq!(ids(&due), ["evt_10", "evt_20"]);
    let again = T0 + SECOND;
    store.note_tries(id(1), &[tried(&due[0], T0, 500, Next::Again(again))]).await.unwrap();
    assert_eq!(ids(&claim(store, again - MILLI, 1).await), [] as [&str; 0]);
    let due = claim(store, again, 1).await;
    assert_eq!((ids(&due), due[0].tries), (vec!["evt_10"], 1));
    store.note_tries(id(1), &[tried(&due[0], again, 204, Next::Delivered)]).await.unwrap();
    let due = claim(store, again, 1).await;
    assert_eq!(ids(&due), ["evt_11"]);
    store.note_tries(id(1), &[tried(&due[0], again, 500, Next::GivenUp)]).await.unwrap();
    assert_eq!(ids(&claim(store, again, 1).await), ["evt_12"], "one that was given up holds nobody up");
    assert_eq!(
        ids(&claim(store, again, 2).await),
        ["evt_10", "evt_20"],
        "each webhook has an order of its own"
    );
}

pub(super) async fn what_waits_behind_a_failed_one_is_due_when_that_is(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    store.append_events(&[event(10, ALICE, T0), event(11, ALICE, T0), event(20, BOB, T0)]).await.unwrap();
    let due = claim(store, T0, 1).await;
    let later = T0 + HOUR;
    let went = [tried(&due[0], T0, 500, Next::Again(later)), tried(&due[1], T0, 204, Next::Delivered)];
    store.note_tries(id(1), &went).await.unwrap();
    let soon = T0 + SECOND;
    store.append_events(&[event(12, ALICE, soon), event(21, BOB, soon)]).await.unwrap();
    let found = store.deliveries(id(1), None, MAX).await.unwrap();
    let next: Vec<_> = found.iter().map(|d| (d.event_id.as_str(), d.next_at)).collect();
    let [behind, first] = [Some(later), Some(soon)];
    let expected =
        [("evt_21", first), ("evt_12", behind), ("evt_20", None), ("evt_11", behind), ("evt_10", behind)];
    assert_eq!(next, expected);
    assert_eq!(ids(&claim(store, later - MILLI, 1).await), ["evt_21"]);
    let due = claim(store, later, 1).await;
    assert_eq!(ids(&due), ["evt_10"]);
    store.note_tries(id(1), &[tried(&due[0], later, 204, Next::Delivered)]).await.unwrap();
    assert_eq!(ids(&claim(store, later, 1).await), ["evt_11"], "what waited behind it goes at once");
}

pub(super) async fn every_try_is_kept_and_since_when_it_fails(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    store.append_events(&[event(10, ALICE, T0), event(20, ALICE, T0)]).await.unwrap();
    let due = claim(store, T0, 1).await;
    let failing = async || store.webhooks().await.unwrap()[0].failing_since;
    let again = Next::Again(T0 + HOUR);
    store.note_tries(id(1), &[tried(&due[0], T0 + SECOND, 500, again)]).await.unwrap();
    assert_eq!(failing().await, Some(T0 + SECOND));
    let silent = Outcome {
        at: T0 + HOUR,
        took_ms: 15_000,
        status: None,
        answer: String::new(),
        error: Some("no answer within 15 s".to_owned()),
    };
    let second = Tried { delivery: due[0].delivery, outcome: silent.clone(), next: Next::GivenUp };
    store.note_tries(id(1), &[second]).await.unwrap();
    assert_eq!(failing().await, Some(T0 + SECOND), "the first of them");
    store.note_tries(id(1), &[tried(&due[1], T0 + HOUR, 200, Next::Delivered)]).await.unwrap();
    store.note_tries(id(1), &[]).await.unwrap();
    assert_eq!(failing().await, None);
    let found = store.deliveries(id(1), None, MAX).await.unwrap();
    assert!(found.iter().all(|delivery| delivery.body.contains(delivery.kind.word())), "{found:?}");
    assert_eq!(found.iter().map(|d| d.event_id.as_str()).collect::<Vec<_>>(), ["evt_20", "evt_10"]);
    assert_eq!(found[0].state, DeliveryState::Delivered);
    let first = &found[1];
    assert_eq!((first.state, first.next_at, first.kind), (DeliveryState::Failed, None, EventKind::SmsJudged));
    assert_eq!(first.tries.iter().map(|t| t.status).collect::<Vec<_>>(), [Some(500), None]);
    assert_eq!(first.tries[1], silent);
    assert_eq!(store.deliveries(id(1), Some(found[0].id), 1).await.unwrap(), std::slice::from_ref(first));
    assert_eq!(store.deliveries(id(1), Some(first.id), MAX).await.unwrap(), []);
    let tally = store.tally_deliveries(id(1)).await.unwrap();
    assert_eq!(tally, Tally { waiting: 0, delivered: 1, failed: 1 });
    assert_eq!(store.tally_deliveries(id(9)).await.unwrap(), Tally::default());
}

pub(super) async fn what_is_replayed_is_tried_from_the_beginning(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    told(store, 2).await;
    let at = |n: i64| T0 + bridge_core::Span(n * 1000);
    store
        .append_events(&[event(10, ALICE, at(0)), event(20, ALICE, at(1)), event(30, BOB, at(2))])
        .await
        .unwrap();
    let due = claim(store, at(2), 1).await;
    let all: Vec<Tried> = due.iter().map(|due| tried(due, at(2), 200, Next::Delivered)).collect();
    store.note_tries(id(1), &all).await.unwrap();
    let now = at(60);
    assert_eq!(store.replay(now, id(1), Replay::Delivery(due[0].delivery)).await.unwrap(), 1);
    assert_eq!(
        store.replay(now, id(2), Replay::Delivery(due[0].delivery)).await.unwrap(),
        0,
        "it is not its own"
    );
    let again = claim(store, now, 1).await;
    assert_eq!((ids(&again), again[0].tries), (vec!["evt_10"], 0));
    assert_eq!(again[0].body, due[0].body);
    store.note_tries(id(1), &[tried(&again[0], now, 200, Next::Delivered)]).await.unwrap();
    assert_eq!(store.replay(now, id(1), Replay::Since(at(1))).await.unwrap(), 2);
    assert_eq!(store.replay(now, id(1), Replay::Since(at(1))).await.unwrap(), 0, "they wait already");
    assert_eq!(ids(&claim(store, now, 1).await), ["evt_20", "evt_30"]);
}

pub(super) async fn deliveries_go_with_what_they_speak_of(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    told(store, 1).await;
    told(store, 2).await;
    store.append_events(&[event(10, ALICE, T0), event(20, BOB, T0)]).await.unwrap();
    for n in [1, 2] {
        let due = claim(store, T0, n).await;
        let all: Vec<Tried> = due.iter().map(|due| tried(due, T0, 200, Next::Delivered)).collect();
        store.note_tries(id(n), &all).await.unwrap();
    }
    store.append_events(&[event(30, BOB, T0)]).await.unwrap();
    let counts = async || {
        let mut counts = Vec::new();
        for (table, column) in
            [("ops.webhook_outbox", "event_id"), ("ops.webhook_delivery", "state"), ("ops.webhook_try", "at")]
        {
            counts.push(audit.column(table, column).await.len());
        }
        counts
    };
    assert_eq!(counts().await, [3, 6, 4]);
    assert!(store.remove_webhook(id(2)).await.unwrap());
    assert_eq!(counts().await, [3, 3, 2]);
    let (mobile, receipt) = (mobile(ALICE), super::person::receipt(50));
    let erasing = Erasing { mobile: &mobile, until: T0, block: Block::Keep };
    store.erase(&erasing, &receipt).await.unwrap();
    assert_eq!(counts().await, [2, 2, 1], "of an erased number nothing is told");
    store.purge(T0 + HOUR, MAX, false).await.unwrap();
    assert_eq!(counts().await, [1, 1, 0], "what waits stays");
    assert_eq!(audit.column("ops.webhook_outbox", "event_id").await, [Some("evt_30".to_owned())]);
}
