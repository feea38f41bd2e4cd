//! The stores with a stopwatch on every operation, for `store_operation_duration_seconds`. Every trait is listed here
//! once, whole, so that no operation of any backend goes unmeasured.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::LastSms;
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp};
use bridge_store::accounts::{Account, AccountChanged, Change, ChangesAsked, Link, NewChange, Role, Session};
use bridge_store::audit::{
    ApiKey, ApiKeyTrail, AskedSms, BlacklistTrail, Blacklisted, BlockedEmail, BlockedEmailTrail, Counter,
    Delivery, Due, GroupTrail, HourCount, LaterTrail, LookupTrail, Member, Notice, NoticeRow, NoticeTrail,
    NotifyTarget, Observed, OnboardingTrail, PageFunnel, PageStep, PageTrail, PersonTrail, QuarantineRoom,
    QuarantineTrail, Quarantined, Receiver, ReceiverTrail, Refusal, RefusalTrail, Refused, Replay,
    SettingPut, SettingRow, SettingsTrail, Sighting, SmsRow, SmsTrail, SyncTrail, Tally, Telling, Totals,
    Tried, Unsynced, UpkeepTrail, WaitingSms, Webhook, WebhookTrail,
};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::damage::Damage;
use bridge_store::desk::{
    BlacklistPlace, Failures, Funnel, Incident, Latencies, OnboardingFilter, OnboardingRow, Page,
    QuarantineRow, ReceiverRate, RefusalFilter, RefusalRate, RefusalRow, RegistrationRate, Sender,
    SettingChange, SmsFilter, SmsRate, SmsStory, ValidatedFilter, ValidatedRow, WaitingRow,
};
use bridge_store::events::{Event, QueuedEvent};
use bridge_store::finding::Finding;
use bridge_store::hot::{
    Admitted, Cancelled, Counters, HotTotals, IntakeLimits, PeerEvent, Pressure, QueueSizes, Recorded,
    Registered, Registration, Restore, Right, Which,
};
use bridge_store::judged::{Judged, QueuedSms};
use bridge_store::person::{AuditErased, Erasing, Erasure, HotPerson, Removed, Table, Traces};
use bridge_store::place::Place;
use bridge_store::troubles::{Trouble, TroubleKind};
use bridge_store::{AccountStore, AuditStore, DeskStore, HotStore, StoreError};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use serde_json::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::base::metrics::{Stopwatch, StoreLabels};

/// The series that the durations go to.
pub type Durations = Family<StoreLabels, Histogram>;
type Result<T> = std::result::Result<T, StoreError>;

struct Instrumented<S: ?Sized> {
    store: Arc<S>,
    name: &'static str,
    durations: Durations,
}

impl<S: ?Sized> Instrumented<S> {
    async fn run<T>(&self, operation: &'static str, work: impl Future<Output = T>) -> T {
        let watch = Stopwatch::start();
        let done = work.await;
        let labels = StoreLabels { store: self.name, operation };
        self.durations.get_or_create(&labels).observe(watch.elapsed().as_secs_f64());
        done
    }
}

/// The same store, instrumented.
#[must_use]
pub fn hot(store: Arc<dyn HotStore>, durations: &Durations) -> Arc<dyn HotStore> {
    Arc::new(Instrumented { store, name: "redis", durations: durations.clone() })
}

/// The same store, instrumented.
#[must_use]
pub fn audit(store: Arc<dyn AuditStore>, durations: &Durations) -> Arc<dyn AuditStore> {
    Arc::new(Instrumented { store, name: "postgresql", durations: durations.clone() })
}

/// The same store, instrumented.
#[must_use]
pub fn desk(store: Arc<dyn DeskStore>, durations: &Durations) -> Arc<dyn DeskStore> {
    Arc::new(Instrumented { store, name: "desk", durations: durations.clone() })
}

macro_rules! instrumented {
    ($trait:ident for $store:ident { $($method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)* } $($plain:item)*) => {
        #[async_trait]
        impl $trait for Instrumented<dyn $store> {
            $(async fn $method(&self, $($arg: $type),*) -> Result<$answer> {
                self.run(stringify!($method), self.store.$method($($arg),*)).await
            })*
            $($plain)*
        }
    };
}

