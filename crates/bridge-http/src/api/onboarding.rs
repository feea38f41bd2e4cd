//! Registering a number and asking how it stands (contract section 2).

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bridge_core::{Onboarding, Settings};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{self, AppKey};
use crate::body::{self, JsonSent};
use crate::client;
use crate::edge;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use crate::view::LastSmsView;
use bridge_app::base::deadline::within;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::registration::opened::{self, Instructions, OfNumber, Whose, find, is_final};
use bridge_app::registration::sms_links::SmsLinks;
use bridge_app::registration::{self, Opened, Wanted};
use bridge_app::state::open_requests::OpenRequest;
use bridge_formats::fields::{FieldValue, Fields};

/// Longest `?wait=`.
const WAIT_MAX_SECONDS: u64 = 30;

/// A registration.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it field by field to name what is wrong")]
pub struct RegisterRequest {
    /// In international form, or national in `default_country_code`.
    #[schema(example = "+919876543210")]
    mobile_number: String,
    /// The user's e-mail address.
    #[schema(example = "user@example.com")]
    email: Option<String>,
    /// The user's device.
    #[schema(example = "device_abc123xyz")]
    device_id: Option<String>,
    /// The IP address of the user's device: so that nobody who comes from elsewhere uses up the number's places.
    #[schema(example = "203.0.113.7")]
    client_ip: Option<String>,
    /// The language of the person's page. Without it, the one that their browser prefers.
    #[schema(example = "hi")]
    locale: Option<String>,
    /// Where the page leads when it is done, with `onboarding_id` and `status` added: no proof, ask for the status. Its
    /// origin must be in the setting `return_url_origins`.
    #[schema(example = "https://shop.example/signed-up")]
    return_url: Option<String>,
    /// Any JSON of at most 1024 bytes: handed back with the status to whoever has the API key.
    #[schema(value_type = Option<Object>)]
    metadata: Option<()>,
}

/// Links that open the phone's SMS app with number and text filled in.
#[derive(Serialize, ToSchema)]
#[schema(as = SmsLinks)]
pub struct SmsLinksView {
    ios: String,
    android: String,
    universal: String,
}

/// What the user is to send, where, and until when.
#[derive(Serialize, ToSchema)]
pub struct RegisterResponse {
    /// Always `success`.
    status: &'static str,
    /// E.164.
    mobile_number: String,
    /// What the SMS must carry.
    hash: String,
    /// When it was made.
    #[schema(format = DateTime)]
    generated_at: String,
    /// Until when the user should send it.
    #[schema(format = DateTime)]
    user_deadline: String,
    /// The same as a number of seconds.
    user_timelimit_seconds: i64,
    /// When it is forgotten.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The same as a number of seconds.
    redis_ttl_seconds: i64,
    /// The onboarding's id.
    onboarding_id: Uuid,
    /// Opens this onboarding and no other.
    token: String,
    /// Where to send the SMS; null until the operator set a number.
    sms_receiver_number: Option<String>,
    /// The text to send.
    sms_body: String,
    /// Ready-made links; null until the operator set a number.
    sms_links: Option<SmsLinksView>,
    /// Where to ask how it stands.
    status_url: String,
    /// A page for the person: what to send, with a button, a QR code and what becomes of it. Whoever has the address may
    /// see and cancel this onboarding.
    page_url: String,
}

/// How an onboarding stands.
#[derive(Serialize, ToSchema)]
pub struct OnboardingStatus {
    onboarding_id: Uuid,
    mobile_number: String,
    #[schema(value_type = String, example = "pending")]
    status: bridge_core::onboarding::Shown,
    #[schema(format = DateTime)]
    validated_at: Option<String>,
    #[schema(format = DateTime)]
    user_deadline: String,
    /// The newest SMS of this number since the registration.
    last_sms: Option<LastSmsView>,
    /// What the app gave with the registration; only for whoever has the API key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
}

impl OnboardingStatus {
    pub(super) fn of(app: &Shared, onboarding: &Onboarding) -> OnboardingStatus {
        OnboardingStatus {
            onboarding_id: onboarding.id,
            mobile_number: onboarding.mobile.e164().to_owned(),
            status: onboarding.shown(app.clock.now()),
            validated_at: onboarding.validated_at.map(|at| at.to_string()),
            user_deadline: onboarding.user_deadline.to_string(),
            last_sms: onboarding.last_sms.as_ref().map(LastSmsView::of),
            metadata: None,
        }
    }

