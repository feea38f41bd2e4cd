//! The JSON API: which route answers where, one file for each resource. Nothing here decides anything about an SMS, and
//! nothing here names a store: a handler reads a request, asks a use case of `bridge-app`, and writes its answer.

pub mod acceptance;
pub mod accounts;
pub mod api_keys;
pub mod blacklist;
pub mod blocked_emails;
pub mod doctor;
pub mod edge;
pub mod events;
pub mod health;
pub mod heartbeat;
pub mod import;
pub mod input_sms;
pub mod lab;
pub mod looking;
pub mod notify;
pub mod onboarding;
pub mod persons;
pub mod pull;
pub mod quarantine;
pub mod receive;
pub mod receiver_test;
pub mod receivers;
pub mod registration_attempts;
pub mod rejudge;
pub mod settings;
pub mod status;
pub mod sync;
pub mod webhooks;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{options, post};
use bridge_app::base::problem::{Code, Problem};
use tower_http::cors::CorsLayer;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::auth::Schemes;
use crate::cors;
use crate::observe;
use crate::problem::Failed;
use crate::state::Shared;

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
        (name = "edge", description = "For an edge in front of the bridge, which signs what it asks."),
        (name = "health", description = "For whoever watches over the bridge.")
    )
)]
struct Api;

/// What a website may follow answers to browsers by `followers`.
pub(crate) fn public_api<S>(followers: &CorsLayer) -> OpenApiRouter<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(onboarding::register))
        .routes(routes!(onboarding::by_mobile))
        .routes(routes!(onboarding::by_id).layer(followers.clone()))
        .routes(routes!(onboarding::cancel))
        .routes(routes!(events::events).layer(followers.clone()))
        .routes(routes!(receive::receive))
        .routes(routes!(receive::receive_named))
        .routes(routes!(heartbeat::heartbeat))
        .routes(routes!(import::import))
        .routes(routes!(status::status).layer(followers.clone()))
        .routes(routes!(edge::refusals))
        .routes(routes!(edge::blocklist))
        .routes(routes!(health::health))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
}

/// The operator's routes, in two lists: the description has those of the Test Lab between them.
pub(crate) fn what_is_judged_by<S>() -> OpenApiRouter<S>
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
        .routes(routes!(looking::sms))
        .routes(routes!(looking::one_sms))
        .routes(routes!(looking::onboardings))
        .routes(routes!(looking::one_onboarding))
        .routes(routes!(looking::validated))
        .routes(routes!(looking::standing))
        .routes(routes!(rejudge::rejudge))
        .routes(routes!(acceptance::accept))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::change))
        .routes(routes!(accounts::link))
        .routes(routes!(accounts::log))
        .routes(routes!(api_keys::list, api_keys::add))
        .routes(routes!(api_keys::revoke))
}

pub(crate) fn what_is_kept<S>() -> OpenApiRouter<S>
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
        .routes(routes!(receiver_test::test))
        .routes(routes!(pull::pull))
        .routes(routes!(registration_attempts::list))
        .routes(routes!(health::metrics))
        .routes(routes!(sync::list))
        .routes(routes!(sync::replay))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::get, webhooks::change, webhooks::remove))
        .routes(routes!(webhooks::rotate))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(notify::list, notify::add))
        .routes(routes!(notify::get, notify::change, notify::remove))
        .routes(routes!(notify::test))
        .routes(routes!(doctor::examine))
        .routes(routes!(doctor::repair))
        .routes(routes!(doctor::accept_clock))
}

/// The names that the field's other API has for the same two (D16).
pub(crate) const ALIASES: [(&str, &str); 2] = [
    ("/onboarding/register", "/onboard/register"),
    ("/onboarding/status/{mobile}", "/onboard/status/{mobile}"),
];

/// Every route but those of the Test Lab: what the bridge inside it is asked through.
pub fn router_without_lab(app: &Shared) -> Router {
    finish(public_routes(app).merge(private_routes()), app)
}

pub(crate) fn public_routes<S>(app: &Shared) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    let followers = cors::layer(Some(app));
    let (mut public, _) = public_api(&followers).split_for_parts();
    for path in cors::FOLLOWED {
        // A browser asks first whether it may ask; the layer answers.
        public = public.route(path, options(|| async {}).layer(followers.clone()));
    }
    let [(register, _), (status, _)] = ALIASES;
    public
        .route("/sms/receive/{format}", axum::routing::get(receive::receive_named))
        // People type a slash at the end, apps add one, and an address that ends with one is put before the path.
        .route("/sms/receive/", post(receive::receive))
        .route("//sms/receive", post(receive::receive))
        .route("/sms/receive/{format}/", post(receive::receive_named).get(receive::receive_named))
        .route("//sms/receive/{format}", post(receive::receive_named).get(receive::receive_named))
        .route("/sms/receive//{format}", post(receive::receive_named).get(receive::receive_named))
        .route(register, post(onboarding::register))
        .route(status, axum::routing::get(onboarding::by_mobile))
}

pub(crate) fn private_routes<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    what_is_judged_by().merge(what_is_kept()).split_for_parts().0
}

/// What every request passes through: one layer that names, times, logs and finishes it.
pub(crate) fn finish<S>(router: Router<S>, state: &S) -> Router
where
    S: Clone + Send + Sync + 'static,
    Shared: FromRef<S>,
{
    router
        .fallback(|| async {
            Failed(Problem::new(Code::NotFound, "there is nothing at this address: see /openapi.json"))
        })
        .method_not_allowed_fallback(|| async {
            Failed(Problem::new(Code::MethodNotAllowed, "this address does not take that method"))
        })
        .layer(from_fn_with_state(Shared::from_ref(state), observe::observe))
        .with_state(state.clone())
}
