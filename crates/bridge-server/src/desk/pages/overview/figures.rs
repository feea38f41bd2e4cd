//! The figures of the overview for a stretch of time, from the counts that are kept while rows are written, and what
//! this bridge alone knows yet.

use bridge_core::{Span, Timestamp};
use bridge_store::desk::{Funnel, Latencies, Latency, Outcomes};

use crate::desk::show::chart::{Bar, Bars, Part, place, share};
use crate::desk::show::{When, count, lasting};
use crate::http::{Shared, in_time};

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
        let (now, step) = (app.clock.now(), range.step());
        let last = now.0.div_euclid(step) * step;
        let (from, to) = (Timestamp(last - (range.steps() - 1) * step), Timestamp(last + step));
        let slots: Vec<i64> = (0..range.steps()).map(|n| from.0 + n * step).collect();
        let mut sms: Vec<Outcomes> = vec![Outcomes::default(); slots.len()];
        let mut registered: Vec<(u64, u64)> = vec![(0, 0); slots.len()];
        let slot = |at: Timestamp| usize::try_from((at.0 - from.0).div_euclid(step)).ok();

        let mut figures = Figures::default();
        let kept = async {
            let desk = &app.desk;
            tokio::try_join!(
                desk.sms_rates(from, to, Span(step)),
                desk.registrations(from, to, Span(step)),
                desk.funnel(from, to),
                desk.failures_by_check(from, to),
                desk.latencies(from, to),
                desk.incidents(from, to),
                desk.settings_history(None, None, MARKS_MAX),
            )
        };
        let kept = if app.ladder.now().audit { in_time(kept).await.ok() } else { None };
        figures.partial = kept.is_none();
        if let Some((rates, registrations, funnel, failures, latencies, incidents, changes)) = kept {
            for rate in rates {
                if let Some(one) = slot(rate.at).and_then(|n| sms.get_mut(n)) {
                    *one = rate.count;
                }
            }
            for rate in registrations {
                if let Some(one) = slot(rate.at).and_then(|n| registered.get_mut(n)) {
                    *one = (rate.registered, rate.validated);
                }
            }
            figures.funnel = funnel_of(&funnel);
            figures.drop_outs = drop_outs_of(&funnel);
            let most = failures.first().map_or(0, |most| most.count);
            let failure = |failure: bridge_store::desk::Failures| Share {
                percent: share(failure.count, most),
                count: count(failure.count),
                label: failure.check,
                class: "bad",
            };
            figures.failures = failures.into_iter().map(failure).collect();
            figures.latencies = latencies_of(&latencies);
            for incident in incidents {
                let ended = incident.ended_at.unwrap_or(now).min(to);
                let began = incident.began_at.max(from);
                figures.outages.push(Outage {
                    x: place(began.0, from.0, to.0),
                    width: place((ended - began).0.max(step / 2) + from.0, from.0, to.0),
                    title: format!("{} was away for {}", incident.what, lasting(ended - incident.began_at)),
                });
            }
            let seen = changes.rows.into_iter().filter(|change| change.at >= from);
            figures.marks = seen
                .map(|change| Mark {
                    x: place(change.at.0, from.0, to.0),
                    title: format!("{} became {} (by {})", change.key, change.new_value, change.changed_by),
                })
                .collect();
        }
        // What this bridge judged and is not dumped yet; what is dumped counts the SMS of every bridge.
        if range == Range::Hour {
            for minute in app.pulse.minutes(now) {
                let Some(n) = slot(Timestamp(minute.number * MINUTE)) else { continue };
                if let (Some(one), Some(two)) = (sms.get_mut(n), registered.get_mut(n)) {
                    one.passed = one.passed.max(minute.passed);
                    one.failed = one.failed.max(minute.failed);
                    two.0 = two.0.max(minute.registered);
                }
            }
        }
        let title = |at: i64, text: String| format!("{}: {text}", When::new(Timestamp(at), now).exact);
        let sms: Vec<Bar> = slots
            .iter()
            .zip(sms)
            .map(|(at, n)| Bar {
                parts: vec![Part { value: n.passed, class: "good" }, Part { value: n.failed, class: "bad" }],
                title: title(*at, format!("{} passed, {} failed", n.passed, n.failed)),
            })
            .collect();
        let registered: Vec<Bar> = slots
            .iter()
            .zip(registered)
            .map(|(at, (all, validated))| Bar {
                parts: vec![
                    Part { value: validated.min(all), class: "good" },
                    Part { value: all.saturating_sub(validated), class: "info" },
                ],
                title: title(*at, format!("{all} registered, {validated} of them validated by now")),
            })
            .collect();
        figures.sms = Bars::of(&sms);
        figures.registrations = Bars::of(&registered);
        figures.from = When::new(from, now);
        figures.middle = When::new(Timestamp(from.0 + (to - from).0 / 2), now);
        figures
    }
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
    let one = |drop: &bridge_store::desk::DropOut| {
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
