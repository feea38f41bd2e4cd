//! `/admin/receivers`: the receivers by name, shown, added, changed and revoked. What each of that means is
//! [`bridge_app::admin::receivers`].

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Operator;
use crate::body;
use crate::client;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::receivers::{self, ReceiverAdded};
use bridge_app::health::receivers::ReceiverView;

/// A receiver to add.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReceiverAdd {
    /// Letters, digits, `-`, `_` and `.`.
    name: String,
    /// Which app it runs: smsgate, httpsms, twilio … or generic.
    format: String,
    /// The number users text, or several.
    numbers: Option<Vec<String>>,
    /// What it sends as its secret; made when not given.
    secret: Option<String>,
    /// What it signs with. With one, it must sign. `true` makes one.
    signing_key: Option<String>,
    /// SMSGate in local mode: where its own list of SMS can be read, like `http://user:password@192.168.1.5:8080`.
    inbox_url: Option<String>,
    /// How it writes the numbers of senders: `e164`, `international` or `national`, where that is known.
    number_style: Option<String>,
    /// In which zone its clock runs, like `Asia/Kolkata` or `+05:30`: for time stamps that do not say it.
    time_zone: Option<String>,
    /// How often it is heard from at least, in seconds: after three times that it counts as silent.
    expected_every_seconds: Option<u32>,
}

/// What is to be changed of a receiver.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReceiverChange {
    /// The number users text, or several.
    numbers: Option<Vec<String>>,
    /// SMSGate in local mode: where its own list of SMS can be read.
    inbox_url: Option<String>,
    /// How it writes the numbers of senders: `e164`, `international` or `national`.
    number_style: Option<String>,
    /// Users are not sent to it.
    paused: Option<bool>,
}

/// How the secret of a receiver is to be changed.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReceiverRotate {
    /// The new one; made when not given.
    secret: Option<String>,
    /// What it signs with from now on, where it signs.
    signing_key: Option<String>,
    /// The ones before end now, and nothing new is made.
    finish: Option<bool>,
}

/// One receiver.
#[derive(Serialize, ToSchema)]
pub struct ReceiverEntry {
    name: String,
    /// It must sign.
    signs: bool,
    /// Secrets and keys that are live; two while one is being replaced.
    secrets: usize,
    signing_keys: usize,
    #[schema(format = DateTime)]
    added_at: String,
    #[serde(flatten)]
    state: ReceiverView,
}

/// Every receiver by name.
#[derive(Serialize, ToSchema)]
pub struct ReceiverPage {
    items: Vec<ReceiverEntry>,
}

/// Add a receiver.
#[utoipa::path(
    post, path = "/admin/receivers", operation_id = "add_receiver", tag = "admin", security(("admin_token" = [])),
    request_body = ReceiverAdd,
    responses(
        (status = 201, description = "What the app is to be given; the secret is shown this once", body = ReceiverAdded),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 409, description = "`receiver_exists`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<ReceiverAdded>), Failed> {
    let fields = body::json_fields(&app, &headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok((StatusCode::CREATED, Json(receivers::add(&app, &actor, &fields, client::host(&headers)).await?)))
}

/// The receivers.
#[utoipa::path(
    get, path = "/admin/receivers", operation_id = "list_receivers", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = ReceiverPage), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Json<ReceiverPage> {
    let (now, settings) = (app.clock.now(), app.live.now());
    let entry = |known: &std::sync::Arc<bridge_app::state::receivers::KnownReceiver>| ReceiverEntry {
        name: known.row.name.clone(),
        signs: known.must_sign(),
        secrets: known.row.secrets.len(),
        signing_keys: known.row.signing_keys.len(),
        added_at: known.row.added_at.to_string(),
        state: ReceiverView::of(&app, Some(known), &app.receivers.seen().of(&known.row.name), now, &settings),
    };
    Json(ReceiverPage { items: app.receivers.live().iter().map(entry).collect() })
}

/// Give a receiver a new secret.
///
/// The one before stays live until the next rotation, so that the app can be changed in between; one signing key
/// likewise. With `{"finish": true}` the ones before end now, and nothing new is made.
#[utoipa::path(
    post, path = "/admin/receivers/{name}/rotate", operation_id = "rotate_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    request_body(content = ReceiverRotate, description = "`{}` for a new secret that the bridge makes"),
    responses(
        (status = 200, description = "What the app is to be given; `null` where the rotation was finished", body = Option<ReceiverAdded>),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn rotate(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Json<Option<ReceiverAdded>>, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok(Json(receivers::rotate(&app, &actor, &name, &fields, client::host(&parts.headers)).await?))
}

/// Change a receiver: its numbers, how it writes those of senders, where its list of SMS is read, or whether users are
/// sent to it.
#[utoipa::path(
    patch, path = "/admin/receivers/{name}", operation_id = "change_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    request_body(content = ReceiverChange, description = "What is not named stays as it is"),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn change(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<StatusCode, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    receivers::change(&app, &actor, &name, &fields).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revoke a receiver: from now on nothing that it sends is taken.
#[utoipa::path(
    delete, path = "/admin/receivers/{name}", operation_id = "revoke_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn revoke(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
) -> Result<StatusCode, Failed> {
    receivers::revoke(&app, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
