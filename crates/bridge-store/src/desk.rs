//! What people look at: searches over the audit tables, page by page, the figures that are kept while rows are
//! written, and the incidents. Reads only, but for
//! incidents and what age removes; nothing here judges or validates.
//!
//! No search reads more than a bounded number of rows for one page: where what is asked for is rare among what has to
//! be looked through, the page says how far it came, and the next one goes on from there.

mod figures;
mod incident;
mod latency;
mod people;
mod sms;

use std::collections::HashSet;

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};
use uuid::Uuid;

pub use self::figures::{
    DropOut, Failures, Funnel, Outcomes, ReceiverRate, RefusalRate, RegistrationRate, Sender, SmsRate,
};
pub use self::incident::Incident;
pub use self::latency::{Kind, LATENCY_GRAIN, bounds, bucket_of};
pub use self::latency::{Latencies, Latency};
pub use self::people::{
    BlacklistPlace, OnboardingFilter, OnboardingRow, QuarantineRow, RefusalFilter, RefusalRow, SettingChange,
    ValidatedFilter, ValidatedRow, WaitingRow,
};
pub use self::sms::{MobileFilter, SmsFilter, SmsStory, Waited};
use crate::Result;
use crate::audit::{Blacklisted, SmsRow};
use crate::place::Place;

/// One page of a list, newest first unless the operation says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C = Place> {
    /// What was found.
    pub rows: Vec<T>,
    /// Where the next page begins; none: this was the last one.
    pub next: Option<C>,
    /// The page is not full because so much had to be looked through: all since then was, the rest comes after `next`.
    pub scanned_until: Option<Timestamp>,
}

impl<T, C> Page<T, C> {
    /// Nothing, and nothing more to come.
    #[must_use]
    pub fn empty() -> Page<T, C> {
        Page { rows: Vec::new(), next: None, scanned_until: None }
    }
}

/// How many rows a search looks through for one page at most.
pub const SCAN: usize = 10_000;
/// Up to so many rows with a number that begins like that are sorted; more are looked through in order of time.
pub const FEW: usize = 5_000;

/// At most so many incidents are shown at once.
pub const INCIDENTS: usize = 1_000;
/// An SMS may be older than the onboarding that it is judged against by as much as two clocks differ.
pub const CLOCKS: Span = Span(3_600_000);
/// From steps of this length on, figures are read by hours.
pub const HOUR: Span = Span(3_600_000);
/// What figures of minutes are counted in.
pub const MINUTE: Span = Span(60_000);

/// The beginning of the stretch of that length in which a time lies.
pub fn floor(at: Timestamp, length: Span) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(length.0.max(1)))
}

/// A step that figures can be read in: whole minutes, or whole hours.
pub fn step(step: Span) -> Span {
    let grain = if step >= HOUR { HOUR } else { MINUTE };
    Span((step.0 / grain.0).max(1) * grain.0)
}

/// What people look at. A page has at most `max` rows; `before` and `after` are the `next` of the page before.
/// Ranges of time begin at `from` and end before `to`.
#[async_trait]
pub trait DeskStore: Send + Sync + 'static {
    /// Judged SMS that the filter lets through.
    async fn search_sms(&self, filter: &SmsFilter, before: Option<Place>, max: usize)
    -> Result<Page<SmsRow>>;
    /// All that is kept of one SMS; none if nothing is.
    async fn sms_story(&self, sms_id: Uuid) -> Result<Option<SmsStory>>;
    /// The SMS that were judged against one onboarding, oldest first, at most `max`.
    async fn sms_of_onboarding(&self, onboarding: &OnboardingRow, max: usize) -> Result<Vec<SmsRow>>;
    /// Which of these SMS are written; none of them was received before `since`.
    async fn written_sms(&self, ids: &[Uuid], since: Timestamp) -> Result<HashSet<Uuid>>;

    /// Onboardings that the filter lets through.
    async fn search_onboardings(
        &self,
        filter: &OnboardingFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<OnboardingRow>>;
    /// One onboarding.
    async fn onboarding(&self, id: Uuid) -> Result<Option<OnboardingRow>>;
    /// Those of these onboardings that are written, in any order.
    async fn written_onboardings(&self, ids: &[Uuid]) -> Result<Vec<OnboardingRow>>;
    /// Validated numbers that the filter lets through.
    async fn search_validated(
        &self,
        filter: &ValidatedFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<ValidatedRow>>;
    /// How many they are; no more than so many are counted.
    async fn count_validated(&self, filter: &ValidatedFilter, max: usize) -> Result<usize>;
    /// Refused registrations that the filter lets through.
    async fn search_refusals(
        &self,
        filter: &RefusalFilter,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<RefusalRow>>;
    /// Changed settings, of one key or of all.
    async fn settings_history(
        &self,
        key: Option<&str>,
        before: Option<i64>,
        max: usize,
    ) -> Result<Page<SettingChange, i64>>;
    /// One change of a setting.
    async fn setting_change(&self, id: i64) -> Result<Option<SettingChange>>;
    /// Blacklisted numbers that begin like that.
    async fn blacklist_page(
        &self,
        prefix: &str,
        before: Option<&BlacklistPlace>,
        max: usize,
    ) -> Result<Page<Blacklisted, BlacklistPlace>>;
    /// SMS that were stored for later: those that still wait, those that were judged since, or both.
    async fn power_down_page(
        &self,
        processed: Option<bool>,
        before: Option<Place>,
        max: usize,
    ) -> Result<Page<WaitingRow>>;
    /// Bodies in quarantine, without the bodies.
    async fn quarantine_page(&self, before: Option<Place>, max: usize) -> Result<Page<QuarantineRow>>;

    /// Judged SMS by steps of time, steps without any left out. A step is a whole number of minutes, from an hour on of
    /// hours, and the first is whole.
    async fn sms_rates(&self, from: Timestamp, to: Timestamp, step: Span) -> Result<Vec<SmsRate>>;
    /// Judged SMS by receiver, in whole hours, by name.
    async fn receiver_rates(&self, from: Timestamp, to: Timestamp) -> Result<Vec<ReceiverRate>>;
    /// Registrations by steps of time, steps without any left out.
    async fn registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
        step: Span,
    ) -> Result<Vec<RegistrationRate>>;
    /// How many SMS failed at which check, the most frequent first.
    async fn failures_by_check(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Failures>>;
    /// What became of those who registered in that time.
    async fn funnel(&self, from: Timestamp, to: Timestamp) -> Result<Funnel>;
    /// How long it took, in steps of ten minutes.
    async fn latencies(&self, from: Timestamp, to: Timestamp) -> Result<Latencies>;
    /// Who sent the most SMS that failed, the worst first: of each check only the newest thousands of that time count.
    async fn top_failing_senders(&self, from: Timestamp, to: Timestamp, max: usize) -> Result<Vec<Sender>>;
    /// Refused registrations by hour and reason.
    async fn refusals_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<RefusalRate>>;

    /// Something went away, or was found to have been away. Told twice, it is one.
    async fn begin_incident(&self, what: &str, began_at: Timestamp, detail: &str) -> Result<()>;
    /// It is back. One that nobody began is begun and ended.
    async fn end_incident(
        &self,
        what: &str,
        began_at: Timestamp,
        ended_at: Timestamp,
        detail: &str,
    ) -> Result<()>;
    /// Incidents of which any part lies in that time, newest first.
    async fn incidents(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Incident>>;

    /// Deletes up to about `max` rows of each table of figures, and incidents, that are older than that. Answers how many.
    async fn purge_figures(&self, before: Timestamp, max: usize) -> Result<usize>;
}
