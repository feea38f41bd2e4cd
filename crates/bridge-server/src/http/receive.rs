//! `POST /sms/receive`: authenticate, read, hand to the intake, answer as the sender wants. A body nobody
//! can use is kept before it is refused (contract section 3).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bridge_core::Verdict;
use bridge_core::checks::CheckId;
use bridge_core::onboarding::LastSms;
use bridge_core::verdict::FailedAt;
use bridge_store::audit::Quarantined;
use bridge_store::hot::Answer;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::{Code, Problem, ProblemBody};
use super::{Shared, auth, body};
use crate::formats::fields::Fields;
use crate::formats::{Intake, Unusable, generic};
use crate::intake::{self, Taken};

/// The result of one check.
#[derive(Serialize, ToSchema)]
pub struct CheckView {
    /// 1 pass, 2 fail, 3 disabled, 4 not applicable.
    code: u8,
    /// The same as a word: `pass`, `fail`, `disabled`, `n/a`.
    result: &'static str,
}

/// A verdict, check by check.
#[derive(Serialize, ToSchema)]
pub struct VerdictView {
    /// `passed` or `failed`.
    validation_status: &'static str,
    /// The check that failed first, or `onboarding_match`.
    failed_at_check: Option<&'static str>,
    /// Why, as a stable word like `hash_mismatch`.
    reason: Option<String>,
    /// Every check by name.
    #[schema(example = json!({"mobile_check": {"code": 1, "result": "pass"}}))]
    checks: Checks,
    /// Received in time, judged after the deadline.
    late_delivery: bool,
}

/// The checks in 003's order.
#[derive(ToSchema)]
#[schema(value_type = std::collections::BTreeMap<String, CheckView>)]
struct Checks(Vec<(&'static str, CheckView)>);

impl Serialize for Checks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, view)| (name, view)))
    }
}

impl VerdictView {
    fn of(verdict: &Verdict) -> VerdictView {
        let view = |check: CheckId| {
            let code = verdict.codes.of(check);
            (check.name(), CheckView { code: code.number(), result: code.word() })
        };
        VerdictView {
            validation_status: verdict.status(),
            failed_at_check: verdict.failed_at.map(FailedAt::as_str),
            reason: verdict.reason.clone(),
            checks: Checks(CheckId::all().map(view).collect()),
            late_delivery: verdict.late_delivery,
        }
    }
}

/// The newest SMS of an onboarding's number.
#[derive(Serialize, ToSchema)]
pub struct LastSmsView {
    /// Its id.
    id: i64,
    /// When it was judged.
    #[schema(format = DateTime)]
    judged_at: String,
    #[serde(flatten)]
    verdict: VerdictView,
}

impl LastSmsView {
    pub(super) fn of(last: &LastSms) -> LastSmsView {
        LastSmsView {
            id: last.id,
            judged_at: last.judged_at.to_string(),
            verdict: VerdictView::of(&last.verdict),
        }
    }
}

/// An SMS that was judged.
#[derive(Serialize, ToSchema)]
pub struct SmsAnswer {
    /// Always `received`.
    status: &'static str,
    /// Its `queue_input_sms` id.
    id: i64,
    /// The bridge's own identity of this SMS.
    message_id: String,
    #[serde(flatten)]
    verdict: VerdictView,
    /// It came before; this is the answer it got then.
    duplicate_delivery: bool,
}

/// An SMS kept for later.
#[derive(Serialize, ToSchema)]
pub struct SmsStored {
    /// Always `stored`.
    status: &'static str,
}

/// Hand in an SMS.
///
/// JSON or a form, with any of the names that phone apps use. 2xx means it is durable, whatever the verdict.
/// The secret may also come as Basic password, as `?apiKey=`, or as field `secret`.
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
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, body::SMS_MAX_BYTES).await?;
    let content_type = body::content_type(&parts.headers);
    let fields = Fields::read(&content_type, &bytes);
    let secret = fields.as_ref().ok().and_then(generic::secret);
    let receiver_id = auth::receiver(&app, &parts, secret.as_deref())?;
    let delivered = match fields.and_then(|fields| generic::parse(&fields)) {
        Ok(delivered) => delivered,
        Err(unusable) => return Err(quarantine(&app, &parts, &receiver_id, bytes, unusable).await),
    };
    let now = app.clock.now();
    let sms_id = app.entropy.id(now).map_err(|error| Problem::unavailable(&error))?;
    let intake = Intake { receiver_id: &receiver_id, format: generic::NAME, sms_id, now };
    let sms = delivered.into_sms(&intake, &app.live.now());
    match intake::take_in(&app, sms).await {
        Ok(Taken::Judged(answer)) => Ok(answered(&answer, false)),
        Ok(Taken::Redelivered(answer)) => Ok(answered(&answer, true)),
        Ok(Taken::Stored) => Ok((StatusCode::ACCEPTED, Json(SmsStored { status: "stored" })).into_response()),
        Err(intake::Unwritable) => Err(Problem::new(
            Code::Unavailable,
            "nothing is writable right now: keep this SMS and send it again",
        )),
    }
}

fn answered(answer: &Answer, duplicate_delivery: bool) -> Response {
    Json(SmsAnswer {
        status: "received",
        id: answer.id,
        message_id: answer.sms_id.to_string(),
        verdict: VerdictView::of(&answer.verdict),
        duplicate_delivery,
    })
    .into_response()
}

/// Keeps the raw body, then says what is wrong with it. If it cannot be kept, the sender must come again.
async fn quarantine(
    app: &Shared,
    parts: &Parts,
    receiver_id: &str,
    bytes: Bytes,
    unusable: Unusable,
) -> Problem {
    let named: Vec<String> = unusable.errors.iter().map(|e| format!("{} {}", e.field, e.detail)).collect();
    let reason = if named.is_empty() { unusable.detail.clone() } else { named.join("; ") };
    let entry = Quarantined {
        at: app.clock.now(),
        receiver_id: receiver_id.to_owned(),
        format: "unknown".to_owned(),
        reason,
        content_type: body::content_type(&parts.headers),
        body: bytes.to_vec(),
    };
    app.metrics.quarantined_total.inc();
    app.metrics.count_sms("unknown", "quarantined");
    match super::in_time(app.audit.quarantine(&entry)).await {
        Ok(()) => Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors),
        Err(problem) => problem,
    }
}
