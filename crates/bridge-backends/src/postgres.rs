//! The audit store on PostgreSQL, directly or through PgBouncer in transaction mode. Every operation is one
//! statement, or one transaction; what it writes is durable as far as the server's `synchronous_commit` says.

mod accounts;
mod batch;
mod blocked_emails;
mod columns;
pub(crate) mod connect;
mod counting;
mod desk;
mod examine;
mod failure;
mod group;
mod later;
mod lease;
mod lookup;
mod onboardings;
mod people;
mod person;
mod purge;
mod quarantine;
mod receivers;
mod schema;
mod settings;
mod sms;
mod syncing;
mod version;

use std::sync::Arc;

use async_trait::async_trait;
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp};
use serde_json::Value;
use uuid::Uuid;

pub use self::connect::BadUrl;
use self::lease::{BATCH, Connections, QUICK, SLOW};
pub use self::schema::{MigrateError, Migrated, SchemaState, migrate, schema_state};
use bridge_store::audit::{
    AskedSms, AuditStore, Blacklisted, BlockedEmail, Counter, HourCount, Member, Quarantined, Receiver,
    Refusal, Refused, SettingPut, SettingRow, Sighting, SmsRow, Totals, Unsynced, WaitingSms,
};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::finding::Finding;
use bridge_store::judged::QueuedSms;
use bridge_store::person::{AuditErased, Erasing, Erasure, Table, Traces};
use bridge_store::place::Place;
use bridge_store::{Result, Trail};

/// The audit store at this address, with at most so many connections. The server need not be up: only an
/// address that cannot be used at all is an error at once.
pub fn open(url: &str, pool_size: usize) -> std::result::Result<Arc<dyn AuditStore>, BadUrl> {
    open_trail(url, pool_size).map(|trail| trail.audit)
}

/// As [`open`], for the bridge and for people.
pub fn open_trail(url: &str, pool_size: usize) -> std::result::Result<Trail, BadUrl> {
    Ok(Trail::of(PostgresAudit { connections: Connections::new(url, pool_size)? }))
}

struct PostgresAudit {
    connections: Connections,
}

/// `operation(limit, function(arguments…))`: leases a connection for the function.
macro_rules! on_lease {
    ($self:ident . $operation:ident ($limit:expr, $function:path $(, $argument:expr)*)) => {{
        let mut lease = $self.connections.lease(stringify!($operation), $limit).await?;
        $function(&mut lease $(, $argument)*).await
    }};
}

use on_lease;

#[async_trait]
impl AuditStore for PostgresAudit {
    async fn ping(&self) -> Result<()> {
        self.connections.ping().await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        on_lease!(self.try_write(QUICK, examine::try_write, bytes))
    }

    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize> {
        on_lease!(self.append_sms(BATCH, sms::append, batch))
    }

    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>> {
        on_lease!(self.sms_of(QUICK, sms::of_number, mobile, before, max))
    }

    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize> {
        on_lease!(self.upsert_onboardings(BATCH, onboardings::upsert, batch))
    }

    async fn newest_onboarding(&self, mobile: &str) -> Result<Option<Onboarding>> {
        on_lease!(self.newest_onboarding(QUICK, onboardings::newest, mobile))
    }

    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()> {
        on_lease!(self.append_blacklist(BATCH, people::append_blacklist, batch))
    }

    async fn blacklist(&self) -> Result<Vec<Blacklisted>> {
        on_lease!(self.blacklist(BATCH, people::blacklist))
    }

    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool> {
        on_lease!(self.remove_blacklisted(QUICK, people::remove_blacklisted, now, mobile))
    }

