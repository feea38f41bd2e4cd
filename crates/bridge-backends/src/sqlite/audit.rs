//! The audit store on SQLite, for a bridge without PostgreSQL.

mod accounts;
mod blocked_emails;
mod columns;
mod counting;
mod desk;
mod later;
mod lookup;
mod person;
mod quarantine;
mod rebuilding;
mod receivers;
mod settings;
mod syncing;
mod tables;

use std::path::Path;

use async_trait::async_trait;
use bridge_core::checks::CHECKS;
use bridge_core::{InboundSms, Mobile, Onboarding, Span, Timestamp};
use rusqlite::Connection;
use serde_json::Value;
use uuid::Uuid;

use crate::sqlite::engine::{Engine, Schema};
use bridge_store::Result;
use bridge_store::audit::{
    AskedSms, AuditStore, Blacklisted, BlockedEmail, Counter, HourCount, Member, Quarantined, Receiver,
    Refusal, Refused, SettingPut, SettingRow, Sighting, SmsRow, Totals, Unsynced, WaitingSms,
};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::finding::Finding;
use bridge_store::judged::QueuedSms;
use bridge_store::person::{AuditErased, Erasing, Erasure, Table, Traces};
use bridge_store::place::Place;

const SCHEMA: Schema = Schema {
    name: "audit",
    steps: &[
        include_str!("../../migrations/sqlite_audit/0001_audit.sql"),
        include_str!("../../migrations/sqlite_audit/0002_rebuild.sql"),
        include_str!("../../migrations/sqlite_audit/0003_skew.sql"),
        include_str!("../../migrations/sqlite_audit/0004_receivers.sql"),
        include_str!("../../migrations/sqlite_audit/0005_quarantine.sql"),
        include_str!("../../migrations/sqlite_audit/0006_lookups.sql"),
        include_str!("../../migrations/sqlite_audit/0007_accounts.sql"),
        include_str!("../../migrations/sqlite_audit/0008_desk.sql"),
        include_str!("../../migrations/sqlite_audit/0009_persons.sql"),
    ],
    settle: add_check_columns,
};

/// A column for every check of the list: adding a check adds its column here.
fn add_check_columns(conn: &Connection) -> rusqlite::Result<()> {
    for check in &CHECKS {
        if !conn.column_exists(None, "input_sms", check.name)? {
            conn.execute_batch(&format!(
                "ALTER TABLE input_sms ADD COLUMN {} INTEGER NOT NULL DEFAULT 3",
                check.name
            ))?;
        }
    }
    Ok(())
}

/// The audit store in one file.
pub(crate) struct SqliteAudit {
    engine: Engine,
}

impl SqliteAudit {
    pub(crate) fn open(path: &Path) -> Result<SqliteAudit> {
        Ok(SqliteAudit { engine: Engine::open(path, &SCHEMA)? })
    }
}

#[async_trait]
impl AuditStore for SqliteAudit {
    async fn ping(&self) -> Result<()> {
        self.engine.read("ping", |c| c.query_row("SELECT 1", [], |_| Ok(()))).await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        self.engine.write("try_write", move |c, _| crate::sqlite::engine::try_write(c, bytes)).await
    }

    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize> {
        let batch = batch.to_vec();
        self.engine.write("append_sms", move |c, _| tables::append_sms(c, &batch)).await
    }

    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>> {
        let mobile = mobile.to_owned();
        self.engine.read("sms_of", move |c| tables::sms_of(c, &mobile, before, max)).await
    }

    async fn upsert_onboardings(&self, batch: &[Onboarding]) -> Result<usize> {
        let batch = batch.to_vec();
        self.engine.write("upsert_onboardings", move |c, _| tables::upsert_onboardings(c, &batch)).await
    }

    async fn newest_onboarding(&self, mobile: &str) -> Result<Option<Onboarding>> {
        let mobile = mobile.to_owned();
        self.engine.read("newest_onboarding", move |c| tables::newest_onboarding(c, &mobile)).await
    }

    async fn append_blacklist(&self, batch: &[Blacklisting]) -> Result<()> {
        let batch = batch.to_vec();
        self.engine.write("append_blacklist", move |c, _| tables::append_blacklist(c, &batch)).await
    }

    async fn blacklist(&self) -> Result<Vec<Blacklisted>> {
        self.engine.read("blacklist", tables::blacklist).await
    }

    async fn remove_blacklisted(&self, now: Timestamp, mobile: &str) -> Result<bool> {
        let mobile = mobile.to_owned();
        self.engine
            .write("remove_blacklisted", move |c, _| {
                rebuilding::note_unblacklisted(c, now, &mobile)?;
                Ok(c.execute("DELETE FROM blacklist_sms WHERE mobile_number = ?1", [&mobile])? > 0)
            })
            .await
    }

    async fn store_for_later(&self, sms: &InboundSms) -> Result<()> {
        let sms = sms.clone();
        self.engine.write("store_for_later", move |c, _| later::store(c, &sms)).await
    }

