//! The operations, and the arguments that they are asked with.

use std::pin::Pin;

use bridge_core::onboarding::State;
use bridge_core::verdict::FailedAt;
use bridge_core::{Span, Timestamp};
use bridge_store::DeskStore;
use bridge_store::desk::{MobileFilter, OnboardingFilter, Page, RefusalFilter, SmsFilter, ValidatedFilter};
use bridge_store::place::Place;
use rand::RngExt;
use rand::rngs::StdRng;

use super::fill;
use crate::Outcome;

/// As many rows as a page of the desk has.
const PAGE: usize = 50;
const HOUR: Span = Span(3_600_000);
const DAY: Span = Span(86_400_000);

/// What a question is about, by chance.
pub(super) struct Asked {
    mobile: String,
    receiver: String,
    check: Option<FailedAt>,
    /// Any time of those that are filled.
    at: Timestamp,
    number: i64,
}

impl Asked {
    pub(super) fn by_chance(random: &mut StdRng, rows: u32) -> Asked {
        let checks = [
            "onboarding_match",
            "header_hash_check",
            "count_check",
            "duplicate_check",
            "foreign_number_check",
        ];
        Asked {
            mobile: fill::number(random.random_range(0..fill::NUMBERS)),
            receiver: format!("phone-{}", random.random_range(0..fill::RECEIVERS)),
            check: FailedAt::from_word(checks[random.random_range(0..checks.len())]),
            at: fill::END - Span(random.random_range(0..fill::LENGTH.0)),
            number: random.random_range(0..i64::from(rows)),
        }
    }

    fn before(&self) -> Option<Place> {
        Some(Place { at: self.at, id: self.number })
    }

    fn exactly(&self) -> Option<MobileFilter> {
        Some(MobileFilter::Exactly(self.mobile.clone()))
    }

