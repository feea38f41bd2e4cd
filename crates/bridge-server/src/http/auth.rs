//! Who may ask: bearer secrets in constant time, and the token that opens one onboarding (D35, D36). An
//! address is never a credential: behind a tunnel every stranger looks local.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use utoipa::Modify;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use uuid::Uuid;

use super::Shared;
use super::problem::{Code, Problem};
use crate::receivers;

/// The security schemes of the API's description.
pub(super) struct Schemes;

impl Modify for Schemes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = |description: &str| {
            SecurityScheme::Http(
                HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build(),
            )
        };
        let components = api.components.get_or_insert_default();
        components.add_security_scheme("api_key", bearer("The app's key, `SMS_BRIDGE_API_KEY`"));
        components.add_security_scheme("onboarding_token", bearer("The token of one onboarding"));
        components
            .add_security_scheme("receiver_key", bearer("The receiver's key, `SMS_BRIDGE_RECEIVER_KEY`"));
        components
            .add_security_scheme("admin_token", bearer("The operator's token, `SMS_BRIDGE_ADMIN_TOKEN`"));
        let query =
            |name, about| SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::with_description(name, about)));
        components.add_security_scheme(
            "onboarding_token_query",
            query("token", "Where a browser cannot set headers"),
        );
        components.add_security_scheme(
            "receiver_key_query",
            query("apiKey", "Where a phone app cannot set headers"),
        );
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
}

/// The password of Basic authentication, whatever the user name.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// The value of a query parameter.
pub(super) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    form_urlencoded::parse(query?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn refuse(app: &Shared, what: &str) -> Problem {
    app.metrics.wrong_secret_total.inc();
    Problem::new(Code::Unauthorized, format!("send Authorization: Bearer with {what}"))
}

/// An app with the API key.
pub struct AppKey;

impl FromRequestParts<Shared> for AppKey {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<AppKey, Problem> {
        match bearer(&parts.headers) {
            Some(secret) if app.secrets.api.accept(secret) => Ok(AppKey),
            _ => Err(refuse(app, "the API key")),
        }
    }
}

/// The operator.
pub struct Operator;

impl FromRequestParts<Shared> for Operator {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Operator, Problem> {
        match bearer(&parts.headers) {
            Some(secret) if app.secrets.admin.accept(secret) => Ok(Operator),
            _ => Err(refuse(app, "the admin token")),
        }
    }
}

/// Anyone with some key of ours, or nobody: for answers that tell more to those who belong here.
pub struct MaybeKnown(pub bool);

impl FromRequestParts<Shared> for MaybeKnown {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<MaybeKnown, Problem> {
        let known =
            bearer(&parts.headers).is_some_and(|s| app.secrets.api.accept(s) || app.secrets.admin.accept(s));
        Ok(MaybeKnown(known))
    }
}

/// May this request see that onboarding? With the API key, or with the onboarding's own token.
pub(super) fn onboarding(app: &Shared, parts: &Parts, id: Uuid) -> Result<(), Problem> {
    let query = query_value(parts.uri.query(), "token");
    let header = bearer(&parts.headers);
    let token = header.or(query.as_deref()).is_some_and(|token| app.secrets.is_onboarding_token(id, token));
    if token || header.is_some_and(|secret| app.secrets.api.accept(secret)) {
        Ok(())
    } else {
        Err(refuse(app, "the API key or this onboarding's token"))
    }
}

/// Which receiver delivers: by bearer, Basic, `?apiKey=` or the secret in the body.
pub(super) fn receiver(app: &Shared, parts: &Parts, in_body: Option<&str>) -> Result<String, Problem> {
    let given = [
        bearer(&parts.headers).map(str::to_owned),
        basic(&parts.headers),
        query_value(parts.uri.query(), "apiKey"),
        in_body.map(str::to_owned),
    ];
    let now = app.clock.now();
    if given.iter().flatten().any(|secret| app.secrets.receiver.accept(secret)) {
        app.receivers.saw(receivers::DEFAULT, now);
        return Ok(receivers::DEFAULT.to_owned());
    }
    if given.iter().any(Option::is_some) {
        app.receivers.refused(now);
    }
    Err(refuse(app, "the receiver key"))
}
