//! Any sequence of operations: the backend answers and holds what the reference does.

mod operations;

use std::future::Future;
use std::ops::Deref;

use bridge_core::checks::SenderFacts;
use bridge_core::message::Found;
use bridge_core::onboarding::hex;
use bridge_core::phone::PhoneError;
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Onboarding, Timestamp, Verdict};
use proptest::prelude::*;
use proptest::sample::Index;

use super::super::samples::*;
use super::super::under_test::begin;
use crate::HotStore;
use crate::blacklisting::Blacklisting;
use crate::events::Told;
use crate::hot::model::MemoryHot;
use crate::hot::{
    Admission, Admitted, Cancelled, Counters, QueueSizes, Recorded, Registered, Registration, Restore, Right,
    Which,
};
use crate::judged::{Judged, QueuedSms};
use crate::person::{HotPerson, Traces};
use operations::{MOBILES, Operation, Stamp, operation};

const CASES: u32 = 48;
const OPERATIONS: usize = 40;
/// What one operation answered.
#[derive(Debug, PartialEq)]
enum Outcome {
    Nothing,
    Registered(Registered),
    Cancelled(Cancelled),
    SenderFacts(SenderFacts),
    Expired(usize),
    Admitted(Admitted),
    Recorded(Recorded),
}

/// A client of one store: it remembers what it was told, as the bridge would.
struct Client<'a> {
    store: &'a dyn HotStore,
    now: Timestamp,
    next: u128,
    opened: Vec<Onboarding>,
    taken: Vec<(InboundSms, [u8; 16], SenderFacts)>,
    was_restored: bool,
}

