//! `POST /sms/receive` and `/sms/receive/{format}`: authenticate, read, call `bridge_app::sms::delivery`, answer as the
//! sender wants. Unusable deliveries of an authenticated sender are kept (contract section 3). One status rule: 2xx
//! once it is durable, 401 for a wrong secret or signature alone, 503 only where nothing is writable.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::Timestamp;
use bridge_formats::{Format, Incoming, Reply, generic};
use bytes::Bytes;

use crate::auth::{self, AtTheDoor, Purpose};
use crate::body;
use crate::client;
use crate::edge;
use crate::encoding::{self, Unpacked};
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::delivery::{self, Delivered, Delivering, Read};
use bridge_app::sms::intake::{Taken, Unwritable};
use bridge_app::sms::quarantine;
use bridge_app::state::bodies::Sender;
use bridge_app::state::places::Who;
use bridge_app::state::receivers::ReceiverIdentity;

use crate::view::{Delivery, SmsAnswer, SmsStored, SmsView};

/// Of what is kept beside a body.
const CONTENT_TYPE_MAX_CHARS: usize = 200;

/// Hand in an SMS.
///
/// JSON or a form, with any of the names that phone apps use, or the body of any format that can be told. 2xx means it is
/// durable, whatever the verdict. The secret may also come as Basic password, as `?apiKey=`, or as field `secret`; a
/// receiver with a signing key signs as its format does.
#[utoipa::path(
    post, path = "/sms/receive", operation_id = "receive_sms", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    request_body(content(
        (BTreeMap<String, Value> = "application/json", example = json!({
            "mobile_number": "+919876543210", "sms_message": "ONBOARD:a06f…", "received_timestamp": "2026-01-31T12:00:00Z",
            "message_id": "m1", "device_id": "phone-1"
        })),
        (BTreeMap<String, String> = "application/x-www-form-urlencoded", example = json!({
            "from": "+919876543210", "text": "ONBOARD:a06f…", "timestamp": "1769860800"
        }))
    )),
    params(("receiver" = Option<String>, Query, description = "The receiver that signed it, where its request does not name it")),
    responses(
        (status = 200, description = "Judged", body = SmsAnswer),
        (status = 202, description = "Durable, to be judged later", body = SmsStored),
        (status = 400, description = "`invalid_request`: no SMS in it; the body is kept in quarantine", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 415, description = "`unsupported_encoding`: see `Accept-Encoding`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive(State(app): State<Shared>, request: Request) -> Result<Response, Failed> {
    take(&app, None, request).await.map_err(Failed)
}

/// Hand in SMS in a named format.
///
/// Always 200 once it is durable, with the body that this sender wants: `GET` serves kannel, jasmin and vonage.
#[utoipa::path(
    post, path = "/sms/receive/{format}", operation_id = "receive_sms_in_format", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    params(("format" = String, Path, description = bridge_formats::names())),
    responses(
        (status = 200, description = "Durable; the body is the sender's own where it wants one",
            content((Delivery = "application/json"), (String = "text/plain"), (String = "text/xml"))),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`: no such format", body = ProblemBody),
        (status = 405, description = "`method_not_allowed`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 415, description = "`unsupported_encoding`: see `Accept-Encoding`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive_named(
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Response, Failed> {
    let Some(format) = bridge_formats::named(&name) else {
        let known: Vec<&str> = bridge_formats::FORMATS.iter().map(|format| format.name).collect();
        return Err(Problem::new(
            Code::NotFound,
            format!("there is no such format: known are {}", known.join(", ")),
        )
        .into());
    };
    // Delivers nothing, and hears of what kind the answer to a delivery is.
    if let (&Method::HEAD, true, Reply::Fixed { content_type, .. }) =
        (request.method(), format.asks_first, format.reply)
    {
        return Ok((StatusCode::OK, [(header::CONTENT_TYPE, content_type)]).into_response());
    }
    // A HEAD is a GET that hears no answer: whoever asks so delivers nothing.
    if request.method() != Method::POST && !(request.method() == Method::GET && format.takes_get) {
        let problem = Problem::new(Code::MethodNotAllowed, format!("{name} delivers with POST"));
        let allowed = if format.takes_get { "GET, POST" } else { "POST" };
        return Ok(([(header::ALLOW, allowed)], Failed(problem)).into_response());
    }
    take(&app, Some(format), request).await.map_err(Failed)
}

async fn take(app: &Shared, named: Option<&'static Format>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let door = match auth::at_the_door(app, &parts, named) {
        Err(problem) if may_be_kept(app, &parts, &problem) => AtTheDoor::PERHAPS_KEPT,
        door => door?,
    };
    let max = match door.sender {
        Sender::Known => body::SMS_MAX_BYTES,
        Sender::Stranger => body::STRANGER_MAX_BYTES,
    };
    let sent = body::as_sent(app, door.sender, body, max).await?;
    let stamp = edge::of_delivery(app, &parts, &sent);
    let kept_at = stamp.and_then(|stamp| stamp.received);
    let body = Body::of(&parts, sent.clone(), max).await?;
    let read = if door.sender == Sender::Stranger && body::takes_long_to_read(&body.bytes) {
        Err(auth::nobody(app))
    } else {
        read(app, named, &parts, body, kept_at.unwrap_or_else(|| app.clock.now()))
    };
    let (delivering, read) = match (read, kept_at) {
        (Ok(read), _) => read,
        (Err(problem), Some(at)) if problem.code() == Code::Unauthorized => {
            return keep_of_nobody(app, named, &parts, &sent, at, &problem).await;
        }
        (Err(problem), _) => return Err(problem),
    };
    client::is(&parts, Who::Receiver(delivering.sender.name()));
    let delivered = delivery::take(app, &delivering, read).await?;
    Ok(reply(&delivering, named, delivered))
}

/// It was refused, but may be one that the edge acknowledged.
fn may_be_kept(app: &Shared, parts: &Parts, problem: &Problem) -> bool {
    problem.code() == Code::Unauthorized && edge::claims_to_be_kept(app, &parts.headers)
}

/// The edge acknowledged it while the bridge was away, and nobody here knows its sender: it is not lost, and not judged.
async fn keep_of_nobody(
    app: &Shared,
    named: Option<&'static Format>,
    parts: &Parts,
    sent: &Bytes,
    at: Timestamp,
    problem: &Problem,
) -> Result<Response, Problem> {
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, sent);
    let format = named.unwrap_or(&generic::FORMAT);
    let raw = if parts.method == Method::GET {
        parts.uri.query().unwrap_or_default().as_bytes()
    } else {
        sent.as_ref()
    };
    let sent_type = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kept = quarantine::Body {
        receiver_id: EDGE.to_owned(),
        format: named.map_or(quarantine::UNKNOWN, |format| format.name).to_owned(),
        reason: format!(
            "the edge kept it at {at} while the bridge was away, and its sender is not known: {}",
            problem.detail()
        ),
        content_type: sent_type.unwrap_or_default().chars().take(CONTENT_TYPE_MAX_CHARS).collect(),
        body: raw.to_vec(),
        credentials: auth::credentials_of_nobody(&incoming, format),
    };
    quarantine::keep(app, kept).await.map_err(|Unwritable| {
        Problem::new(Code::Unavailable, "nothing is writable right now: keep this and send it again")
    })?;
    Ok(Json(Delivery {
        status: "quarantined",
        sms: Vec::new(),
        quarantined: vec![problem.detail().to_owned()],
    })
    .into_response())
}

/// Whose name stands in the quarantine where no receiver is known.
const EDGE: &str = "edge";

/// What came as the body.
pub(crate) struct Body {
    /// Its bytes: signatures are over these.
    bytes: Bytes,
    /// The form that its parts stand for, with its content type.
    form: Option<(&'static str, Bytes)>,
    /// Why it cannot be read.
    broken: Option<String>,
    /// What of it is kept where nobody can use it; none: its bytes.
    kept: Option<Bytes>,
}

impl Body {
    pub(crate) async fn of(parts: &Parts, sent: Bytes, max: usize) -> Result<Body, Problem> {
        let bytes = match encoding::unpacked(&parts.headers, sent.clone(), max)? {
            Unpacked::Body(bytes) => bytes,
            Unpacked::Broken { why, readable } => {
                let kept = Some(encoding::for_keeping(readable, max));
                return Ok(Body { bytes: sent, form: None, broken: Some(why), kept });
            }
        };
        let (form, broken) = match encoding::form_of_parts(&parts.headers, &bytes).await {
            None => (None, None),
            Some(Ok(form)) => (Some(form), None),
            Some(Err(why)) => (None, Some(why)),
        };
        Ok(Body { bytes, form, broken, kept: None })
    }
}

/// The request as its formats see it.
pub(crate) fn incoming_of<'a>(parts: &'a Parts, body: &'a Body) -> Incoming<'a> {
    let Body { bytes, form, broken, .. } = body;
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, bytes);
    match (form, broken) {
        (_, Some(why)) => incoming.unreadable(why),
        (Some((_, form)), None) => incoming.with_form(form),
        (None, None) => incoming,
    }
}

fn read(
    app: &Shared,
    named: Option<&'static Format>,
    parts: &Parts,
    body: Body,
    arrived: Timestamp,
) -> Result<(Delivering, Read), Problem> {
    let incoming = incoming_of(parts, &body);
    let recognised = named.or_else(|| bridge_formats::recognised(&incoming));
    let asked = recognised.unwrap_or(&generic::FORMAT);
    let sender =
        auth::receiver_at(app, &incoming, asked, Purpose::Deliver, client::address(app, parts), arrived)?;
    // What was signed is read as its signer writes it, whatever the route says: some sign the body alone, and another
    // format would read the query, or other names.
    let signer = match &sender {
        ReceiverIdentity::Named(known) if known.must_sign() => known.format,
        ReceiverIdentity::Named(_) | ReceiverIdentity::Default => None,
    };
    if let Some(own) = signer
        && parts.method == Method::GET
        && !own.takes_get
    {
        return Err(Problem::new(Code::MethodNotAllowed, format!("{} delivers with POST", own.name)));
    }
    let format = signer.unwrap_or(asked);
    let sure = recognised.is_some() && format.name == asked.name || format.recognises.is_some();
    let read = Read::of(&incoming, format, named.is_none() && signer.is_none() && recognised.is_some());
    let credentials = auth::credentials(&incoming, format, &sender);
    // With its letters: whoever reads it again must know them.
    let sent_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let Body { bytes, form, kept, .. } = body;
    let (content_type, bytes) = match form {
        Some((kind, form)) => (kind.to_owned(), form),
        None => {
            let kept = kept.unwrap_or_else(|| encoding::for_keeping(bytes, body::SMS_MAX_BYTES));
            (sent_type.chars().take(CONTENT_TYPE_MAX_CHARS).collect(), kept)
        }
    };
    // What came as GET is all in its query.
    let raw = if parts.method == Method::GET {
        Bytes::copy_from_slice(parts.uri.query().unwrap_or_default().as_bytes())
    } else {
        bytes
    };
    Ok((Delivering { sender, format, sure, content_type, raw, credentials, arrived }, read))
}

/// What the sender wants to hear now that everything is durable.
fn reply(delivering: &Delivering, named: Option<&Format>, delivered: Delivered) -> Response {
    let Delivered { taken, quarantined } = delivered;
    if let Reply::Fixed { content_type, body } = delivering.format.reply {
        return (StatusCode::OK, [(header::CONTENT_TYPE, content_type)], body).into_response();
    }
    if let ([taken], []) = (taken.as_slice(), quarantined.as_slice()) {
        let later = *taken == Taken::Stored && named.is_none();
        let status = if later { StatusCode::ACCEPTED } else { StatusCode::OK };
        return (status, Json(SmsView::of(taken))).into_response();
    }
    let status = if taken.is_empty() && !quarantined.is_empty() { "quarantined" } else { "received" };
    Json(Delivery { status, sms: taken.iter().map(SmsView::of).collect(), quarantined }).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The text stands in openapi.json, grouped for people; a new format must not be missing in it.
    #[test]
    fn the_description_names_every_format() {
        let description = serde_json::to_value(crate::docs::openapi()).unwrap();
        let parameters = &description["paths"]["/sms/receive/{format}"]["post"]["parameters"];
        let format = parameters.as_array().unwrap().iter().find(|one| one["name"] == "format").unwrap();
        let told = format["description"].as_str().unwrap().replace(" or ", ", ");
        let told: Vec<&str> = told.split(", ").collect();
        let known: BTreeSet<&str> = bridge_formats::all().map(|format| format.name).collect();
        assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(told.len(), known.len());
    }
}
