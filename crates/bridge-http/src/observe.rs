//! What every request passes through: it gets an id, is timed, counted and logged without personal data; a panic
//! becomes an answer, and a problem gets its body.

use std::panic::AssertUnwindSafe;

use axum::Json;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use crate::state::Shared;
use bridge_app::base::metrics::{HttpLabels, RouteLabels, Stopwatch};
use bridge_app::base::problem::{Code, Problem};

use crate::problem::{Failed, ProblemBody};

const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_MAX: usize = 64;

/// The layer that every request passes through.
pub async fn observe(State(app): State<Shared>, request: Request, next: Next) -> Response {
    observed(&app, request, |request| next.run(request)).await
}

/// What is refused before any route is looked for: counted, logged and answered like everything else.
pub(crate) async fn refused(app: &Shared, request: Request, problem: Problem) -> Response {
    observed(app, request, |_| async { Failed(problem).into_response() }).await
}

async fn observed<F>(app: &Shared, request: Request, answering: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let watch = Stopwatch::start();
    let id = request_id(app, &request);
    let logged = for_log(&id, &request).to_owned();
    let method = method_label(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let answered = AssertUnwindSafe(answering(request)).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        app.metrics.panics_total.inc();
        tracing::error!(
            route,
            request_id = logged,
            "a request panicked: this is a bug, please report it with the log"
        );
        let detail = "this is a bug of the bridge: please report it with the request id";
        Failed(Problem::new(Code::Internal, detail)).into_response()
    });
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = with_body(response, &problem, &id);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let duration = watch.elapsed();
    tracing::debug!(
        route,
        method,
        status,
        duration_us = duration.as_micros(),
        request_id = logged,
        "answered"
    );
    app.metrics
        .http_request_duration_seconds
        .get_or_create(&RouteLabels { route: route.clone() })
        .observe(duration.as_secs_f64());
    app.metrics.http_requests_total.get_or_create(&HttpLabels { route, method, status }).inc();
    response
}

/// The client's own id where it is a sensible one, else a new one.
fn request_id(app: &Shared, request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match given {
        Some(id) if (1..=REQUEST_ID_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()) => {
            id.to_owned()
        }
        _ => format!("{:016x}", app.entropy.label()),
    }
}

/// In the place of an id that a client gave, where a number or an address may stand in it: the log holds neither.
const OF_THE_CLIENT: &str = "of-the-client";
/// So many digits beside each other may be a number that somebody can be called at.
const CALLED_AT: usize = 7;

fn for_log<'a>(id: &'a str, request: &Request) -> &'a str {
    if request.headers().get(REQUEST_ID).is_none_or(|given| given.as_bytes() != id.as_bytes()) {
        return id;
    }
    let is_uuid = uuid::Uuid::try_parse(id).is_ok();
    let has_number = id.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= CALLED_AT);
    if !is_uuid && (has_number || id.contains(['@', '+', '%'])) { OF_THE_CLIENT } else { id }
}

/// Bounded: a scanner's invented methods share one label.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn with_body(bare: Response, problem: &Problem, request_id: &str) -> Response {
    let (parts, _) = bare.into_parts();
    let mut response = (parts.status, Json(ProblemBody::of(problem, request_id))).into_response();
    for (name, value) in &parts.headers {
        if name != header::CONTENT_LENGTH {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn what_a_client_calls_its_request_names_nobody_in_the_log() {
        let logged = |given: &str, id: &str| {
            let request = Request::builder().header(REQUEST_ID, given).body(Body::empty()).unwrap();
            for_log(id, &request).to_owned()
        };
        for given in [
            "+919876543210/me@example.com",
            "919876543210",
            "a-9876543",
            "me@example.com",
            "me%40example.com",
        ] {
            assert_eq!(logged(given, given), OF_THE_CLIENT, "{given}");
        }
        for given in ["abc-1", "order-123456", "01a22dd8-1234-4567-8901-123456789012", "trace_AbC"] {
            assert_eq!(logged(given, given), given);
        }
        assert_eq!(logged("\"", "1234567890123456"), "1234567890123456", "one of our own");
    }
}
