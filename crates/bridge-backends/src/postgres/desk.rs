//! The audit store as people look at it.

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

use super::lease::{BATCH, QUICK};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl DeskStore for PostgresAudit {
    async fn search_sms(
        &self,
        filter: &SmsFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<SmsRow>> {
        on_lease!(self.search_sms(BATCH, sms::search, filter, before, max))
    }

    async fn sms_story(&self, sms_id: Uuid) -> Result<Option<SmsStory>> {
        on_lease!(self.sms_story(QUICK, sms::story, sms_id))
    }

    async fn sms_of_onboarding(&self, onboarding: &OnboardingRow, max: usize) -> Result<Vec<SmsRow>> {
        on_lease!(self.sms_of_onboarding(QUICK, sms::of_onboarding, onboarding, max))
    }

    async fn written_sms(&self, ids: &[Uuid], since: Timestamp) -> Result<HashSet<Uuid>> {
        on_lease!(self.written_sms(QUICK, sms::written, ids, since))
    }

    async fn search_onboardings(
        &self,
        filter: &OnboardingFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<OnboardingRow>> {
        on_lease!(self.search_onboardings(BATCH, people::onboardings, filter, before, max))
    }

    async fn onboarding(&self, id: Uuid) -> Result<Option<OnboardingRow>> {
        on_lease!(self.onboarding(QUICK, people::onboarding, id))
    }

    async fn written_onboardings(&self, ids: &[Uuid]) -> Result<Vec<OnboardingRow>> {
        on_lease!(self.written_onboardings(QUICK, people::written, ids))
    }

    async fn search_validated(
        &self,
        filter: &ValidatedFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<ValidatedRow>> {
        on_lease!(self.search_validated(QUICK, people::validated, filter, before, max))
    }

    async fn count_validated(&self, filter: &ValidatedFilter, max: usize) -> Result<usize> {
        on_lease!(self.count_validated(QUICK, people::count_validated, filter, max))
    }

    async fn search_refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<RefusalRow>> {
        on_lease!(self.search_refusals(BATCH, people::refusals, filter, before, max))
    }

    async fn settings_history(
        &self,
        key: Option<&str>,
        before: Option<i64>,
        max: usize,
    ) -> Result<Page<SettingChange, i64>> {
        on_lease!(self.settings_history(QUICK, people::settings_history, key, before, max))
    }

    async fn setting_change(&self, id: i64) -> Result<Option<SettingChange>> {
        on_lease!(self.setting_change(QUICK, people::setting_change, id))
    }

    async fn blacklist_page(
        &self,
        prefix: &str,
        before: Option<&BlacklistPlace>,
        max: usize,
    ) -> Result<Page<Blacklisted, BlacklistPlace>> {
        on_lease!(self.blacklist_page(BATCH, people::blacklist, prefix, before, max))
    }

    async fn power_down_page(
        &self,
        processed: Option<bool>,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<WaitingRow>> {
        on_lease!(self.power_down_page(QUICK, people::power_down, processed, before, max))
    }

    async fn quarantine_page(&self, before: Option<Place>, max: usize) -> Result<Page<QuarantineRow>> {
        on_lease!(self.quarantine_page(QUICK, people::quarantine, before, max))
    }

    async fn sms_rates(&self, from: Timestamp, to: Timestamp, step: Span) -> Result<Vec<SmsRate>> {
        on_lease!(self.sms_rates(BATCH, figures::sms_rates, from, to, step))
    }

    async fn receiver_rates(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ReceiverRate>> {
        on_lease!(self.receiver_rates(BATCH, figures::receiver_rates, from, to))
    }

    async fn registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
        step: Span,
    ) -> Result<Vec<RegistrationRate>> {
        on_lease!(self.registrations(BATCH, figures::registrations, from, to, step))
    }

    async fn failures_by_check(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Failures>> {
        on_lease!(self.failures_by_check(BATCH, figures::failures_by_check, from, to))
    }

    async fn funnel(&self, from: Timestamp, to: Timestamp) -> Result<Funnel> {
        on_lease!(self.funnel(BATCH, figures::funnel, from, to))
    }

    async fn latencies(&self, from: Timestamp, to: Timestamp) -> Result<Latencies> {
        on_lease!(self.latencies(BATCH, figures::latencies, from, to))
    }

    async fn top_failing_senders(&self, from: Timestamp, to: Timestamp, max: usize) -> Result<Vec<Sender>> {
        on_lease!(self.top_failing_senders(BATCH, sms::top_failing_senders, from, to, max))
    }

    async fn refusals_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<RefusalRate>> {
        on_lease!(self.refusals_by_hour(BATCH, figures::refusals_by_hour, from, to))
    }

    async fn begin_incident(&self, what: &str, began_at: Timestamp, detail: &str) -> Result<()> {
        on_lease!(self.begin_incident(QUICK, incidents::note, what, began_at, None, detail))
    }

    async fn end_incident(
        &self,
        what: &str,
        began_at: Timestamp,
        ended_at: Timestamp,
        detail: &str,
    ) -> Result<()> {
        on_lease!(self.end_incident(QUICK, incidents::note, what, began_at, Some(ended_at), detail))
    }

    async fn incidents(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>> {
        on_lease!(self.incidents(QUICK, incidents::between, from, to))
    }

    async fn purge_figures(&self, before: Timestamp, max: usize) -> Result<usize> {
        on_lease!(self.purge_figures(BATCH, figures::purge, before, max))
    }
}
