//! What people look at, as one: the audit store, and what the hot store has that is not written there yet. What was
//! judged or registered a second ago is found, told and counted like what is a year old. Not for those who judge or
//! carry rows: they ask each store by itself.

mod figures;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use bridge_core::verdict::FailedAt;
use bridge_core::{Onboarding, Span, State, Timestamp};
use bridge_store::audit::{Blacklisted, SmsRow};
use bridge_store::desk::{
    BlacklistPlace, Failures, Funnel, HOUR, Incident, Latencies, MINUTE, OnboardingFilter, OnboardingRow,
    Outcomes, Page, QuarantineRow, ReceiverRate, RefusalFilter, RefusalRate, RefusalRow, RegistrationRate,
    Sender, SettingChange, SmsFilter, SmsRate, SmsStory, ValidatedFilter, ValidatedRow, WaitingRow, floor,
    step as whole,
};
use bridge_store::judged::QueuedSms;
use bridge_store::place::Place;
use bridge_store::{DeskStore, HotStore, Result};
use uuid::Uuid;

use self::figures::{Reading, asked};
use crate::base::clock::Clock;
use crate::base::deadline::{GLANCE, store_within};
use crate::state::availability::Availability;

/// Of the SMS that wait to be written, so many are looked at, the newest first.
pub const WAITING_SMS: usize = 5_000;
/// Of the onboardings that wait to be written, so many are looked at.
const WAITING_ONBOARDINGS: usize = 1_000;

/// Both stores.
struct Together {
    desk: Arc<dyn DeskStore>,
    hot: Arc<dyn HotStore>,
    availability: Arc<Availability>,
    clock: Clock,
}

/// Both stores as one. While the hot store does not judge, what waits in it is not seen.
pub(crate) fn desk(
    desk: Arc<dyn DeskStore>,
    hot: Arc<dyn HotStore>,
    availability: Arc<Availability>,
    clock: Clock,
) -> Arc<dyn DeskStore> {
    Arc::new(Together { desk, hot, availability, clock })
}

/// A row that stands in both stores for a while.
trait Row {
    fn key(&self) -> Uuid;
    fn place(&self) -> Place;
}

impl Row for SmsRow {
    fn key(&self) -> Uuid {
        self.sms_id
    }
    fn place(&self) -> Place {
        SmsRow::place(self)
    }
}

impl Row for OnboardingRow {
    fn key(&self) -> Uuid {
        self.onboarding.id
    }
    fn place(&self) -> Place {
        OnboardingRow::place(self)
    }
}

/// A page of what is written with what waits and belongs on it. What waits is newer than what is written of the same;
/// `known` are the keys of all that waits.
fn merged<T: Row>(
    written: Page<T>,
    waiting: impl Iterator<Item = T>,
    known: &HashSet<Uuid>,
    before: Option<Place>,
    max: usize,
) -> Page<T> {
    let Page { mut rows, next, scanned_until } = written;
    rows.retain(|row| !known.contains(&row.key()));
    let is_here = |row: &T| {
        let place = row.place();
        before.is_none_or(|before| place < before) && next.is_none_or(|next| place >= next)
    };
    rows.extend(waiting.filter(is_here));
    rows.sort_by_key(|row| Reverse(row.place()));
    if rows.len() <= max {
        return Page { rows, next, scanned_until };
    }
    rows.truncate(max);
    Page { next: rows.last().map(Row::place), rows, scanned_until: None }
}

/// Where somebody who registered stands, as it is counted.
fn stands(row: &OnboardingRow) -> (State, Option<String>) {
    (row.onboarding.state, row.last_sms.clone())
}

impl Together {
    /// The SMS that wait to be written, the newest first.
    async fn sms(&self) -> Vec<QueuedSms> {
        if !self.availability.is_open() {
            return Vec::new();
        }
        store_within(GLANCE, "newest_sms", self.hot.newest_sms(WAITING_SMS)).await.unwrap_or_default()
    }

