//! The hot store as it is meant: one lock, plain collections, never a byte cleared away. Every backend
//! is compared with it (`conformance`). Not for use: it grows for ever and forgets all when it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bridge_core::checks::{SenderFacts, Standing};
use bridge_core::onboarding::{LastSms, pair};
use bridge_core::sms::Key;
use bridge_core::{InboundSms, Onboarding, Span, Timestamp};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::restored::Window;
use crate::blacklisting::Blacklisting;
use crate::events::{QueuedEvent, Told};
use crate::finding::Finding;
use crate::hot::{
    Admitted, Cancelled, Counters, HotStore, HotTotals, IntakeLimits, PeerEvent, Pressure, QueueSizes,
    Recorded, Registered, Registration, Restore, Right, WAITING_MARK, Which,
};
use crate::judged::{Answer, Judged, QueuedSms};
use crate::person::{HotPerson, Removed, Traces};
use crate::{Result, StoreError, StoreFault};

mod onboardings;
mod person;
mod restoring;
mod sms;

use restoring::epoch_name;

/// The reference: what `HotStore` means.
pub struct MemoryHot {
    memory: Mutex<Memory>,
    notices: broadcast::Sender<PeerEvent>,
}

impl Default for MemoryHot {
    fn default() -> MemoryHot {
        MemoryHot { memory: Mutex::default(), notices: broadcast::channel(4096).0 }
    }
}

#[derive(Default)]
struct Memory {
    /// Oldest registration first.
    onboardings: Vec<Kept>,
    /// Of each number and client address.
    registrations: BTreeMap<(String, Option<String>), Window>,
    sms_counts: BTreeMap<String, Window>,
    validated: BTreeSet<String>,
    /// Each until its end, where it has one.
    blacklist: BTreeMap<String, Option<Timestamp>>,
    blacklist_queue: BTreeMap<String, Blacklisting>,
    seen: BTreeMap<Key, Seen>,
    deliveries: BTreeMap<Key, Delivery>,
    queue: BTreeMap<i64, QueuedSms>,
    counters: Counters,
    changed: Vec<Uuid>,
    /// Whether changes of states are told.
    tells: bool,
    /// What waits to be told, by its place, and the last place.
    told: BTreeMap<u64, Told>,
    last_told: u64,
    /// Numbers taken off the blacklist, as they were restored.
    uncounted: BTreeMap<String, Timestamp>,
    /// Marks of waiting SMS, until when they hold.
    waiting: BTreeMap<(String, Uuid), Timestamp>,
    leases: BTreeMap<String, Lease>,
    /// What may be used once, until when it is remembered.
    used: BTreeMap<String, Timestamp>,
    /// In which the data are whole.
    epoch: Option<String>,
    entered: Option<String>,
    /// The rebuild that is going on.
    rebuilding: Option<Uuid>,
}

struct Lease {
    holder: Uuid,
    until: Instant,
}

struct Kept {
    onboarding: Onboarding,
    queued: bool,
    /// An SMS may mean it.
    stands: bool,
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
    fn tell(&mut self, told: Told) {
        self.last_told += 1;
        self.told.insert(self.last_told, told);
    }

    fn is_blocked(&self, now: Timestamp, mobile: &str) -> bool {
        self.blacklist.get(mobile).is_some_and(|ends| ends.is_none_or(|ends| ends > now))
    }

    fn known(&self, now: Timestamp, mobile: &str, sms_in_window: i64) -> SenderFacts {
        let standing = self.standing(now, mobile).into_iter();
        let standing = standing.map(|onboarding| Standing {
            pair_validated: self.validated.contains(&onboarding.pair()),
            onboarding,
        });
        let known = SenderFacts::of(standing.collect(), sms_in_window, self.is_blocked(now, mobile));
        match known.onboarding {
            Some(_) => known,
            None => SenderFacts { pair_validated: self.validated.contains(&pair(mobile, None)), ..known },
        }
    }
}

/// The window of a number, if it is still open.
fn live<K: Ord>(counts: &BTreeMap<K, Window>, now: Timestamp, key: &K) -> Option<Window> {
    counts.get(key).copied().filter(|count| count.until > now)
}

