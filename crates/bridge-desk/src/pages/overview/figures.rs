//! How the figures of the overview are drawn. Not where they come from: [`bridge_app::looking::figures`].

use bridge_core::{Span, Timestamp};
use bridge_store::audit::PageFunnel;
use bridge_store::desk::{DropOut, Failures, Funnel, Latencies, Latency, Outcomes};

use crate::show::chart::{Bar, Bars, Part, place, share};
use crate::show::{When, count, lasting, short, words};
use bridge_app::looking::figures::{self, Kept, Registered, Slots, Totals};
use bridge_http::state::Shared;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Reasons for which people drop out that are shown.
const DROP_OUTS_SHOWN: usize = 6;

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

    /// The stretch, as it follows "in".
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Range::Hour => "the last hour",
            Range::Day => "24 hours",
            Range::Week => "seven days",
        }
    }

    /// The stretch before it.
    pub(super) fn before(self) -> &'static str {
        match self {
            Range::Hour => "in the hour before",
            Range::Day => "in the 24 hours before",
            Range::Week => "in the seven days before",
        }
    }

    /// A moment on the axis: the longer the stretch, the more of the date.
    pub(super) fn axis(self, at: &When) -> String {
        match self {
            Range::Hour => at.clock().to_owned(),
            Range::Day => at.day_and_clock().to_owned(),
            Range::Week => at.day().to_owned(),
        }
    }

    fn step(self) -> Span {
        Span(match self {
            Range::Hour => MINUTE,
            Range::Day => 15 * MINUTE,
            Range::Week => 2 * HOUR,
        })
    }

    fn steps(self) -> usize {
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
    /// As the program calls it, where it has a name of its own for it.
    pub(super) code: String,
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

/// The page in one language on one kind of device.
pub(super) struct PageRow {
    pub(super) language: String,
    pub(super) platform: String,
    /// Opened, tapped, copied, scanned, SMS seen, validated.
    pub(super) counts: [String; 6],
}

impl PageRow {
    fn of(row: &PageFunnel) -> PageRow {
        let counts = [row.opened, row.tapped, row.copied, row.scanned, row.sms_seen, row.validated];
        PageRow { language: row.language.clone(), platform: row.platform.clone(), counts: counts.map(count) }
    }
}

/// What is drawn.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) sms: Bars,
    pub(super) registrations: Bars,
    /// The moments on the axis: its beginning and its middle.
    pub(super) from: String,
    pub(super) middle: String,
    /// How much there was, and in the stretch before.
    pub(super) totals: Totals,
    pub(super) before: Option<Totals>,
    pub(super) marks: Vec<Mark>,
    pub(super) outages: Vec<Outage>,
    pub(super) funnel: Vec<Share>,
    pub(super) drop_outs: Vec<Share>,
    /// How far people came on their page.
    pub(super) pages: Vec<PageRow>,
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
        let figures::Figures { slots, kept } = figures::look(app, range.step(), range.steps()).await;
        let mut figures = Figures { partial: kept.is_none(), ..Figures::default() };
        if let Some(kept) = kept {
            figures.take(kept, &slots, now);
        }
        figures.sms = sms_bars(&slots, now);
        figures.registrations = registration_bars(&slots, now);
        figures.totals = slots.totals();
        let middle = Timestamp(slots.from.0 + (slots.to - slots.from).0 / 2);
        figures.from = range.axis(&When::new(slots.from, now));
        figures.middle = range.axis(&When::new(middle, now));
        figures
    }

    fn take(&mut self, kept: Kept, slots: &Slots, now: Timestamp) {
        let (from, to) = (slots.from, slots.to);
        self.before = Some(kept.before);
        self.funnel = funnel_of(&kept.funnel, &kept.pages);
        self.pages = kept.pages.iter().map(PageRow::of).collect();
        self.drop_outs = drop_outs_of(&kept.funnel);
        self.failures = failures_of(kept.failures);
        self.latencies = latencies_of(&kept.latencies);
        for incident in kept.incidents {
            let ended = incident.ended_at.unwrap_or(now).min(to);
            let began = incident.began_at.max(from);
            self.outages.push(Outage {
                x: place(began.0, from.0, to.0),
                width: place((ended - began).0.max(slots.step.0 / 2) + from.0, from.0, to.0),
                title: format!("{} was away for {}", incident.what, lasting(ended - incident.began_at)),
            });
        }
        self.marks = kept
            .changes
            .into_iter()
            .map(|change| Mark {
                x: place(change.at.0, from.0, to.0),
                title: format!("{} became {} (by {})", change.key, change.new_value, change.changed_by),
            })
            .collect();
    }
}

