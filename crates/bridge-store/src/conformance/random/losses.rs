//! A store that loses everything now and then and is rebuilt from the audit trail, against the reference, which
//! never loses anything: after that they answer the same (D28).

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Deref;

use bridge_core::checks::{SenderFacts, Standing};
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Onboarding, Span, State, Timestamp, Verdict};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use uuid::Uuid;

use super::super::samples::*;
use super::super::under_test::begin;
use crate::HotStore;
use crate::blacklisting::Blacklisting;
use crate::hot::model::MemoryHot;
use crate::hot::{
    Admission, Admitted, Cancelled, QueueSizes, Recorded, Registered, Registration, Restore, Right, Which,
};
use crate::judged::QueuedSms;

const CASES: u32 = 48;
const OPERATIONS: usize = 40;
const MOBILES: [&str; 2] = [ALICE, BOB];
/// The fingerprints of a longer time are not restored.
const END: Timestamp = Timestamp(T0.0 + 71 * HOUR.0);

#[derive(Clone, Debug)]
enum Operation {
    Lose,
    Wait(Span),
    Register {
        mobile: &'static str,
        device: Option<&'static str>,
    },
    Cancel(Index),
    ExpireDeadlines,
    CollectGarbage,
    Judge {
        mobile: &'static str,
        text: &'static str,
        stamped: bool,
        delivery: Option<&'static str>,
        passed: bool,
    },
    Blacklist(&'static str),
    Unblacklist(&'static str),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let mobile = || select(&MOBILES[..]);
    let device = select(&[None, Some("d1"), Some("d2")][..]);
    let delivery = select(&[None, Some("a"), Some("b")][..]);
    let steps = [1, 999, 119_999, 120_000, 300_001, HOUR.0 - 1, HOUR.0, 12 * HOUR.0, DAY.0].map(Span);
    prop_oneof![
        2 => Just(Lose),
        6 => select(steps.to_vec()).prop_map(Wait),
        5 => (mobile(), device).prop_map(|(mobile, device)| Register { mobile, device }),
        1 => any::<Index>().prop_map(Cancel),
        1 => Just(ExpireDeadlines),
        1 => Just(CollectGarbage),
        12 => (mobile(), select(&["x", "y"][..]), any::<bool>(), delivery, any::<bool>()).prop_map(
            |(mobile, text, stamped, delivery, passed)| Judge { mobile, text, stamped, delivery, passed }
        ),
        1 => mobile().prop_map(Blacklist),
        1 => mobile().prop_map(Unblacklist),
    ]
}

/// What one operation answered, but for what a loss may change: how often an onboarding changed, and what one
/// that was cancelled showed.
#[derive(Debug, PartialEq)]
enum Outcome {
    Nothing,
    Registered(Registered),
    Cancelled(Cancelled),
    Expired(usize),
    Judged(Admitted, Option<Recorded>),
}

fn seen(onboarding: Onboarding) -> Onboarding {
    let last_sms = onboarding.last_sms.filter(|_| onboarding.state != State::Cancelled);
    Onboarding { version: 0, last_sms, ..onboarding }
}

fn known(known: SenderFacts) -> SenderFacts {
    let other = |other: Standing| Standing { onboarding: seen(other.onboarding), ..other };
    let others = known.others.into_iter().map(other).collect();
    SenderFacts { onboarding: known.onboarding.map(seen), others, ..known }
}

/// What the audit tables hold.
#[derive(Default)]
struct Trail {
    /// In order of registration.
    onboardings: Vec<Onboarding>,
    judged: Vec<QueuedSms>,
    blacklist: BTreeMap<String, Blacklisting>,
    unblacklisted: Vec<(String, Timestamp)>,
}

impl Trail {
    /// Carries away what waits in the queues.
    async fn carry(&mut self, store: &dyn HotStore) {
        for onboarding in store.queued_onboardings(MAX).await.unwrap() {
            store.forget_onboardings(&[(onboarding.id, onboarding.version)]).await.unwrap();
            let onboarding = Onboarding { last_sms: None, ..onboarding };
            match self.onboardings.iter_mut().find(|there| there.id == onboarding.id) {
                Some(there) => *there = onboarding,
                None => self.onboardings.push(onboarding),
            }
        }
        let judged = store.queued_sms(Which::All, MAX).await.unwrap();
        store.forget_sms(&judged.iter().map(|queued| queued.id).collect::<Vec<_>>()).await.unwrap();
        self.judged.extend(judged);
        for entry in store.queued_blacklistings(MAX).await.unwrap() {
            store.forget_blacklistings(std::slice::from_ref(&entry.mobile_number)).await.unwrap();
            self.blacklist.insert(entry.mobile_number.clone(), entry);
        }
        assert_eq!(store.queue_sizes().await.unwrap(), QueueSizes::default());
    }

    /// As the server does it, page by page.
    async fn rebuild(&self, store: &dyn HotStore, now: Timestamp, token: Uuid) {
        let counters = store.counters().await.unwrap();
        let epoch = store.begin_rebuild(token).await.unwrap();
        let right = Right::Rebuilding(token);
        let restore = async |part: Restore<'_>| assert!(store.restore(now, right, part).await.unwrap());
        for page in self.onboardings.chunks(3) {
            restore(Restore::Onboardings(page)).await;
        }
        let validated = self.judged.iter().filter(|queued| queued.verdict.passed());
        let pair =
            |q: &QueuedSms| bridge_core::onboarding::pair(q.sms.mobile_number(), q.device_id.as_deref());
        restore(Restore::Validated(&validated.map(pair).collect::<Vec<_>>())).await;
        let blacklist: Vec<_> = self.blacklist.keys().map(|mobile| (mobile.clone(), None)).collect();
        store.replace_blacklist(&blacklist).await.unwrap();
        restore(Restore::Uncounted(&self.unblacklisted)).await;
        for page in self.judged.chunks(3) {
            restore(Restore::Judged(page)).await;
        }
        store.raise_counters(counters).await.unwrap();
        assert!(store.finish_rebuild(token).await.unwrap());
        store.enter(Some(&epoch));
        assert_eq!(store.queue_sizes().await.unwrap(), QueueSizes::default(), "nothing is queued again");
    }
}

struct Client<'a> {
    store: &'a dyn HotStore,
    loses: bool,
    trail: Trail,
    now: Timestamp,
    next: u128,
    opened: Vec<Uuid>,
}

impl Client<'_> {
    fn fresh(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    async fn run(&mut self, operation: &Operation) -> Outcome {
        let (store, now) = (self.store, self.now);
        match operation {
            Operation::Lose => {
                self.trail.carry(store).await;
                let token = id(self.fresh());
                if self.loses {
                    self.trail.rebuild(store, now, token).await;
                }
            }
            Operation::Wait(span) => self.now = (now + *span).min(END).max(now),
            Operation::Register { mobile, device } => {
                let wanted = onboarding(self.fresh(), mobile, *device, now);
                let onboarding = Onboarding { expires_at: END + DAY, ..wanted };
                let registration =
                    Registration { onboarding, per_hour: 3, places: 2, refuse_blacklisted: true };
                let registered = store.register(now, &registration).await.unwrap();
                return Outcome::Registered(match registered {
                    Registered::New(onboarding) => {
                        self.opened.push(onboarding.id);
                        Registered::New(seen(onboarding))
                    }
                    Registered::Same(onboarding) => Registered::Same(seen(onboarding)),
                    other => other,
                });
            }
            Operation::Cancel(which) if !self.opened.is_empty() => {
                return Outcome::Cancelled(
                    match store.cancel(now, *which.get(&self.opened)).await.unwrap() {
                        Cancelled::Done(onboarding) => Cancelled::Done(seen(onboarding)),
                        Cancelled::Final(onboarding) => Cancelled::Final(seen(onboarding)),
                        Cancelled::NotFound => Cancelled::NotFound,
                    },
                );
            }
            Operation::Cancel(_) => {}
            Operation::ExpireDeadlines => {
                return Outcome::Expired(store.expire_deadlines(now, MAX).await.unwrap());
            }
            Operation::CollectGarbage => drop(store.collect_garbage(now, 2).await.unwrap()),
            Operation::Judge { mobile, text, stamped, delivery, passed } => {
                let delivery_id = delivery.map(str::to_owned);
                let sms =
                    InboundSms { stamped: *stamped, delivery_id, ..sms(self.fresh(), mobile, text, now) };
                return self.judge(sms, *passed).await;
            }
            Operation::Blacklist(mobile) => {
                store.blacklist(&blacklisting(mobile, now, "operator")).await.unwrap();
            }
            Operation::Unblacklist(mobile) => {
                store.unblacklist(mobile).await.unwrap();
                self.trail.blacklist.remove(*mobile);
                self.trail.unblacklisted.push(((*mobile).to_owned(), now));
                // What comes in the same millisecond would be forgotten too.
                self.now = now + MILLI;
            }
        }
        Outcome::Nothing
    }

    /// Takes an SMS in and records it at once: what was only admitted is lost with the store.
    async fn judge(&mut self, sms: InboundSms, passed: bool) -> Outcome {
        let mut admitted = self.store.admit(self.now, &sms, LIMITS).await.unwrap();
        let Admission::Judge { sms_id, server_received_at, fingerprint, known: facts } =
            &mut admitted.outcome
        else {
            return Outcome::Judged(admitted, None);
        };
        let sms = InboundSms { sms_id: *sms_id, server_received_at: *server_received_at, ..sms };
        let (fingerprint, facts_seen) = (*fingerprint, known((**facts).clone()));
        let can_pass = facts.onboarding.as_ref().is_some_and(|o| o.state.can_be_validated());
        let verdict: Verdict = if passed && can_pass { super::super::samples::passed() } else { failed() };
        let taken = Taken { sms, fingerprint, known: (**facts).clone(), delivery_id_reused: false };
        **facts = facts_seen;
        let recorded = self.store.record(self.now, &taken.judged(verdict)).await.unwrap();
        Outcome::Judged(admitted, Some(recorded))
    }

    async fn see(&self) -> Vec<Option<Onboarding>> {
        let mut all = Vec::new();
        for mobile in MOBILES {
            all.push(self.store.newest_onboarding(self.now, mobile).await.unwrap().map(seen));
        }
        for id in &self.opened {
            all.push(self.store.onboarding(self.now, *id).await.unwrap().map(seen));
        }
        all
    }
}

fn client(store: &dyn HotStore, loses: bool) -> Client<'_> {
    Client { store, loses, trail: Trail::default(), now: T0, next: 0, opened: Vec::new() }
}

async fn compare(store: &dyn HotStore, operations: &[Operation]) {
    let model = MemoryHot::default();
    begin(&model).await;
    let (mut model, mut backend) = (client(&model, false), client(store, true));
    let probe =
        |mobile| Operation::Judge { mobile, text: "probe", stamped: true, delivery: None, passed: false };
    let end = [Operation::Lose, probe(ALICE), probe(BOB), Operation::ExpireDeadlines];
    for (place, operation) in operations.iter().chain(&end).enumerate() {
        let expected = model.run(operation).await;
        assert_eq!(backend.run(operation).await, expected, "operation {place}: {operation:?}");
    }
    assert_eq!(backend.see().await, model.see().await);
    let queued = async |store: &dyn HotStore| store.queued_sms(Which::All, MAX).await.unwrap();
    assert_eq!(queued(backend.store).await, queued(model.store).await);
}

/// Tries many sequences, each on a fresh store.
pub(crate) fn nothing_is_missed<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn HotStore>,
{
    let operations = prop::collection::vec(operation(), 1..OPERATIONS);
    super::try_values(CASES, &operations, |operations| {
        let store = fixture();
        async move { compare(&*store.await, &operations).await }
    });
}