    /// The onboardings that wait to be written, as they are now.
    async fn onboardings(&self) -> Vec<OnboardingRow> {
        if !self.availability.is_open() {
            return Vec::new();
        }
        let asked = self.hot.queued_onboardings(WAITING_ONBOARDINGS);
        let waiting: Vec<Onboarding> =
            store_within(GLANCE, "queued_onboardings", asked).await.unwrap_or_default();
        waiting.into_iter().enumerate().map(|(n, onboarding)| OnboardingRow::waiting(n, onboarding)).collect()
    }

    /// What the last SMS of one came to that is not over: the table hears of it at its end.
    async fn with_last_sms(&self, row: OnboardingRow) -> OnboardingRow {
        if row.onboarding.state != State::Pending || row.last_sms.is_some() || !self.availability.is_open() {
            return row;
        }
        let asked = self.hot.onboarding(self.clock.now(), row.onboarding.id);
        match store_within(GLANCE, "onboarding", asked).await {
            Ok(Some(now)) => OnboardingRow { id: row.id, ..OnboardingRow::waiting(0, now) },
            Ok(None) | Err(_) => row,
        }
    }
}

/// In what figures of such steps are counted.
fn grain(step: Span) -> Span {
    if step >= HOUR { HOUR } else { MINUTE }
}

fn count(outcomes: &mut Outcomes, queued: &QueuedSms) {
    if queued.verdict.passed() {
        outcomes.passed += 1;
    } else {
        outcomes.failed += 1;
    }
}