    fn begins(&self, length: usize) -> Option<MobileFilter> {
        Some(MobileFilter::Prefix(self.mobile[..length].to_owned()))
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Outcome<usize>> + 'a>>;
/// A question, and how it is asked; answered is how many rows came.
type Question = (&'static str, for<'a> fn(&'a dyn DeskStore, Asked) -> Answer<'a>);

async fn page<T, C>(page: impl Future<Output = bridge_store::Result<Page<T, C>>>) -> Outcome<usize> {
    Ok(page.await?.rows.len())
}

async fn list<T>(list: impl Future<Output = bridge_store::Result<Vec<T>>>) -> Outcome<usize> {
    Ok(list.await?.len())
}

async fn sms(desk: &dyn DeskStore, filter: SmsFilter, before: Option<Place>) -> Outcome<usize> {
    page(desk.search_sms(&filter, before, PAGE)).await
}

fn all() -> SmsFilter {
    SmsFilter::default()
}

macro_rules! questions {
    ($($name:literal |$desk:ident, $asked:ident| $answer:expr;)*) => {
        pub(super) const QUESTIONS: &[Question] = &[
            $(($name, |$desk, $asked| Box::pin(async move { $answer.await }))),*
        ];
    };
}

questions! {
    "sms: newest" |d, _a| sms(d, all(), None);
    "sms: before a place" |d, a| sms(d, all(), a.before());
    "sms: number" |d, a| sms(d, SmsFilter { mobile: a.exactly(), ..all() }, None);
    "sms: unknown number" |d, _a| sms(d, SmsFilter { mobile: Some(MobileFilter::Exactly("+4400".into())), ..all() }, None);
    "sms: 10 of its characters" |d, a| sms(d, SmsFilter { mobile: a.begins(10), ..all() }, None);
    "sms: 8 of its characters" |d, a| sms(d, SmsFilter { mobile: a.begins(8), ..all() }, None);
    "sms: 5 of its characters" |d, a| sms(d, SmsFilter { mobile: a.begins(5), ..all() }, a.before());
    "sms: receiver" |d, a| sms(d, SmsFilter { receiver: Some(a.receiver.clone()), ..all() }, a.before());
    "sms: passed" |d, a| sms(d, SmsFilter { passed: Some(true), ..all() }, a.before());
    "sms: failed" |d, a| sms(d, SmsFilter { passed: Some(false), ..all() }, a.before());
    "sms: check" |d, a| sms(d, SmsFilter { failed_at: a.check, ..all() }, a.before());
    "sms: late" |d, a| sms(d, SmsFilter { late: true, ..all() }, a.before());
    "sms: one hour" |d, a| sms(d, SmsFilter { from: Some(a.at), to: Some(a.at + HOUR), ..all() }, None);
    "sms: receiver, check" |d, a| sms(d, SmsFilter { receiver: Some(a.receiver.clone()), failed_at: a.check, ..all() }, a.before());
    "sms: receiver, passed" |d, a| sms(d, SmsFilter { receiver: Some(a.receiver.clone()), passed: Some(true), ..all() }, None);
    "sms: receiver, failed" |d, a| sms(d, SmsFilter { receiver: Some(a.receiver.clone()), passed: Some(false), ..all() }, None);
    "sms: receiver, check, one day" |d, a| sms(d, SmsFilter { receiver: Some(a.receiver.clone()), failed_at: a.check, from: Some(a.at), to: Some(a.at + DAY), ..all() }, None);
    "sms: 5 characters, check" |d, a| sms(d, SmsFilter { mobile: a.begins(5), failed_at: a.check, ..all() }, a.before());
    "sms: 8 characters, receiver" |d, a| sms(d, SmsFilter { mobile: a.begins(8), receiver: Some(a.receiver.clone()), ..all() }, a.before());
    "sms: 8 characters, receiver, failed, late" |d, a| sms(d, SmsFilter { mobile: a.begins(8), receiver: Some(a.receiver.clone()), passed: Some(false), late: true, ..all() }, None);
    "sms: number, receiver, check" |d, a| sms(d, SmsFilter { mobile: a.exactly(), receiver: Some(a.receiver.clone()), failed_at: a.check, ..all() }, None);
    "sms: no such receiver" |d, _a| sms(d, SmsFilter { receiver: Some("nobody".into()), ..all() }, None);
    "story of an SMS" |d, a| async move {
        let id = fill::sms_id(a.number);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(usize::from(d.sms_story(id).await?.is_some()))
    };
    "onboardings: newest" |d, _a| page(d.search_onboardings(&OnboardingFilter::default(), None, PAGE));
    "onboardings: number" |d, a| async move {
        let filter = OnboardingFilter { mobile: a.exactly(), ..OnboardingFilter::default() };
        page(d.search_onboardings(&filter, None, PAGE)).await
    };
    "onboardings: 8 of its characters" |d, a| async move {
        let filter = OnboardingFilter { mobile: a.begins(8), ..OnboardingFilter::default() };
        page(d.search_onboardings(&filter, a.before(), PAGE)).await
    };
    "onboardings: e-mail" |d, a| async move {
        let email = Some(format!("user{}@example.org", a.number % 1_000_000));
        let filter = OnboardingFilter { email, ..OnboardingFilter::default() };
        page(d.search_onboardings(&filter, None, PAGE)).await
    };
    "onboardings: cancelled, 5 characters" |d, a| async move {
        let filter = OnboardingFilter { mobile: a.begins(5), state: Some(State::Cancelled), ..OnboardingFilter::default() };
        page(d.search_onboardings(&filter, a.before(), PAGE)).await
    };
    "SMS of an onboarding" |d, a| async move {
        let found = match d.onboarding(fill::onboarding_id(a.number / fill::PER_ONBOARDING)).await? {
            Some(onboarding) => d.sms_of_onboarding(&onboarding, PAGE).await?.len(),
            None => 0,
        };
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(found)
    };
    "validated: 8 characters" |d, a| async move { page(d.search_validated(&ValidatedFilter { mobile: a.begins(8), ..ValidatedFilter::default() }, None, PAGE)).await };
    "validated: the newest" |d, _a| async move { page(d.search_validated(&ValidatedFilter::default(), None, PAGE)).await };
    "validated: how many in an hour" |d, a| async move { Ok(d.count_validated(&ValidatedFilter { from: Some(a.at), to: Some(a.at + HOUR), mobile: None }, 100_000).await?) };
    "refusals: newest" |d, a| async move { page(d.search_refusals(&RefusalFilter::default(), a.before(), PAGE)).await };
    "refusals: 8 characters, reason" |d, a| async move {
        let filter = RefusalFilter { mobile: a.begins(8), reason: Some("rate_limited".into()), ..RefusalFilter::default() };
        page(d.search_refusals(&filter, None, PAGE)).await
    };
    "settings: history" |d, _a| page(d.settings_history(None, None, PAGE));
    "blacklist: page" |d, _a| page(d.blacklist_page("", None, PAGE));
    "blacklist: 6 characters" |d, a| async move { page(d.blacklist_page(&a.mobile[..6], None, PAGE)).await };
    "stored for later: all" |d, a| async move { page(d.power_down_page(None, a.before(), PAGE)).await };
    "stored for later: waits" |d, _a| page(d.power_down_page(Some(false), None, PAGE));
    "quarantine: page" |d, _a| page(d.quarantine_page(None, PAGE));
    "SMS by minute, 6 hours" |d, a| list(d.sms_rates(a.at, a.at + Span(6 * HOUR.0), Span(60_000)));
    "SMS by minute, a day" |d, a| list(d.sms_rates(a.at, a.at + DAY, Span(60_000)));
    "SMS by hour, 90 days" |d, _a| list(d.sms_rates(fill::END - fill::LENGTH, fill::END, HOUR));
    "SMS by receiver, a day" |d, a| list(d.receiver_rates(a.at, a.at + DAY));
    "registrations by minute, a day" |d, a| list(d.registrations(a.at, a.at + DAY, Span(60_000)));
    "registrations by day, 90 days" |d, _a| list(d.registrations(fill::END - fill::LENGTH, fill::END, DAY));
    "failures by check, a day" |d, a| list(d.failures_by_check(a.at, a.at + DAY));
    "failures by check, 90 days" |d, _a| list(d.failures_by_check(fill::END - fill::LENGTH, fill::END));
    "funnel, a day" |d, a| async move {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(d.funnel(a.at, a.at + DAY).await?.drop_outs.len())
    };
    "funnel, 90 days" |d, _a| async move {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(d.funnel(fill::END - fill::LENGTH, fill::END).await?.drop_outs.len())
    };
    "latencies, a day" |d, a| async move {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(usize::from(d.latencies(a.at, a.at + DAY).await?.verdict.count > 0))
    };
    "latencies, 90 days" |d, _a| async move {
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(usize::from(d.latencies(fill::END - fill::LENGTH, fill::END).await?.verdict.count > 0))
    };
    "worst senders, a day" |d, a| list(d.top_failing_senders(a.at, a.at + DAY, 20));
    "worst senders, 90 days" |d, _a| list(d.top_failing_senders(fill::END - fill::LENGTH, fill::END, 20));
    "refusals by hour, a day" |d, a| list(d.refusals_by_hour(a.at, a.at + DAY));
    "incidents, 90 days" |d, _a| list(d.incidents(fill::END - fill::LENGTH, fill::END));
}
