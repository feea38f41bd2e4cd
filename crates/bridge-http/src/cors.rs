//! Which websites may follow a registration from their own pages, with its token: those that the setting `status_origins`
//! names. Not who is let in: a browser that may read an answer still needs the token, and cookies are never sent along.

use std::time::Duration;

use axum::http::{HeaderName, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::state::Shared;

/// Browsers ask again after this; a website that is taken off the list is refused at once all the same.
const REMEMBERED: Duration = Duration::from_secs(600);

/// The routes that a page may follow.
pub(crate) const FOLLOWED: [&str; 3] =
    ["/onboard/{onboarding_id}", "/onboard/{onboarding_id}/events", "/status"];

/// What says so to browsers. None: of a description, which nobody asks.
pub(crate) fn layer(app: Option<&Shared>) -> CorsLayer {
    let app = app.cloned();
    let is_named = move |origin: &header::HeaderValue, _: &axum::http::request::Parts| {
        let named = app.as_ref().map(|app| app.live.now());
        named.is_some_and(|settings| {
            settings.status_origins.iter().any(|named| named.as_bytes() == origin.as_bytes())
        })
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_named))
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::AUTHORIZATION, header::ACCEPT, HeaderName::from_static("last-event-id")])
        .expose_headers([header::RETRY_AFTER, HeaderName::from_static("x-request-id")])
        .max_age(REMEMBERED)
}
