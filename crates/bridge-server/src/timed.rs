//! The stores with a stopwatch on every operation, for `store_operation_duration_seconds`. Whatever
//! backend is behind it, nothing is left out: each trait is listed here once, whole.

use std::sync::Arc;

use async_trait::async_trait;
use bridge_core::checks::Known;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use bridge_store::audit::{
    Blacklisted, Counter, Quarantined, Refusal, SettingPut, SettingRow, SmsRow, WaitingSms,
};
use bridge_store::hot::{
    Admitted, Blacklisting, Cancelled, Counters, IntakeLimits, Judged, QueueSizes, QueuedSms, Recorded,
    Registered, Registration, Which,
};
use bridge_store::{AuditStore, HotStore, StoreError};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::metrics::{Stopwatch, StoreLabels};

/// The series that the durations go to.
pub type Durations = Family<StoreLabels, Histogram>;
type Result<T> = std::result::Result<T, StoreError>;

struct Timed<S: ?Sized> {
    store: Arc<S>,
    name: &'static str,
    durations: Durations,
}

impl<S: ?Sized> Timed<S> {
    async fn run<T>(&self, operation: &'static str, work: impl Future<Output = T>) -> T {
        let watch = Stopwatch::start();
        let done = work.await;
        let labels = StoreLabels { store: self.name, operation };
        self.durations.get_or_create(&labels).observe(watch.elapsed().as_secs_f64());
        done
    }
}

/// The same store, timed.
#[must_use]
pub fn hot(store: Arc<dyn HotStore>, durations: &Durations) -> Arc<dyn HotStore> {
    Arc::new(Timed { store, name: "redis", durations: durations.clone() })
}

/// The same store, timed.
#[must_use]
pub fn audit(store: Arc<dyn AuditStore>, durations: &Durations) -> Arc<dyn AuditStore> {
    Arc::new(Timed { store, name: "postgresql", durations: durations.clone() })
}

macro_rules! timed {
    ($trait:ident { $($method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* } $($plain:item)?) => {
        #[async_trait]
        impl $trait for Timed<dyn $trait> {
            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer> {
                self.run(stringify!($method), self.store.$method($($arg),*)).await
            })*
            $($plain)?
        }
    };
}

timed! { HotStore {
    ping() -> ();
    try_write(bytes: u32) -> ();
    register(now: Timestamp, registration: &Registration) -> Registered;
    onboarding(now: Timestamp, id: Uuid) -> Option<Onboarding>;
    newest_onboarding(now: Timestamp, mobile: &str) -> Option<Onboarding>;
    cancel(now: Timestamp, id: Uuid) -> Cancelled;
    revive(now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Known;
    expire_deadlines(now: Timestamp, max: usize) -> usize;
    collect_garbage(now: Timestamp, max: usize) -> usize;
    admit(now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Admitted;
    record(now: Timestamp, judged: &Judged) -> Recorded;
    queued_sms(which: Which, max: usize) -> Vec<QueuedSms>;
    forget_sms(ids: &[i64]) -> ();
    queued_onboardings(max: usize) -> Vec<Onboarding>;
    forget_onboardings(written: &[(Uuid, i64)]) -> ();
    queued_blacklistings(max: usize) -> Vec<Blacklisting>;
    forget_blacklistings(mobiles: &[String]) -> ();
    queue_sizes() -> QueueSizes;
    blacklist(entry: &Blacklisting) -> ();
    unblacklist(mobile: &str) -> ();
    replace_blacklist(mobiles: &[String]) -> ();
    counters() -> Counters;
    raise_counters(at_least: Counters) -> ();
}
    fn changes(&self) -> broadcast::Receiver<Uuid> {
        self.store.changes()
    }
}

timed! { AuditStore {
    ping() -> ();
    try_write(bytes: u32) -> ();
    append_sms(batch: &[QueuedSms]) -> usize;
    sms_of(mobile: &str, before: Option<i64>, max: usize) -> Vec<SmsRow>;
    upsert_onboardings(batch: &[Onboarding]) -> usize;
    newest_onboarding(mobile: &str) -> Option<Onboarding>;
    append_blacklist(batch: &[Blacklisting]) -> ();
    blacklist() -> Vec<Blacklisted>;
    remove_blacklisted(mobile: &str) -> bool;
    store_for_later(sms: &InboundSms) -> ();
    waiting_sms(max: usize) -> Vec<WaitingSms>;
    mark_processed(now: Timestamp, ids: &[i64]) -> ();
    counters() -> Vec<Counter>;
    save_counters(now: Timestamp, counters: &[Counter]) -> ();
    add_to_counter(now: Timestamp, name: &str, by: i64) -> ();
    seed_settings(now: Timestamp) -> ();
    settings() -> Vec<SettingRow>;
    put_setting(now: Timestamp, key: &str, value: &Value, by: &str) -> SettingPut;
    append_refusals(batch: &[Refusal]) -> ();
    refusals(max: usize) -> Vec<Refusal>;
    quarantine(entry: &Quarantined) -> ();
    quarantined(max: usize) -> Vec<Quarantined>;
    purge(before: Timestamp, max: usize, remote: bool) -> usize;
}}
