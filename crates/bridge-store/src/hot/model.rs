//! The hot store as it is meant: one lock, plain collections, never a byte cleared away. Every backend
//! is compared with it (`conformance`). Not for use: it grows for ever and forgets all when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bridge_core::checks::Known;
use bridge_core::onboarding::{LastSms, hex, pair};
use bridge_core::sms::Key;
use bridge_core::time::DAY;
use bridge_core::{InboundSms, Onboarding, State, Timestamp};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{
    Admission, Admitted, Answer, Basis, Blacklisting, Cancelled, Counters, HotStore, IntakeLimits, Judged,
    QueueSizes, QueuedSms, REGISTRATION_WINDOW, Recorded, Registered, Registration, THRESHOLD_EXCEEDED,
    Which,
};
use crate::Result;

/// The reference: what `HotStore` means.
pub struct MemoryHot {
    memory: Mutex<Memory>,
    changes: broadcast::Sender<Uuid>,
}

impl Default for MemoryHot {
    fn default() -> MemoryHot {
        MemoryHot { memory: Mutex::default(), changes: broadcast::channel(4096).0 }
    }
}

#[derive(Default)]
struct Memory {
    /// Oldest registration first.
    onboardings: Vec<Kept>,
    registrations: BTreeMap<String, Count>,
    sms_counts: BTreeMap<String, Count>,
    validated: BTreeSet<String>,
    blacklist: BTreeSet<String>,
    blacklist_queue: BTreeMap<String, Blacklisting>,
    seen: BTreeMap<Key, Seen>,
    deliveries: BTreeMap<Key, Delivery>,
    queue: BTreeMap<i64, QueuedSms>,
    counters: Counters,
    changed: Vec<Uuid>,
}

struct Kept {
    onboarding: Onboarding,
    queued: bool,
}

/// How often, until the window ends.
#[derive(Clone, Copy)]
struct Count {
    count: i64,
    until: Timestamp,
}

struct Seen {
    sms_id: Uuid,
    received_at: Timestamp,
    admitted_at: Timestamp,
    answer: Option<Answer>,
    until: Timestamp,
}

#[derive(Clone, Copy)]
struct Delivery {
    content: Key,
    fingerprint: Key,
    until: Timestamp,
}

impl Memory {
    fn newest(&self, now: Timestamp, mobile: &str) -> Option<Onboarding> {
        let newest = self.onboardings.iter().rev().find(|kept| kept.onboarding.mobile.e164() == mobile)?;
        Some(newest.onboarding.clone()).filter(|o| o.expires_at > now)
    }

    fn by_id(&self, now: Timestamp, id: Uuid) -> Option<Onboarding> {
        let kept = self.onboardings.iter().find(|kept| kept.onboarding.id == id)?;
        Some(kept.onboarding.clone()).filter(|o| o.expires_at > now)
    }

    fn insert(&mut self, onboarding: Onboarding, queued: bool) {
        self.counters.queue_onboarding += 1;
        self.onboardings.push(Kept { onboarding, queued });
    }

    /// A new version of an onboarding; `queue` if `onboarding_mobile` must hear of it.
    fn write(&mut self, mut onboarding: Onboarding, queue: bool) -> Onboarding {
        onboarding.version += 1;
        for kept in self.onboardings.iter_mut().filter(|kept| kept.onboarding.id == onboarding.id) {
            kept.queued |= queue;
            kept.onboarding = onboarding.clone();
        }
        self.changed.push(onboarding.id);
        onboarding
    }

    fn change_state(&mut self, onboarding: Onboarding, state: State) -> Onboarding {
        self.write(Onboarding { state, ..onboarding }, true)
    }

    fn known(&self, now: Timestamp, mobile: &str, sms_in_window: i64) -> Known {
        let onboarding = self.newest(now, mobile);
        let device = onboarding.as_ref().and_then(|o| o.device_id.as_deref());
        Known {
            pair_validated: self.validated.contains(&pair(mobile, device)),
            blacklisted: self.blacklist.contains(mobile),
            sms_in_window,
            onboarding,
        }
    }