fn title(slots: &Slots, place: usize, now: Timestamp, text: &str) -> String {
    let at = slots.from.0 + i64::try_from(place).unwrap_or_default() * slots.step.0;
    format!("{}: {text}", When::new(Timestamp(at), now).exact)
}

fn sms_bars(slots: &Slots, now: Timestamp) -> Bars {
    let bar = |(place, n): (usize, &Outcomes)| Bar {
        parts: vec![Part { value: n.passed, class: "good" }, Part { value: n.failed, class: "bad" }],
        title: title(slots, place, now, &format!("{} passed, {} failed", n.passed, n.failed)),
    };
    Bars::of(&slots.sms.iter().enumerate().map(bar).collect::<Vec<_>>())
}

fn registration_bars(slots: &Slots, now: Timestamp) -> Bars {
    let bar = |(place, &Registered { all, validated }): (usize, &Registered)| Bar {
        parts: vec![
            Part { value: validated.min(all), class: "good" },
            Part { value: all.saturating_sub(validated), class: "info" },
        ],
        title: title(slots, place, now, &format!("{all} registered, {validated} of them validated by now")),
    };
    Bars::of(&slots.registered.iter().enumerate().map(bar).collect::<Vec<_>>())
}

fn failures_of(failures: Vec<Failures>) -> Vec<Share> {
    let most = failures.first().map_or(0, |most| most.count);
    let one = |failure: Failures| Share {
        percent: share(failure.count, most),
        count: count(failure.count),
        label: words::failed_at(&failure.check),
        code: failure.check,
        class: "bad",
    };
    failures.into_iter().map(one).collect()
}

fn funnel_of(funnel: &Funnel, pages: &[PageFunnel]) -> Vec<Share> {
    let one = |label: &str, value: u64, class| Share {
        label: label.to_owned(),
        code: String::new(),
        count: count(value),
        percent: share(value, funnel.registered),
        class,
    };
    let sum = |of: fn(&PageFunnel) -> u64| pages.iter().map(of).sum();
    let mut steps = vec![one("registered", funnel.registered, "")];
    // An app may have pages of its own.
    if !pages.is_empty() {
        steps.push(one("page opened", sum(|row| row.opened), ""));
        steps.push(one("tapped", sum(|row| row.tapped), ""));
    }
    steps.push(one("SMS seen", funnel.sms_seen, ""));
    steps.push(one("validated", funnel.validated, "good"));
    steps
}

fn drop_outs_of(funnel: &Funnel) -> Vec<Share> {
    let out = funnel.registered.saturating_sub(funnel.validated);
    let one = |drop: &DropOut| {
        let last = match drop.last_sms.as_deref() {
            None => "no SMS came".to_owned(),
            Some(check) => format!("last SMS: {}", words::failed_at(check)),
        };
        Share {
            label: format!("{}, {last}", words::state(drop.state)),
            code: String::new(),
            count: count(drop.count),
            percent: share(drop.count, out),
            class: "warn",
        }
    };
    funnel.drop_outs.iter().take(DROP_OUTS_SHOWN).map(one).collect()
}

fn latencies_of(latencies: &Latencies) -> Vec<Percentiles> {
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
    fn a_bar_is_as_high_as_all_that_came_in_its_step() {
        let step = Range::Hour.step();
        let now = Timestamp(1_800_000_123_456);
        let slots = Slots {
            from: now,
            to: now + step,
            step,
            sms: vec![Outcomes { passed: 2, failed: 1 }],
            registered: vec![Registered { all: 3, validated: 1 }],
        };
        assert_eq!(sms_bars(&slots, now).top, 3);
        assert_eq!(registration_bars(&slots, now).top, 3);
    }
}
