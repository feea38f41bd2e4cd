//! "This was not me", or "this is not my number": the onboarding ends.

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_app::base::problem::Code;
use bridge_app::registration::opened;
use bridge_app::state::bodies::Sender;
use bridge_http::body::{self, Whole};
use bridge_http::edge;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

use crate::frame::Kept;
use crate::link::Link;

/// `POST /v/{id}.{token}/cancel`
pub(crate) async fn cancel(
    State(app): State<Shared>,
    link: Link,
    parts: Parts,
    body: Body,
) -> Result<Response, Failed> {
    let Whole { sent, .. } =
        body::read_whole(&app, Sender::Known, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    // Who says to come through the edge, and does not, ends nothing.
    edge::signed_once(&app, &parts, &sent).await?;
    match opened::cancel(&app, link.id).await {
        Ok(_) => {}
        // The page says what it is instead.
        Err(problem) if problem.code() == Code::OnboardingFinal => {}
        Err(problem) => return Err(problem.into()),
    }
    let to = format!("/v/{}{}", link.text, Kept::of(&parts.uri, &app.live.now()).query());
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}
