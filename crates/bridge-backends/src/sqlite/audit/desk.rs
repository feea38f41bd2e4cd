//! The audit store in one file as people look at it.

pub(super) mod figures;
mod incidents;
mod page;
mod people;
mod sms;

use std::collections::HashSet;

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::{Blacklisted, SmsRow};
use bridge_store::desk::{
    BlacklistPlace, DeskStore, Failures, Funnel, Incident, Latencies, OnboardingFilter, OnboardingRow, Page,
    QuarantineRow, ReceiverRate, RefusalFilter, RefusalRate, RefusalRow, RegistrationRate, Sender,
    SettingChange, SmsFilter, SmsRate, SmsStory, ValidatedFilter, ValidatedRow, WaitingRow,
};
use bridge_store::place::Place;
use uuid::Uuid;

use super::store::SqliteAudit;
use crate::sqlite::engine::Json;

/// As they stand in the tables.
fn texts(ids: &[Uuid]) -> Json<Vec<String>> {
    Json(ids.iter().map(Uuid::to_string).collect())
}

#[async_trait]
impl DeskStore for SqliteAudit {
    async fn search_sms(
        &self,
        filter: &SmsFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<SmsRow>> {
        let filter = filter.clone();
        self.engine.read("search_sms", move |c| sms::search(c, &filter, before, max)).await
    }

    async fn sms_story(&self, sms_id: Uuid) -> Result<Option<SmsStory>> {
        self.engine.read("sms_story", move |c| sms::story(c, sms_id)).await
    }

    async fn sms_of_onboarding(&self, onboarding: &OnboardingRow, max: usize) -> Result<Vec<SmsRow>> {
        let onboarding = onboarding.onboarding.clone();
        self.engine.read("sms_of_onboarding", move |c| sms::of_onboarding(c, &onboarding, max)).await
    }

    async fn written_sms(&self, ids: &[Uuid], _since: Timestamp) -> Result<HashSet<Uuid>> {
        let ids = texts(ids);
        self.engine.read("written_sms", move |c| sms::written(c, &ids)).await
    }

    async fn search_onboardings(
        &self,
        filter: &OnboardingFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<OnboardingRow>> {
        let filter = filter.clone();
        self.engine.read("search_onboardings", move |c| people::onboardings(c, &filter, before, max)).await
    }

    async fn onboarding(&self, id: Uuid) -> Result<Option<OnboardingRow>> {
        self.engine.read("onboarding", move |c| people::onboarding(c, id)).await
    }

    async fn written_onboardings(&self, ids: &[Uuid]) -> Result<Vec<OnboardingRow>> {
        let ids = texts(ids);
        self.engine.read("written_onboardings", move |c| people::written(c, &ids)).await
    }

    async fn search_validated(
        &self,
        filter: &ValidatedFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<ValidatedRow>> {
        let filter = filter.clone();
        self.engine.read("search_validated", move |c| people::validated(c, &filter, before, max)).await
    }

    async fn count_validated(&self, filter: &ValidatedFilter, max: usize) -> Result<usize> {
        let filter = filter.clone();
        self.engine.read("count_validated", move |c| people::count_validated(c, &filter, max)).await
    }

    async fn search_refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<RefusalRow>> {
        let filter = filter.clone();
        self.engine.read("search_refusals", move |c| people::refusals(c, &filter, before, max)).await
    }

    async fn settings_history(
        &self,
        key: Option<&str>,
        before: Option<i64>,
        max: usize,
    ) -> Result<Page<SettingChange, i64>> {
        let key = key.map(str::to_owned);
        self.engine
            .read("settings_history", move |c| people::settings_history(c, key.as_deref(), before, max))
            .await
    }

    async fn setting_change(&self, id: i64) -> Result<Option<SettingChange>> {
        self.engine.read("setting_change", move |c| people::setting_change(c, id)).await
    }

    async fn blacklist_page(
        &self,
        prefix: &str,
        before: Option<&BlacklistPlace>,
        max: usize,
    ) -> Result<Page<Blacklisted, BlacklistPlace>> {
        let (prefix, before) = (prefix.to_owned(), before.cloned());
        self.engine.read("blacklist_page", move |c| people::blacklist(c, &prefix, before.as_ref(), max)).await
    }

    async fn power_down_page(
        &self,
        processed: Option<bool>,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<WaitingRow>> {
        self.engine.read("power_down_page", move |c| people::power_down(c, processed, before, max)).await
    }

    async fn quarantine_page(&self, before: Option<Place>, max: usize) -> Result<Page<QuarantineRow>> {
        self.engine.read("quarantine_page", move |c| people::quarantine(c, before, max)).await
    }

    async fn sms_rates(&self, from: Timestamp, to: Timestamp, step: Span) -> Result<Vec<SmsRate>> {
        self.engine.read("sms_rates", move |c| figures::sms_rates(c, from, to, step)).await
    }

    async fn receiver_rates(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ReceiverRate>> {
        self.engine.read("receiver_rates", move |c| figures::receiver_rates(c, from, to)).await
    }

    async fn registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
        step: Span,
    ) -> Result<Vec<RegistrationRate>> {
        self.engine.read("registrations", move |c| figures::registrations(c, from, to, step)).await
    }

    async fn failures_by_check(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Failures>> {
        self.engine.read("failures_by_check", move |c| figures::failures_by_check(c, from, to)).await
    }

    async fn funnel(&self, from: Timestamp, to: Timestamp) -> Result<Funnel> {
        self.engine.read("funnel", move |c| figures::funnel(c, from, to)).await
    }

    async fn latencies(&self, from: Timestamp, to: Timestamp) -> Result<Latencies> {
        self.engine.read("latencies", move |c| figures::latencies(c, from, to)).await
    }

    async fn top_failing_senders(&self, from: Timestamp, to: Timestamp, max: usize) -> Result<Vec<Sender>> {
        self.engine.read("top_failing_senders", move |c| sms::top_failing_senders(c, from, to, max)).await
    }

    async fn refusals_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<RefusalRate>> {
        self.engine.read("refusals_by_hour", move |c| figures::refusals_by_hour(c, from, to)).await
    }

    async fn begin_incident(&self, what: &str, began_at: Timestamp, detail: &str) -> Result<()> {
        let (what, detail) = (what.to_owned(), detail.to_owned());
        self.engine
            .write("begin_incident", move |c, _| incidents::note(c, &what, began_at, None, &detail))
            .await
    }

    async fn end_incident(
        &self,
        what: &str,
        began_at: Timestamp,
        ended_at: Timestamp,
        detail: &str,
    ) -> Result<()> {
        let (what, detail) = (what.to_owned(), detail.to_owned());
        self.engine
            .write("end_incident", move |c, _| incidents::note(c, &what, began_at, Some(ended_at), &detail))
            .await
    }

    async fn incidents(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>> {
        self.engine.read("incidents", move |c| incidents::between(c, from, to)).await
    }

    async fn purge_figures(&self, before: Timestamp, max: usize) -> Result<usize> {
        self.engine
            .write("purge_figures", move |c, _| {
                Ok(figures::purge(c, before, max)? + incidents::purge(c, before, max)?)
            })
            .await
    }
}