/// Whoever asks for both asks the hot store first: what is written meanwhile is in both then, never in none.
#[async_trait]
impl DeskStore for Together {
    async fn search_sms(
        &self,
        filter: &SmsFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<SmsRow>> {
        let waiting = self.sms().await;
        let written = self.desk.search_sms(filter, before, max).await?;
        let known: HashSet<Uuid> = waiting.iter().map(|queued| queued.sms.sms_id).collect();
        let rows = waiting.iter().map(SmsRow::waiting).filter(|row| filter.lets_through(row));
        let shown = rows.map(|row| match filter.text_chars {
            Some(chars) => {
                SmsRow { sms_message: row.sms_message.chars().take(chars as usize).collect(), ..row }
            }
            None => row,
        });
        Ok(merged(written, shown, &known, before, max))
    }

    async fn sms_story(&self, sms_id: Uuid) -> Result<Option<SmsStory>> {
        let written = self.desk.sms_story(sms_id).await?;
        if written.as_ref().is_some_and(|story| story.judged.is_some()) {
            return Ok(written);
        }
        match self.sms().await.into_iter().find(|queued| queued.sms.sms_id == sms_id) {
            Some(queued) => Ok(Some(SmsStory {
                judged: Some(SmsRow::waiting(&queued)),
                sms: queued.sms,
                waited: written.and_then(|story| story.waited),
            })),
            // It may have been written in between.
            None => self.desk.sms_story(sms_id).await,
        }
    }

    async fn sms_of_onboarding(&self, onboarding: &OnboardingRow, max: usize) -> Result<Vec<SmsRow>> {
        let waiting = self.sms().await;
        let mut rows = self.desk.sms_of_onboarding(onboarding, max).await?;
        let known: HashSet<Uuid> = rows.iter().map(|row| row.sms_id).collect();
        let theirs = waiting.iter().filter(|queued| queued.onboarding_id == Some(onboarding.onboarding.id));
        rows.extend(theirs.map(SmsRow::waiting).filter(|row| !known.contains(&row.sms_id)));
        rows.sort_by_key(SmsRow::place);
        rows.truncate(max);
        Ok(rows)
    }

    async fn written_sms(&self, ids: &[Uuid], since: Timestamp) -> Result<HashSet<Uuid>> {
        self.desk.written_sms(ids, since).await
    }

    async fn search_onboardings(
        &self,
        filter: &OnboardingFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<OnboardingRow>> {
        let waiting = self.onboardings().await;
        let written = self.desk.search_onboardings(filter, before, max).await?;
        let known: HashSet<Uuid> = waiting.iter().map(Row::key).collect();
        let rows = waiting.into_iter().filter(|row| filter.lets_through(&row.onboarding));
        let page = merged(written, rows, &known, before, max);
        let mut rows = Vec::with_capacity(page.rows.len());
        for row in page.rows {
            rows.push(self.with_last_sms(row).await);
        }
        Ok(Page { rows, ..page })
    }

    async fn onboarding(&self, id: Uuid) -> Result<Option<OnboardingRow>> {
        match self.onboardings().await.into_iter().find(|row| row.onboarding.id == id) {
            Some(waiting) => Ok(Some(waiting)),
            None => self.desk.onboarding(id).await,
        }
    }

    async fn written_onboardings(&self, ids: &[Uuid]) -> Result<Vec<OnboardingRow>> {
        self.desk.written_onboardings(ids).await
    }

    async fn sms_rates(&self, from: Timestamp, to: Timestamp, step: Span) -> Result<Vec<SmsRate>> {
        let step = whole(step);
        let figures = asked!(self.desk, sms_rates(from, to, step));
        let (waiting, written) = self.counted(floor(from, step), to, grain(step), figures).await?;
        let mut steps: BTreeMap<Timestamp, Outcomes> =
            written.into_iter().map(|rate| (rate.at, rate.count)).collect();
        for queued in &waiting {
            count(steps.entry(floor(queued.sms.counted_at(), step)).or_default(), queued);
        }
        Ok(steps.into_iter().map(|(at, count)| SmsRate { at, count }).collect())
    }

    async fn receiver_rates(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ReceiverRate>> {
        let (waiting, written) =
            self.counted(from, to, HOUR, asked!(self.desk, receiver_rates(from, to))).await?;
        let mut receivers: BTreeMap<String, Outcomes> =
            written.into_iter().map(|rate| (rate.receiver_id, rate.count)).collect();
        for queued in &waiting {
            count(receivers.entry(queued.sms.receiver_id.clone()).or_default(), queued);
        }
        Ok(receivers.into_iter().map(|(receiver_id, count)| ReceiverRate { receiver_id, count }).collect())
    }

    async fn registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
        step: Span,
    ) -> Result<Vec<RegistrationRate>> {
        let step = whole(step);
        let figures = asked!(self.desk, registrations(from, to, step));
        let (changed, written) = self.changed(floor(from, step), to, figures).await?;
        let mut steps: BTreeMap<Timestamp, RegistrationRate> =
            written.into_iter().map(|rate| (rate.at, rate)).collect();
        let is_validated = |row: &OnboardingRow| row.onboarding.state == State::Validated;
        for (written, now) in changed {
            let at = floor(now.onboarding.request_timestamp, step);
            let rate = steps.entry(at).or_insert(RegistrationRate { at, registered: 0, validated: 0 });
            rate.registered += u64::from(written.is_none());
            rate.validated += u64::from(is_validated(&now) && !written.as_ref().is_some_and(is_validated));
        }
        Ok(steps.into_values().collect())
    }

    async fn failures_by_check(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Failures>> {
        let (waiting, mut failures) =
            self.counted(from, to, MINUTE, asked!(self.desk, failures_by_check(from, to))).await?;
        for check in waiting.iter().filter_map(|queued| queued.verdict.failed_at).map(FailedAt::as_str) {
            match failures.iter_mut().find(|one| one.check == check) {
                Some(one) => one.count += 1,
                None => failures.push(Failures { check: check.to_owned(), count: 1 }),
            }
        }
        failures.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.check.cmp(&b.check)));
        Ok(failures)
    }

    async fn funnel(&self, from: Timestamp, to: Timestamp) -> Result<Funnel> {
        let (changed, mut funnel) =
            self.changed(floor(from, MINUTE), to, asked!(self.desk, funnel(from, to))).await?;
        for (written, now) in &changed {
            funnel.moved(written.as_ref().map(stands), stands(now));
        }
        Ok(funnel)
    }

    async fn top_failing_senders(&self, from: Timestamp, to: Timestamp, max: usize) -> Result<Vec<Sender>> {
        let figures = asked!(self.desk, top_failing_senders(from, to, max));
        let (waiting, mut senders) = self.counted(from, to, Span(1), figures).await?;
        for queued in waiting.iter().filter(|queued| !queued.verdict.passed()) {
            let (mobile, at) = (queued.sms.mobile_number(), queued.sms.server_received_at);
            match senders.iter_mut().find(|sender| sender.mobile_number == mobile) {
                Some(sender) => {
                    sender.failed += 1;
                    sender.last_at = sender.last_at.max(at);
                }
                None => senders.push(Sender {
                    mobile_number: mobile.to_owned(),
                    failed: 1,
                    last_at: at,
                    blacklisted_at: None,
                }),
            }
        }
        // What is equal stays in order of the number.
        senders.sort_by(|a, b| a.mobile_number.cmp(&b.mobile_number));
        senders.sort_by_key(|sender| Reverse((sender.failed, sender.last_at)));
        senders.truncate(max);
        for sender in senders.iter_mut().filter(|sender| sender.blacklisted_at.is_none()) {
            let blocked = self.desk.blacklist_page(&sender.mobile_number, None, 1).await?;
            let blocked = blocked.rows.into_iter().find(|row| row.mobile_number == sender.mobile_number);
            sender.blacklisted_at = blocked.map(|row| row.blacklisted_at);
        }
        Ok(senders)
    }

    async fn search_validated(
        &self,
        filter: &ValidatedFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<ValidatedRow>> {
        self.desk.search_validated(filter, before, max).await
    }

    async fn count_validated(&self, filter: &ValidatedFilter, max: usize) -> Result<usize> {
        self.desk.count_validated(filter, max).await
    }

    async fn search_refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<RefusalRow>> {
        self.desk.search_refusals(filter, before, max).await
    }

    async fn settings_history(
        &self,
        key: Option<&str>,
        before: Option<i64>,
        max: usize,
    ) -> Result<Page<SettingChange, i64>> {
        self.desk.settings_history(key, before, max).await
    }

    async fn setting_change(&self, id: i64) -> Result<Option<SettingChange>> {
        self.desk.setting_change(id).await
    }

    async fn blacklist_page(
        &self,
        prefix: &str,
        before: Option<&BlacklistPlace>,
        max: usize,
    ) -> Result<Page<Blacklisted, BlacklistPlace>> {
        self.desk.blacklist_page(prefix, before, max).await
    }

    async fn power_down_page(
        &self,
        processed: Option<bool>,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<WaitingRow>> {
        self.desk.power_down_page(processed, before, max).await
    }

    async fn quarantine_page(&self, before: Option<Place>, max: usize) -> Result<Page<QuarantineRow>> {
        self.desk.quarantine_page(before, max).await
    }

    /// How long it took is counted when it is written.
    async fn latencies(&self, from: Timestamp, to: Timestamp) -> Result<Latencies> {
        self.desk.latencies(from, to).await
    }

    async fn refusals_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<RefusalRate>> {
        self.desk.refusals_by_hour(from, to).await
    }

    async fn begin_incident(&self, what: &str, began_at: Timestamp, detail: &str) -> Result<()> {
        self.desk.begin_incident(what, began_at, detail).await
    }

    async fn end_incident(
        &self,
        what: &str,
        began_at: Timestamp,
        ended_at: Timestamp,
        detail: &str,
    ) -> Result<()> {
        self.desk.end_incident(what, began_at, ended_at, detail).await
    }

    async fn incidents(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>> {
        self.desk.incidents(from, to).await
    }

    async fn purge_figures(&self, before: Timestamp, max: usize) -> Result<usize> {
        self.desk.purge_figures(before, max).await
    }
}