    /// The same for whoever has the API key.
    pub(super) fn of_app(app: &Shared, onboarding: &Onboarding) -> OnboardingStatus {
        let metadata = onboarding.asked.metadata.clone().and_then(|json| RawValue::from_string(json).ok());
        OnboardingStatus { metadata, ..OnboardingStatus::of(app, onboarding) }
    }

    /// For whoever asks: an open request is one with a token.
    pub(super) fn whoever(
        open: Option<&OpenRequest>,
        app: &Shared,
        onboarding: &Onboarding,
    ) -> OnboardingStatus {
        match open {
            Some(_) => OnboardingStatus::of(app, onboarding),
            None => OnboardingStatus::of_app(app, onboarding),
        }
    }
}

/// Register a mobile number.
///
/// Also answers at `/onboarding/register`. The same person (device and e-mail address) asking again before the
/// deadline gets the same hash with 200; anyone else gets one of their own with 201, beside it.
#[utoipa::path(
    post, path = "/onboard/register", tag = "onboarding", security(("api_key" = [])),
    request_body = RegisterRequest,
    responses(
        (status = 201, description = "A new hash", body = RegisterResponse),
        (status = 200, description = "The same again: the same hash", body = RegisterResponse),
        (status = 400, description = "`invalid_request`, `invalid_mobile_number`", body = ProblemBody),
        (status = 401, description = "`unauthorized`, `edge_signature`", body = ProblemBody),
        (status = 403, description = "`blacklisted`, `email_blocked`, `country_not_allowed`, `edge_required`", body = ProblemBody),
        (status = 409, description = "`already_validated`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 415, description = "`unsupported_media_type`", body = ProblemBody),
        (status = 429, description = "`too_many_registrations`", body = ProblemBody),
        (status = 503, description = "`onboarding_paused`, `unavailable`", body = ProblemBody),
    )
)]
pub async fn register(_: AppKey, State(app): State<Shared>, request: Request) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    let max = body::ONBOARDING_MAX_BYTES;
    let JsonSent { fields, sent, bytes } = body::json_sent(&app, &parts.headers, body, max).await?;
    let metadata = metadata(&fields, &bytes)?;
    let wanted = Wanted::read(&fields, metadata)?;
    let snapshot = app.live.snapshot();
    let stamp = edge::of_registration(&app, &snapshot.settings, &parts, &sent).await;
    let origin = stamp.map(|stamp| edge::origin(&app, &parts, stamp));
    let Opened { new, onboarding } = registration::register(&app, &snapshot, wanted, origin).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(registered(&app, &snapshot.settings, &onboarding))).into_response())
}

/// The JSON of `metadata` as it came: another library would write its numbers otherwise.
fn metadata<'a>(fields: &Fields, body: &'a [u8]) -> Result<Option<&'a str>, Problem> {
    #[derive(Deserialize)]
    struct Beside<'a> {
        #[serde(borrow)]
        metadata: &'a RawValue,
    }
    if fields.get("metadata").is_none_or(|value| *value == FieldValue::Null) {
        return Ok(None);
    }
    let wrong = |_| Problem::field(Code::InvalidRequest, "metadata", "must be JSON in UTF-8, named once");
    serde_json::from_slice::<Beside<'a>>(body).map(|beside| Some(beside.metadata.get())).map_err(wrong)
}

fn registered(app: &Shared, settings: &Settings, onboarding: &Onboarding) -> RegisterResponse {
    let Instructions { number, sms_body, token, timelimit_seconds, ttl_seconds } =
        Instructions::of(app, settings, onboarding);
    let base = app.options.public_url.as_deref().unwrap_or_default().trim_end_matches('/');
    RegisterResponse {
        status: "success",
        mobile_number: onboarding.mobile.e164().to_owned(),
        hash: onboarding.hash.clone(),
        generated_at: onboarding.request_timestamp.to_string(),
        user_deadline: onboarding.user_deadline.to_string(),
        user_timelimit_seconds: timelimit_seconds,
        expires_at: onboarding.expires_at.to_string(),
        redis_ttl_seconds: ttl_seconds,
        onboarding_id: onboarding.id,
        token,
        sms_links: number.as_ref().map(|number| {
            let SmsLinks { ios, android, universal } = SmsLinks::of(number, &sms_body);
            SmsLinksView { ios, android, universal }
        }),
        sms_receiver_number: number,
        sms_body,
        status_url: format!("{base}/onboard/{}", onboarding.id),
        page_url: format!("{base}{}", opened::page_path(app, onboarding.id)),
    }
}

