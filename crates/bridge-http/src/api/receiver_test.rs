//! `POST /admin/receivers/{name}/test`: what the bridge understands of a sample of that receiver, read by the code of the
//! real route. Nothing of it is judged, counted or kept.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Request as HttpRequest, header};
use bridge_app::admin::receivers::unknown;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::delivery::Read;
use bridge_app::sms::trial::{self, Advice, SignatureTried, Trial, Understood};
use bridge_app::state::receivers::ReceiverIdentity;
use bridge_formats::example::{Example, Written};
use bridge_formats::fields::Fields;
use bridge_formats::{Format, Reply, Signing};
use serde::Serialize;
use utoipa::ToSchema;

use super::receive::{Body, incoming_of};
use crate::auth::{self, Operator};
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;

/// Who sends the sample, unless one is given.
const SENDER: &str = "+919876543210";
const TEXT: &str = "Test of the bridge";

/// A request as its app made it, to be looked at instead of a sample.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReceiverTest {
    /// `GET` or `POST`, which it is when not given.
    method: Option<String>,
    /// What stands behind the `?`.
    query: Option<String>,
    content_type: Option<String>,
    /// Its body.
    body: Option<String>,
}

/// What the bridge understood.
#[derive(Serialize, ToSchema)]
pub struct ReceiverTried {
    /// Its name.
    pub receiver: String,
    /// The format that it is read in.
    pub format: String,
    /// The bridge made the sample as this sender writes it; false: it is the one that was given.
    pub made: bool,
    /// What was read: method and query or body.
    pub request: String,
    /// What became of the signature.
    pub signature: SignatureTried,
    /// The zone of the times that it writes without one; null where that is not known.
    pub time_zone: Option<String>,
    /// How it writes numbers without a plus; null where that is not known.
    pub number_style: Option<&'static str>,
    /// Its SMS.
    pub sms: Vec<Understood>,
    /// What is no SMS, by kind.
    pub events: Vec<&'static str>,
    /// Why the rest would be kept in quarantine.
    pub quarantined: Vec<String>,
    /// What its app would hear.
    pub answer: String,
    /// What is wrong with how the receiver is set up, and what to do.
    pub advice: Vec<Advice>,
    /// Nothing is wrong with the sample: it would be judged.
    pub ok: bool,
}

/// Try a receiver.
///
/// A sample as its app writes it, or the request that is given, is read by the code of the real route. It is not judged, not
/// counted and not kept.
#[utoipa::path(
    post, path = "/admin/receivers/{name}/test", operation_id = "test_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    request_body = ReceiverTest,
    responses(
        (status = 200, body = ReceiverTried),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn test(
    _: Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Json<ReceiverTried>, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::SMS_MAX_BYTES).await?;
    Ok(Json(tried(&app, &name, &fields).await?))
}

/// A request to be looked at.
struct Sample {
    request: HttpRequest<Vec<u8>>,
    made: bool,
    cannot_sign: bool,
}

/// Tries a receiver with what is given, or with a sample.
pub async fn tried(app: &Shared, name: &str, fields: &Fields) -> Result<ReceiverTried, Problem> {
    let known = app.receivers.named(name).ok_or_else(|| unknown(name))?;
    let now = app.clock.now();
    let mut advice = trial::advice(app, &known, now);
    let Some(format) = known.format else {
        return Ok(ReceiverTried { advice, ..nothing(name, &known.row.format) });
    };
    let path = format!("/sms/receive/{}?receiver={name}", format.name);
    let url = auth::own_url(app, &path);
    let sample = match given(fields, &path)? {
        Some(request) => Sample { request, made: false, cannot_sign: false },
        None => made(app, &known.row.signing_keys, format, &path, &url)?,
    };
    let shown = shown(&sample.request);
    let (parts, bytes) = sample.request.into_parts();
    let body = Body::of(&parts, bytes.into(), body::SMS_MAX_BYTES).await?;
    let incoming = incoming_of(&parts, &body);
    let signature = match trial::signature(&known, &incoming, now, std::slice::from_ref(&url)) {
        SignatureTried::Missing if sample.cannot_sign => SignatureTried::NotMade,
        tried => tried,
    };
    let identity = ReceiverIdentity::Named(known.clone());
    let Trial { sms, events, quarantined } =
        trial::look(app, &identity, format, Read::of(&incoming, format, false));
    if let (true, [one]) = (sample.made, sms.as_slice())
        && one.sender.as_deref() != Some(SENDER)
    {
        advice.insert(0, trial::misread(SENDER, one));
    }
    let unsigned =
        matches!(signature, SignatureTried::Missing | SignatureTried::Wrong | SignatureTried::Stale);
    let all_are_senders = sms.iter().all(|one| one.sender.is_some());
    Ok(ReceiverTried {
        made: sample.made,
        request: shown,
        signature,
        time_zone: known.row.time_zone.as_ref().map(|zone| zone.name().to_owned()),
        number_style: known.row.number_style.map(bridge_core::phone::NumberStyle::name),
        answer: answer(format),
        ok: !unsigned
            && quarantined.is_empty()
            && !sms.is_empty()
            && all_are_senders
            && advice.iter().all(|advice| advice.level != "problem"),
        sms,
        events,
        quarantined,
        advice,
        ..nothing(name, format.name)
    })
}

