//! Judged SMS: searched, shown with all that is known of one, and exported.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::checks::CHECKS;
use bridge_core::rejudge::{Fact, Rejudged};
use bridge_core::verdict::FailedAt;
use bridge_core::{Settings, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::desk::SmsFilter;
use serde_json::{Value, json};
use uuid::Uuid;

use super::step::StepView;
use crate::access::Visitor;
use crate::asked::{Asked, Pages};
use crate::export::{self, Exported, Kind};
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::{Dots, Outcome, When, lasting};
use bridge_app::admin::{acceptance, rejudge};
use bridge_app::base::deadline::in_time;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/sms";
const PAGE: usize = 50;

/// One SMS in a list.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) at: When,
    pub(super) sender: String,
    pub(super) text: String,
    pub(super) receiver: String,
    pub(super) dots: Dots,
    pub(super) outcome: Outcome,
    pub(super) late: bool,
    pub(super) synced: bool,
}

impl Line {
    pub(super) fn of(row: SmsRow, app: &Shared) -> Line {
        Line {
            id: row.sms_id.to_string(),
            at: When::new(row.server_received_at, app.clock.now()),
            sender: row.mobile_number,
            text: row.sms_message,
            receiver: row.receiver_id,
            dots: Dots::of(&row.codes),
            outcome: Outcome::of(row.failed_at_check.as_deref()),
            late: row.late_delivery,
            synced: row.synced_at.is_some(),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/sms.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Line>,
    pages: Pages,
    scanned_until: Option<When>,
    receivers: Vec<String>,
    checks: Vec<&'static str>,
}

fn filter(settings: &Settings, asked: &Asked) -> Result<SmsFilter, Problem> {
    let wrong = |field, detail| Problem::field(Code::InvalidRequest, field, detail);
    Ok(SmsFilter {
        mobile: asked.mobile("mobile", settings)?,
        receiver: asked.get("receiver").map(str::to_owned),
        from: asked.time("from")?,
        to: asked.time("to")?,
        passed: match asked.get("status") {
            None => None,
            Some("passed") => Some(true),
            Some("failed") => Some(false),
            Some(_) => return Err(wrong("status", "must be passed or failed")),
        },
        failed_at: match asked.get("check") {
            None => None,
            Some(word) => Some(FailedAt::from_word(word).ok_or_else(|| wrong("check", "is no check"))?),
        },
        late: asked.is("late", "yes"),
        text_chars: None,
    })
}

/// Where an SMS can fail.
fn failures() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).chain([FailedAt::OnboardingMatch.as_str()]).collect()
}

/// The list.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let filter = filter(&settings, &asked)?;
    let found = looking::sms::search(&app, &filter, asked.before()?, PAGE).await?;
    let mut receivers: Vec<String> = app.receivers.each().into_iter().map(|(_, seen)| seen.name).collect();
    receivers.sort();
    Ok(render(&Page {
        frame: Frame::by(&app, &settings, visitor, "SMS", PATH).await,
        pages: asked.pages(found.next),
        scanned_until: found.scanned_until.map(|at| When::new(at, app.clock.now())),
        rows: found.rows.into_iter().map(|row| Line::of(row, &app)).collect(),
        receivers,
        checks: failures(),
        asked,
    }))
}

impl Exported for SmsRow {
    fn cells(&self) -> Vec<(&'static str, Value)> {
        let mut cells = vec![
            ("redis_id", json!(self.redis_id)),
            ("sms_id", json!(self.sms_id)),
            ("mobile_number", json!(self.mobile_number)),
            ("country_code", json!(self.country_code)),
            ("local_mobile", json!(self.local_mobile)),
            ("sms_message", json!(self.sms_message)),
            ("received_timestamp", json!(self.received_timestamp.to_string())),
            ("server_received_at", json!(self.server_received_at.to_string())),
            ("created_at", json!(self.created_at.to_string())),
            ("receiver_id", json!(self.receiver_id)),
            ("format", json!(self.format)),
            ("device_id", json!(self.device_id)),
            ("validation_status", json!(self.validation_status)),
            ("failed_at_check", json!(self.failed_at_check)),
            ("reason", json!(self.reason)),
        ];
        let checks = bridge_core::checks::CheckId::all();
        cells.extend(checks.map(|check| (check.name(), json!(self.codes.of(check).number()))));
        cells.extend([
            ("late_delivery", json!(self.late_delivery)),
            ("synced_at", json!(self.synced_at.map(|at| at.to_string()))),
            ("onboarding_id", json!(self.onboarding_id)),
            ("sms_in_window", json!(self.sms_in_window)),
        ]);
        cells
    }
}

/// The list as a file.
pub(crate) async fn export(
    State(app): State<Shared>,
    Path(kind): Path<String>,
    asked: Asked,
) -> Result<Response, Failed> {
    let kind = Kind::asked(&kind)?;
    let filter = filter(&app.live.now(), &asked)?;
    Ok(export::file(kind, "sms", looking::sms::all(app, filter)))
}

