//! The figures of the overview for a stretch of time, from the counts that are kept while rows are written, and what
//! this bridge alone knows yet.

use bridge_core::{Span, Timestamp};
use bridge_store::StoreError;
use bridge_store::desk::{
    DropOut, Failures, Funnel, Incident, Latencies, Latency, Outcomes, RegistrationRate, SettingChange,
    SmsRate,
};

use crate::base::deadline::in_time;
use crate::desk::show::chart::{Bar, Bars, Part, place, share};
use crate::desk::show::{When, count, lasting};
use crate::http::Shared;
use crate::state::recent::Minute;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Reasons for which people drop out that are shown.
const DROP_OUTS_SHOWN: usize = 6;
/// Changes of settings that are marked.
const MARKS_MAX: usize = 50;

/// A stretch of time up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Hour,
    Day,
    Week,
}

impl Range {
    pub(super) const ALL: [Range; 3] = [Range::Hour, Range::Day, Range::Week];

    /// The word in the address; an hour for any other.
    pub(super) fn named(name: &str) -> Range {
        Range::ALL.into_iter().find(|range| range.name() == name).unwrap_or(Range::Hour)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Range::Hour => "hour",
            Range::Day => "day",
            Range::Week => "week",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Range::Hour => "the last hour, by minute",
            Range::Day => "24 hours, by quarter of an hour",
            Range::Week => "seven days, by two hours",
        }
    }

    fn step(self) -> i64 {
        match self {
            Range::Hour => MINUTE,
            Range::Day => 15 * MINUTE,
            Range::Week => 2 * HOUR,
        }
    }

    fn steps(self) -> i64 {
        match self {
            Range::Hour => 60,
            Range::Day => 96,
            Range::Week => 84,
        }
    }
}

/// Part of all, for a bar that lies.
pub(super) struct Share {
    pub(super) label: String,
    pub(super) count: String,
    pub(super) percent: u64,
    pub(super) class: &'static str,
}

/// Half, most, nearly all.
pub(super) struct Percentiles {
    pub(super) label: &'static str,
    pub(super) p50: String,
    pub(super) p95: String,
    pub(super) p99: String,
    pub(super) count: String,
}

/// A moment on the chart.
pub(super) struct Mark {
    pub(super) x: String,
    pub(super) title: String,
}

/// A stretch on the chart in which something was away.
pub(super) struct Outage {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) title: String,
}

/// What is drawn.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) sms: Bars,
    pub(super) registrations: Bars,
    pub(super) from: When,
    pub(super) middle: When,
    pub(super) marks: Vec<Mark>,
    pub(super) outages: Vec<Outage>,
    pub(super) funnel: Vec<Share>,
    pub(super) drop_outs: Vec<Share>,
    pub(super) failures: Vec<Share>,
    pub(super) latencies: Vec<Percentiles>,
    /// The audit store is away: only what this bridge knows is drawn.
    pub(super) partial: bool,
}

impl Figures {
    /// Nobody registered in this time.
    pub(super) fn nobody(&self) -> bool {
        self.funnel.first().is_none_or(|registered| registered.percent == 0)
    }

    pub(super) async fn read(app: &Shared, range: Range) -> Figures {
        let now = app.clock.now();
        let mut slots = Slots::new(range, now);
        let mut figures = Figures { partial: true, ..Figures::default() };
        if app.ladder.now().audit
            && let Ok(kept) = in_time(Kept::read(app, &slots)).await
        {
            figures.partial = false;
            slots.fill(&kept);
            figures.take(kept, &slots, now);
        }
        // What this bridge did and is not dumped yet; what is dumped counts the SMS of every bridge.
        if range == Range::Hour {
            slots.fill_from_pulse(&app.pulse.minutes(now));
        }
        figures.sms = slots.sms_bars(now);
        figures.registrations = slots.registration_bars(now);
        figures.from = When::new(slots.from, now);
        figures.middle = When::new(Timestamp(slots.from.0 + (slots.to - slots.from).0 / 2), now);
        figures
    }

    fn take(&mut self, kept: Kept, slots: &Slots, now: Timestamp) {
        let (from, to) = (slots.from, slots.to);
        self.funnel = funnel_of(&kept.funnel);
        self.drop_outs = drop_outs_of(&kept.funnel);
        self.failures = failures_of(kept.failures);
        self.latencies = latencies_of(&kept.latencies);
        for incident in kept.incidents {
            let ended = incident.ended_at.unwrap_or(now).min(to);
            let began = incident.began_at.max(from);
            self.outages.push(Outage {
                x: place(began.0, from.0, to.0),
                width: place((ended - began).0.max(slots.step / 2) + from.0, from.0, to.0),
                title: format!("{} was away for {}", incident.what, lasting(ended - incident.began_at)),
            });
        }
        let seen = kept.changes.into_iter().filter(|change| change.at >= from);
        self.marks = seen
            .map(|change| Mark {
                x: place(change.at.0, from.0, to.0),
                title: format!("{} became {} (by {})", change.key, change.new_value, change.changed_by),
            })
            .collect();
    }
}

/// What the store keeps of a stretch of time.
struct Kept {
    rates: Vec<SmsRate>,
    registrations: Vec<RegistrationRate>,
    funnel: Funnel,
    failures: Vec<Failures>,
    latencies: Latencies,
    incidents: Vec<Incident>,
    changes: Vec<SettingChange>,
}

