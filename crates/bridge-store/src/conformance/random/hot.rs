//! Any sequence of operations: the backend answers and holds what the reference does. Few numbers,
//! devices, texts and stamps, so that they meet.

use std::future::Future;
use std::ops::Deref;

use bridge_core::checks::Known;
use bridge_core::phone::PhoneError;
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Onboarding, Span, Timestamp, Verdict};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::samples::*;
use crate::HotStore;
use crate::hot::model::MemoryHot;
use crate::hot::{
    Admission, Admitted, Basis, Blacklisting, Cancelled, Counters, Judged, QueueSizes, QueuedSms, Recorded,
    Registered, Registration, Which,
};

const CASES: u32 = 48;
const OPERATIONS: usize = 40;
const MOBILES: [&str; 3] = [ALICE, BOB, "+447911123456"];

#[derive(Clone, Debug)]
enum Operation {
    Wait(Span),
    Register { mobile: &'static str, device: Option<&'static str>, ttl: Span, refuse_blacklisted: bool },
    Cancel(Index),
    Revive(Index),
    ExpireDeadlines,
    CollectGarbage,
    Admit { mobile: &'static str, text: &'static str, stamp: Stamp, delivery: Option<&'static str> },
    AdmitBank,
    Record { which: Index, passed: bool, by_new_facts: bool },
    ForgetSms(i64),
    ForgetOnboarding(Index, i64),
    Blacklist(&'static str),
    Unblacklist(&'static str),
    ReplaceBlacklist(&'static str),
    ForgetBlacklisting(&'static str),
    RaiseCounters(i64),
}

#[derive(Clone, Copy, Debug)]
enum Stamp {
    None,
    Now,
    Start,
    TooOld,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let mobile = || select(&MOBILES[..]);
    let device = select(&[None, Some("d1"), Some("d2")][..]);
    let stamp = select(&[Stamp::None, Stamp::Now, Stamp::Start, Stamp::TooOld][..]);
    let steps = [1, 999, 9_999, 120_000, 300_000, HOUR.0, HOUR.0 - 1, DAY.0, 3 * DAY.0].map(Span);
    prop_oneof![
        6 => select(steps.to_vec()).prop_map(Wait),
        5 => (mobile(), device, select(&[HOUR, DAY][..]), any::<bool>()).prop_map(
            |(mobile, device, ttl, refuse_blacklisted)| Register { mobile, device, ttl, refuse_blacklisted }
        ),
        1 => any::<Index>().prop_map(Cancel),
        2 => any::<Index>().prop_map(Revive),
        1 => Just(ExpireDeadlines),
        3 => Just(CollectGarbage),
        9 => (mobile(), select(&["x", "y"][..]), stamp, select(&[None, Some("a"), Some("b")][..])).prop_map(
            |(mobile, text, stamp, delivery)| Admit { mobile, text, stamp, delivery }
        ),
        1 => Just(AdmitBank),
        8 => (any::<Index>(), any::<bool>(), any::<bool>()).prop_map(
            |(which, passed, by_new_facts)| Record { which, passed, by_new_facts }
        ),
        1 => (1..6_i64).prop_map(ForgetSms),
        2 => (any::<Index>(), 1..4_i64).prop_map(|(which, version)| ForgetOnboarding(which, version)),
        1 => mobile().prop_map(Blacklist),
        1 => mobile().prop_map(Unblacklist),
        1 => mobile().prop_map(ReplaceBlacklist),
        1 => mobile().prop_map(ForgetBlacklisting),
        1 => (0..9_i64).prop_map(RaiseCounters),
    ]
}

/// What one operation answered.
#[derive(Debug, PartialEq)]
enum Outcome {
    Nothing,
    Registered(Registered),
    Cancelled(Cancelled),
    Known(Known),
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
    taken: Vec<(InboundSms, [u8; 16], Known)>,
}

impl Client<'_> {
    fn fresh(&mut self) -> u128 {
        self.next += 1;
        self.next
    }

    fn an_onboarding(&self, which: &Index) -> Onboarding {
        if self.opened.is_empty() {
            onboarding(1_000, ALICE, None, T0)
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
            Operation::Register { mobile, device, ttl, refuse_blacklisted } => {
                return self.register(mobile, *device, *ttl, *refuse_blacklisted).await;
            }
            Operation::Cancel(which) => {
                return Outcome::Cancelled(store.cancel(now, self.an_onboarding(which).id).await.unwrap());
            }
            Operation::Revive(which) => {
                let gone = self.an_onboarding(which);
                return Outcome::Known(store.revive(now, &gone, now + HOUR).await.unwrap());
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
            Operation::Record { which, passed, by_new_facts } => {
                return self.record(which, *passed, *by_new_facts).await;
            }
            Operation::ForgetSms(id) => store.forget_sms(&[*id]).await.unwrap(),
            Operation::ForgetOnboarding(which, version) => {
                store.forget_onboardings(&[(self.an_onboarding(which).id, *version)]).await.unwrap();
            }
            Operation::Blacklist(mobile) => {
                store.blacklist(&blacklisting(mobile, now, "operator")).await.unwrap();
            }
            Operation::Unblacklist(mobile) => store.unblacklist(mobile).await.unwrap(),
            Operation::ReplaceBlacklist(mobile) => {
                store.replace_blacklist(&[(*mobile).to_owned()]).await.unwrap();
            }
            Operation::ForgetBlacklisting(mobile) => {
                store.forget_blacklistings(&[(*mobile).to_owned()]).await.unwrap();
            }
            Operation::RaiseCounters(to) => {
                let at_least = Counters { queue_input_sms: *to, queue_onboarding: 2 * to };
                store.raise_counters(at_least).await.unwrap();
            }
        }
        Outcome::Nothing
    }

    async fn register(
        &mut self,
        mobile: &str,
        device: Option<&str>,
        ttl: Span,
        refuse_blacklisted: bool,
    ) -> Outcome {
        let wanted = onboarding(self.fresh(), mobile, device, self.now);
        let onboarding = Onboarding { expires_at: self.now + ttl, ..wanted };
        let registration = Registration { onboarding: onboarding.clone(), per_hour: 3, refuse_blacklisted };
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
    async fn record(&mut self, which: &Index, passed: bool, by_new_facts: bool) -> Outcome {
        let newest = self.taken.len().saturating_sub(3);
        if self.taken.is_empty() {
            return Outcome::Nothing;
        }
        let (sms, fingerprint, known) = which.get(&self.taken[newest..]).clone();
        let possible = known.onboarding.as_ref().is_some_and(|o| o.state.can_be_validated());
        let verdict: Verdict = if passed && possible { super::super::samples::passed() } else { failed() };
        let mut judged = Judged { sms, fingerprint, verdict, basis: Basis::from(&known) };
        let recorded = self.store.record(self.now, &judged).await.unwrap();
        if let (Recorded::Changed(known), true) = (&recorded, by_new_facts) {
            judged.basis = Basis::from(&**known);
            judged.verdict = failed();
            return Outcome::Recorded(self.store.record(self.now, &judged).await.unwrap());
        }
        Outcome::Recorded(recorded)
    }

    async fn see(&self) -> Seen {
        let (store, now) = (self.store, self.now);
        let mut newest = Vec::new();
        for mobile in MOBILES {
            newest.push(store.newest_onboarding(now, mobile).await.unwrap());
        }
        let mut onboardings = Vec::new();
        for opened in &self.opened {
            onboardings.push(store.onboarding(now, opened.id).await.unwrap());
        }
        Seen {
            newest,
            onboardings,
            queued_sms: store.queued_sms(Which::All, MAX).await.unwrap(),
            passed_sms: store.queued_sms(Which::Passed, MAX).await.unwrap(),
            queued_onboardings: store.queued_onboardings(MAX).await.unwrap(),
            queued_blacklistings: store.queued_blacklistings(MAX).await.unwrap(),
            sizes: store.queue_sizes().await.unwrap(),
            counters: store.counters().await.unwrap(),
        }
    }
}

/// All that can be seen without changing anything.
#[derive(Debug, PartialEq)]
struct Seen {
    newest: Vec<Option<Onboarding>>,
    onboardings: Vec<Option<Onboarding>>,
    queued_sms: Vec<QueuedSms>,
    passed_sms: Vec<QueuedSms>,
    queued_onboardings: Vec<Onboarding>,
    queued_blacklistings: Vec<Blacklisting>,
    sizes: QueueSizes,
    counters: Counters,
}

fn client(store: &dyn HotStore) -> Client<'_> {
    Client { store, now: T0, next: 0, opened: Vec::new(), taken: Vec::new() }
}

async fn compare(store: &dyn HotStore, operations: &[Operation]) {
    let model = MemoryHot::default();
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