impl Client<'_> {
    fn fresh(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn an_onboarding(&self, which: &Index) -> Onboarding {
        if self.opened.is_empty() {
            onboarding(ARCHIVED, ALICE, None, T0)
        } else {
            which.get(&self.opened).clone()
        }
    }

    async fn run(&mut self, operation: &Operation) -> Outcome {
        let (store, now) = (self.store, self.now);
        match operation {
            Operation::Wait(span) => {
                self.now = now + *span;
            }
            Operation::Register { mobile, device, client, ttl, refuse_blacklisted } => {
                let wanted = onboarding(self.fresh(), mobile, *device, now);
                let client = client.map(str::to_owned);
                let wanted = Onboarding { client, expires_at: now + *ttl, ..wanted };
                return self.register(wanted, *refuse_blacklisted).await;
            }
            Operation::Cancel(which) => {
                return Outcome::Cancelled(store.cancel(now, self.an_onboarding(which).id).await.unwrap());
            }
            Operation::Revive(which) => {
                let gone = self.an_onboarding(which);
                return Outcome::SenderFacts(store.revive(now, &gone, now + HOUR).await.unwrap());
            }
            Operation::ExpireDeadlines => {
                return Outcome::Expired(store.expire_deadlines(now, 2).await.unwrap());
            }
            // How much there is to clear is the backend's own business.
            Operation::CollectGarbage => drop(store.collect_garbage(now, 2).await.unwrap()),
            Operation::Admit { mobile, text, stamp, delivery } => {
                return self.admit(mobile, text, *stamp, *delivery).await;
            }
            Operation::AdmitBank => {
                let sender_raw = "MYBANK".to_owned();
                let sms = sms(self.fresh(), ALICE, "x", now);
                return self
                    .take_in(InboundSms { sender_raw, sender: Err(PhoneError::Alphanumeric), ..sms })
                    .await;
            }
            Operation::Record { which, passed, by_new_facts, by_another } => {
                return self.record(which, *passed, *by_new_facts, *by_another).await;
            }
            Operation::ForgetSms(id) => store.forget_sms(&[*id]).await.unwrap(),
            Operation::ForgetOnboarding(which, version) => {
                store.forget_onboardings(&[(self.an_onboarding(which).id, *version)]).await.unwrap();
            }
            Operation::Blacklist(mobile) => {
                store.blacklist(&blacklisting(mobile, now, "operator")).await.unwrap();
            }
            Operation::Unblacklist(mobile) => store.unblacklist(mobile).await.unwrap(),
            Operation::BlacklistFor(..) | Operation::Unvalidate(_) | Operation::Erase(..) => {
                self.run_on_a_person(operation).await;
            }
            Operation::ReplaceBlacklist(mobile) => {
                store.replace_blacklist(&[((*mobile).to_owned(), None)]).await.unwrap();
            }
            Operation::ForgetBlacklisting(mobile) => {
                store.forget_blacklistings(&[(*mobile).to_owned()]).await.unwrap();
            }
            Operation::RaiseCounters(to) => {
                let at_least = Counters { queue_input_sms: *to, queue_onboarding: 2 * to };
                store.raise_counters(at_least).await.unwrap();
            }
            Operation::Mark(mobile, n) => {
                store.mark_waiting(now, &[((*mobile).to_owned(), id(*n))]).await.unwrap();
            }
            Operation::Unmark(mobile, n) => {
                store.unmark_waiting(&[((*mobile).to_owned(), id(*n))]).await.unwrap();
            }
            Operation::Lose => self.lose().await,
            restored => self.restore_one(restored).await,
        }
        Outcome::Nothing
    }

    async fn run_on_a_person(&self, operation: &Operation) {
        let (store, now) = (self.store, self.now);
        match operation {
            Operation::BlacklistFor(mobile, span) => {
                let entry = blacklisting(mobile, now, "for a while");
                store.blacklist(&Blacklisting { expires_at: Some(now + *span), ..entry }).await.unwrap();
            }
            Operation::Unvalidate(mobile) => drop(store.unvalidate(mobile).await.unwrap()),
            // How much there is to erase depends on what was cleared away.
            Operation::Erase(mobile, ago) => {
                drop(store.erase(mobile, now - *ago, &self.traces(mobile)).await.unwrap());
            }
            other => panic!("{other:?} is about nobody"),
        }
    }

    /// What the audit trail would know of a number.
    fn traces(&self, mobile: &str) -> Traces {
        let opened = self.opened.iter().filter(|opened| opened.mobile.e164() == mobile);
        // The archive knows one more, which may have been revived.
        let archived = (mobile == ALICE).then(|| id(ARCHIVED));
        let onboardings = opened.map(|o| o.id).chain(archived).collect();
        let mut traces = Traces { onboardings, ..Traces::default() };
        let taken = self.taken.iter().map(|(sms, key, _)| (sms, *key));
        for (sms, key) in taken.filter(|(sms, _)| sms.mobile_number() == mobile) {
            traces.remembered.push(key);
            traces.deliveries.extend(sms.identity().delivery);
        }
        traces.waiting = vec![id(1), id(2)];
        traces
    }

    async fn restore_one(&mut self, operation: &Operation) {
        let now = self.now;
        match operation {
            Operation::RestoreOnboarding { mobile, device, client, ago, state, which } => {
                let client = client.map(str::to_owned);
                let fresh = Onboarding { client, ..onboarding(self.fresh(), mobile, *device, now - *ago) };
                let there = which.as_ref().map(|which| self.an_onboarding(which));
                let version = 2 + i64::from(there.is_some());
                let onboarding = Onboarding { state: *state, version, ..there.unwrap_or(fresh) };
                self.opened.push(onboarding.clone());
                self.restore(Restore::Onboardings(&[onboarding])).await;
            }
            Operation::RestoreJudged { mobile, text, ago, delivery, nth, passed, of } => {
                let n = self.fresh();
                let delivery_id = delivery.map(str::to_owned);
                let sms = InboundSms { delivery_id, ..sms(n, mobile, text, now - *ago) };
                let verdict = if *passed { super::super::samples::passed() } else { failed() };
                let judged = QueuedSms {
                    fingerprint: hex(&sms.identity().fingerprint),
                    judged_at: now - *ago,
                    onboarding_id: Some(self.an_onboarding(of).id),
                    sms_in_window: *nth,
                    ..queued(i64::try_from(n).unwrap(), sms, verdict)
                };
                self.restore(Restore::Judged(&[judged])).await;
            }
            Operation::Uncount(mobile, ago) => {
                self.restore(Restore::Uncounted(&[((*mobile).to_owned(), now - *ago)])).await;
            }
            other => panic!("{other:?} restores nothing"),
        }
    }

    async fn restore(&mut self, part: Restore<'_>) {
        self.was_restored = true;
        assert!(self.store.restore(self.now, Right::Entered, part).await.unwrap());
    }

    /// Only what still waits in the queues comes back, and it is queued no more.
    async fn lose(&mut self) {
        self.was_restored = true;
        let onboardings = self.store.queued_onboardings(MAX).await.unwrap();
        let judged = judged(self.store).await;
        let parts = [Restore::Onboardings(&onboardings), Restore::Judged(&judged)];
        let token = self.fresh();
        lose(self.store, token, self.now, &parts).await;
    }

    async fn register(&mut self, onboarding: Onboarding, refuse_blacklisted: bool) -> Outcome {
        let registration =
            Registration { onboarding: onboarding.clone(), per_hour: 3, places: 2, refuse_blacklisted };
        let registered = self.store.register(self.now, &registration).await.unwrap();
        if matches!(registered, Registered::New(_)) {
            self.opened.push(onboarding);
        }
        Outcome::Registered(registered)
    }

    async fn admit(&mut self, mobile: &str, text: &str, stamp: Stamp, delivery: Option<&str>) -> Outcome {
        let received_timestamp = match stamp {
            Stamp::None | Stamp::Now => self.now,
            Stamp::Start => T0,
            Stamp::TooOld => self.now - DAY - MILLI,
        };
        let sms = InboundSms {
            received_timestamp,
            stamped: !matches!(stamp, Stamp::None),
            delivery_id: delivery.map(str::to_owned),
            ..sms(self.fresh(), mobile, text, self.now)
        };
        self.take_in(sms).await
    }

    async fn take_in(&mut self, sms: InboundSms) -> Outcome {
        let admitted = self.store.admit(self.now, &sms, LIMITS).await.unwrap();
        if let Admission::Judge { sms_id, server_received_at, fingerprint, known } = &admitted.outcome {
            let sms = InboundSms { sms_id: *sms_id, server_received_at: *server_received_at, ..sms };
            self.taken.push((sms, *fingerprint, (**known).clone()));
        }
        Outcome::Admitted(admitted)
    }

    /// Records one of the newest few, by the facts of its admission or by newer ones.
    async fn record(&mut self, which: &Index, passed: bool, by_new_facts: bool, by_another: bool) -> Outcome {
        let newest = self.taken.len().saturating_sub(3);
        if self.taken.is_empty() {
            return Outcome::Nothing;
        }
        let (sms, fingerprint, known) = which.get(&self.taken[newest..]).clone();
        let known = if by_another { meaning_the_last(known) } else { known };
        let possible = known.onboarding.as_ref().is_some_and(|o| o.state.can_be_validated());
        let verdict: Verdict = if passed && possible { super::super::samples::passed() } else { failed() };
        let events = vec![event(self.next, sms.mobile_number(), self.now)];
        let judged = Judged { events, ..Judged::new(sms, fingerprint, verdict, &known) };
        let recorded = self.store.record(self.now, &judged).await.unwrap();
        if let (Recorded::Changed(known), true) = (&recorded, by_new_facts) {
            let judged = Judged::new(judged.row.sms, fingerprint, failed(), known);
            return Outcome::Recorded(self.store.record(self.now, &judged).await.unwrap());
        }
        Outcome::Recorded(recorded)
    }

    async fn see(&self) -> Seen {
        let (store, now) = (self.store, self.now);
        let mut standing = Vec::new();
        for mobile in MOBILES {
            standing.push(store.standing_onboardings(now, mobile).await.unwrap());
        }
        let mut onboardings = Vec::new();
        for opened in &self.opened {
            onboardings.push(store.onboarding(now, opened.id).await.unwrap());
        }
        let mut people = Vec::new();
        for mobile in MOBILES {
            let mut person = store.person(now, mobile, &self.traces(mobile)).await.unwrap();
            // When others are cleared away is the backend's own business.
            person.onboardings.retain(|onboarding| onboarding.expires_at > now);
            people.push(person);
        }
        let mut queued_onboardings = store.queued_onboardings(MAX).await.unwrap();
        let mut counters = store.counters().await.unwrap();
        if self.was_restored {
            // In what order they are queued again, and how they are numbered, is the backend's own business.
            queued_onboardings.sort_by_key(|onboarding| onboarding.id);
            counters.queue_onboarding = 0;
        }
        Seen {
            standing,
            people,
            onboardings,
            queued_sms: store.queued_sms(Which::All, MAX).await.unwrap(),
            passed_sms: store.queued_sms(Which::Passed, MAX).await.unwrap(),
            queued_onboardings,
            queued_blacklistings: store.queued_blacklistings(MAX).await.unwrap(),
            sizes: store.queue_sizes().await.unwrap(),
            counters,
            told: store.queued_events(MAX).await.unwrap().into_iter().map(|queued| queued.told).collect(),
        }
    }
}

