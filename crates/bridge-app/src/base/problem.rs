//! The one error the outside sees: RFC 9457 `application/problem+json` with a stable `code`. What went
//! wrong inside is logged, not told.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_formats::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($variant:ident = $word:literal, $status:ident, $title:literal;)*) => {
        /// Every error there is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the titles say it")]
        pub enum Code { $($variant),* }

        impl Code {
            /// The stable word.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $word),* } }
            /// Its HTTP status.
            #[must_use]
            pub fn status(self) -> StatusCode { match self { $(Code::$variant => StatusCode::$status),* } }
            fn title(self) -> &'static str { match self { $(Code::$variant => $title),* } }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request cannot be read";
    InvalidMobileNumber = "invalid_mobile_number", BAD_REQUEST, "This is not a mobile number";
    Unauthorized = "unauthorized", UNAUTHORIZED, "The secret is missing or wrong";
    Blacklisted = "blacklisted", FORBIDDEN, "This number is blacklisted";
    CountryNotAllowed = "country_not_allowed", FORBIDDEN, "Numbers of this country cannot register";
    Forbidden = "forbidden", FORBIDDEN, "This is not allowed";
    NotFound = "not_found", NOT_FOUND, "Not found";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed";
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request came too slowly";
    AlreadyValidated = "already_validated", CONFLICT, "This number is validated on this device already";
    OnboardingFinal = "onboarding_final", CONFLICT, "This onboarding cannot change any more";
    AccountExists = "account_exists", CONFLICT, "There is an account of this name";
    LastOwner = "last_owner", CONFLICT, "Nobody would be left to look after the accounts";
    ReceiverExists = "receiver_exists", CONFLICT, "There is a receiver of this name";
    StaysInQuarantine = "stays_in_quarantine", CONFLICT, "It stays in quarantine";
    LinkVoid = "link_void", GONE, "This link does not work";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported content type";
    InvalidSetting = "invalid_setting", UNPROCESSABLE_ENTITY, "The setting breaks a rule";
    TooManyRegistrations = "too_many_registrations", TOO_MANY_REQUESTS, "Too many registrations of this number";
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS, "Too many attempts";
    Internal = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong inside";
    OnboardingPaused = "onboarding_paused", SERVICE_UNAVAILABLE, "Mobile onboarding is currently paused";
    ReceiverAway = "receiver_away", BAD_GATEWAY, "The receiver does not answer";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "The bridge cannot answer right now";
}

/// Seconds after which a client may try again where nothing better is known.
const RETRY_AFTER_SECONDS: u32 = 2;

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
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

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        let retry_after_seconds =
            (code.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        Problem { code, detail: detail.into(), errors: Vec::new(), retry_after_seconds }
    }

    /// One field is to blame.
    #[must_use]
    pub fn field(code: Code, field: &str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let mut problem = Problem::new(code, format!("{field} {detail}"));
        problem.errors.push(FieldError { field: field.to_owned(), detail });
        problem
    }

    /// Several fields are to blame.
    #[must_use]
    pub fn fields(code: Code, detail: impl Into<String>, errors: Vec<FieldError>) -> Problem {
        Problem { errors, ..Problem::new(code, detail) }
    }

    /// When the client may come again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Problem {
        Problem { retry_after_seconds: Some(seconds), ..self }
    }

    /// A store does not answer. What it said is logged here, once.
    #[must_use]
    pub fn unavailable(error: &dyn std::error::Error) -> Problem {
        let source = error.source().map(ToString::to_string);
        tracing::error!(%error, source, "a request failed inside");
        Problem::new(Code::Unavailable, "the bridge's own store does not answer: nothing was changed")
    }

    /// Its kind.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// For a page: its kind and itself in words, and field by field.
    pub(crate) fn into_words(self) -> (&'static str, String, Vec<String>) {
        let details = self.errors.into_iter().map(|e| format!("{} {}", e.field, e.detail)).collect();
        (self.code.title(), self.detail, details)
    }

    /// It in words.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The finished answer; `observe` calls it, because it knows the request's id.
    #[must_use]
    pub fn into_body(self, request_id: &str) -> ProblemBody {
        ProblemBody {
            r#type: format!("urn:sms-bridge:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail,
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self
                .errors
                .into_iter()
                .map(|e| ProblemField { field: e.field, detail: e.detail })
                .collect(),
        }
    }
}

/// Without its body yet: `observe` writes it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Unauthorized {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}