instrumented! { HotStore for HotStore {
    ping() -> ();
    try_write(bytes: u32) -> ();
    pressure() -> Pressure;
    examine() -> Vec<Finding>;
    server_time() -> Option<Timestamp>;
    epoch() -> Option<String>;
    epoch_of_data() -> Option<String>;
    queues_are_entered() -> ();
    begin_rebuild(token: Uuid) -> String;
    restore(now: Timestamp, right: Right, part: Restore<'_>) -> bool;
    finish_rebuild(token: Uuid) -> bool;
    lease(job: &str, holder: Uuid, length: Span) -> bool;
    release(job: &str, holder: Uuid) -> ();
    first_use(now: Timestamp, what: &str, length: Span) -> bool;
    mark_waiting(now: Timestamp, waiting: &[(String, Uuid)]) -> ();
    unmark_waiting(done: &[(String, Uuid)]) -> ();
    register(now: Timestamp, registration: &Registration) -> Registered;
    onboarding(now: Timestamp, id: Uuid) -> Option<Onboarding>;
    standing_onboardings(now: Timestamp, mobile: &str) -> Vec<Onboarding>;
    cancel(now: Timestamp, id: Uuid) -> Cancelled;
    show_last(now: Timestamp, id: Uuid, last: &LastSms) -> bool;
    move_deadline(now: Timestamp, moved: &Onboarding) -> bool;
    revive(now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> SenderFacts;
    expire_deadlines(now: Timestamp, max: usize) -> usize;
    collect_garbage(now: Timestamp, max: usize) -> usize;
    admit(now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Admitted;
    record(now: Timestamp, judged: &Judged) -> Recorded;
    queued_sms(which: Which, max: usize) -> Vec<QueuedSms>;
    newest_sms(max: usize) -> Vec<QueuedSms>;
    queued_one(id: i64) -> Option<QueuedSms>;
    forget_sms(ids: &[i64]) -> ();
    queued_onboardings(max: usize) -> Vec<Onboarding>;
    forget_onboardings(written: &[(Uuid, i64)]) -> ();
    queued_blacklistings(max: usize) -> Vec<Blacklisting>;
    forget_blacklistings(mobiles: &[String]) -> ();
    queued_events(max: usize) -> Vec<QueuedEvent>;
    forget_events(places: &[String]) -> ();
    queue_sizes() -> QueueSizes;
    blacklist(entry: &Blacklisting) -> ();
    unblacklist(mobile: &str) -> ();
    replace_blacklist(blocks: &[(String, Option<Timestamp>)]) -> ();
    person(now: Timestamp, mobile: &str, traces: &Traces) -> HotPerson;
    erase(mobile: &str, until: Timestamp, traces: &Traces) -> Removed;
    unvalidate(mobile: &str) -> u64;
    counters() -> Counters;
    raise_counters(at_least: Counters) -> ();
    totals() -> HotTotals;
    not_validated(pairs: &[String]) -> Vec<String>;
    cache_settings(rows: &[(String, String)]) -> ();
    announce_setting(key: &str) -> ();
    announce_receivers() -> ();
    announce_blocked_emails() -> ();
    announce_webhooks() -> ();
    announce_api_keys() -> ();
}
    fn is_durable(&self) -> bool {
        self.store.is_durable()
    }
    fn damage(&self) -> Option<Damage> {
        self.store.damage()
    }
    fn tell_changes(&self, wanted: bool) {
        self.store.tell_changes(wanted);
    }
    fn enter(&self, epoch: Option<&str>) {
        self.store.enter(epoch);
    }
    fn peer_events(&self) -> broadcast::Receiver<PeerEvent> {
        self.store.peer_events()
    }
}

instrumented! { AccountStore for AuditStore {
    accounts() -> Vec<Account>;
    account(name: &str) -> Option<Account>;
    add_account(now: Timestamp, name: &str, role: Role) -> bool;
    set_password(now: Timestamp, name: &str, password: &str) -> bool;
    change_account(name: &str, role: Role, disabled: bool) -> AccountChanged;
    put_link(link: &Link) -> bool;
    link(now: Timestamp, token_hash: &str) -> Option<Link>;
    use_link(now: Timestamp, token_hash: &str, name: &str, password: &str, change: &NewChange) -> Option<Account>;
    begin_session(now: Timestamp, session: &Session) -> ();
    touch_session(id_hash: &str, seen_at: Timestamp) -> ();
    session(now: Timestamp, id_hash: &str) -> Option<(Session, Account)>;
    sessions(now: Timestamp) -> Vec<Session>;
    end_session(id_hash: &str) -> ();
    end_sessions(account: &str) -> usize;
    note_change(change: &NewChange) -> ();
    changes(asked: &ChangesAsked, max: usize) -> Vec<Change>;
}}

instrumented! { UpkeepTrail for AuditStore {
    ping() -> ();
    try_write(bytes: u32) -> ();
    examine() -> Vec<Finding>;
    server_time() -> Option<Timestamp>;
    totals() -> Totals;
    purge(before: Timestamp, max: usize, remote: bool) -> usize;
}

    fn damage(&self) -> Option<Damage> {
        self.store.damage()
    }
}

instrumented! { SmsTrail for AuditStore {
    append_sms(batch: &[QueuedSms]) -> usize;
    sms_of(mobile: &str, before: Option<i64>, max: usize) -> Vec<SmsRow>;
    judged_since(since: Timestamp, after: Option<Place>, max: usize) -> Vec<(Place, QueuedSms)>;
    judged_before(before: Option<Place>, max: usize) -> Vec<(Place, QueuedSms)>;
    judged_one(sms_id: Uuid) -> Option<QueuedSms>;
}}

instrumented! { OnboardingTrail for AuditStore {
    upsert_onboardings(batch: &[Onboarding]) -> usize;
    newest_onboardings(mobile: &str, max: usize) -> Vec<Onboarding>;
    onboardings_by_ids(ids: &[Uuid]) -> Vec<Onboarding>;
    unexpired_onboardings(now: Timestamp, after: Option<Place>, max: usize) -> Vec<(Place, Onboarding)>;
}}

instrumented! { BlacklistTrail for AuditStore {
    append_blacklist(batch: &[Blacklisting]) -> ();
    blacklist() -> Vec<Blacklisted>;
    remove_blacklisted(now: Timestamp, mobile: &str) -> bool;
    clear_ended_blocks(now: Timestamp) -> u64;
}}

instrumented! { LaterTrail for AuditStore {
    store_for_later(sms: &InboundSms) -> ();
    waiting_sms(after: Option<Place>, max: usize) -> Vec<WaitingSms>;
    parts_judged(sms: &InboundSms, since: Timestamp) -> bool;
    mark_processed(now: Timestamp, ids: &[i64]) -> ();
}}

instrumented! { SyncTrail for AuditStore {
    unsynced(max: usize) -> Vec<Unsynced>;
    mark_synced(now: Timestamp, rows: &[Unsynced]) -> ();
    note_refused(now: Timestamp, row: &Unsynced, reason: &str, dead_letter_after: u32) -> bool;
    refused(max: usize) -> Vec<Refused>;
    let_go(sms_id: Option<Uuid>) -> usize;
}}

instrumented! { GroupTrail for AuditStore {
    epoch() -> Option<String>;
    save_epoch(now: Timestamp, epoch: &str) -> ();
    note_member(member: &Member) -> ();
    members(within: Span) -> Vec<Member>;
    validated_pairs(after: Option<&str>, max: usize) -> Vec<String>;
    unblacklisted_since(since: Timestamp) -> Vec<(String, Timestamp)>;
}}

instrumented! { SettingsTrail for AuditStore {
    seed_settings(now: Timestamp) -> ();
    settings() -> Vec<SettingRow>;
    put_settings(now: Timestamp, changes: &[(&str, &Value)], by: &str) -> SettingPut;
    counters() -> Vec<Counter>;
    save_counters(now: Timestamp, counters: &[Counter]) -> ();
    add_to_counter(now: Timestamp, name: &str, by: i64) -> ();
}}

instrumented! { PageTrail for AuditStore {
    note_steps(batch: &[PageStep]) -> ();
    page_funnel(from: Timestamp, to: Timestamp) -> Vec<PageFunnel>;
}}

instrumented! { WebhookTrail for AuditStore {
    webhooks() -> Vec<Webhook>;
    put_webhook(webhook: &Webhook) -> ();
    remove_webhook(id: Uuid) -> bool;
    append_events(events: &[Event]) -> usize;
    observe(bridge: Uuid, silent: Span, observed: &[Observed]) -> usize;
    claim_deliveries(now: Timestamp, webhook: Uuid, by: Uuid, until: Timestamp, max: usize) -> Vec<Due>;
    release_deliveries(by: Uuid) -> ();
    note_tries(webhook: Uuid, tries: &[Tried]) -> ();
    deliveries(webhook: Uuid, before: Option<i64>, max: usize) -> Vec<Delivery>;
    replay(now: Timestamp, webhook: Uuid, what: Replay) -> u64;
    tally_deliveries(webhook: Uuid) -> Tally;
}}

instrumented! { NoticeTrail for AuditStore {
    notify_targets() -> Vec<NotifyTarget>;
    put_notify_target(target: &NotifyTarget) -> ();
    remove_notify_target(id: Uuid) -> bool;
    see_troubles(now: Timestamp, bridge: Uuid, alive_since: Timestamp, seen: &[Trouble]) -> usize;
    troubles_of(bridge: Uuid) -> Vec<Trouble>;
    claim_notices(now: Timestamp, target: Uuid, by: Uuid, until: Timestamp, kinds: &[TroubleKind], max: usize) -> Vec<Notice>;
    release_notices(by: Uuid) -> ();
    note_telling(target: Uuid, telling: &Telling) -> ();
    notices(target: Uuid, max: usize) -> Vec<NoticeRow>;
}}

instrumented! { RefusalTrail for AuditStore {
    append_refusals(batch: &[Refusal]) -> ();
    refusals(max: usize) -> Vec<Refusal>;
}}

instrumented! { QuarantineTrail for AuditStore {
    quarantine(entry: &Quarantined) -> ();
    trim_quarantine(receiver_id: &str, room: QuarantineRoom) -> u64;
    quarantined(max: usize) -> Vec<Quarantined>;
    quarantined_one(id: Uuid) -> Option<Quarantined>;
    remove_quarantined(id: Uuid) -> bool;
}}

instrumented! { LookupTrail for AuditStore {
    known_sms(asked: &[AskedSms]) -> Vec<bool>;
    count_by_hour(from: Timestamp, to: Timestamp) -> Vec<HourCount>;
}}

instrumented! { PersonTrail for AuditStore {
    person(mobile: &Mobile, max: usize) -> Vec<Table>;
    traces(mobile: &Mobile, since: Timestamp) -> Traces;
    erase(erasing: &Erasing<'_>, receipt: &Erasure) -> AuditErased;
    put_erasure(receipt: &Erasure) -> ();
    erasures(max: usize) -> Vec<Erasure>;
    erased_until(hashes: &[String]) -> Vec<(String, Timestamp)>;
    unvalidate(now: Timestamp, mobile: &str) -> u64;
}}

instrumented! { BlockedEmailTrail for AuditStore {
    blocked_emails() -> Vec<BlockedEmail>;
    put_blocked_email(entry: &BlockedEmail) -> ();
}}

instrumented! { ApiKeyTrail for AuditStore {
    api_keys() -> Vec<ApiKey>;
    add_api_key(key: &ApiKey) -> bool;
    note_api_key_used(id: Uuid, at: Timestamp) -> ();
    remove_api_key(id: Uuid) -> bool;
}}

instrumented! { ReceiverTrail for AuditStore {
    receivers() -> Vec<Receiver>;
    put_receiver(now: Timestamp, receiver: &Receiver) -> ();
    sightings() -> Vec<Sighting>;
    note_sightings(seen: &[Sighting]) -> ();
}}

instrumented! { DeskStore for DeskStore {
    search_sms(filter: &SmsFilter, before: Option<Place>, max: usize) -> Page<SmsRow>;
    sms_story(sms_id: Uuid) -> Option<SmsStory>;
    sms_of_onboarding(onboarding: &OnboardingRow, max: usize) -> Vec<SmsRow>;
    written_sms(ids: &[Uuid], since: Timestamp) -> HashSet<Uuid>;
    search_onboardings(filter: &OnboardingFilter, before: Option<Place>, max: usize) -> Page<OnboardingRow>;
    onboarding(id: Uuid) -> Option<OnboardingRow>;
    written_onboardings(ids: &[Uuid]) -> Vec<OnboardingRow>;
    search_validated(filter: &ValidatedFilter, before: Option<Place>, max: usize) -> Page<ValidatedRow>;
    count_validated(filter: &ValidatedFilter, max: usize) -> usize;
    search_refusals(filter: &RefusalFilter, before: Option<Place>, max: usize) -> Page<RefusalRow>;
    settings_history(key: Option<&str>, before: Option<i64>, max: usize) -> Page<SettingChange, i64>;
    setting_change(id: i64) -> Option<SettingChange>;
    blacklist_page(prefix: &str, before: Option<&BlacklistPlace>, max: usize) -> Page<Blacklisted, BlacklistPlace>;
    power_down_page(processed: Option<bool>, before: Option<Place>, max: usize) -> Page<WaitingRow>;
    quarantine_page(before: Option<Place>, max: usize) -> Page<QuarantineRow>;
    sms_rates(from: Timestamp, to: Timestamp, step: Span) -> Vec<SmsRate>;
    receiver_rates(from: Timestamp, to: Timestamp) -> Vec<ReceiverRate>;
    registrations(from: Timestamp, to: Timestamp, step: Span) -> Vec<RegistrationRate>;
    failures_by_check(from: Timestamp, to: Timestamp) -> Vec<Failures>;
    funnel(from: Timestamp, to: Timestamp) -> Funnel;
    latencies(from: Timestamp, to: Timestamp) -> Latencies;
    top_failing_senders(from: Timestamp, to: Timestamp, max: usize) -> Vec<Sender>;
    refusals_by_hour(from: Timestamp, to: Timestamp) -> Vec<RefusalRate>;
    begin_incident(what: &str, began_at: Timestamp, detail: &str) -> ();
    end_incident(what: &str, began_at: Timestamp, ended_at: Timestamp, detail: &str) -> ();
    incidents(from: Timestamp, to: Timestamp) -> Vec<Incident>;
    purge_figures(before: Timestamp, max: usize) -> usize;
}}