/// The facts for an SMS that means the oldest of the onboardings that stand.
fn meaning_the_last(known: SenderFacts) -> SenderFacts {
    let hash = known.others.last().map(|other| other.onboarding.hash.clone());
    known.meant_by(&Found::hashes(hash.into_iter().collect()))
}

/// All that can be seen without changing anything.
#[derive(Debug, PartialEq)]
struct Seen {
    standing: Vec<Vec<Onboarding>>,
    people: Vec<HotPerson>,
    onboardings: Vec<Option<Onboarding>>,
    queued_sms: Vec<QueuedSms>,
    passed_sms: Vec<QueuedSms>,
    queued_onboardings: Vec<Onboarding>,
    queued_blacklistings: Vec<Blacklisting>,
    sizes: QueueSizes,
    counters: Counters,
    told: Vec<Told>,
}

/// The onboarding that is in the archive alone.
const ARCHIVED: u128 = 1_000;

fn client(store: &dyn HotStore) -> Client<'_> {
    Client { store, now: T0, next: 0, opened: Vec::new(), taken: Vec::new(), was_restored: false }
}

async fn compare(store: &dyn HotStore, operations: &[Operation]) {
    let model = MemoryHot::default();
    begin(&model).await;
    // Half of them: what is told depends on nothing else.
    let tells = operations.len().is_multiple_of(2);
    model.tell_changes(tells);
    store.tell_changes(tells);
    let (mut model, mut backend) = (client(&model), client(store));
    // In the end everybody sends one more SMS: it shows the rest of what is known.
    let probes =
        MOBILES.map(|mobile| Operation::Admit { mobile, text: "probe", stamp: Stamp::Now, delivery: None });
    for (place, operation) in operations.iter().chain(&probes).enumerate() {
        let expected = model.run(operation).await;
        assert_eq!(backend.run(operation).await, expected, "operation {place}: {operation:?}");
    }
    assert_eq!(backend.see().await, model.see().await);
}

/// Tries many sequences, each on a fresh store.
pub(crate) fn agrees_with_the_model<F, Fut, S>(fixture: F)
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
