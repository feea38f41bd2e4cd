//! Abuse: who was refused and why, who floods, and what can be done about a sender. Beside it stands the answer to the
//! question of every complaint: was something away then?

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use bridge_core::Timestamp;
use bridge_store::audit::SmsRow;
use bridge_store::desk::{Incident, MobileFilter, RefusalRate, Sender};

use super::sms::Line;
use crate::access::Visitor;
use crate::asked::Asked;
use crate::page::{Frame, render};
use crate::show::chart::{Bar, Bars, Part};
use crate::show::{When, count, lasting, words};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/abuse";
const HOUR: i64 = 3_600_000;

struct ReasonRow {
    reason: String,
    /// As the program calls it, where that is something else.
    code: Option<String>,
    count: String,
}

struct SenderRow {
    mobile: String,
    failed: String,
    last: When,
    blocked: Option<When>,
}

/// What the edge was last heard to say.
struct EdgeWords {
    last: Option<When>,
    waiting: Option<(String, When)>,
    /// Where it said of any: how many are kept there for a while, and how many were dropped.
    not_taken: Option<(String, String)>,
    refused: Option<(String, When)>,
    wrong: Option<(&'static str, When)>,
    wrong_count: String,
}

impl EdgeWords {
    /// None: this bridge has no edge.
    fn of(app: &Shared, now: Timestamp) -> Option<EdgeWords> {
        if app.secrets.edge.is_empty() {
            return None;
        }
        let heard = app.edge.now();
        let counted = |(number, at)| (count(number), When::new(at, now));
        Some(EdgeWords {
            last: heard.last.map(|at| When::new(at, now)),
            waiting: heard.waiting.map(counted),
            not_taken: (heard.aside > 0 || heard.dropped > 0)
                .then(|| (count(heard.aside), count(heard.dropped))),
            refused: heard.refused.map(counted),
            wrong: heard.wrong.map(|(why, at)| (why, When::new(at, now))),
            wrong_count: count(heard.wrong_count),
        })
    }
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
    places: Vec<ReasonRow>,
    edge: Option<EdgeWords>,
    senders: Vec<SenderRow>,
    away: Vec<Away>,
}

fn days(asked: &Asked) -> u32 {
    if asked.is("days", "7") { 7 } else { 1 }
}

/// Refused registrations and flooding senders.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let (now, days) = (app.clock.now(), days(&asked));
    let last = now.0.div_euclid(HOUR) * HOUR;
    let to = Timestamp(last + HOUR);
    let from = Timestamp(to.0 - i64::from(days) * 24 * HOUR);
    let found = looking::abuse::between(&app, from, to).await?;
    let sender = |sender: Sender| SenderRow {
        mobile: sender.mobile_number,
        failed: count(sender.failed),
        last: When::new(sender.last_at, now),
        blocked: sender.blacklisted_at.map(|at| When::new(at, now)),
    };
    Ok(render(&Page {
        frame: Frame::new(&app, visitor, "Abuse", PATH).await,
        days,
        hours: by_hour(&found.refusals, from, i64::from(days) * 24, now),
        from: When::new(from, now),
        reasons: by_reason(&found.refusals),
        places: by_place(&found.refusals),
        edge: EdgeWords::of(&app, now),
        senders: found.senders.into_iter().map(sender).collect(),
        away: found.away.into_iter().map(|incident| Away::of(incident, now)).collect(),
    }))
}

fn by_reason(refusals: &[RefusalRate]) -> Vec<ReasonRow> {
    let rows = most_first(refusals, |refusal| &refusal.reason).into_iter();
    rows.map(|row| ReasonRow { reason: words::refused(&row.reason), code: Some(row.reason), ..row }).collect()
}

/// Where nobody told the place, there was no edge in front.
fn by_place(refusals: &[RefusalRate]) -> Vec<ReasonRow> {
    most_first(refusals, |refusal| refusal.place.as_deref().unwrap_or("not known"))
}

fn most_first<'a>(refusals: &'a [RefusalRate], by: impl Fn(&'a RefusalRate) -> &'a str) -> Vec<ReasonRow> {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for refusal in refusals {
        *reasons.entry(by(refusal)).or_default() += refusal.count;
    }
    let mut reasons: Vec<(&str, u64)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    let row = |(reason, n): (&str, u64)| ReasonRow { reason: reason.to_owned(), code: None, count: count(n) };
    reasons.into_iter().map(row).collect()
}

fn by_hour(refusals: &[RefusalRate], from: Timestamp, hours: i64, now: Timestamp) -> Bars {
    let bar = |n: i64| {
        let hour = Timestamp(from.0 + n * HOUR);
        let of_hour: Vec<&RefusalRate> = refusals.iter().filter(|refusal| refusal.hour == hour).collect();
        let words: Vec<String> =
            of_hour.iter().map(|r| format!("{} × {}", r.count, words::refused(&r.reason))).collect();
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
pub(crate) async fn report(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let Some(MobileFilter::Exactly(mobile)) = asked.mobile("mobile", &settings)? else {
        return Err(
            Problem::field(Code::InvalidRequest, "mobile", "must be a whole number, or a sender").into()
        );
    };
    let found = looking::abuse::of_sender(&app, &mobile).await?;
    let now = app.clock.now();
    let sms = found.sms.rows;
    let mut receivers: BTreeMap<String, usize> = BTreeMap::new();
    for row in &sms {
        *receivers.entry(row.receiver_id.clone()).or_default() += 1;
    }
    let by = visitor.name.clone();
    let failed = |row: &&SmsRow| row.failed_at_check.is_some();
    Ok(render(&Report {
        frame: Frame::by(&app, &settings, visitor, "Report about a sender", PATH).await,
        made: When::new(now, now),
        by,
        sms: sms.len(),
        more: found.sms.next.is_some(),
        failed: sms.iter().filter(failed).count(),
        first: found.stretch.map(|(first, _)| When::new(first, now)),
        last: found.stretch.map(|(_, last)| When::new(last, now)),
        receivers: receivers.into_iter().collect(),
        emails: found.emails.into_iter().collect(),
        blocked: found.blocked,
        away: found.away.into_iter().map(|incident| Away::of(incident, now)).collect(),
        rows: sms.into_iter().map(|row| Line::of(row, &app)).collect(),
        mobile,
    }))
}
