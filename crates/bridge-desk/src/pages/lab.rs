//! The Test Lab: a simulated phone, ready-made journeys, and lists, with each verdict as it appears. All of it happens
//! in a bridge of its own ([`bridge_http::lab`]), so that it never reaches the real stores or the remote.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bridge_core::Span;
use bridge_formats::{FORMATS, generic};
use futures_util::stream;
use serde_json::{Map, Value};
use tokio::sync::broadcast::error::RecvError;

use super::step::StepView;
use crate::access::Visitor;
use crate::form::Form;
use crate::page::{Done, Frame, render};
use crate::show::{Dots, When, lasting};
use bridge_app::base::deadline::STREAM;
use bridge_app::base::problem::{Code, Problem};
use bridge_http::api::lab::{LIST_MAX_BYTES, refused};
use bridge_http::body;
use bridge_http::lab::presets::{self, Preset};
use bridge_http::lab::{Event, Kind, List, Sending};
use bridge_http::problem::Failed;
use bridge_http::state::Served;

const PATH: &str = "/admin/ui/lab";
const HEARTBEAT: Duration = Duration::from_secs(15);

struct Row {
    n: u64,
    at: String,
    kind: &'static str,
    what: String,
    who: String,
    text: String,
    format: String,
    outcome: String,
    class: &'static str,
    expected: Option<&'static str>,
    met: bool,
    dots: Option<Dots>,
    steps: Vec<StepView>,
    said: String,
}

impl Row {
    fn of(event: &Event) -> Row {
        let outcome = event.outcome();
        let class = match outcome.as_str() {
            "passed" | "registered" => "good",
            "stored" => "info",
            _ => "bad",
        };
        let mut row = Row {
            n: event.n,
            at: event.at.to_string(),
            kind: "registration",
            what: event.what.clone(),
            who: event.who.clone(),
            text: String::new(),
            format: String::new(),
            outcome,
            class,
            expected: event.expected,
            met: event.met(),
            dots: None,
            steps: Vec::new(),
            said: event.said.clone(),
        };
        match &event.kind {
            Kind::Registration => {}
            Kind::Unusable(reason) => {
                row.kind = "unusable";
                row.said.clone_from(reason);
            }
            Kind::Sms(seen) => {
                row.kind = "sms";
                row.text.clone_from(&seen.text);
                row.format.clone_from(&seen.format);
                row.dots = seen.judged.as_ref().map(|judged| Dots::of(&judged.row.verdict.codes));
                row.steps = seen.trace.iter().cloned().map(StepView::of).collect();
            }
        }
        row
    }
}

#[derive(Template)]
#[template(path = "desk/lab_rows.html")]
struct Rows {
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "desk/lab.html")]
struct Page {
    frame: Frame,
    presets: Vec<&'static Preset>,
    formats: Vec<&'static str>,
    rows: Vec<Row>,
    clock: Option<(When, Option<String>)>,
    /// The newest registration: what its phone would send.
    ready: Option<(String, String)>,
}

/// The number and the text of the newest simulated user.
fn ready(events: &[Arc<Event>]) -> Option<(String, String)> {
    let registration = events.iter().rev().find(|event| matches!(event.kind, Kind::Registration))?;
    let text = registration.answer()["sms_body"].as_str()?.to_owned();
    Some((registration.who.clone(), text))
}

/// The page.
pub(crate) async fn show(State(Served { app, lab }): State<Served>, visitor: Visitor) -> Response {
    let recent = lab.recent();
    let clock =
        lab.time().await.map(|(now, ahead)| (When::new(now, now), (ahead.0 > 999).then(|| lasting(ahead))));
    render(&Page {
        frame: Frame::new(&app, visitor, "Test Lab", PATH).await,
        presets: presets::all().collect(),
        formats: [&generic::FORMAT].into_iter().chain(FORMATS.iter().copied()).map(|f| f.name).collect(),
        ready: ready(&recent),
        rows: recent.iter().rev().map(|event| Row::of(event)).collect(),
        clock,
    })
}

