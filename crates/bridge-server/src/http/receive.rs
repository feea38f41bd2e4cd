//! `POST /sms/receive` and `/sms/receive/{format}`: authenticate, read, hand to the intake, answer as the sender wants.
//! What an authenticated sender sent and nobody can use is kept (contract section 3). One status rule: 2xx once it is
//! durable, 401 for a wrong secret or signature alone, 503 only where nothing is writable.

mod view;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::Timestamp;
use bridge_formats::{Content, Format, Incoming, Reply, Unusable, generic};
use bytes::Bytes;

use super::segment::Segment;
use super::{Shared, auth, body};
use crate::base::problem::{Code, Problem, ProblemBody};
use crate::sms::inbound::{self, Way};
use crate::sms::intake::{self, Taken};
use crate::sms::quarantine;
use crate::state::receivers::Sender;

pub(super) use view::VerdictView;
pub use view::{Delivery, LastSmsView, SmsAnswer, SmsStored, SmsView};

/// Hand in an SMS.
///
/// JSON or a form, with any of the names that phone apps use, or the body of any format that can be told. 2xx means it is
/// durable, whatever the verdict. The secret may also come as Basic password, as `?apiKey=`, or as field `secret`; a
/// receiver with a signing key signs as its format does.
#[utoipa::path(
    post, path = "/sms/receive", operation_id = "receive_sms", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    request_body(content(
        (Object = "application/json", example = json!({
            "mobile_number": "+919876543210", "sms_message": "ONBOARD:a06f…", "received_timestamp": "2026-01-31T12:00:00Z",
            "message_id": "m1", "device_id": "phone-1"
        })),
        (Object = "application/x-www-form-urlencoded")
    )),
    responses(
        (status = 200, description = "Judged", body = SmsAnswer),
        (status = 202, description = "Durable, to be judged later", body = SmsStored),
        (status = 400, description = "`invalid_request`: no SMS in it; the body is kept in quarantine", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive(State(app): State<Shared>, request: Request) -> Result<Response, Problem> {
    take(&app, None, request).await
}

/// Hand in SMS in a named format.
///
/// Always 200 once it is durable, with the body that this sender wants: `GET` serves kannel, jasmin and vonage.
#[utoipa::path(
    post, path = "/sms/receive/{format}", operation_id = "receive_sms_in_format", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    params(("format" = String, Path, description = "smsgate, httpsms, textbee, bogkonstantin, smsforwarder, smssync, \
        twilio, vonage, plivo, telnyx, infobip, africastalking, jasmin, kannel or generic")),
    responses(
        (status = 200, description = "Durable; the body is the sender's own where it wants one", body = Delivery),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`: no such format", body = ProblemBody),
        (status = 405, description = "`method_not_allowed`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive_named(
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let Some(format) = bridge_formats::named(&name) else {
        let known: Vec<&str> = bridge_formats::FORMATS.iter().map(|format| format.name).collect();
        return Err(Problem::new(
            Code::NotFound,
            format!("there is no such format: known are {}", known.join(", ")),
        ));
    };
    if request.method() == Method::GET && !format.takes_get {
        return Err(Problem::new(Code::MethodNotAllowed, format!("{name} delivers with POST")));
    }
    take(&app, Some(format), request).await
}

/// What a request turned out to be.
struct Delivering {
    sender: Sender,
    format: &'static Format,
    /// The route named the format, or it was told by the request: then nothing of it is refused with 400.
    sure: bool,
    app_version: Option<String>,
}

async fn take(app: &Shared, named: Option<&'static Format>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, body::SMS_MAX_BYTES).await?;
    let (delivering, content) = read(app, named, &parts, &bytes)?;
    let now = app.clock.now();
    let receiver = delivering.sender.name().to_owned();
    app.receivers.spoke(&receiver, now);
    let content = match content {
        Ok(content) => content,
        Err(unusable) => {
            keep(app, &delivering, &parts, bytes, unusable.reason()).await?;
            if !delivering.sure {
                return Err(Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors));
            }
            return Ok(reply(&delivering, named, &[], vec![unusable.reason()]));
        }
    };
    let mut report = content.report.clone();
    if let Some(version) = &delivering.app_version {
        report.get_or_insert_default().app_version.get_or_insert_with(|| version.clone());
    }
    if let Some(report) = report {
        app.receivers.reported(&receiver, report, now);
    }
    let refused: Vec<String> = content.unusable.iter().map(Unusable::reason).collect();
    if !refused.is_empty() {
        keep(app, &delivering, &parts, bytes, refused.join(" | ")).await?;
    }
    let settings = app.live.now();
    let mut sms = Vec::with_capacity(content.sms.len());
    let way = Way {
        sender: &delivering.sender,
        format: delivering.format.name,
        bare_digits: delivering.format.bare_digits,
        now,
    };
    for delivered in content.sms {
        sms.push(inbound::inbound(app, way, delivered).map_err(|error| Problem::unavailable(&error))?);
    }
    let stamps: Vec<Option<Timestamp>> =
        sms.iter().map(|sms| sms.stamped.then_some(sms.received_timestamp)).collect();
    let taken = intake::take_all(app, sms).await.map_err(|intake::Unwritable| {
        Problem::new(Code::Unavailable, "nothing is writable right now: keep this SMS and send it again")
    })?;
    for (taken, stamp) in taken.iter().zip(stamps) {
        app.receivers.delivered(&receiver, matches!(taken, Taken::Redelivered(_)));
        // Only what comes for the first time and is judged at once tells something of a clock.
        if let (Taken::Judged(_), Some(stamp)) = (taken, stamp) {
            app.receivers.stamped(&receiver, stamp, now, settings.tolerance());
        }
    }
    Ok(reply(&delivering, named, &taken, refused))
}

fn read(
    app: &Shared,
    named: Option<&'static Format>,
    parts: &Parts,
    bytes: &Bytes,
) -> Result<(Delivering, Result<Content, Unusable>), Problem> {
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, bytes);
    let recognised = named.or_else(|| bridge_formats::recognised(&incoming));
    let format = recognised.unwrap_or(&generic::FORMAT);
    let sender = auth::receiver(app, &incoming, format)?;
    let app_version = format.version.and_then(|version| version(&incoming));
    let delivering = Delivering { sender, format, sure: recognised.is_some(), app_version };
    Ok((delivering, (format.parse)(&incoming)))
}

/// What the sender wants to hear now that everything is durable.
fn reply(delivering: &Delivering, named: Option<&Format>, taken: &[Taken], refused: Vec<String>) -> Response {
    if let Reply::Fixed { content_type, body } = delivering.format.reply {
        return (StatusCode::OK, [(header::CONTENT_TYPE, content_type)], body).into_response();
    }
    if let ([taken], []) = (taken, refused.as_slice()) {
        let later = *taken == Taken::Stored && named.is_none();
        let status = if later { StatusCode::ACCEPTED } else { StatusCode::OK };
        return (status, Json(SmsView::of(taken))).into_response();
    }
    let status = if taken.is_empty() && !refused.is_empty() { "quarantined" } else { "received" };
    Json(Delivery { status, sms: taken.iter().map(SmsView::of).collect(), quarantined: refused })
        .into_response()
}

/// Keeps the raw body. If it cannot be kept, the sender must come again.
async fn keep(
    app: &Shared,
    delivering: &Delivering,
    parts: &Parts,
    bytes: Bytes,
    reason: String,
) -> Result<(), Problem> {
    let name = delivering.sender.name();
    let format = if delivering.sure { delivering.format.name } else { quarantine::UNKNOWN };
    app.receivers.unusable(name);
    app.metrics.count_sms(format, "quarantined");
    // What came as GET is all in its query.
    let body = if parts.method == Method::GET {
        parts.uri.query().unwrap_or_default().as_bytes().to_vec()
    } else {
        bytes.to_vec()
    };
    let kept = quarantine::Body {
        receiver_id: name.to_owned(),
        format: format.to_owned(),
        reason,
        content_type: bridge_formats::content_type(&parts.headers),
        body,
    };
    quarantine::keep(app, kept).await.map_err(|intake::Unwritable| {
        Problem::new(Code::Unavailable, "nothing is writable right now: keep this and send it again")
    })
}
