//! The API's description and Swagger UI, whole from the binary: works without internet.

use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use utoipa_swagger_ui::SwaggerUi;

use bridge_app::base::problem::{Code, Problem};

/// Swagger's own page sets styles inline; nothing may come from elsewhere.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// `/docs` and `/openapi.json`.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::from(SwaggerUi::new("/docs").url("/openapi.json", bridge_server::openapi())).layer(from_fn(with_csp))
}

/// The description alone, for the listener that has no `/docs`.
pub(super) async fn openapi_json() -> Response {
    Json(bridge_server::openapi()).into_response()
}

async fn with_csp(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        response = Problem::new(Code::NotFound, "Swagger UI has no such file: see /docs/").into_response();
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
