//! Every address of the person's page. What is not here is not there.

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use bridge_http::state::Shared;

use crate::{assets, frame, pages};

/// The routes of the page, each with the headers that every answer has.
pub fn router<S>(state: &S) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    Router::new()
        .route("/v", get(pages::hosted::form).post(pages::hosted::register))
        .route("/v/assets/{name}", get(assets::asset))
        .route("/v/done", get(pages::done::page))
        .route("/v/{link}", get(pages::show::page))
        .route("/v/{link}/qr.svg", get(pages::codes::of_the_page))
        .route("/v/{link}/sms-qr.svg", get(pages::codes::of_the_sms))
        .route("/v/{link}/again", post(pages::again::again))
        .route("/v/{link}/cancel", post(pages::cancel::cancel))
        .route("/v/{link}/event", post(pages::event::note))
        .route("/embed.js", get(assets::embed))
        .layer(from_fn_with_state(Shared::from_ref(state), frame::finish))
}
