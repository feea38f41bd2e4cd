//! The Test Lab over HTTP: thin, as the page over it is. What happens in the lab stays in it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bridge_core::{Span, Timestamp};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::rejudge::StepView;
use crate::auth::Operator;
use crate::body;
use crate::lab::{Event, FORWARD_MAX, Kind, LabError, List, Sending, presets};
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Served;
use crate::state::Shared;
use crate::view::VerdictView;
use bridge_app::base::problem::{Code, Problem};

/// Largest list: ten thousand rows of SMS.
pub const LIST_MAX_BYTES: usize = 8 * 1024 * 1024;
const NDJSON: &str = "application/x-ndjson";
/// Between two signs of life of the stream.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something that happened in the lab.
#[derive(Serialize, ToSchema)]
pub struct LabEvent {
    /// Counts them.
    n: u64,
    /// When, by the clock of the lab.
    #[schema(format = DateTime)]
    at: String,
    /// `registration`, `sms`, or `unusable` for a row of a list that is no SMS.
    kind: &'static str,
    /// What happened, for people.
    what: String,
    /// The number or other sender.
    who: String,
    /// In one word: `registered` or why not; `passed` or the check that failed, `stored`, `unusable`.
    outcome: String,
    /// What should have become of it by the default settings, where the lab knows.
    expected: Option<&'static str>,
    /// It did.
    as_expected: bool,
    /// The HTTP status that was answered.
    http_status: u16,
    /// The body that was answered.
    said: String,
    /// The SMS.
    sms: Option<LabSms>,
}

/// What became of an SMS in the lab.
#[derive(Serialize, ToSchema)]
pub struct LabSms {
    /// How it was delivered.
    format: String,
    sms_message: String,
    #[schema(format = DateTime)]
    received_timestamp: String,
    /// Always `test-lab`.
    receiver_id: Option<String>,
    /// Its verdict; null where it waits or nobody can use it.
    verdict: Option<VerdictView>,
    /// It came before: this is the verdict from then.
    duplicate_delivery: bool,
    /// Why, step by step.
    trace: Vec<StepView>,
}

impl LabEvent {
    fn of(event: &Event) -> LabEvent {
        let (kind, sms, reason) = match &event.kind {
            Kind::Registration => ("registration", None, None),
            Kind::Unusable(reason) => ("unusable", None, Some(reason.clone())),
            Kind::Sms(seen) => {
                let row = seen.judged.as_ref().map(|judged| &judged.row);
                let sms = LabSms {
                    format: seen.format.clone(),
                    sms_message: seen.text.clone(),
                    received_timestamp: seen.received.to_string(),
                    receiver_id: row.map(|row| row.sms.receiver_id.clone()),
                    verdict: row.map(|row| VerdictView::of(&row.verdict)),
                    duplicate_delivery: seen.again,
                    trace: seen.trace.iter().cloned().map(StepView::of).collect(),
                };
                ("sms", Some(sms), None)
            }
        };
        LabEvent {
            n: event.n,
            at: event.at.to_string(),
            kind,
            what: event.what.clone(),
            who: event.who.clone(),
            outcome: event.outcome(),
            expected: event.expected,
            as_expected: event.met(),
            http_status: event.status,
            said: reason.unwrap_or_else(|| event.said.clone()),
            sms,
        }
    }
}

/// Several of them, in order.
#[derive(Serialize, ToSchema)]
pub struct LabEvents {
    items: Vec<LabEvent>,
}

/// What the lab offers, and what happened last.
#[derive(Serialize, ToSchema)]
pub struct LabView {
    /// Its clock; null where it has not begun.
    #[schema(format = DateTime)]
    now: Option<String>,
    /// How many seconds that is ahead of the bridge's.
    ahead_seconds: i64,
    /// Journeys that it can play.
    presets: Vec<PresetView>,
    /// Formats in which an SMS can be sent.
    formats: Vec<FormatView>,
    /// What happened last, oldest first.
    recent: Vec<LabEvent>,
}

/// A journey.
#[derive(Serialize, ToSchema)]
pub struct PresetView {
    name: &'static str,
    about: &'static str,
    /// What should become of it by the default settings.
    expected: &'static str,
}

/// A format.
#[derive(Serialize, ToSchema)]
pub struct FormatView {
    name: &'static str,
    about: &'static str,
}

/// A simulated user registers.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the inner bridge reads it")]
pub struct LabRegister {
    /// Somebody new where none is given.
    mobile_number: Option<String>,
    email: Option<String>,
    device_id: Option<String>,
}