    async fn store_for_later(&self, sms: &InboundSms) -> Result<()> {
        on_lease!(self.store_for_later(QUICK, later::store, sms))
    }

    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>> {
        on_lease!(self.waiting_sms(BATCH, later::waiting, after, max))
    }

    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool> {
        on_lease!(self.parts_judged(QUICK, later::parts_judged, sms, since))
    }

    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()> {
        on_lease!(self.mark_processed(BATCH, later::mark_processed, now, ids))
    }

    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>> {
        on_lease!(self.unsynced(BATCH, syncing::unsynced, max))
    }

    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()> {
        on_lease!(self.mark_synced(BATCH, syncing::mark_synced, now, rows))
    }

    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        park_after: u32,
    ) -> Result<bool> {
        on_lease!(self.note_refused(BATCH, syncing::note_refused, now, row, reason, park_after))
    }

    async fn refused(&self, max: usize) -> Result<Vec<Refused>> {
        on_lease!(self.refused(QUICK, syncing::refused, max))
    }

    async fn unpark(&self, sms_id: Option<Uuid>) -> Result<usize> {
        on_lease!(self.unpark(QUICK, syncing::unpark, sms_id))
    }

    async fn epoch(&self) -> Result<Option<String>> {
        on_lease!(self.epoch(QUICK, group::epoch))
    }

    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()> {
        on_lease!(self.save_epoch(QUICK, group::save_epoch, now, epoch))
    }

    async fn note_member(&self, member: &Member) -> Result<()> {
        on_lease!(self.note_member(QUICK, group::note_member, member))
    }

    async fn members(&self, within: Span) -> Result<Vec<Member>> {
        on_lease!(self.members(QUICK, group::members, within))
    }

    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>> {
        on_lease!(self.unexpired_onboardings(BATCH, onboardings::unexpired, now, after, max))
    }

    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>> {
        on_lease!(self.validated_pairs(BATCH, group::validated_pairs, after, max))
    }

    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>> {
        on_lease!(self.judged_since(BATCH, sms::judged_since, since, after, max))
    }

    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>> {
        on_lease!(self.judged_before(BATCH, sms::judged_before, before, max))
    }

    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>> {
        on_lease!(self.judged_one(QUICK, sms::judged_one, sms_id))
    }

    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>> {
        on_lease!(self.onboardings_by_ids(QUICK, onboardings::by_ids, ids))
    }

    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
        on_lease!(self.unblacklisted_since(BATCH, group::unblacklisted_since, since))
    }

    async fn totals(&self) -> Result<Totals> {
        on_lease!(self.totals(SLOW, group::totals))
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        examine::examine(&self.connections).await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        on_lease!(self.server_time(QUICK, examine::now))
    }

    async fn counters(&self) -> Result<Vec<Counter>> {
        on_lease!(self.counters(QUICK, settings::counters))
    }

    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()> {
        on_lease!(self.save_counters(QUICK, settings::save_counters, now, counters))
    }

    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()> {
        on_lease!(self.add_to_counter(QUICK, settings::add_to_counter, now, name, by))
    }

    async fn seed_settings(&self, now: Timestamp) -> Result<()> {
        on_lease!(self.seed_settings(QUICK, settings::seed, now))
    }

    async fn settings(&self) -> Result<Vec<SettingRow>> {
        on_lease!(self.settings(QUICK, settings::all))
    }

    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut> {
        on_lease!(self.put_settings(QUICK, settings::put, now, changes, by))
    }

    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()> {
        on_lease!(self.append_refusals(BATCH, people::append_refusals, batch))
    }

    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>> {
        on_lease!(self.refusals(QUICK, people::refusals, max))
    }

    async fn quarantine(&self, entry: &Quarantined) -> Result<()> {
        on_lease!(self.quarantine(QUICK, quarantine::keep, entry))
    }

    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>> {
        on_lease!(self.quarantined(QUICK, quarantine::newest, max))
    }

    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>> {
        on_lease!(self.quarantined_one(QUICK, quarantine::one, id))
    }

    async fn remove_quarantined(&self, id: Uuid) -> Result<bool> {
        on_lease!(self.remove_quarantined(QUICK, quarantine::remove, id))
    }

    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>> {
        on_lease!(self.known_sms(BATCH, lookup::known, asked))
    }

    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>> {
        on_lease!(self.count_by_hour(SLOW, lookup::count_by_hour, from, to))
    }

    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64> {
        on_lease!(self.clear_ended_blocks(QUICK, people::clear_ended_blocks, now))
    }

    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>> {
        on_lease!(self.person(BATCH, person::person, mobile, max))
    }

    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces> {
        on_lease!(self.traces(BATCH, person::traces, mobile, since))
    }

    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased> {
        on_lease!(self.erase(BATCH, person::erase, erasing, receipt))
    }

    async fn put_erasure(&self, receipt: &Erasure) -> Result<()> {
        on_lease!(self.put_erasure(QUICK, person::put_erasure, receipt))
    }

    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>> {
        on_lease!(self.erasures(QUICK, person::erasures, max))
    }

    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>> {
        on_lease!(self.erased_until(QUICK, person::erased_until, hashes))
    }

    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64> {
        on_lease!(self.unvalidate(QUICK, person::unvalidate, now, mobile))
    }

    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>> {
        on_lease!(self.blocked_emails(BATCH, blocked_emails::all))
    }

    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()> {
        on_lease!(self.put_blocked_email(QUICK, blocked_emails::put, entry))
    }

    async fn receivers(&self) -> Result<Vec<Receiver>> {
        on_lease!(self.receivers(QUICK, receivers::all))
    }

    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()> {
        on_lease!(self.put_receiver(QUICK, receivers::put, now, receiver))
    }

    async fn sightings(&self) -> Result<Vec<Sighting>> {
        on_lease!(self.sightings(QUICK, receivers::sightings))
    }

    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()> {
        on_lease!(self.note_sightings(QUICK, receivers::note, seen))
    }

    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
        on_lease!(self.purge(SLOW, purge::purge, before, max, remote))
    }
}