    fn register(&mut self, now: Timestamp, registration: &Registration) -> Registered {
        let wanted = &registration.onboarding;
        let mobile = wanted.mobile.e164();
        if registration.refuse_blacklisted && self.blacklist.contains(mobile) {
            return Registered::Blacklisted;
        }
        if self.validated.contains(&wanted.pair()) {
            return Registered::AlreadyValidated;
        }
        let older = self.newest(now, mobile);
        if let Some(same) = older.as_ref().filter(|older| older.is_same_again(wanted)) {
            return Registered::Same(same.clone());
        }
        let window = live(&self.registrations, now, mobile)
            .unwrap_or(Count { count: 0, until: now + REGISTRATION_WINDOW });
        if window.count >= registration.per_hour {
            return Registered::TooMany { until: window.until };
        }
        self.registrations.insert(mobile.to_owned(), Count { count: window.count + 1, ..window });
        if let Some(older) = older.filter(|older| older.state.can_be_validated()) {
            self.change_state(older, State::Superseded);
        }
        self.insert(wanted.clone(), true);
        Registered::New(wanted.clone())
    }

    fn cancel(&mut self, now: Timestamp, id: Uuid) -> Cancelled {
        match self.by_id(now, id) {
            None => Cancelled::NotFound,
            Some(onboarding) if onboarding.state.can_be_validated() => {
                Cancelled::Done(self.change_state(onboarding, State::Cancelled))
            }
            Some(onboarding) if onboarding.state == State::Cancelled => Cancelled::Done(onboarding),
            Some(onboarding) => Cancelled::Final(onboarding),
        }
    }

