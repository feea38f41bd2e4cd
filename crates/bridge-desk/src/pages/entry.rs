//! The pages on which somebody logs in and out: the login, the link of the first start, links that set a password.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::access::{Caller, Visitor, cookie};
use crate::form::Form;
use crate::page::{Done, Frame, render};
use bridge_app::admin::accounts::entry::{self, Chosen, Comer, LoggedIn};
use bridge_app::base::problem::Problem;
use bridge_core::Zone;
use bridge_http::auth::query_value;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

/// Where somebody goes after logging in.
const DESK: &str = "/admin";
const LOGIN: &str = "/admin/login";

#[derive(Template)]
#[template(path = "desk/login.html")]
struct LoginPage {
    frame: Frame,
    next: String,
    /// Nobody can log in yet: there is no account.
    nobody_yet: bool,
}

#[derive(Template)]
#[template(path = "desk/set_password.html")]
struct SetPasswordPage {
    frame: Frame,
    /// It makes the first owner, who chooses a name.
    first: bool,
    action: &'static str,
}

/// The login page.
pub(crate) async fn login_page(State(app): State<Shared>, request: Request) -> Response {
    let next = onward(&query_value(request.uri().query(), "next").unwrap_or_default());
    // While the store is away it is not known, and the login says so by itself.
    let nobody_yet = entry::nobody_yet(&app).await;
    render(&LoginPage { frame: Frame::outside("Log in"), next, nobody_yet })
}

/// A page of the desk, whatever stands in an address that somebody was given.
fn onward(next: &str) -> String {
    let ours = next == DESK || next.starts_with("/admin/") || next.starts_with("/admin?");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !next.contains("//");
    if ours && plain && !next.starts_with(LOGIN) { next.to_owned() } else { DESK.to_owned() }
}

/// Logs in with name and password.
pub(crate) async fn login(State(app): State<Shared>, caller: Caller, form: Form) -> Result<Response, Failed> {
    let logged_in = entry::log_in(&app, comer(&caller), form.text("name"), form.text("password")).await?;
    Ok(come_in(&caller, &logged_in, &form, &onward(form.text("next"))))
}

fn comer(caller: &Caller) -> Comer<'_> {
    Comer { address: caller.address, session: caller.session.as_deref(), browser: caller.browser.as_deref() }
}

/// The browser keeps the session that begins, that it is known, and the zone that it is in.
fn come_in(caller: &Caller, logged_in: &LoggedIn, form: &Form, next: &str) -> Response {
    let cookies = [
        cookie::written(&logged_in.session, caller.encrypted),
        cookie::known_browser(&logged_in.browser, caller.encrypted),
    ];
    let zone = Zone::named(form.text("zone")).filter(|_| !form.text("zone").is_empty());
    let cookies =
        cookies.into_iter().chain(zone.map(|zone| cookie::zone_written(zone.name(), caller.encrypted)));
    let cookies: Vec<_> = cookies.map(|cookie| (SET_COOKIE, cookie)).collect();
    (AppendHeaders(cookies), Done::go("", next, DESK)).into_response()
}

/// Logs out.
pub(crate) async fn logout(
    State(app): State<Shared>,
    caller: Caller,
    visitor: Visitor,
) -> Result<Response, Failed> {
    if let Some(id_hash) = &visitor.session {
        entry::log_out(&app, id_hash).await?;
    }
    let gone = cookie::written("", caller.encrypted);
    Ok(([(SET_COOKIE, gone)], Done::go("You are logged out", LOGIN, LOGIN)).into_response())
}

/// Where the link of the first start leads.
pub(crate) async fn setup_page() -> Response {
    let frame = Frame::outside("Set up");
    render(&SetPasswordPage { frame, first: true, action: "/admin/setup" })
}

/// Where a link that sets a password leads.
pub(crate) async fn reset_page() -> Response {
    let frame = Frame::outside("Choose a password");
    render(&SetPasswordPage { frame, first: false, action: "/admin/reset" })
}

/// Makes the first owner.
pub(crate) async fn setup(State(app): State<Shared>, caller: Caller, form: Form) -> Result<Response, Failed> {
    use_link(&app, &caller, &form, true).await.map_err(Failed)
}

/// Sets the password of the account whose link it is.
pub(crate) async fn reset(State(app): State<Shared>, caller: Caller, form: Form) -> Result<Response, Failed> {
    use_link(&app, &caller, &form, false).await.map_err(Failed)
}

/// Works once; who set the password is logged in.
async fn use_link(app: &Shared, caller: &Caller, form: &Form, first: bool) -> Result<Response, Problem> {
    let chosen = Chosen {
        token: form.text("token"),
        name: form.text("name"),
        password: form.text("password"),
        again: form.text("again"),
    };
    let logged_in = entry::use_link(app, comer(caller), chosen, first).await?;
    Ok(come_in(caller, &logged_in, form, DESK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_the_desk() {
        for (next, to) in [
            ("/admin/ui/sms?mobile=%2B91&page=2", "/admin/ui/sms?mobile=%2B91&page=2"),
            ("/admin?range=day", "/admin?range=day"),
            ("", "/admin"),
            ("https://evil.example", "/admin"),
            ("//evil.example", "/admin"),
            ("/admin//evil.example", "/admin"),
            ("/admin/\\evil", "/admin"),
            ("/administrator", "/admin"),
            ("/admin/login?next=/admin", "/admin"),
            ("/admin/\r\nSet-Cookie: x", "/admin"),
        ] {
            assert_eq!(onward(next), to, "{next}");
        }
    }
}