    async fn waiting_sms(&self, after: Option<Place>, max: usize) -> Result<Vec<WaitingSms>> {
        self.engine.read("waiting_sms", move |c| later::waiting(c, after, max)).await
    }

    async fn parts_judged(&self, sms: &InboundSms, since: Timestamp) -> Result<bool> {
        let sms = sms.clone();
        self.engine.read("parts_judged", move |c| later::parts_judged(c, &sms, since)).await
    }

    async fn mark_processed(&self, now: Timestamp, ids: &[i64]) -> Result<()> {
        let ids = ids.to_vec();
        self.engine.write("mark_processed", move |c, _| later::mark_processed(c, now, &ids)).await
    }

    async fn unsynced(&self, max: usize) -> Result<Vec<Unsynced>> {
        self.engine.read("unsynced", move |c| syncing::unsynced(c, max)).await
    }

    async fn mark_synced(&self, now: Timestamp, rows: &[Unsynced]) -> Result<()> {
        let rows = rows.to_vec();
        self.engine.write("mark_synced", move |c, _| syncing::mark_synced(c, now, &rows)).await
    }

    async fn note_refused(
        &self,
        now: Timestamp,
        row: &Unsynced,
        reason: &str,
        park_after: u32,
    ) -> Result<bool> {
        let (row, reason) = (row.clone(), reason.to_owned());
        self.engine
            .write("note_refused", move |c, _| syncing::note_refused(c, now, &row, &reason, park_after))
            .await
    }

    async fn refused(&self, max: usize) -> Result<Vec<Refused>> {
        self.engine.read("refused", move |c| syncing::refused(c, max)).await
    }

    async fn unpark(&self, sms_id: Option<Uuid>) -> Result<usize> {
        self.engine.write("unpark", move |c, _| syncing::unpark(c, sms_id)).await
    }

    async fn epoch(&self) -> Result<Option<String>> {
        self.engine.read("epoch", rebuilding::epoch).await
    }

    async fn save_epoch(&self, now: Timestamp, epoch: &str) -> Result<()> {
        let epoch = epoch.to_owned();
        self.engine.write("save_epoch", move |c, _| rebuilding::save_epoch(c, now, &epoch)).await
    }

    async fn note_member(&self, member: &Member) -> Result<()> {
        let member = member.clone();
        self.engine.write("note_member", move |c, _| rebuilding::note_member(c, &member)).await
    }

    async fn members(&self, within: Span) -> Result<Vec<Member>> {
        self.engine.read("members", move |c| rebuilding::members(c, within)).await
    }

    async fn unexpired_onboardings(
        &self,
        now: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, Onboarding)>> {
        self.engine
            .read("unexpired_onboardings", move |c| rebuilding::unexpired_onboardings(c, now, after, max))
            .await
    }

    async fn validated_pairs(&self, after: Option<&str>, max: usize) -> Result<Vec<String>> {
        let after = after.map(str::to_owned);
        self.engine
            .read("validated_pairs", move |c| rebuilding::validated_pairs(c, after.as_deref(), max))
            .await
    }

    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>> {
        self.engine.read("judged_since", move |c| rebuilding::judged_since(c, since, after, max)).await
    }

    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>> {
        self.engine.read("judged_before", move |c| rebuilding::judged_before(c, before, max)).await
    }

    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>> {
        self.engine.read("judged_one", move |c| rebuilding::judged_one(c, sms_id)).await
    }

    async fn onboardings_by_ids(&self, ids: &[Uuid]) -> Result<Vec<Onboarding>> {
        let ids = ids.to_vec();
        self.engine.read("onboardings_by_ids", move |c| tables::onboardings_by_ids(c, &ids)).await
    }

    async fn unblacklisted_since(&self, since: Timestamp) -> Result<Vec<(String, Timestamp)>> {
        self.engine.read("unblacklisted_since", move |c| rebuilding::unblacklisted_since(c, since)).await
    }