/// An SMS to send as a simulated phone.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct LabSend {
    /// A number, or any other sender.
    sender: String,
    text: String,
    /// By the clock of the lab; now where not given.
    received_timestamp: Option<String>,
    /// `generic` where not given.
    format: Option<String>,
    /// The same again is a delivery that is tried again; a new one where not given.
    message_id: Option<String>,
}

/// How far the clock goes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct LabForward {
    /// From 1 to 31622400.
    seconds: u32,
}

/// Why the lab does not do it.
pub fn refused(error: LabError) -> Problem {
    match error {
        LabError::Wrong(what) => Problem::new(Code::InvalidRequest, what),
        LabError::Stopping => Problem::new(Code::Unavailable, "the bridge is stopping"),
        error => Problem::unavailable(&error),
    }
}

async fn given(app: &Shared, request: Request) -> Result<Value, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    match if bytes.is_empty() { json!({}) } else { body::json(&bytes)? } {
        given @ Value::Object(_) => Ok(given),
        _ => Err(Problem::new(Code::InvalidRequest, "the body must be a JSON object")),
    }
}

fn text(given: &Value, field: &'static str) -> Result<Option<String>, Problem> {
    match given.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Problem::field(Code::InvalidRequest, field, "must be a text")),
    }
}

/// What the Test Lab offers, and what happened in it last.
#[utoipa::path(
    get, path = "/admin/lab", operation_id = "lab", tag = "lab", security(("admin_token" = [])),
    responses((status = 200, body = LabView), (status = 401, body = ProblemBody))
)]
pub async fn show(_: Operator, State(Served { lab, .. }): State<Served>) -> Json<LabView> {
    let time = lab.time().await;
    Json(LabView {
        now: time.map(|(now, _)| now.to_string()),
        ahead_seconds: time.map_or(0, |(_, ahead)| ahead.0 / 1000),
        presets: presets::all()
            .map(|p| PresetView { name: p.name, about: p.about, expected: p.expected })
            .collect(),
        formats: bridge_formats::all()
            .map(|format| FormatView { name: format.name, about: format.about })
            .collect(),
        recent: lab.recent().iter().map(|event| LabEvent::of(event)).collect(),
    })
}

