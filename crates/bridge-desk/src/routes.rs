//! Every address of the desk, and who may ask for it. A page is a line here: without a rule it cannot be written.
//! Not what the rules mean: that is `access::guard`.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::access::{Role, Rule, guard};
use crate::show::zone;
use crate::{assets, page, pages};
use bridge_http::state::Served;

/// One address.
pub struct Route {
    /// Its method: GET looks, POST changes.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Who may ask for it.
    pub rule: Rule,
    handler: fn() -> MethodRouter<Served>,
}

const fn read(path: &'static str, rule: Rule, handler: fn() -> MethodRouter<Served>) -> Route {
    Route { method: Method::GET, path, rule, handler }
}

const fn act(path: &'static str, rule: Rule, handler: fn() -> MethodRouter<Served>) -> Route {
    Route { method: Method::POST, path, rule, handler }
}

const ANYONE: Rule = Rule::Anyone;
const VIEWER: Rule = Rule::AtLeast(Role::Viewer);
const OPERATOR: Rule = Rule::AtLeast(Role::Operator);
const OWNER: Rule = Rule::AtLeast(Role::Owner);

/// To add a page, add its lines.
pub static ROUTES: &[Route] = &[
    read("/admin/ui/assets/{name}", ANYONE, || get(assets::asset)),
    read("/admin/ui/manifest.webmanifest", ANYONE, || get(assets::manifest)),
    read("/admin/login", ANYONE, || get(pages::entry::login_page)),
    act("/admin/login", ANYONE, || post(pages::entry::login)),
    act("/admin/logout", VIEWER, || post(pages::entry::logout)),
    read("/admin/setup", ANYONE, || get(pages::entry::setup_page)),
    act("/admin/setup", ANYONE, || post(pages::entry::setup)),
    read("/admin/reset", ANYONE, || get(pages::entry::reset_page)),
    act("/admin/reset", ANYONE, || post(pages::entry::reset)),
    read("/admin", VIEWER, || get(pages::overview::show)),
    read("/admin/ui/find", VIEWER, || get(pages::find::find)),
    read("/admin/ui/number", VIEWER, || get(pages::find::number)),
    read("/admin/ui/me", VIEWER, || get(pages::me::show)),
    act("/admin/ui/me", VIEWER, || post(pages::me::change)),
    read("/admin/ui/log", VIEWER, || get(pages::log::show)),
    read("/admin/ui/accounts", OWNER, || get(pages::accounts::show)),
    act("/admin/ui/accounts", OWNER, || post(pages::accounts::add)),
    act("/admin/ui/accounts/link", OWNER, || post(pages::accounts::link)),
    act("/admin/ui/accounts/change", OWNER, || post(pages::accounts::change)),
    act("/admin/ui/accounts/end", OWNER, || post(pages::accounts::end_sessions)),
    read("/admin/ui/api-keys", OWNER, || get(pages::api_keys::show)),
    act("/admin/ui/api-keys/add", OWNER, || post(pages::api_keys::add)),
    act("/admin/ui/api-keys/revoke", OWNER, || post(pages::api_keys::revoke)),
    read("/admin/ui/live", VIEWER, || get(pages::overview::live)),
    read("/admin/ui/sms", VIEWER, || get(pages::sms::list)),
    read("/admin/ui/sms/{id}", VIEWER, || get(pages::sms::one)),
    read("/admin/ui/sms/export/{kind}", VIEWER, || get(pages::sms::export)),
    read("/admin/ui/onboardings", VIEWER, || get(pages::onboardings::list)),
    read("/admin/ui/onboardings/{id}", VIEWER, || get(pages::onboardings::one)),
    read("/admin/ui/onboardings/export/{kind}", VIEWER, || get(pages::onboardings::export)),
    read("/admin/ui/validated", VIEWER, || get(pages::validated::list)),
    read("/admin/ui/validated/export/{kind}", VIEWER, || get(pages::validated::export)),
    act("/admin/ui/sms/{id}/rejudge", VIEWER, || post(pages::sms::judge_again)),
    act("/admin/ui/sms/{id}/accept", OPERATOR, || post(pages::sms::accept)),
    act("/admin/ui/validated/remove", OPERATOR, || post(pages::validated::remove)),
    read("/admin/ui/abuse", VIEWER, || get(pages::abuse::show)),
    read("/admin/ui/abuse/report", VIEWER, || get(pages::abuse::report)),
    read("/admin/ui/blacklist", VIEWER, || get(pages::blacklist::list)),
    read("/admin/ui/blacklist/export/{kind}", VIEWER, || get(pages::blacklist::export)),
    act("/admin/ui/blacklist/add", OPERATOR, || post(pages::blacklist::add)),
    act("/admin/ui/blacklist/remove", OPERATOR, || post(pages::blacklist::remove)),
    act("/admin/ui/blacklist/import", OPERATOR, || post(pages::blacklist::import)),
    read("/admin/ui/blocked-emails", VIEWER, || get(pages::blacklist::emails)),
    act("/admin/ui/blocked-emails/add", OPERATOR, || post(pages::blacklist::add_email)),
    act("/admin/ui/blocked-emails/remove", OPERATOR, || post(pages::blacklist::remove_email)),
    read("/admin/ui/person", OWNER, || get(pages::person::show)),
    read("/admin/ui/person/export", OWNER, || get(pages::person::export)),
    act("/admin/ui/person/erase", OWNER, || post(pages::person::erase)),
    read("/admin/ui/quarantine", VIEWER, || get(pages::quarantine::list)),
    read("/admin/ui/quarantine/{id}", VIEWER, || get(pages::quarantine::one)),
    act("/admin/ui/quarantine/{id}/replay", OPERATOR, || post(pages::quarantine::replay)),
    act("/admin/ui/quarantine/{id}/remove", OPERATOR, || post(pages::quarantine::remove)),
    read("/admin/ui/recovery", VIEWER, || get(pages::recovery::show)),
    act("/admin/ui/maintenance/end", OPERATOR, || post(pages::recovery::end_maintenance)),
    act("/admin/ui/clock/accept", OPERATOR, || post(pages::recovery::accept_clock)),
    act("/admin/ui/recovery/try", OPERATOR, || post(pages::recovery::try_now)),
    act("/admin/ui/recovery/push", OPERATOR, || post(pages::recovery::push_again)),
    act("/admin/ui/recovery/gaps", VIEWER, || post(pages::recovery::gaps)),
    read("/admin/ui/receivers", VIEWER, || get(pages::receivers::list)),
    act("/admin/ui/receivers/add", OPERATOR, || post(pages::receivers::add)),
    act("/admin/ui/receivers/change", OPERATOR, || post(pages::receivers::change)),
    act("/admin/ui/receivers/clock", OPERATOR, || post(pages::receivers::clock)),
    act("/admin/ui/receivers/number-style", OPERATOR, || post(pages::receivers::number_style)),
    act("/admin/ui/receivers/rotate", OPERATOR, || post(pages::receivers::rotate)),
    act("/admin/ui/receivers/finish", OPERATOR, || post(pages::receivers::finish)),
    act("/admin/ui/receivers/pull", OPERATOR, || post(pages::receivers::pull)),
    act("/admin/ui/receivers/test", OPERATOR, || post(pages::receivers::test)),
    act("/admin/ui/receivers/revoke", OPERATOR, || post(pages::receivers::revoke)),
    read("/admin/ui/webhooks", VIEWER, || get(pages::webhooks::list)),
    act("/admin/ui/webhooks/add", OPERATOR, || post(pages::webhooks::add)),
    read("/admin/ui/webhooks/{id}", VIEWER, || get(pages::webhooks::one)),
    act("/admin/ui/webhooks/{id}/change", OPERATOR, || post(pages::webhooks::change)),
    act("/admin/ui/webhooks/{id}/switch", OPERATOR, || post(pages::webhooks::switch)),
    act("/admin/ui/webhooks/{id}/rotate", OPERATOR, || post(pages::webhooks::rotate)),
    act("/admin/ui/webhooks/{id}/remove", OPERATOR, || post(pages::webhooks::remove)),
    act("/admin/ui/webhooks/{id}/test", OPERATOR, || post(pages::webhooks::test)),
    act("/admin/ui/webhooks/{id}/replay", OPERATOR, || post(pages::webhooks::replay)),
    read("/admin/ui/alerts", VIEWER, || get(pages::alerts::list)),
    act("/admin/ui/alerts/add", OPERATOR, || post(pages::alerts::add)),
    read("/admin/ui/alerts/{id}", VIEWER, || get(pages::alerts::one)),
    act("/admin/ui/alerts/{id}/change", OPERATOR, || post(pages::alerts::change)),
    act("/admin/ui/alerts/{id}/switch", OPERATOR, || post(pages::alerts::switch)),
    act("/admin/ui/alerts/{id}/remove", OPERATOR, || post(pages::alerts::remove)),
    act("/admin/ui/alerts/{id}/test", OPERATOR, || post(pages::alerts::test)),
    read("/admin/settings/ui", VIEWER, || get(pages::settings::show)),
    act("/admin/settings/ui", OPERATOR, || post(pages::settings::save)),
    act("/admin/settings/ui/try", OPERATOR, || post(pages::settings::try_out)),
    read("/admin/settings/ui/history", VIEWER, || get(pages::settings::history)),
    act("/admin/settings/ui/history/{id}/back", OPERATOR, || post(pages::settings::go_back)),
    read("/admin/ui/lab", VIEWER, || get(pages::lab::show)),
    read("/admin/ui/lab/live", VIEWER, || get(pages::lab::live)),
    act("/admin/ui/lab/register", OPERATOR, || post(pages::lab::register)),
    act("/admin/ui/lab/send", OPERATOR, || post(pages::lab::send)),
    act("/admin/ui/lab/play/{name}", OPERATOR, || post(pages::lab::play)),
    act("/admin/ui/lab/forward", OPERATOR, || post(pages::lab::forward)),
    act("/admin/ui/lab/list", OPERATOR, || post(pages::lab::list)),
    act("/admin/ui/lab/end", OPERATOR, || post(pages::lab::end)),
    read("/admin/ui/words", VIEWER, || get(pages::words::show)),
    read("/admin/ui/workers", VIEWER, || get(pages::workers::list)),
    act("/admin/ui/workers/run", OPERATOR, || post(pages::workers::run)),
];

/// The router of the desk, with a guard before each address.
pub fn router(served: &Served) -> Router<Served> {
    let mut router = Router::new();
    for route in ROUTES {
        let guarded =
            (route.handler)().route_layer(from_fn_with_state((served.app.clone(), route.rule), guard::guard));
        router = router.route(route.path, guarded);
    }
    router
        .layer(from_fn_with_state(served.app.clone(), page::finish))
        .layer(from_fn_with_state(served.app.clone(), zone::around))
}