struct Judged {
    outcome: Outcome,
    reason: Option<String>,
    late: bool,
    at: When,
    took: String,
    steps: Vec<StepView>,
    /// Settings that have changed since.
    changed: Vec<&'static str>,
    redis_id: i64,
    synced: Option<When>,
    counted: i64,
}

#[derive(Template)]
#[template(path = "desk/sms_one.html")]
struct OnePage {
    frame: Frame,
    id: String,
    sender: String,
    text: String,
    came: When,
    received: When,
    receiver: String,
    format: String,
    skew: Option<String>,
    judged: Option<Judged>,
    waited: Option<(When, Option<When>)>,
    onboarding: Option<(String, &'static str, When)>,
    /// The SMS that failed, which an operator accepted as this one.
    accepts: Option<Uuid>,
    /// What this one was accepted as.
    accepted: Option<Uuid>,
    may_be_accepted: bool,
    raw: String,
    remote: bool,
}

/// One SMS, and everything that is known about it.
pub(crate) async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let nothing = || {
        Problem::new(
            Code::NotFound,
            "nothing is kept of such an SMS: it may wait for the next dump (local_sync_interval_seconds), or have been purged",
        )
    };
    let id: Uuid = id.parse().map_err(|_| nothing())?;
    let settings = app.live.now();
    let story = looking::sms::story(&app, &settings, id).await?.ok_or_else(nothing)?;
    let now = app.clock.now();
    let when = |at| When::new(at, now);
    let sms = &story.sms;
    Ok(render(&OnePage {
        frame: Frame::by(&app, &settings, visitor, "One SMS", PATH).await,
        id: id.to_string(),
        sender: sms.mobile_number().to_owned(),
        text: sms.text.clone(),
        came: when(sms.server_received_at),
        received: when(sms.received_timestamp),
        receiver: sms.receiver_id.clone(),
        format: sms.format.clone(),
        skew: (sms.clock_skew.0 != 0).then(|| format!("{} s", sms.clock_skew.0 / 1000)),
        judged: story.judged.map(|judged| Judged::of(judged, now)),
        waited: story.waited.map(|waited| (when(waited.stored_at), waited.processed_at.map(when))),
        onboarding: story.onboarding.map(|o| (o.id.to_string(), o.state.as_str(), when(o.request_timestamp))),
        accepts: sms.accepts(),
        accepted: story.accepted,
        may_be_accepted: story.may_be_accepted,
        raw: serde_json::to_string_pretty(sms).unwrap_or_default(),
        remote: app.has_remote(),
    }))
}

impl Judged {
    fn of(judged: looking::sms::Judged, now: Timestamp) -> Judged {
        let looking::sms::Judged { row, steps, changed } = judged;
        Judged {
            outcome: Outcome::of(row.failed_at_check.as_deref()),
            reason: row.reason,
            late: row.late_delivery,
            at: When::new(row.created_at, now),
            took: lasting(row.created_at - row.server_received_at),
            steps: steps.into_iter().map(StepView::of).collect(),
            changed,
            redis_id: row.redis_id,
            synced: row.synced_at.map(|at| When::new(at, now)),
            counted: row.sms_in_window,
        }
    }
}

#[derive(Template)]
#[template(path = "desk/sms_again.html")]
struct Again {
    outcome: Option<Outcome>,
    dots: Option<Dots>,
    reason: Option<String>,
    unknown: Vec<&'static str>,
    same: bool,
}

/// Judges it again by the settings of now, and changes nothing.
pub(crate) async fn judge_again(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let nothing = || Problem::new(Code::NotFound, "nothing is kept of such an SMS");
    let id: Uuid = id.parse().map_err(|_| nothing())?;
    let judgement = in_time(rejudge::one(&app, id)).await?.ok_or_else(nothing)?;
    let now = app.live.now();
    let stored = &judgement.row.verdict;
    let again = match judgement.rejudge(&now, &now) {
        Rejudged::Verdict(verdict) => Again {
            same: (verdict.failed_at, &verdict.reason) == (stored.failed_at, &stored.reason),
            outcome: Some(Outcome::of_verdict(&verdict)),
            dots: Some(Dots::of(&verdict.codes)),
            reason: verdict.reason,
            unknown: Vec::new(),
        },
        Rejudged::Unknown(facts) => Again {
            outcome: None,
            dots: None,
            reason: None,
            unknown: facts.into_iter().map(Fact::about).collect(),
            same: false,
        },
    };
    Ok(part(&again))
}

/// Accepts it, where its time alone was in doubt.
pub(crate) async fn accept(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Done, Failed> {
    let sms_id = rejudge::sms_id(&id)?;
    acceptance::accept(&app, &visitor.actor(), sms_id, form.text("reason")).await?;
    Ok(Done::reload("The SMS is accepted and its number validated", PATH))
}
