//! Abuse: who was refused and why, who floods, and what can be done about a sender; with the question of every
//! complaint answered beside it: was something away then?

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use bridge_core::{Span, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::desk::{Incident, MobileFilter, OnboardingFilter, RefusalRate, Sender, SmsFilter};

use super::sms::Line;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::desk::access::Visitor;
use crate::desk::asked::Asked;
use crate::desk::page::{Frame, render};
use crate::desk::show::chart::{Bar, Bars, Part};
use crate::desk::show::{When, count, lasting};
use crate::http::Shared;

const PATH: &str = "/admin/ui/abuse";
const HOUR: i64 = 3_600_000;
const SENDERS_SHOWN: usize = 25;
const REPORT_ROWS: usize = 500;
const EMAILS_LOOKED_AT: usize = 100;
const INCIDENTS_SHOWN: usize = 20;

struct ReasonRow {
    reason: String,
    count: String,
}

struct SenderRow {
    mobile: String,
    failed: String,
    last: When,
    blocked: Option<When>,
}

/// Something was away.
struct Away {
    what: String,
    began: When,
    lasted: String,
    goes_on: bool,
    detail: String,
}

impl Away {
    fn of(incident: Incident, now: Timestamp) -> Away {
        Away {
            lasted: lasting(incident.ended_at.unwrap_or(now) - incident.began_at),
            goes_on: incident.ended_at.is_none(),
            began: When::new(incident.began_at, now),
            what: incident.what,
            detail: incident.detail,
        }
    }
}

#[derive(Template)]
#[template(path = "desk/abuse.html")]
struct Page {
    frame: Frame,
    days: u32,
    hours: Bars,
    from: When,
    reasons: Vec<ReasonRow>,
    senders: Vec<SenderRow>,
    away: Vec<Away>,
}

fn days(asked: &Asked) -> u32 {
    if asked.is("days", "7") { 7 } else { 1 }
}

/// Refused registrations and flooding senders.
pub(in crate::desk) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Problem> {
    let (now, days) = (app.clock.now(), days(&asked));
    let last = now.0.div_euclid(HOUR) * HOUR;
    let to = Timestamp(last + HOUR);
    let from = Timestamp(to.0 - i64::from(days) * 24 * HOUR);
    let both = async {
        tokio::try_join!(
            app.desk.refusals_by_hour(from, to),
            app.desk.top_failing_senders(from, to, SENDERS_SHOWN),
            app.desk.incidents(from, to),
        )
    };
    let (refusals, senders, incidents) = in_time(both).await?;
    let sender = |sender: Sender| SenderRow {
        mobile: sender.mobile_number,
        failed: count(sender.failed),
        last: When::new(sender.last_at, now),
        blocked: sender.blacklisted_at.map(|at| When::new(at, now)),
    };
    Ok(render(&Page {
        frame: Frame::new(&app, visitor, "Abuse", PATH).await,
        days,
        hours: by_hour(&refusals, from, i64::from(days) * 24, now),
        from: When::new(from, now),
        reasons: by_reason(&refusals),
        senders: senders.into_iter().map(sender).collect(),
        away: incidents.into_iter().take(INCIDENTS_SHOWN).map(|incident| Away::of(incident, now)).collect(),
    }))
}

fn by_reason(refusals: &[RefusalRate]) -> Vec<ReasonRow> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for refusal in refusals {
        *reasons.entry(&refusal.reason).or_default() += refusal.count;
    }
    let mut reasons: Vec<(&str, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    reasons.into_iter().map(|(reason, n)| ReasonRow { reason: reason.to_owned(), count: count(n) }).collect()
}

fn by_hour(refusals: &[RefusalRate], from: Timestamp, hours: i64, now: Timestamp) -> Bars {
    let bar = |n: i64| {
        let hour = Timestamp(from.0 + n * HOUR);
        let of_hour: Vec<&RefusalRate> = refusals.iter().filter(|refusal| refusal.hour == hour).collect();
        let words: Vec<String> = of_hour.iter().map(|r| format!("{} {}", r.count, r.reason)).collect();
        Bar {
            parts: vec![Part { value: of_hour.iter().map(|r| r.count).sum(), class: "warn" }],
            title: format!("{}: {}", When::new(hour, now).exact, words.join(", ")),
        }
    };
    Bars::of(&(0..hours).map(bar).collect::<Vec<_>>())
}

#[derive(Template)]
#[template(path = "desk/abuse_report.html")]
struct Report {
    frame: Frame,
    mobile: String,
    made: When,
    by: String,
    sms: usize,
    more: bool,
    failed: usize,
    first: Option<When>,
    last: Option<When>,
    receivers: Vec<(String, usize)>,
    emails: Vec<String>,
    blocked: bool,
    away: Vec<Away>,
    rows: Vec<Line>,
}

/// All of one sender, to be printed and given to an authority.
pub(in crate::desk) async fn report(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Problem> {
    let Some(MobileFilter::Exactly(mobile)) = asked.mobile("mobile", &app)? else {
        return Err(Problem::field(Code::InvalidRequest, "mobile", "must be a whole number, or a sender"));
    };
    let filter = SmsFilter { mobile: Some(MobileFilter::Exactly(mobile.clone())), ..SmsFilter::default() };
    let registered = OnboardingFilter {
        mobile: Some(MobileFilter::Exactly(mobile.clone())),
        ..OnboardingFilter::default()
    };
    let both = async {
        tokio::try_join!(
            app.desk.search_sms(&filter, None, REPORT_ROWS),
            app.desk.search_onboardings(&registered, None, EMAILS_LOOKED_AT),
            app.desk.blacklist_page(&mobile, None, 1),
        )
    };
    let (found, onboardings, blocked) = in_time(both).await?;
    let now = app.clock.now();
    let times = found.rows.iter().map(|row| row.server_received_at);
    let (first, last) = (times.clone().min(), times.max());
    let incidents = match (first, last) {
        (Some(first), Some(last)) => in_time(app.desk.incidents(first, last + Span(1))).await?,
        _ => Vec::new(),
    };
    let mut receivers: BTreeMap<String, usize> = BTreeMap::new();
    for row in &found.rows {
        *receivers.entry(row.receiver_id.clone()).or_default() += 1;
    }
    let emails: BTreeSet<String> =
        onboardings.rows.into_iter().filter_map(|row| row.onboarding.email).collect();
    let by = visitor.name.clone();
    let failed = |row: &&SmsRow| row.failed_at_check.is_some();
    Ok(render(&Report {
        frame: Frame::new(&app, visitor, "Report about a sender", PATH).await,
        made: When::new(now, now),
        by,
        sms: found.rows.len(),
        more: found.next.is_some(),
        failed: found.rows.iter().filter(failed).count(),
        first: first.map(|at| When::new(at, now)),
        last: last.map(|at| When::new(at, now)),
        receivers: receivers.into_iter().collect(),
        emails: emails.into_iter().collect(),
        blocked: blocked.rows.iter().any(|row| row.mobile_number == mobile),
        away: incidents.into_iter().take(INCIDENTS_SHOWN).map(|incident| Away::of(incident, now)).collect(),
        rows: found.rows.into_iter().map(|row| Line::of(row, &app)).collect(),
        mobile,
    }))
}