/// How the newest onboarding of a number stands, and how many are open.
#[derive(Serialize, ToSchema)]
pub struct NumberStatus {
    #[serde(flatten)]
    newest: OnboardingStatus,
    /// How many onboardings of the number wait for their SMS.
    open: usize,
}

/// The newest onboarding of a number, or that of one person.
///
/// Also answers at `/onboarding/status/{mobile}`.
#[utoipa::path(
    get, path = "/onboard/status/{mobile}", operation_id = "onboarding_of_mobile", tag = "onboarding", security(("api_key" = [])),
    params(
        ("mobile" = String, Path, description = "The number", example = "+919876543210"),
        ("device_id" = Option<String>, Query, description = "Only one that was registered with this device"),
        ("email" = Option<String>, Query, description = "Only one that was registered with this e-mail address"),
    ),
    responses(
        (status = 200, description = "How it stands", body = NumberStatus),
        (status = 400, description = "`invalid_mobile_number`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn by_mobile(
    _: AppKey,
    State(app): State<Shared>,
    Segment(mobile): Segment,
    uri: Uri,
) -> Result<Json<NumberStatus>, Failed> {
    let asked = |name| auth::query_value(uri.query(), name);
    let whose = Whose { device_id: asked("device_id"), email: asked("email") };
    let OfNumber { newest, open } = opened::newest_of(&app, &mobile, &whose).await?;
    Ok(Json(NumberStatus { newest: OnboardingStatus::of_app(&app, &newest), open }))
}

/// One onboarding, now or at its next change.
#[utoipa::path(
    get, path = "/onboard/{onboarding_id}", operation_id = "onboarding", tag = "onboarding",
    security(("api_key" = []), ("onboarding_token" = []), ("onboarding_token_query" = [])),
    params(
        ("onboarding_id" = String, Path, description = "From the registration"),
        ("wait" = Option<u64>, Query, description = "Seconds to wait for the next change, at most 30"),
    ),
    responses(
        (status = 200, description = "How it stands", body = OnboardingStatus),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 429, description = "`too_many_requests`: four are open with this token already", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn by_id(
    State(app): State<Shared>,
    Segment(text): Segment,
    parts: Parts,
) -> Result<Json<OnboardingStatus>, Failed> {
    let id = opened::id(&text)?;
    let open = auth::onboarding(&app, &parts, id)?;
    let wait = wait(&parts.uri)?;
    let mut watcher = app.watchers.watch(id);
    let mut onboarding = find(&app, id).await?;
    if !wait.is_zero() && !is_final(&onboarding) {
        client::waits(&app, &parts);
        let changed = async {
            tokio::select! {
                () = watcher.changed() => {}
                () = app.stopping.cancelled() => {}
            }
        };
        // Whether it changed or the time is over: the answer is the state now.
        let _ = within(wait, changed).await;
        onboarding = find(&app, id).await?;
    }
    Ok(Json(OnboardingStatus::whoever(open.as_ref(), &app, &onboarding)))
}

fn wait(uri: &Uri) -> Result<Duration, Problem> {
    let Some(text) = auth::query_value(uri.query(), "wait") else { return Ok(Duration::ZERO) };
    let seconds: u64 = text.parse().map_err(|_| {
        Problem::field(Code::InvalidRequest, "wait", "must be a whole number of seconds, at most 30")
    })?;
    Ok(Duration::from_secs(seconds.min(WAIT_MAX_SECONDS)))
}

/// Cancel an onboarding.
#[utoipa::path(
    post, path = "/onboard/{onboarding_id}/cancel", operation_id = "cancel_onboarding", tag = "onboarding",
    security(("api_key" = []), ("onboarding_token" = []), ("onboarding_token_query" = [])),
    params(("onboarding_id" = String, Path, description = "From the registration")),
    responses(
        (status = 200, description = "Cancelled", body = OnboardingStatus),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 409, description = "`onboarding_final`", body = ProblemBody),
        (status = 429, description = "`too_many_requests`: four are open with this token already", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn cancel(
    State(app): State<Shared>,
    Segment(text): Segment,
    parts: Parts,
    body: Body,
) -> Result<Json<OnboardingStatus>, Failed> {
    let id = opened::id(&text)?;
    let open = auth::onboarding(&app, &parts, id)?;
    // It says nothing that matters, but a body that nobody reads costs the client its connection.
    body::read(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let cancelled = opened::cancel(&app, id).await?;
    Ok(Json(OnboardingStatus::whoever(open.as_ref(), &app, &cancelled)))
}