/// Register a simulated user.
#[utoipa::path(
    post, path = "/admin/lab/register", operation_id = "lab_register", tag = "lab", security(("admin_token" = [])),
    request_body(content = LabRegister, description = "May be left out: then it is somebody new"),
    responses(
        (status = 200, description = "Registered, or refused as a real one would be", body = LabEvent),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn register(
    _: Operator,
    State(Served { app, lab }): State<Served>,
    request: Request,
) -> Result<Json<LabEvent>, Failed> {
    let fields = given(&app, request).await?;
    Ok(Json(LabEvent::of(&*lab.register(&app, &fields).await.map_err(refused)?)))
}

/// Send an SMS as a simulated phone.
#[utoipa::path(
    post, path = "/admin/lab/sms", operation_id = "lab_send", tag = "lab", security(("admin_token" = [])),
    request_body = LabSend,
    responses(
        (status = 200, description = "What became of it", body = LabEvent),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn send(
    _: Operator,
    State(Served { app, lab }): State<Served>,
    request: Request,
) -> Result<Json<LabEvent>, Failed> {
    let given = given(&app, request).await?;
    let required = |field: &'static str| {
        text(&given, field)?.ok_or_else(|| Problem::field(Code::InvalidRequest, field, "is missing"))
    };
    let received = text(&given, "received_timestamp")?
        .map(|stamp| Timestamp::parse(&stamp))
        .transpose()
        .map_err(|why| Problem::field(Code::InvalidRequest, "received_timestamp", why.to_string()))?;
    let sending = Sending {
        what: "an SMS by hand".to_owned(),
        sender: required("sender")?,
        text: required("text")?,
        received,
        format: text(&given, "format")?,
        id: text(&given, "message_id")?,
        expected: None,
    };
    Ok(Json(LabEvent::of(&*lab.send(&app, sending).await.map_err(refused)?)))
}

/// Play a journey.
#[utoipa::path(
    post, path = "/admin/lab/presets/{name}", operation_id = "lab_play", tag = "lab", security(("admin_token" = [])),
    params(("name" = String, Path, description = "From `GET /admin/lab`", example = "right")),
    responses(
        (status = 200, description = "All that happened, in order", body = LabEvents),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn play(
    _: Operator,
    State(Served { app, lab }): State<Served>,
    Segment(name): Segment,
) -> Result<Json<LabEvents>, Failed> {
    let events = lab.play(&app, &name).await.map_err(refused)?;
    Ok(Json(LabEvents { items: events.iter().map(|event| LabEvent::of(event)).collect() }))
}

/// Set the clock of the Test Lab forward.
#[utoipa::path(
    post, path = "/admin/lab/forward", operation_id = "lab_forward", tag = "lab", security(("admin_token" = [])),
    request_body = LabForward,
    responses(
        (status = 200, description = "As it is now", body = LabView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn forward(
    operator: Operator,
    State(Served { app, lab }): State<Served>,
    request: Request,
) -> Result<Json<LabView>, Failed> {
    let rule = || format!("must be a whole number from 1 to {}", FORWARD_MAX.0 / 1000);
    let seconds = given(&app, request).await?["seconds"]
        .as_u64()
        .and_then(|seconds| u32::try_from(seconds).ok())
        .ok_or_else(|| Problem::field(Code::InvalidRequest, "seconds", rule()))?;
    lab.forward(&app, Span::seconds(seconds)).await.map_err(refused)?;
    Ok(show(operator, State(Served { app, lab })).await)
}

/// End the Test Lab: all that happened in it is gone, and the next use begins anew.
#[utoipa::path(
    delete, path = "/admin/lab", operation_id = "lab_end", tag = "lab", security(("admin_token" = [])),
    responses((status = 204, description = "It is gone"), (status = 401, body = ProblemBody))
)]
pub async fn end(_: Operator, State(Served { lab, .. }): State<Served>) -> StatusCode {
    lab.end().await;
    StatusCode::NO_CONTENT
}

/// Take a list in: a verdict for each row.
///
/// CSV with the columns `sender_number,sms_message,received_timestamp`, at most 10,000 rows. The answer is a line of JSON
/// for each row, as it is judged; where it must end before the list does, the last one is `{"error": …}`.
#[utoipa::path(
    post, path = "/admin/lab/list", operation_id = "lab_list", tag = "lab", security(("admin_token" = [])),
    request_body(content((String = "text/csv"))),
    responses(
        (status = 200, description = "A line of JSON for each row", body = LabEvent, content_type = "application/x-ndjson"),
        (status = 400, description = "`invalid_request`: this is no list of SMS", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(
    _: Operator,
    State(Served { app, lab }): State<Served>,
    request: Request,
) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&app, &parts.headers, body, LIST_MAX_BYTES).await?;
    let mut list = List::csv(&bytes);
    drop(bytes);
    // The first row is taken before the answer begins, so that what is no list at all is refused by its status.
    let first = list.next(&lab, &app).await.map_err(refused)?;
    let lines = stream::unfold((Some(list), Some(first), app, lab), |(list, first, app, lab)| async {
        let mut list = list?;
        let next = match first {
            Some(first) => Ok(first),
            None => list.next(&lab, &app).await,
        };
        match next {
            Ok(Some(event)) => Some((line(&json!(LabEvent::of(&event))), (Some(list), None, app, lab))),
            Ok(None) => None,
            Err(error) => {
                Some((line(&json!({"error": ProblemBody::of(&refused(error), "")})), (None, None, app, lab)))
            }
        }
    });
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response())
}

fn line(value: &Value) -> Result<Bytes, Infallible> {
    Ok(Bytes::from(format!("{value}\n")))
}

/// What happens in the Test Lab, as it happens: server-sent events.
#[utoipa::path(
    get, path = "/admin/lab/events", operation_id = "lab_events", tag = "lab", security(("admin_token" = [])),
    responses(
        (status = 200, description = "`event: lab`, `data:` what happened", body = LabEvent, content_type = "text/event-stream"),
        (status = 401, body = ProblemBody),
    )
)]
pub async fn events(_: Operator, State(Served { app, lab }): State<Served>) -> Response {
    let feed = lab.feed();
    let sse =
        Sse::new(happening(feed, app)).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    let mut response = sse.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn happening(
    feed: broadcast::Receiver<Arc<Event>>,
    app: Shared,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    stream::unfold((feed, app), |(mut feed, app)| async {
        loop {
            let event = tokio::select! {
                () = app.stopping.cancelled() => return None,
                event = feed.recv() => event,
            };
            match event {
                Ok(event) => {
                    let said = SseEvent::default().event("lab").json_data(LabEvent::of(&event)).ok()?;
                    return Some((Ok(said), (feed, app)));
                }
                // Whoever reads slowly sees the newest ones.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    })
}

/// The routes of the Test Lab.
pub(crate) fn api() -> OpenApiRouter<Served> {
    OpenApiRouter::default()
        .routes(routes!(show, end))
        .routes(routes!(register))
        .routes(routes!(send))
        .routes(routes!(play))
        .routes(routes!(forward))
        .routes(routes!(list))
        .routes(routes!(events))
}
