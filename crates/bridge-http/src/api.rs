//! The HTTP interface: which route answers on which listener, and what every request passes through.
//! One file per resource below; nothing here decides anything about an SMS.

pub mod accounts;
pub mod auth;
pub mod blacklist;
pub mod blocked_emails;
pub mod body;
pub mod client;
pub mod docs;
pub mod doctor;
pub mod events;
pub mod health;
pub mod heartbeat;
pub mod import;
pub mod input_sms;
pub mod lab;
pub mod listen;
pub mod observe;
pub mod onboarding;
pub mod persons;
pub mod pull;
pub mod quarantine;
pub mod receive;
pub mod receivers;
pub mod rejudge;
pub mod segment;
pub mod settings;
pub mod status;
pub mod sync;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use crate::lab::Lab;
use auth::Schemes;

/// What a handler has at hand.
pub type Shared = Arc<App>;

/// What is served: a bridge and its Test Lab. Handlers that need the bridge alone ask for [`Shared`].
#[derive(Clone)]
pub struct Served {
    /// The bridge.
    pub app: Shared,
    /// Its Test Lab.
    pub lab: Arc<Lab>,
}

impl FromRef<Served> for Shared {
    fn from_ref(served: &Served) -> Shared {
        served.app.clone()
    }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "SMS Bridge",
        description = "Proves that a person holds a mobile number: they send the SMS.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Schemes),
    tags(
        (name = "onboarding", description = "For apps: register a number and learn when it is validated."),
        (name = "sms", description = "For receivers: hand in an SMS."),
        (name = "admin", description = "For the operator."),
        (name = "lab", description = "For the operator: a bridge to play with, whose traffic stays in it."),
        (name = "health", description = "For whoever watches over the bridge.")
    )
)]
struct Api;

fn public_api<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(onboarding::register))
        .routes(routes!(onboarding::by_mobile))
        .routes(routes!(onboarding::by_id))
        .routes(routes!(onboarding::cancel))
        .routes(routes!(events::events))
        .routes(routes!(receive::receive))
        .routes(routes!(receive::receive_named))
        .routes(routes!(heartbeat::heartbeat))
        .routes(routes!(import::import))
        .routes(routes!(status::status))
        .routes(routes!(health::health))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
}

/// The operator's routes, in two lists: the description has those of the Test Lab between them.
fn what_is_judged_by<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    OpenApiRouter::default()
        .routes(routes!(settings::list, settings::patch))
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(settings::history))
        .routes(routes!(settings::rollback))
        .routes(routes!(rejudge::dry_run))
        .routes(routes!(input_sms::by_mobile))
        .routes(routes!(rejudge::rejudge))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::change))
        .routes(routes!(accounts::link))
        .routes(routes!(accounts::log))
}

fn lab_api() -> OpenApiRouter<Served> {
    OpenApiRouter::default()
        .routes(routes!(lab::show, lab::end))
        .routes(routes!(lab::register))
        .routes(routes!(lab::send))
        .routes(routes!(lab::play))
        .routes(routes!(lab::forward))
        .routes(routes!(lab::list))
        .routes(routes!(lab::events))
}

fn what_is_kept<S>() -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    OpenApiRouter::default()
        .routes(routes!(blacklist::list, blacklist::add))
        .routes(routes!(blacklist::remove))
        .routes(routes!(blacklist::import::import))
        .routes(routes!(blocked_emails::list, blocked_emails::add))
        .routes(routes!(blocked_emails::remove))
        .routes(routes!(persons::export))
        .routes(routes!(persons::erase))
        .routes(routes!(persons::receipts))
        .routes(routes!(persons::remove_validated))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::get, quarantine::remove))
        .routes(routes!(quarantine::replay))
        .routes(routes!(receivers::list, receivers::add))
        .routes(routes!(receivers::change, receivers::revoke))
        .routes(routes!(receivers::rotate))
        .routes(routes!(pull::pull))
        .routes(routes!(health::metrics))
        .routes(routes!(sync::list))
        .routes(routes!(sync::replay))
        .routes(routes!(doctor::examine))
        .routes(routes!(doctor::repair))
}

/// The names that the field's other API has for the same two (D16).
const ALIASES: [(&str, &str); 2] = [
    ("/onboarding/register", "/onboard/register"),
    ("/onboarding/status/{mobile}", "/onboard/status/{mobile}"),
];

/// The description of the whole API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let private = what_is_judged_by().merge(lab_api()).merge(what_is_kept());
    let (_, mut api) = public_api().merge(private).split_for_parts();
    for (alias, path) in ALIASES {
        if let Some(mut item) = api.paths.paths.get(path).cloned() {
            for operation in [&mut item.get, &mut item.post].into_iter().flatten() {
                operation.operation_id = operation.operation_id.take().map(|id| format!("{id}_alias"));
            }
            api.paths.paths.insert(alias.to_owned(), item);
        }
    }
    api.info.version = env!("CARGO_PKG_VERSION").to_owned();
    api
}

/// The routers of the two listeners. Without a private one, the public one answers everything.
pub fn routers(served: &Served, desk: Router<Served>) -> (Router, Option<Router>) {
    let public: Router<Served> = public_routes();
    let private = private_routes().merge(lab_api().split_for_parts().0).merge(docs::router()).merge(desk);
    if !served.app.options.has_private_listener {
        return (finish(public.merge(private), served), None);
    }
    let (health, _) = OpenApiRouter::default()
        .routes(routes!(health::health))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .split_for_parts();
    let public = public.route("/openapi.json", axum::routing::get(docs::openapi_json));
    (finish(public, served), Some(finish(private.merge(health), served)))
}

/// Every route but those of the Test Lab: what the bridge inside it is asked through.
pub fn router_without_lab(app: &Shared) -> Router {
    finish(public_routes().merge(private_routes()), app)
}

fn public_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    let (public, _) = public_api().split_for_parts();
    let [(register, _), (status, _)] = ALIASES;
    public
        .route("/sms/receive/{format}", axum::routing::get(receive::receive_named))
        .route(register, post(onboarding::register))
        .route(status, axum::routing::get(onboarding::by_mobile))
}

fn private_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    what_is_judged_by().merge(what_is_kept()).split_for_parts().0
}

/// What every request passes through: one layer that names, times, logs and finishes it.
fn finish<S>(router: Router<S>, state: &S) -> Router
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    router
        .fallback(|| async {
            Problem::new(Code::NotFound, "there is nothing at this address: see /openapi.json")
        })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "this address does not take that method")
        })
        .layer(from_fn_with_state(Shared::from_ref(state), observe::observe))
        .with_state(state.clone())
}
