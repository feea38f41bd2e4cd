//! The one error that the outside sees, as a stable code and words (RFC 9457). What went wrong inside is logged, not told.
//! Not how it looks over HTTP or on a page: that is for `bridge-http` and `bridge-desk`.

use bridge_formats::FieldError;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($variant:ident = $word:literal, $status:literal, $title:literal;)*) => {
        /// Every error there is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the titles say it")]
        pub enum Code { $($variant),* }

        impl Code {
            /// All of them, in the order of the list.
            pub const ALL: &[Code] = &[$(Code::$variant),*];
            /// The stable word.
            #[must_use]
            pub fn as_str(self) -> &'static str { match self { $(Code::$variant => $word),* } }
            /// The status that HTTP answers with: in the list of codes, so that a code is one line.
            #[must_use]
            pub fn status(self) -> u16 { match self { $(Code::$variant => $status),* } }
            /// Its title, in words for people.
            #[must_use]
            pub fn title(self) -> &'static str { match self { $(Code::$variant => $title),* } }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request", 400, "The request cannot be read";
    InvalidMobileNumber = "invalid_mobile_number", 400, "This is not a mobile number";
    Unauthorized = "unauthorized", 401, "The secret is missing or wrong";
    Blacklisted = "blacklisted", 403, "This number is blacklisted";
    EmailBlocked = "email_blocked", 403, "This e-mail address is blocked";
    CountryNotAllowed = "country_not_allowed", 403, "Numbers of this country cannot register";
    Forbidden = "forbidden", 403, "This is not allowed";
    NotFound = "not_found", 404, "Not found";
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    RequestTimeout = "request_timeout", 408, "The request came too slowly";
    EdgeSignature = "edge_signature", 401, "The edge's signature does not hold";
    EdgeRequired = "edge_required", 403, "Registrations come through the edge";
    AlreadyValidated = "already_validated", 409, "This number is validated on this device already";
    OnboardingFinal = "onboarding_final", 409, "This onboarding cannot change any more";
    AccountExists = "account_exists", 409, "There is an account of this name";
    LastOwner = "last_owner", 409, "Nobody would be left to look after the accounts";
    ApiKeyExists = "api_key_exists", 409, "There is an API key of this name";
    ReceiverExists = "receiver_exists", 409, "There is a receiver of this name";
    NotAcceptable = "not_acceptable", 409, "An operator cannot accept this SMS";
    StaysInQuarantine = "stays_in_quarantine", 409, "It stays in quarantine";
    LinkVoid = "link_void", 410, "This link does not work";
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported content type";
    UnsupportedEncoding = "unsupported_encoding", 415, "Unsupported content encoding";
    InvalidSetting = "invalid_setting", 422, "The setting breaks a rule";
    TooManyRegistrations = "too_many_registrations", 429, "Too many registrations";
    TooManyRequests = "too_many_requests", 429, "Too many open requests";
    TooManyAttempts = "too_many_attempts", 429, "Too many attempts";
    Internal = "internal", 500, "Something went wrong inside";
    OnboardingPaused = "onboarding_paused", 503, "Mobile onboarding is currently paused";
    ReceiverAway = "receiver_away", 502, "The receiver does not answer";
    Unavailable = "unavailable", 503, "The bridge cannot answer right now";
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

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        let retry_after_seconds = (code.status() == 503).then_some(RETRY_AFTER_SECONDS);
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
    #[must_use]
    pub fn into_words(self) -> (&'static str, String, Vec<String>) {
        let details = self.errors.into_iter().map(|e| format!("{} {}", e.field, e.detail)).collect();
        (self.code.title(), self.detail, details)
    }

    /// What exactly is wrong, in words for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields that are to blame.
    #[must_use]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Seconds after which the client may come again, where that helps.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }
}
