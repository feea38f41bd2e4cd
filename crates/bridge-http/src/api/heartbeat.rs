//! `POST /receivers/heartbeat`: a receiver says that it is alive, and how it is.

use axum::Json;
use axum::extract::{Request, State};
use bridge_formats::fields::{FieldValue, Fields};
use bridge_formats::{EventKind, FieldError, Incoming, Report, generic};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{self, Purpose};
use crate::body;
use crate::client;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::state::places::Who;
use bridge_app::state::receivers::REPORT_MAX_CHARS;

/// A receiver's sign of life.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct Heartbeat {
    /// Percent.
    battery: Option<u8>,
    charging: Option<bool>,
    /// `wifi`, `cellular` …
    #[schema(max_length = 100)]
    network: Option<String>,
    #[schema(max_length = 100)]
    app_version: Option<String>,
}

/// That it was heard.
#[derive(Serialize, ToSchema)]
pub struct Heard {
    /// Always `ok`.
    status: &'static str,
    /// Who it is.
    receiver: String,
}

/// Say that a receiver lives.
///
/// The body may be empty. A field that cannot be read is named; the receiver was heard all the same.
#[utoipa::path(
    post, path = "/receivers/heartbeat", operation_id = "heartbeat", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    request_body = Heartbeat,
    responses(
        (status = 200, body = Heard),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
    )
)]
pub async fn heartbeat(State(app): State<Shared>, request: Request) -> Result<Json<Heard>, Failed> {
    let (parts, body) = request.into_parts();
    let door = auth::at_the_door(&app, &parts, Some(&generic::FORMAT))?;
    let bytes = body::read_of(&app, door.sender, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let (name, fields) = {
        let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &bytes);
        let sender = auth::receiver(
            &app,
            &incoming,
            &generic::FORMAT,
            Purpose::Deliver,
            client::address(&app, &parts),
        )?;
        let fields =
            if bytes.trim_ascii().is_empty() { Ok(Fields::default()) } else { incoming.fields().cloned() };
        (sender.name().to_owned(), fields)
    };
    client::is(&parts, Who::Receiver(&name));
    let now = app.clock.now();
    app.receivers.seen().mark_seen(&name, now);
    app.receivers.seen().pinged(&name, now);
    app.receivers.seen().told(&name, EventKind::Ping);
    app.metrics.count_event(generic::FORMAT.name, EventKind::Ping);
    let fields =
        fields.map_err(|unusable| Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors))?;
    app.receivers.seen().reported(&name, report(&fields)?, now);
    Ok(Json(Heard { status: "ok", receiver: name }))
}

fn report(fields: &Fields) -> Result<Report, Problem> {
    let mut errors = Vec::new();
    let mut said = |name: &str| match fields.text(&[name]) {
        Ok(found) => found.map(|(_, text)| text).filter(|text| !text.is_empty()),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let (battery, network, app_version) = (said("battery"), said("network"), said("app_version"));
    for (name, text) in [("network", &network), ("app_version", &app_version)] {
        if text.as_ref().is_some_and(|text| text.chars().count() > REPORT_MAX_CHARS) {
            errors.push(FieldError::new(name, format!("must be at most {REPORT_MAX_CHARS} characters")));
        }
    }
    let battery = battery.and_then(|text| match text.trim_end_matches('%').parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
            let percent = percent.round() as u8;
            Some(percent)
        }
        _ => {
            errors.push(FieldError::new("battery", "must be a number from 0 to 100"));
            None
        }
    });
    let charging = match fields.get("charging") {
        None | Some(FieldValue::Null) => None,
        Some(FieldValue::Bool(charging)) => Some(*charging),
        Some(FieldValue::Text(text)) if matches!(text.as_str(), "true" | "1") => Some(true),
        Some(FieldValue::Text(text)) if matches!(text.as_str(), "false" | "0") => Some(false),
        Some(_) => {
            errors.push(FieldError::new("charging", "must be true or false"));
            None
        }
    };
    if errors.is_empty() {
        return Ok(Report { battery, charging, network, app_version });
    }
    let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    let detail = format!("the receiver was heard, but not all it says can be read: see {}", named.join(", "));
    Err(Problem::fields(Code::InvalidRequest, detail, errors))
}
