//! The API's description and Swagger UI, whole from the binary: works without internet.

mod complete;
mod examples;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use utoipa::openapi::Server;
use utoipa::openapi::path::Operation;
use utoipa_swagger_ui::{Config, SwaggerUi};

use bridge_app::base::problem::{Code, Problem};

use crate::api;
use crate::cors;
use crate::problem::Failed;

/// Swagger's own page sets styles inline; nothing may come from elsewhere.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Where the description is.
pub(crate) const DESCRIPTION: &str = "/openapi.json";

/// The routes `/docs` and `/openapi.json`.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let pages = SwaggerUi::new("/docs").config(Config::new([DESCRIPTION]));
    Router::from(pages).route(DESCRIPTION, openapi_json()).layer(from_fn(with_csp))
}

/// The description alone, for the listener that has no `/docs` too. It is long, and anybody may ask for it as often as they
/// like: written once.
pub(crate) fn openapi_json<S: Clone + Send + Sync + 'static>() -> MethodRouter<S> {
    let text = Bytes::from(serde_json::to_vec(&openapi()).unwrap_or_default());
    get(async || ([(header::CONTENT_TYPE, "application/json")], text))
}

async fn with_csp(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_FOUND {
        response =
            Failed(Problem::new(Code::NotFound, "Swagger UI has no such file: see /docs/")).into_response();
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// The same delivery with all of it in the query, as some senders do.
fn by_get(post: &Operation) -> Operation {
    let mut get = post.clone();
    get.operation_id = get.operation_id.map(|id| format!("{id}_by_get"));
    get.summary = Some("Hand in an SMS in the query, as some senders do.".to_owned());
    get.description = None;
    get.request_body = None;
    get
}

/// The description of the whole API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let private = api::what_is_judged_by().merge(api::lab::api()).merge(api::what_is_kept());
    let (_, mut api) = api::public_api(&cors::layer(None)).merge(private).split_for_parts();
    for (alias, path) in api::ALIASES {
        if let Some(mut item) = api.paths.paths.get(path).cloned() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_alias"));
            }
            api.paths.paths.insert(alias.to_owned(), item);
        }
    }
    if let Some(item) = api.paths.paths.get_mut("/sms/receive/{format}") {
        item.get = item.post.as_ref().map(by_get);
    }
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    // Where the description comes from, and where a bridge is that nobody configured.
    api.servers = Some(vec![Server::new("/"), Server::new("http://127.0.0.1:8080")]);
    complete::complete(&mut api);
    api
}