    fn revive(&mut self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Known {
        let mobile = onboarding.mobile.e164();
        if self.newest(now, mobile).is_none() {
            let place = self.onboardings.iter().position(|kept| kept.onboarding.id == onboarding.id);
            let left = place.map(|place| self.onboardings.remove(place));
            // What waits for onboarding_mobile is newer than what came from there.
            let (back, queued) = match left {
                Some(Kept { onboarding, queued: true }) => (onboarding, true),
                _ => (onboarding.clone(), false),
            };
            self.insert(Onboarding { expires_at: until, ..back }, queued);
        }
        self.known(now, mobile, counted(&self.sms_counts, now, mobile))
    }

    fn expire_deadlines(&mut self, now: Timestamp, max: usize) -> usize {
        let mut due: Vec<Onboarding> = self
            .onboardings
            .iter()
            .map(|kept| kept.onboarding.clone())
            .filter(|o| o.state == State::Pending && o.user_deadline < now)
            .collect();
        due.sort_by_key(|o| o.user_deadline);
        due.truncate(max);
        due.into_iter().map(|onboarding| self.change_state(onboarding, State::Expired)).count()
    }

    fn admit(&mut self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Admitted {
        let identity = sms.identity();
        let delivered =
            identity.delivery.and_then(|key| self.deliveries.get(&key)).copied().filter(|d| d.until > now);
        let delivery_id_reused = delivered.is_some_and(|d| d.content != identity.content);
        let fingerprint = match delivered {
            Some(delivery) if !delivery_id_reused => delivery.fingerprint,
            _ => identity.fingerprint,
        };
        let outcome = match self.seen.get_mut(&fingerprint).filter(|seen| seen.until > now) {
            Some(Seen { answer: Some(answer), .. }) => Admission::Answered(answer.clone()),
            Some(seen) if now - seen.admitted_at < limits.takeover_after => Admission::BeingJudged,
            Some(seen) => {
                seen.admitted_at = now;
                let (sms_id, server_received_at) = (seen.sms_id, seen.received_at);
                let known = Box::new(self.known(now, sms.mobile_number(), self.count_of(now, sms)));
                Admission::Judge { sms_id, server_received_at, fingerprint, known }
            }
            None => {
                let until = now + identity.remembered;
                let (sms_id, server_received_at) = (sms.sms_id, sms.server_received_at);
                let first =
                    Seen { sms_id, received_at: server_received_at, admitted_at: now, answer: None, until };
                self.seen.insert(fingerprint, first);
                if let Some(key) = identity.delivery.filter(|_| !delivery_id_reused) {
                    self.deliveries.insert(key, Delivery { content: identity.content, fingerprint, until });
                }
                self.count_new(now, sms, limits);
                let known = Box::new(self.known(now, sms.mobile_number(), self.count_of(now, sms)));
                Admission::Judge { sms_id, server_received_at, fingerprint, known }
            }
        };
        Admitted { outcome, delivery_id_reused }
    }

    fn count_new(&mut self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) {
        let Some(sender) = sms.sender.as_ref().ok().filter(|_| sms.is_counted()) else { return };
        let mobile = sender.e164();
        let window = live(&self.sms_counts, now, mobile).unwrap_or(Count { count: 0, until: now + DAY });
        let count = window.count + 1;
        self.sms_counts.insert(mobile.to_owned(), Count { count, ..window });
        if count > limits.blacklist_above && !self.blacklist.contains(mobile) {
            self.put_on_blacklist(Blacklisting {
                mobile_number: mobile.to_owned(),
                country_code: sender.calling_code().to_owned(),
                local_mobile: sender.national().to_owned(),
                blacklisted_at: now,
                reason: THRESHOLD_EXCEEDED.to_owned(),
                message_count: count,
            });
        }
    }

    fn count_of(&self, now: Timestamp, sms: &InboundSms) -> i64 {
        if sms.is_counted() { counted(&self.sms_counts, now, sms.mobile_number()) } else { 0 }
    }

    fn put_on_blacklist(&mut self, entry: Blacklisting) {
        self.blacklist.insert(entry.mobile_number.clone());
        self.blacklist_queue.insert(entry.mobile_number.clone(), entry);
    }

    fn record(&mut self, now: Timestamp, judged: &Judged) -> Recorded {
        let Judged { sms, fingerprint, verdict, basis } = judged;
        let seen = self.seen.get(fingerprint).filter(|seen| seen.until > now && seen.sms_id == sms.sms_id);
        match seen {
            None => return Recorded::NotAdmitted,
            Some(Seen { answer: Some(answer), .. }) => return Recorded::Done(answer.clone()),
            Some(_) => {}
        }
        let known = self.known(now, sms.mobile_number(), self.count_of(now, sms));
        if Basis::from(&known) != *basis {
            return Recorded::Changed(Box::new(known));
        }
        self.counters.queue_input_sms += 1;
        let id = self.counters.queue_input_sms;
        let queued = QueuedSms {
            id,
            sms: sms.clone(),
            fingerprint: hex(fingerprint),
            verdict: verdict.clone(),
            judged_at: now,
            onboarding_id: known.onboarding.as_ref().map(|o| o.id),
            device_id: known.onboarding.as_ref().and_then(|o| o.device_id.clone()),
        };
        self.queue.insert(id, queued);
        if let Some(mut onboarding) = known.onboarding.filter(|o| o.state.can_be_validated()) {
            onboarding.last_sms = Some(LastSms { id, judged_at: now, verdict: verdict.clone() });
            if verdict.passed() {
                self.validated.insert(onboarding.pair());
                onboarding.validated_at = Some(now);
                self.change_state(onboarding, State::Validated);
            } else {
                self.write(onboarding, false);
            }
        }
        let answer = Answer { id, sms_id: sms.sms_id, verdict: verdict.clone() };
        if let Some(seen) = self.seen.get_mut(fingerprint) {
            seen.answer = Some(answer.clone());
        }
        Recorded::Done(answer)
    }
}

/// The window of a number, if it is still open.
fn live(counts: &BTreeMap<String, Count>, now: Timestamp, mobile: &str) -> Option<Count> {
    counts.get(mobile).copied().filter(|count| count.until > now)
}

fn counted(counts: &BTreeMap<String, Count>, now: Timestamp, mobile: &str) -> i64 {
    live(counts, now, mobile).map_or(0, |count| count.count)
}

impl MemoryHot {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries out one operation and announces what it changed.
    fn write<T>(&self, operation: impl FnOnce(&mut Memory) -> T) -> T {
        let mut memory = self.memory();
        let value = operation(&mut memory);
        for id in memory.changed.drain(..) {
            let _ = self.changes.send(id);
        }
        value
    }
}

#[async_trait]
impl HotStore for MemoryHot {
    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn try_write(&self, _: u32) -> Result<()> {
        Ok(())
    }

    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        Ok(self.write(|m| m.register(now, registration)))
    }

    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        Ok(self.memory().by_id(now, id))
    }

