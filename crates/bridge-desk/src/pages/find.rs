//! One box for everything: a number or some of its digits, a part of a text, an e-mail address, a device, an id. And one
//! number on one line of time.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::Mobile;
use bridge_core::phone::BareDigits;
use bridge_store::desk::{OnboardingFilter, SmsFilter};
use uuid::Uuid;

use super::onboardings::Entry;
use super::sms::Line;
use crate::access::Visitor;
use crate::asked::Asked;
use crate::page::{Frame, render};
use crate::show::{Outcome, When, words};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_app::looking::timeline::{self, Happened};
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/find";
const NUMBER: &str = "/admin/ui/number";
/// Fewer characters are in everything.
const CHARS_MIN: usize = 4;
const SHOWN: usize = 25;

fn lead(to: String) -> Response {
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static(PATH));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// The address of the line of time of a number, or of a sender as it came.
fn of_number(mobile: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("mobile", mobile).finish();
    format!("{NUMBER}?{query}")
}

#[derive(Template)]
#[template(path = "desk/find.html")]
struct Page {
    frame: Frame,
    query: String,
    too_short: bool,
    rows: Vec<Line>,
    registered: Vec<Entry>,
    /// So far back the SMS were looked through.
    sms_until: Option<When>,
    registered_until: Option<When>,
}

/// What the box finds.
pub(crate) async fn find(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let query = asked.text("q").to_owned();
    let settings = app.live.now();
    if let Ok(id) = query.parse::<Uuid>() {
        if looking::sms::story(&app, &settings, id).await?.is_some() {
            return Ok(lead(format!("/admin/ui/sms/{id}")));
        }
        return Ok(lead(format!("/admin/ui/onboardings/{id}")));
    }
    if let Ok(mobile) = Mobile::parse(&query, &settings.default_country_code, BareDigits::NationalFirst) {
        return Ok(lead(of_number(mobile.e164())));
    }
    let now = app.clock.now();
    // People write numbers in groups.
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    let is_number = query.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c));
    let holds = if is_number { digits } else { query.clone() };
    let too_short = holds.chars().count() < CHARS_MIN;
    let mut page = Page {
        frame: Frame::by(&app, &settings, visitor, "Search", PATH).await,
        query,
        too_short,
        rows: Vec::new(),
        registered: Vec::new(),
        sms_until: None,
        registered_until: None,
    };
    if !too_short {
        let sms = SmsFilter { holds: Some(holds.clone()), ..SmsFilter::default() };
        let registered = OnboardingFilter { holds: Some(holds), ..OnboardingFilter::default() };
        let sms = looking::sms::search(&app, &sms, None, SHOWN).await?;
        let registered = looking::onboardings::search(&app, &registered, None, SHOWN).await?;
        page.sms_until = sms.scanned_until.map(|at| When::new(at, now));
        page.registered_until = registered.scanned_until.map(|at| When::new(at, now));
        page.rows = sms.rows.into_iter().map(|row| Line::of(row, &app)).collect();
        page.registered = registered.rows.into_iter().map(|row| Entry::of(row, now)).collect();
    }
    Ok(render(&page))
}

/// One moment on the line.
struct Moment {
    at: When,
    /// For the style sheet.
    class: &'static str,
    what: String,
    /// More of it.
    detail: String,
    outcome: Option<Outcome>,
    /// Where it is told whole.
    link: Option<String>,
}

fn moment(happened: Happened, at: &When) -> Moment {
    let said = |class, what: &str, detail: String, link| Moment {
        at: at.clone(),
        class,
        what: what.to_owned(),
        detail,
        outcome: None,
        link,
    };
    match happened {
        Happened::Registered(one) => {
            let who = [one.email.as_deref(), one.device_id.as_deref()].into_iter().flatten();
            let who: Vec<&str> = who.collect();
            let detail = format!("{}; now {}", who.join(", "), words::state(one.state));
            let link = Some(format!("/admin/ui/onboardings/{}", one.id));
            said("info", "registered", detail.trim_start_matches("; ").to_owned(), link)
        }
        Happened::Ended(one) => {
            let link = Some(format!("/admin/ui/onboardings/{}", one.id));
            said("warn", "its time was over", String::new(), link)
        }
        Happened::Refused(refusal) => {
            said("bad", "registration refused", words::refused(&refusal.reason), None)
        }
        Happened::Sms(row) => Moment {
            outcome: Some(Outcome::of(row.failed_at_check.as_deref())),
            ..said("", "SMS", row.sms_message.clone(), Some(format!("/admin/ui/sms/{}", row.sms_id)))
        },
        Happened::Validated(row) => {
            let device =
                if row.device_id.is_empty() { String::new() } else { format!("on {}", row.device_id) };
            said("good", "validated", device, Some(format!("/admin/ui/sms/{}", row.sms_id)))
        }
        Happened::Blocked(block) => {
            let by = block.blocked_by.map(|by| format!(", by {by}")).unwrap_or_default();
            said("bad", "blocked", format!("{}{by}", block.reason), None)
        }
        Happened::Done(row) => {
            let change = row.change;
            said("", "an operator", format!("{} by {}", change.action, change.who), None)
        }
    }
}

#[derive(Template)]
#[template(path = "desk/number.html")]
struct NumberPage {
    frame: Frame,
    mobile: String,
    is_number: bool,
    moments: Vec<Moment>,
    more: bool,
    blocked: bool,
    validated: bool,
}

/// One number on one line of time.
pub(crate) async fn number(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let given = asked.text("mobile");
    if given.is_empty() {
        return Err(Problem::field(Code::InvalidRequest, "mobile", "is missing: which number?").into());
    }
    let mobile = Mobile::parse(given, &settings.default_country_code, BareDigits::NationalFirst);
    let mobile = mobile.map_or_else(|_| given.to_owned(), |mobile| mobile.e164().to_owned());
    let line = timeline::of(&app, &mobile).await?;
    let now = app.clock.now();
    Ok(render(&NumberPage {
        frame: Frame::by(&app, &settings, visitor, "One number", PATH).await,
        is_number: mobile.starts_with('+'),
        mobile,
        moments: line.events.into_iter().map(|(at, event)| moment(event, &When::new(at, now))).collect(),
        more: line.more,
        blocked: line.blocked,
        validated: line.validated,
    }))
}