    async fn totals(&self) -> Result<Totals> {
        self.engine.read("totals", rebuilding::totals).await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn counters(&self) -> Result<Vec<Counter>> {
        self.engine.read("counters", tables::counters).await
    }

    async fn save_counters(&self, now: Timestamp, counters: &[Counter]) -> Result<()> {
        let counters = counters.to_vec();
        self.engine.write("save_counters", move |c, _| tables::save_counters(c, now, &counters)).await
    }

    async fn add_to_counter(&self, now: Timestamp, name: &str, by: i64) -> Result<()> {
        let name = name.to_owned();
        self.engine.write("add_to_counter", move |c, _| tables::add_to_counter(c, now, &name, by)).await
    }

    async fn seed_settings(&self, now: Timestamp) -> Result<()> {
        self.engine.write("seed_settings", move |c, _| settings::seed(c, now)).await
    }

    async fn settings(&self) -> Result<Vec<SettingRow>> {
        self.engine.read("settings", settings::all).await
    }

    async fn put_settings(&self, now: Timestamp, changes: &[(&str, &Value)], by: &str) -> Result<SettingPut> {
        let changes: Vec<(String, Value)> =
            changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).clone())).collect();
        let by = by.to_owned();
        self.engine.write("put_settings", move |c, _| settings::put(c, now, &changes, &by)).await
    }

    async fn append_refusals(&self, batch: &[Refusal]) -> Result<()> {
        let batch = batch.to_vec();
        self.engine.write("append_refusals", move |c, _| tables::append_refusals(c, &batch)).await
    }

    async fn refusals(&self, max: usize) -> Result<Vec<Refusal>> {
        self.engine.read("refusals", move |c| tables::refusals(c, max)).await
    }

    async fn quarantine(&self, entry: &Quarantined) -> Result<()> {
        let entry = entry.clone();
        self.engine.write("quarantine", move |c, _| quarantine::keep(c, &entry)).await
    }

    async fn quarantined(&self, max: usize) -> Result<Vec<Quarantined>> {
        self.engine.read("quarantined", move |c| quarantine::newest(c, max)).await
    }

    async fn quarantined_one(&self, id: Uuid) -> Result<Option<Quarantined>> {
        self.engine.read("quarantined_one", move |c| quarantine::one(c, id)).await
    }

    async fn remove_quarantined(&self, id: Uuid) -> Result<bool> {
        self.engine.write("remove_quarantined", move |c, _| quarantine::remove(c, id)).await
    }

    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>> {
        let asked = asked.to_vec();
        self.engine.read("known_sms", move |c| lookup::known(c, &asked)).await
    }

    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>> {
        self.engine.read("count_by_hour", move |c| lookup::count_by_hour(c, from, to)).await
    }

    async fn clear_ended_blocks(&self, now: Timestamp) -> Result<u64> {
        self.engine.write("clear_ended_blocks", move |c, _| tables::clear_ended_blocks(c, now)).await
    }

    async fn person(&self, mobile: &Mobile, max: usize) -> Result<Vec<Table>> {
        let mobile = mobile.clone();
        self.engine.read("person", move |c| person::person(c, &mobile, max)).await
    }

    async fn traces(&self, mobile: &Mobile, since: Timestamp) -> Result<Traces> {
        let mobile = mobile.clone();
        self.engine.read("traces", move |c| person::traces(c, &mobile, since)).await
    }

    async fn erase(&self, erasing: &Erasing<'_>, receipt: &Erasure) -> Result<AuditErased> {
        let (mobile, until, block) = (erasing.mobile.clone(), erasing.until, erasing.block);
        let receipt = receipt.clone();
        self.engine.write("erase", move |c, _| person::erase(c, &mobile, until, block, &receipt)).await
    }

    async fn put_erasure(&self, receipt: &Erasure) -> Result<()> {
        let receipt = receipt.clone();
        self.engine.write("put_erasure", move |c, _| person::put_erasure(c, &receipt)).await
    }

    async fn erasures(&self, max: usize) -> Result<Vec<Erasure>> {
        self.engine.read("erasures", move |c| person::erasures(c, max)).await
    }

    async fn erased_until(&self, hashes: &[String]) -> Result<Vec<(String, Timestamp)>> {
        let hashes = hashes.to_vec();
        self.engine.read("erased_until", move |c| person::erased_until(c, &hashes)).await
    }

    async fn unvalidate(&self, now: Timestamp, mobile: &str) -> Result<u64> {
        let mobile = mobile.to_owned();
        self.engine.write("unvalidate", move |c, _| person::unvalidate(c, now, &mobile)).await
    }

    async fn blocked_emails(&self) -> Result<Vec<BlockedEmail>> {
        self.engine.read("blocked_emails", blocked_emails::all).await
    }

    async fn put_blocked_email(&self, entry: &BlockedEmail) -> Result<()> {
        let entry = entry.clone();
        self.engine.write("put_blocked_email", move |c, _| blocked_emails::put(c, &entry)).await
    }

    async fn receivers(&self) -> Result<Vec<Receiver>> {
        self.engine.read("receivers", receivers::all).await
    }

    async fn put_receiver(&self, now: Timestamp, receiver: &Receiver) -> Result<()> {
        let receiver = receiver.clone();
        self.engine.write("put_receiver", move |c, _| receivers::put(c, now, &receiver)).await
    }

    async fn sightings(&self) -> Result<Vec<Sighting>> {
        self.engine.read("sightings", receivers::sightings).await
    }

    async fn note_sightings(&self, seen: &[Sighting]) -> Result<()> {
        let seen = seen.to_vec();
        self.engine.write("note_sightings", move |c, _| receivers::note(c, &seen)).await
    }

    async fn purge(&self, before: Timestamp, max: usize, remote: bool) -> Result<usize> {
        self.engine.write("purge", move |c, _| tables::purge(c, before, max, remote)).await
    }
}