/// Registers a simulated user; the form for their SMS is filled in.
pub(crate) async fn register(State(Served { app, lab }): State<Served>, form: Form) -> Result<Done, Failed> {
    let given: Map<String, Value> = ["mobile_number", "email", "device_id"]
        .into_iter()
        .map(|name| (name.to_owned(), form.text(name).trim()))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name, Value::from(text)))
        .collect();
    let event = lab.register(&app, &Value::Object(given)).await.map_err(refused)?;
    Ok(Done::reload(format!("{}: {}", event.who, event.outcome()), PATH))
}

/// Sends an SMS as a simulated phone.
pub(crate) async fn send(State(Served { app, lab }): State<Served>, form: Form) -> Result<Done, Failed> {
    let sender = form.text("sender").trim();
    if sender.is_empty() {
        return Err(Problem::field(Code::InvalidRequest, "sender", "is missing").into());
    }
    let late: u32 = match form.text("ago").trim() {
        "" => 0,
        text => {
            text.parse().map_err(|_| Problem::field(Code::InvalidRequest, "ago", "must be a whole number"))?
        }
    };
    let received = lab.time().await.map(|(now, _)| now - Span::seconds(late)).filter(|_| late > 0);
    let sending = Sending {
        what: "an SMS by hand".to_owned(),
        sender: sender.to_owned(),
        text: form.text("text").to_owned(),
        received,
        format: Some(form.text("format").to_owned()).filter(|name| !name.is_empty()),
        id: None,
        expected: None,
    };
    let event = lab.send(&app, sending).await.map_err(refused)?;
    Ok(Done::stay(format!("{}: {}", event.who, event.outcome()), PATH))
}

/// Plays a journey.
pub(crate) async fn play(
    State(Served { app, lab }): State<Served>,
    Path(name): Path<String>,
) -> Result<Done, Failed> {
    let events = lab.play(&app, &name).await.map_err(refused)?;
    let met = events.iter().all(|event| event.met());
    let how = if met { "as expected" } else { "NOT as expected by the default settings" };
    Ok(Done::stay(format!("{name}: {how}"), PATH))
}

/// Sets the clock of the lab forward.
pub(crate) async fn forward(State(Served { app, lab }): State<Served>, form: Form) -> Result<Done, Failed> {
    let seconds: u32 = form
        .text("seconds")
        .parse()
        .map_err(|_| Problem::field(Code::InvalidRequest, "seconds", "must be a whole number of seconds"))?;
    lab.forward(&app, Span::seconds(seconds)).await.map_err(refused)?;
    Ok(Done::reload("The clock of the lab is set forward", PATH))
}

/// Ends the lab's bridge.
pub(crate) async fn end(State(Served { lab, .. }): State<Served>) -> Done {
    lab.end().await;
    Done::reload("All that happened in the lab is gone", PATH)
}

/// Takes a list in, in the predecessor's shape; the verdicts appear as they are reached.
pub(crate) async fn list(
    State(Served { app, lab }): State<Served>,
    headers: HeaderMap,
    file: Body,
) -> Result<Done, Failed> {
    let bytes = body::read(&app, &headers, file, LIST_MAX_BYTES).await?;
    let mut list = List::csv(&bytes);
    let (mut rows, mut passed) = (0_u64, 0_u64);
    while let Some(event) = list.next(&lab, &app).await.map_err(refused)? {
        rows += 1;
        passed += u64::from(event.outcome() == "passed");
    }
    Ok(Done::reload(format!("{rows} rows: {passed} passed"), PATH))
}

/// What happens, as it happens.
pub(crate) async fn live(State(Served { app, lab }): State<Served>) -> Response {
    let feed = lab.feed();
    let until = Box::pin(tokio::time::sleep(STREAM));
    let parts = stream::unfold((app, feed, until), |(app, mut feed, mut until)| async move {
        let event = tokio::select! {
            event = feed.recv() => match event {
                Ok(event) => event,
                // Too many at once: the page shows the newest when it is loaded again.
                Err(RecvError::Lagged(_)) => {
                    return Some((Ok::<_, Infallible>(SseEvent::default().event("end").data("")), (app, feed, until)));
                }
                Err(RecvError::Closed) => return None,
            },
            () = app.stopping.cancelled() => return None,
            () = until.as_mut() => return None,
        };
        let html = Rows { rows: vec![Row::of(&event)] }.render().unwrap_or_default();
        Some((Ok(SseEvent::default().event("row").data(html)), (app, feed, until)))
    });
    Sse::new(parts).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}
