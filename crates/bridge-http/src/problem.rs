//! A problem as HTTP answers it: RFC 9457 `application/problem+json`. What problems there are is in `bridge-app`.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_app::base::problem::{Code, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::encoding::ENCODINGS;

/// What a handler answers when it cannot do what was asked: a [`Problem`] that knows how to become a response.
#[derive(Clone, Debug)]
pub struct Failed(pub Problem);

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Failed {
        Failed(problem)
    }
}

/// One field that is wrong.
#[derive(Serialize, ToSchema)]
pub struct ProblemField {
    /// Its name.
    field: String,
    /// What is wrong and what would be right.
    detail: String,
}

/// `application/problem+json` (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// A URI that names the kind of problem.
    r#type: String,
    /// The kind of problem in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// This problem in words.
    detail: String,
    /// The kind of problem as a stable word.
    code: Code,
    /// To be given when asking for help.
    request_id: String,
    /// Field by field, where fields are to blame.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemField>,
}

impl ProblemBody {
    /// The body of an answer with that id.
    #[must_use]
    pub fn of(problem: &Problem, request_id: &str) -> ProblemBody {
        let code = problem.code();
        ProblemBody {
            r#type: format!("urn:sms-bridge:problem:{}", code.as_str()),
            title: code.title(),
            status: code.status(),
            detail: problem.detail().to_owned(),
            code,
            request_id: request_id.to_owned(),
            errors: problem
                .errors()
                .iter()
                .map(|error| ProblemField { field: error.field.clone(), detail: error.detail.clone() })
                .collect(),
        }
    }
}

/// Without its body yet: `observe` writes it, because it knows the request's id.
impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let Failed(problem) = self;
        let status =
            StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(seconds) = problem.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if problem.code() == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if problem.code() == Code::UnsupportedEncoding {
            response.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS));
        }
        response.extensions_mut().insert(problem);
        response
    }
}
