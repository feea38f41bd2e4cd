//! A new code for the same person. It counts as a registration.

use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_app::base::problem::Code;
use bridge_app::registration::{self, Opened, opened};
use bridge_app::state::bodies::Sender;
use bridge_http::body::{self, Whole};
use bridge_http::edge;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

use crate::frame::Kept;
use crate::link::Link;
use crate::pages::show::draw;
use crate::stage::Stage;

/// `POST /v/{id}.{token}/again`
pub(crate) async fn again(
    State(app): State<Shared>,
    link: Link,
    parts: Parts,
    body: Body,
) -> Result<Response, Failed> {
    let Whole { sent, .. } =
        body::read_whole(&app, Sender::Known, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let before = link.onboarding(&app).await?;
    let snapshot = app.live.snapshot();
    let stamp = edge::of_registration(&app, &snapshot.settings, &parts, &sent).await;
    let origin = stamp.map(|stamp| edge::origin(&app, &parts, stamp));
    let problem = match registration::again(&app, &snapshot, &before, origin).await {
        Ok(Opened { onboarding, .. }) => {
            let query = Kept::of(&parts.uri, &snapshot.settings).query();
            let to = format!("{}{query}", opened::page_path(&app, onboarding.id));
            return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response());
        }
        Err(problem) => problem,
    };
    let stage = match problem.code() {
        Code::AlreadyValidated => Stage::Validated,
        Code::TooManyRegistrations => Stage::TooMany,
        Code::OnboardingPaused => Stage::Paused,
        Code::Blacklisted | Code::EmailBlocked | Code::CountryNotAllowed => Stage::Refused,
        _ => return Err(problem.into()),
    };
    let status = StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = draw(&app, &link, &before, &parts.headers, &parts.uri, Some(stage), status).await;
    if let Some(seconds) = problem.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}
