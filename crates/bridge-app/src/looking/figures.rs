//! Figures of a stretch of time up to now: from the counts that are kept while rows are written, and from what only
//! this bridge knows so far.

use bridge_core::{Span, Timestamp};
use bridge_store::StoreError;
use bridge_store::audit::PageFunnel;
use bridge_store::desk::{
    Failures, Funnel, Incident, Latencies, Outcomes, RegistrationRate, SettingChange, SmsRate,
};

use crate::base::deadline::in_time;
use crate::bridge::App;
use crate::state::recent::Minute;

const MINUTE: i64 = 60_000;
/// Changes of settings that are read.
const CHANGES_MAX: usize = 50;

/// What happened in a stretch of time.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The same, step by step.
    pub slots: Slots,
    /// Of the whole stretch; none: the audit store is away, and the steps hold only what this bridge knows.
    pub kept: Option<Kept>,
}

/// How much there was in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Judged SMS.
    pub sms: u64,
    /// Registrations.
    pub registered: u64,
    /// Those of them that are validated by now.
    pub validated: u64,
}

/// The steps of a stretch of time, the newest last.
#[derive(Clone, Debug)]
pub struct Slots {
    /// When the first begins.
    pub from: Timestamp,
    /// When the last ends: it still runs.
    pub to: Timestamp,
    /// The length of one.
    pub step: Span,
    /// Judged SMS of each step.
    pub sms: Vec<Outcomes>,
    /// Registrations of each step.
    pub registered: Vec<Registered>,
}

/// Registrations of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// How many there were.
    pub all: u64,
    /// Those that are validated by now.
    pub validated: u64,
}

/// What the audit store keeps of a stretch of time.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What became of those who registered.
    pub funnel: Funnel,
    /// How far people came on their page, by language and platform, most first.
    pub pages: Vec<PageFunnel>,
    /// At which check SMS failed, the most frequent first.
    pub failures: Vec<Failures>,
    /// How long it took.
    pub latencies: Latencies,
    /// What was away.
    pub incidents: Vec<Incident>,
    /// Settings that were changed.
    pub changes: Vec<SettingChange>,
    /// How much there was in the stretch of the same length before.
    pub before: Totals,
}

/// The figures of so many steps of that length, up to the one that runs. A step is a whole number of minutes.
pub async fn look(app: &App, step: Span, steps: usize) -> Figures {
    let now = app.clock.now();
    let mut slots = Slots::new(step, steps, now);
    let mut kept = None;
    if app.availability.now().audit
        && let Ok((rates, registrations, found)) = in_time(read(app, &slots)).await
    {
        slots.fill(&rates, &registrations);
        kept = Some(found);
    }
    // What this bridge remembers, where nothing better can be read.
    if step.0 == MINUTE && kept.is_none() {
        slots.fill_from_recent(&app.recent.minutes(now));
    }
    Figures { slots, kept }
}

async fn read(app: &App, slots: &Slots) -> Result<(Vec<SmsRate>, Vec<RegistrationRate>, Kept), StoreError> {
    let (desk, from, to, step) = (&app.desk, slots.from, slots.to, slots.step);
    let earlier = from - (to - from);
    let (rates, registrations, funnel, pages, failures, latencies, incidents, changes, sms, registered) = tokio::try_join!(
        desk.sms_rates(from, to, step),
        desk.registrations(from, to, step),
        desk.funnel(from, to),
        app.audit.page_funnel(from, to),
        desk.failures_by_check(from, to),
        desk.latencies(from, to),
        desk.incidents(from, to),
        desk.settings_history(None, None, CHANGES_MAX),
        desk.sms_rates(earlier, from, step),
        desk.registrations(earlier, from, step),
    )?;
    let before = Totals {
        sms: sms.iter().map(|rate| rate.count.passed + rate.count.failed).sum(),
        registered: registered.iter().map(|rate| rate.registered).sum(),
        validated: registered.iter().map(|rate| rate.validated).sum(),
    };
    let mut changes = changes.rows;
    changes.retain(|change| change.at >= from);
    Ok((rates, registrations, Kept { funnel, pages, failures, latencies, incidents, changes, before }))
}

impl Slots {
    fn new(step: Span, steps: usize, now: Timestamp) -> Slots {
        let to = Timestamp((now.0.div_euclid(step.0) + 1) * step.0);
        let length = i64::try_from(steps).unwrap_or_default() * step.0;
        Slots {
            from: to - Span(length),
            to,
            step,
            sms: vec![Outcomes::default(); steps],
            registered: vec![Registered::default(); steps],
        }
    }

    /// How much there is in all of them.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            sms: self.sms.iter().map(|step| step.passed + step.failed).sum(),
            registered: self.registered.iter().map(|step| step.all).sum(),
            validated: self.registered.iter().map(|step| step.validated).sum(),
        }
    }

    fn place(&self, at: Timestamp) -> usize {
        usize::try_from((at - self.from).0.div_euclid(self.step.0)).unwrap_or(usize::MAX)
    }

    fn fill(&mut self, rates: &[SmsRate], registrations: &[RegistrationRate]) {
        for rate in rates {
            let place = self.place(rate.at);
            if let Some(one) = self.sms.get_mut(place) {
                *one = rate.count;
            }
        }
        for rate in registrations {
            let place = self.place(rate.at);
            if let Some(one) = self.registered.get_mut(place) {
                *one = Registered { all: rate.registered, validated: rate.validated };
            }
        }
    }

    fn fill_from_recent(&mut self, minutes: &[Minute]) {
        for minute in minutes {
            let place = self.place(Timestamp(minute.number * MINUTE));
            if let (Some(sms), Some(registered)) = (self.sms.get_mut(place), self.registered.get_mut(place)) {
                sms.passed = sms.passed.max(minute.passed);
                sms.failed = sms.failed.max(minute.failed);
                registered.all = registered.all.max(minute.registered);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_ends_with_the_step_that_runs() {
        let now = Timestamp(1_800_000_123_456);
        for (minutes, steps) in [(1, 60), (15, 96), (120, 84)] {
            let step = Span(minutes * MINUTE);
            let mut slots = Slots::new(step, steps, now);
            assert!(slots.from <= now && now < slots.to && slots.to - now <= step);
            assert_eq!(slots.place(now), slots.sms.len() - 1);
            slots.fill_from_recent(&[Minute { number: now.0 / MINUTE, passed: 2, failed: 1, registered: 3 }]);
            assert_eq!(slots.sms[steps - 1], Outcomes { passed: 2, failed: 1 });
            assert_eq!(slots.registered[steps - 1], Registered { all: 3, validated: 0 });
        }
    }
}