fn counted(counts: &BTreeMap<String, Window>, now: Timestamp, mobile: &str) -> i64 {
    live(counts, now, &mobile.to_owned()).map_or(0, |count| count.count)
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
            let _ = self.notices.send(PeerEvent::Onboarding(id));
        }
        value
    }

    /// As `write`, if the store is what the bridge entered.
    fn live<T>(&self, name: &'static str, operation: impl FnOnce(&mut Memory) -> T) -> Result<T> {
        let in_epoch = |m: &mut Memory| m.entered.is_some() && m.entered == m.epoch;
        self.write(|m| in_epoch(m).then(|| operation(m))).ok_or(StoreError {
            operation: name,
            kind: StoreFault::Lost,
            source: None,
        })
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

    fn is_durable(&self) -> bool {
        true
    }

    async fn pressure(&self) -> Result<Pressure> {
        Ok(Pressure::default())
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn epoch(&self) -> Result<Option<String>> {
        Ok(self.memory().epoch.clone())
    }

    async fn epoch_of_data(&self) -> Result<Option<String>> {
        self.epoch().await
    }

    async fn queues_are_entered(&self) -> Result<()> {
        Ok(())
    }

    fn enter(&self, epoch: Option<&str>) {
        self.memory().entered = epoch.map(str::to_owned);
    }

    async fn begin_rebuild(&self, token: Uuid) -> Result<String> {
        self.memory().empty(token);
        Ok(epoch_name(token))
    }

    async fn restore(&self, now: Timestamp, right: Right, part: Restore<'_>) -> Result<bool> {
        Ok(self.write(|m| m.restore(now, right, part)))
    }

    async fn finish_rebuild(&self, token: Uuid) -> Result<bool> {
        let mut memory = self.memory();
        if memory.rebuilding == Some(token) {
            memory.epoch = Some(epoch_name(token));
        }
        Ok(memory.epoch == Some(epoch_name(token)))
    }

    async fn lease(&self, job: &str, holder: Uuid, length: Span) -> Result<bool> {
        #[expect(clippy::disallowed_methods, reason = "a lease ends by the store's own clock")]
        let now = Instant::now();
        let mut memory = self.memory();
        if memory.leases.get(job).is_some_and(|lease| lease.holder != holder && lease.until > now) {
            return Ok(false);
        }
        let until = now + Duration::from_millis(length.0.unsigned_abs());
        memory.leases.insert(job.to_owned(), Lease { holder, until });
        Ok(true)
    }

    async fn release(&self, job: &str, holder: Uuid) -> Result<()> {
        self.memory().leases.retain(|leased, lease| leased != job || lease.holder != holder);
        Ok(())
    }

    async fn first_use(&self, now: Timestamp, what: &str, length: Span) -> Result<bool> {
        let mut memory = self.memory();
        if memory.used.get(what).is_some_and(|until| *until > now) {
            return Ok(false);
        }
        memory.used.insert(what.to_owned(), now + length);
        Ok(true)
    }

    async fn mark_waiting(&self, now: Timestamp, waiting: &[(String, Uuid)]) -> Result<()> {
        self.memory().waiting.extend(waiting.iter().map(|mark| (mark.clone(), now + WAITING_MARK)));
        Ok(())
    }

    async fn unmark_waiting(&self, done: &[(String, Uuid)]) -> Result<()> {
        self.memory().waiting.retain(|mark, _| !done.contains(mark));
        Ok(())
    }

    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        self.live("register", |m| m.register(now, registration))
    }

    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        Ok(self.memory().by_id(now, id))
    }

    async fn standing_onboardings(&self, now: Timestamp, mobile: &str) -> Result<Vec<Onboarding>> {
        Ok(self.memory().standing(now, mobile))
    }

    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        self.live("cancel", |m| m.cancel(now, id))
    }

    async fn move_deadline(&self, now: Timestamp, moved: &Onboarding) -> Result<bool> {
        self.live("move_deadline", |m| m.move_deadline(now, moved))
    }

    async fn show_last(&self, now: Timestamp, id: Uuid, last: &LastSms) -> Result<bool> {
        self.live("show_last", |m| m.show_last(now, id, last))
    }

    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<SenderFacts> {
        self.live("revive", |m| m.revive(now, onboarding, until))
    }

    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        Ok(self.write(|m| m.expire_deadlines(now, max)))
    }

    /// Nobody can see whether what nobody can see is cleared: so the reference clears nothing.
    async fn collect_garbage(&self, _now: Timestamp, _max: usize) -> Result<usize> {
        Ok(0)
    }

    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted> {
        self.live("admit", |m| m.admit(now, sms, limits))
    }

    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        self.live("record", |m| m.record(now, judged))
    }

    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        let wanted = |sms: &&QueuedSms| which == Which::All || sms.verdict.passed();
        Ok(self.memory().queue.values().filter(wanted).take(max).cloned().collect())
    }

    async fn newest_sms(&self, max: usize) -> Result<Vec<QueuedSms>> {
        Ok(self.memory().queue.values().rev().take(max).cloned().collect())
    }

    async fn queued_one(&self, id: i64) -> Result<Option<QueuedSms>> {
        Ok(self.memory().queue.get(&id).cloned())
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

    fn tell_changes(&self, wanted: bool) {
        self.memory().tells = wanted;
    }

    async fn queued_events(&self, max: usize) -> Result<Vec<QueuedEvent>> {
        let memory = self.memory();
        let queued =
            |(place, told): (&u64, &Told)| QueuedEvent { place: place.to_string(), told: told.clone() };
        Ok(memory.told.iter().take(max).map(queued).collect())
    }

    async fn forget_events(&self, places: &[String]) -> Result<()> {
        self.memory().told.retain(|place, _| !places.contains(&place.to_string()));
        Ok(())
    }

    async fn queue_sizes(&self) -> Result<QueueSizes> {
        let memory = self.memory();
        Ok(QueueSizes {
            input_sms: memory.queue.len() as u64,
            onboarding: memory.onboardings.iter().filter(|kept| kept.queued).count() as u64,
            blacklist: memory.blacklist_queue.len() as u64,
            events: memory.told.len() as u64,
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

    async fn replace_blacklist(&self, blocks: &[(String, Option<Timestamp>)]) -> Result<()> {
        let mut memory = self.memory();
        let waiting = memory.blacklist_queue.values().map(Blacklisting::block);
        memory.blacklist = blocks.iter().cloned().chain(waiting).collect();
        Ok(())
    }

    async fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> Result<HotPerson> {
        Ok(self.memory().person(now, mobile, traces))
    }

    async fn erase(&self, mobile: &str, until: Timestamp, traces: &Traces) -> Result<Removed> {
        Ok(self.write(|m| m.erase(mobile, until, traces)))
    }

    async fn unvalidate(&self, mobile: &str) -> Result<u64> {
        Ok(self.memory().unvalidate(mobile, &[]))
    }

    async fn totals(&self) -> Result<HotTotals> {
        let memory = self.memory();
        Ok(HotTotals { validated: memory.validated.len() as u64, blacklisted: memory.blacklist.len() as u64 })
    }

    async fn not_validated(&self, pairs: &[String]) -> Result<Vec<String>> {
        let memory = self.memory();
        Ok(pairs.iter().filter(|pair| !memory.validated.contains(*pair)).cloned().collect())
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

    /// Nothing here reads a setting: there is nothing to make faster.
    async fn cache_settings(&self, _rows: &[(String, String)]) -> Result<()> {
        Ok(())
    }

    async fn announce_setting(&self, key: &str) -> Result<()> {
        let _ = self.notices.send(PeerEvent::Setting(key.to_owned()));
        Ok(())
    }

    async fn announce_receivers(&self) -> Result<()> {
        let _ = self.notices.send(PeerEvent::Receivers);
        Ok(())
    }

    async fn announce_blocked_emails(&self) -> Result<()> {
        let _ = self.notices.send(PeerEvent::BlockedEmails);
        Ok(())
    }

    async fn announce_webhooks(&self) -> Result<()> {
        let _ = self.notices.send(PeerEvent::Webhooks);
        Ok(())
    }

    async fn announce_api_keys(&self) -> Result<()> {
        let _ = self.notices.send(PeerEvent::ApiKeys);
        Ok(())
    }

    fn peer_events(&self) -> broadcast::Receiver<PeerEvent> {
        self.notices.subscribe()
    }
}
