//! SMS Bridge over HTTP: the JSON API, who is let in, the listeners, and the Test Lab's routes. Not the pages for people:
//! those are `bridge-desk`. Not what a request causes: that is `bridge-app`, whose use cases the handlers call.
//!
//! Begin reading at [`api`], the list of routes, then at one resource, [`api::receive`]. [`auth`] says who is let in,
//! [`observe`] is the layer that every request passes, [`problem`] is an error as HTTP answers it.
//!
//! **Invariant.** A handler reads a request, calls a use case and writes its answer; it cannot name a store.

pub mod api;
pub mod auth;
pub mod body;
pub mod client;
mod cors;
pub mod docs;
pub mod edge;
mod encoding;
mod exposition;
pub mod lab;
mod list;
pub mod listen;
pub mod observe;
pub mod problem;
mod query;
mod scopes;
pub mod segment;
pub mod state;
pub mod view;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::Served;

/// The routers of the two listeners, with the operator's pages and the person's. Without a private one, the public one
/// answers everything.
pub fn routers(served: &Served, desk: Router<Served>, page: Router<Served>) -> (Router, Option<Router>) {
    let public: Router<Served> = api::public_routes(&served.app).merge(page);
    let private =
        api::private_routes().merge(api::lab::api().split_for_parts().0).merge(docs::router()).merge(desk);
    if !served.app.options.has_private_listener {
        return (api::finish(public.merge(private), served), None);
    }
    let (health, _) = OpenApiRouter::default()
        .routes(routes!(api::health::health))
        .routes(routes!(api::health::livez))
        .routes(routes!(api::health::readyz))
        .split_for_parts();
    let public = public.route(docs::DESCRIPTION, docs::openapi_json());
    (api::finish(public, served), Some(api::finish(private.merge(health), served)))
}