impl Kept {
    async fn read(app: &Shared, slots: &Slots) -> Result<Kept, StoreError> {
        let (desk, from, to, step) = (&app.desk, slots.from, slots.to, Span(slots.step));
        let (rates, registrations, funnel, failures, latencies, incidents, changes) = tokio::try_join!(
            desk.sms_rates(from, to, step),
            desk.registrations(from, to, step),
            desk.funnel(from, to),
            desk.failures_by_check(from, to),
            desk.latencies(from, to),
            desk.incidents(from, to),
            desk.settings_history(None, None, MARKS_MAX),
        )?;
        Ok(Kept { rates, registrations, funnel, failures, latencies, incidents, changes: changes.rows })
    }
}

/// The steps of a range, the newest last.
struct Slots {
    from: Timestamp,
    to: Timestamp,
    step: i64,
    sms: Vec<Outcomes>,
    /// All, and those that are validated by now.
    registered: Vec<(u64, u64)>,
}

impl Slots {
    fn new(range: Range, now: Timestamp) -> Slots {
        let step = range.step();
        let to = Timestamp((now.0.div_euclid(step) + 1) * step);
        let length = usize::try_from(range.steps()).unwrap_or_default();
        Slots {
            from: Timestamp(to.0 - range.steps() * step),
            to,
            step,
            sms: vec![Outcomes::default(); length],
            registered: vec![(0, 0); length],
        }
    }

    fn place(&self, at: Timestamp) -> usize {
        usize::try_from((at.0 - self.from.0).div_euclid(self.step)).unwrap_or(usize::MAX)
    }

    fn fill(&mut self, kept: &Kept) {
        for rate in &kept.rates {
            let place = self.place(rate.at);
            if let Some(one) = self.sms.get_mut(place) {
                *one = rate.count;
            }
        }
        for rate in &kept.registrations {
            let place = self.place(rate.at);
            if let Some(one) = self.registered.get_mut(place) {
                *one = (rate.registered, rate.validated);
            }
        }
    }

    fn fill_from_pulse(&mut self, minutes: &[Minute]) {
        for minute in minutes {
            let place = self.place(Timestamp(minute.number * MINUTE));
            if let (Some(sms), Some((all, _))) = (self.sms.get_mut(place), self.registered.get_mut(place)) {
                sms.passed = sms.passed.max(minute.passed);
                sms.failed = sms.failed.max(minute.failed);
                *all = (*all).max(minute.registered);
            }
        }
    }

    fn title(&self, place: usize, now: Timestamp, text: &str) -> String {
        let at = self.from.0 + i64::try_from(place).unwrap_or_default() * self.step;
        format!("{}: {text}", When::new(Timestamp(at), now).exact)
    }

    fn sms_bars(&self, now: Timestamp) -> Bars {
        let bar = |(place, n): (usize, &Outcomes)| Bar {
            parts: vec![Part { value: n.passed, class: "good" }, Part { value: n.failed, class: "bad" }],
            title: self.title(place, now, &format!("{} passed, {} failed", n.passed, n.failed)),
        };
        Bars::of(&self.sms.iter().enumerate().map(bar).collect::<Vec<_>>())
    }

    fn registration_bars(&self, now: Timestamp) -> Bars {
        let bar = |(place, &(all, validated)): (usize, &(u64, u64))| Bar {
            parts: vec![
                Part { value: validated.min(all), class: "good" },
                Part { value: all.saturating_sub(validated), class: "info" },
            ],
            title: self.title(place, now, &format!("{all} registered, {validated} of them validated by now")),
        };
        Bars::of(&self.registered.iter().enumerate().map(bar).collect::<Vec<_>>())
    }
}

fn failures_of(failures: Vec<Failures>) -> Vec<Share> {
    let most = failures.first().map_or(0, |most| most.count);
    let one = |failure: Failures| Share {
        percent: share(failure.count, most),
        count: count(failure.count),
        label: failure.check,
        class: "bad",
    };
    failures.into_iter().map(one).collect()
}

fn funnel_of(funnel: &Funnel) -> Vec<Share> {
    let one = |label: &str, value: u64, class| Share {
        label: label.to_owned(),
        count: count(value),
        percent: share(value, funnel.registered),
        class,
    };
    vec![
        one("registered", funnel.registered, ""),
        one("SMS seen", funnel.sms_seen, ""),
        one("validated", funnel.validated, "good"),
    ]
}

fn drop_outs_of(funnel: &Funnel) -> Vec<Share> {
    let out = funnel.registered.saturating_sub(funnel.validated);
    let one = |drop: &DropOut| {
        let last = match drop.last_sms.as_deref() {
            None => "no SMS came".to_owned(),
            Some(check) => format!("last SMS: {check}"),
        };
        Share {
            label: format!("{}, {last}", drop.state.as_str()),
            count: count(drop.count),
            percent: share(drop.count, out),
            class: "warn",
        }
    };
    funnel.drop_outs.iter().take(DROP_OUTS_SHOWN).map(one).collect()
}

fn latencies_of(latencies: &Latencies) -> Vec<Percentiles> {
    let short = |span: Span| if span.0 < 1_000 { format!("{} ms", span.0) } else { lasting(span) };
    let one = |label, of: &Latency| Percentiles {
        label,
        p50: short(of.p50),
        p95: short(of.p95),
        p99: short(of.p99),
        count: count(of.count),
    };
    vec![
        one("from the SMS to its verdict", &latencies.verdict),
        one("from the registration to being validated", &latencies.validation),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_with_the_step_that_runs() {
        let now = Timestamp(1_800_000_123_456);
        for range in Range::ALL {
            let mut slots = Slots::new(range, now);
            assert!(slots.from <= now && now < slots.to && (slots.to - now).0 <= range.step());
            assert_eq!(slots.place(now), slots.sms.len() - 1);
            slots.fill_from_pulse(&[Minute { number: now.0 / MINUTE, passed: 2, failed: 1, registered: 3 }]);
            assert_eq!(slots.sms_bars(now).top, 3);
        }
    }
}