fn nothing(name: &str, format: &str) -> ReceiverTried {
    ReceiverTried {
        receiver: name.to_owned(),
        format: format.to_owned(),
        made: true,
        request: String::new(),
        signature: SignatureTried::NotAsked,
        time_zone: None,
        number_style: None,
        sms: Vec::new(),
        events: Vec::new(),
        quarantined: Vec::new(),
        answer: String::new(),
        advice: Vec::new(),
        ok: false,
    }
}

/// The request that is given. None: none is.
fn given(fields: &Fields, path: &str) -> Result<Option<HttpRequest<Vec<u8>>>, Problem> {
    let mut errors = Vec::new();
    let mut text = |name: &str| match fields.text(&[name]) {
        Ok(found) => found.map(|(_, text)| text),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let (method, query, kind, body) = (text("method"), text("query"), text("content_type"), text("body"));
    if !errors.is_empty() {
        return Err(Problem::fields(Code::InvalidRequest, "this is no request", errors));
    }
    if query.is_none() && body.is_none() {
        return Ok(None);
    }
    let method = match method.as_deref().map(str::to_ascii_uppercase).as_deref() {
        Some("GET") => Method::GET,
        None if body.is_none() => Method::GET,
        Some("POST") | None => Method::POST,
        Some(_) => return Err(Problem::field(Code::InvalidRequest, "method", "must be GET or POST")),
    };
    let uri = match query {
        Some(query) => format!("{path}&{query}"),
        None => path.to_owned(),
    };
    let mut request = HttpRequest::builder().method(method).uri(uri);
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    let request = request.body(body.unwrap_or_default().into_bytes());
    let wrong = |_| {
        Problem::field(Code::InvalidRequest, "query", "is nothing that can stand in an address: encode it")
    };
    request.map(Some).map_err(wrong)
}

/// An SMS as this sender writes it, signed where the bridge can.
fn made(app: &Shared, keys: &[String], format: &Format, path: &str, url: &str) -> Result<Sample, Problem> {
    let now = app.clock.now();
    let mut written = (format.example)(&Example { sender: SENDER, text: TEXT, at: now, id: "test" });
    let must_sign = !keys.is_empty();
    match format.sign {
        Some(sign) if must_sign => {
            sign(
                &mut written,
                &Signing { keys, now, any_time: false, urls: std::slice::from_ref(&url.to_owned()) },
            );
        }
        _ => {}
    }
    let cannot_sign = must_sign && format.sign.is_none();
    let Written { method, query, body, headers } = written;
    let uri = if query.is_empty() { path.to_owned() } else { format!("{path}&{query}") };
    let (kind, body) = body.unwrap_or_default();
    let mut request = HttpRequest::builder().method(method).uri(uri);
    if !kind.is_empty() {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    for (name, value) in headers {
        let value = HeaderValue::try_from(value).map_err(|_| Problem::new(Code::Internal, "no header"))?;
        request = request.header(HeaderName::from_static(name), value);
    }
    let request = request.body(body.into_bytes());
    let request = request.map_err(|_| Problem::new(Code::Internal, "the sample is no request"))?;
    Ok(Sample { request, made: true, cannot_sign })
}

fn shown(request: &HttpRequest<Vec<u8>>) -> String {
    let body = String::from_utf8_lossy(request.body());
    format!("{} {}\n\n{body}", request.method(), request.uri()).trim_end().to_owned()
}

fn answer(format: &Format) -> String {
    match format.reply {
        Reply::Ours => "200 and the bridge's own JSON".to_owned(),
        Reply::Fixed { body: "", .. } => "200 and nothing".to_owned(),
        Reply::Fixed { body, .. } => format!("200 and {body}"),
    }
}
