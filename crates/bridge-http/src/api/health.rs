//! How the bridge is, told to load balancers, to the operator and to Prometheus. How it is found out is
//! [`bridge_app::health`].

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::auth::{MaybeKnown, Operator};
use crate::exposition::Exposition;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::health::measured::measure;
use bridge_app::health::{Health, writable};

/// How the bridge is. 503 only when nothing is writable.
#[utoipa::path(
    get, path = "/health", tag = "health", security((), ("api_key" = []), ("admin_token" = [])),
    responses((status = 200, body = Health), (status = 503, description = "Nothing is writable", body = Health))
)]
pub async fn health(MaybeKnown(known): MaybeKnown, State(app): State<Shared>) -> Response {
    let health = Health::look(&app, &app.live.now()).await;
    let code = if health.is_writable() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let told = if known { health.in_full(&app).await } else { health.in_short() };
    (code, Json(told)).into_response()
}

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "It runs")))]
pub async fn livez() -> &'static str {
    "ok"
}

/// An SMS can be made durable.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, description = "It can"), (status = 503, description = "It cannot", body = ProblemBody))
)]
pub async fn readyz(State(app): State<Shared>) -> Result<&'static str, Failed> {
    writable(&app).await.map(|()| "ok").map_err(Failed)
}

/// Every series, in Prometheus' text format or, for those who prefer it, as OpenMetrics.
#[utoipa::path(
    get, path = "/metrics", tag = "health", security(("admin_token" = [])),
    responses(
        (status = 200, description = "As `Accept` prefers", content((String = "text/plain"), (String = "application/openmetrics-text"))),
        (status = 401, body = ProblemBody)
    )
)]
pub async fn metrics(
    operator: Result<Operator, Failed>,
    State(app): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    if !app.options.has_private_listener {
        operator?;
    }
    measure(&app).await;
    let wanted = Exposition::wanted(&headers);
    let headers = [(header::CONTENT_TYPE, wanted.content_type()), (header::VARY, "Accept")];
    Ok((headers, wanted.of(app.metrics.render())).into_response())
}
