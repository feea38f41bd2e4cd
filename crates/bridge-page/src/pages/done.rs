//! Where a browser is left once the number is confirmed: the token is in its history no more. The page says nothing of anybody.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use bridge_http::state::Shared;

use crate::frame::{Frame, render};

#[derive(Template)]
#[template(path = "page/done.html")]
struct Done {
    frame: Frame,
}

/// `GET /v/done`
pub(crate) async fn page(State(app): State<Shared>, parts: Parts) -> Response {
    render(
        StatusCode::OK,
        &Done { frame: Frame::new(&app, &app.live.now(), &parts.headers, &parts.uri, None, "") },
    )
}