    async fn newest_onboarding(&self, now: Timestamp, mobile: &str) -> Result<Option<Onboarding>> {
        Ok(self.memory().newest(now, mobile))
    }

    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        Ok(self.write(|m| m.cancel(now, id)))
    }

    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<Known> {
        Ok(self.write(|m| m.revive(now, onboarding, until)))
    }

    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        Ok(self.write(|m| m.expire_deadlines(now, max)))
    }

    /// Nobody can see whether what nobody can see is cleared: so the reference clears nothing.
    async fn collect_garbage(&self, _now: Timestamp, _max: usize) -> Result<usize> {
        Ok(0)
    }

    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted> {
        Ok(self.write(|m| m.admit(now, sms, limits)))
    }

    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        Ok(self.write(|m| m.record(now, judged)))
    }

    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        let wanted = |sms: &&QueuedSms| which == Which::All || sms.verdict.passed();
        Ok(self.memory().queue.values().filter(wanted).take(max).cloned().collect())
    }

    async fn forget_sms(&self, ids: &[i64]) -> Result<()> {
        self.memory().queue.retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn queued_onboardings(&self, max: usize) -> Result<Vec<Onboarding>> {
        let memory = self.memory();
        let queued = memory.onboardings.iter().filter(|kept| kept.queued);
        Ok(queued.take(max).map(|kept| kept.onboarding.clone()).collect())
    }

    async fn forget_onboardings(&self, written: &[(Uuid, i64)]) -> Result<()> {
        for kept in &mut self.memory().onboardings {
            kept.queued &= !written.contains(&(kept.onboarding.id, kept.onboarding.version));
        }
        Ok(())
    }

    async fn queued_blacklistings(&self, max: usize) -> Result<Vec<Blacklisting>> {
        Ok(self.memory().blacklist_queue.values().take(max).cloned().collect())
    }

    async fn forget_blacklistings(&self, mobiles: &[String]) -> Result<()> {
        self.memory().blacklist_queue.retain(|mobile, _| !mobiles.contains(mobile));
        Ok(())
    }

    async fn queue_sizes(&self) -> Result<QueueSizes> {
        let memory = self.memory();
        Ok(QueueSizes {
            input_sms: memory.queue.len() as u64,
            onboarding: memory.onboardings.iter().filter(|kept| kept.queued).count() as u64,
            blacklist: memory.blacklist_queue.len() as u64,
        })
    }

    async fn blacklist(&self, entry: &Blacklisting) -> Result<()> {
        self.memory().put_on_blacklist(entry.clone());
        Ok(())
    }

    async fn unblacklist(&self, mobile: &str) -> Result<()> {
        let mut memory = self.memory();
        memory.blacklist.remove(mobile);
        memory.blacklist_queue.remove(mobile);
        memory.sms_counts.remove(mobile);
        Ok(())
    }

    async fn replace_blacklist(&self, mobiles: &[String]) -> Result<()> {
        let mut memory = self.memory();
        memory.blacklist = mobiles.iter().chain(memory.blacklist_queue.keys()).cloned().collect();
        Ok(())
    }

    async fn counters(&self) -> Result<Counters> {
        Ok(self.memory().counters)
    }

    async fn raise_counters(&self, at_least: Counters) -> Result<()> {
        let counters = &mut self.memory().counters;
        counters.queue_input_sms = counters.queue_input_sms.max(at_least.queue_input_sms);
        counters.queue_onboarding = counters.queue_onboarding.max(at_least.queue_onboarding);
        Ok(())
    }

    fn changes(&self) -> broadcast::Receiver<Uuid> {
        self.changes.subscribe()
    }
}
