//! How somebody gets in and out: the login, the link of the first start, links that set a password, and the way out.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use bridge_store::accounts::Account;
use serde_json::Value;

use super::{Caller, Visitor, cookie};
use crate::admin::accounts;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::desk::form::Form;
use crate::desk::page::{Done, Frame, render};
use crate::http::Shared;
use crate::http::auth::query_value;
use crate::state::access::sessions::hashed;

/// Where whoever came in goes.
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

/// The login.
pub(in crate::desk) async fn login_page(State(app): State<Shared>, request: Request) -> Response {
    let next = onward(&query_value(request.uri().query(), "next").unwrap_or_default());
    // While the store is away it is not known, and the login says so by itself.
    let nobody_yet = crate::looking::accounts::is_nobody_yet(&app).await;
    render(&LoginPage { frame: Frame::outside("Log in"), next, nobody_yet })
}

/// A page of the desk, whatever stands in an address that somebody was given.
fn onward(next: &str) -> String {
    let ours = next == DESK || next.starts_with("/admin/") || next.starts_with("/admin?");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') && !next.contains("//");
    if ours && plain && !next.starts_with(LOGIN) { next.to_owned() } else { DESK.to_owned() }
}

/// Logs in with name and password.
pub(in crate::desk) async fn login(
    State(app): State<Shared>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let wrong = || Problem::field(Code::Unauthorized, "password", "or name is wrong");
    let Ok(name) = accounts::name(form.text("name")) else {
        app.access.throttle.count(None, caller.address)?;
        return Err(wrong());
    };
    app.access.throttle.count(Some(&name), caller.address)?;
    let account = in_time(app.accounts.account(&name)).await?.filter(|account| !account.disabled);
    let made = account.as_ref().and_then(|account| account.password.as_deref());
    let fits = app.access.passwords.fits(form.text("password"), made).await?;
    match account {
        Some(account) if fits => come_in(&app, &caller, &account, &onward(form.text("next"))).await,
        _ => {
            app.metrics.wrong_secret_total.inc();
            Err(wrong())
        }
    }
}

/// Begins a session; the one that the browser had before, if any, ends.
async fn come_in(app: &Shared, caller: &Caller, account: &Account, next: &str) -> Result<Response, Problem> {
    if let Some(before) = &caller.session {
        app.access.sessions.end(app, before).await?;
    }
    let id = app.access.sessions.begin(app, account).await?;
    let cookie = cookie::written(&id, caller.encrypted);
    Ok(([(SET_COOKIE, cookie)], Done::go("", next, DESK)).into_response())
}

/// Logs out.
pub(in crate::desk) async fn logout(
    State(app): State<Shared>,
    caller: Caller,
    visitor: Visitor,
) -> Result<Response, Problem> {
    if let Some(id_hash) = &visitor.session {
        app.access.sessions.end(&app, id_hash).await?;
    }
    let gone = cookie::written("", caller.encrypted);
    Ok(([(SET_COOKIE, gone)], Done::go("You are logged out", LOGIN, LOGIN)).into_response())
}

/// Where the link of the first start leads.
pub(in crate::desk) async fn setup_page() -> Response {
    let frame = Frame::outside("Set up");
    render(&SetPasswordPage { frame, first: true, action: "/admin/setup" })
}

/// Where a link that sets a password leads.
pub(in crate::desk) async fn reset_page() -> Response {
    let frame = Frame::outside("Choose a password");
    render(&SetPasswordPage { frame, first: false, action: "/admin/reset" })
}

/// Makes the first owner.
pub(in crate::desk) async fn setup(
    State(app): State<Shared>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    use_link(&app, &caller, &form, true).await
}

/// Sets the password of the account whose link it is.
pub(in crate::desk) async fn reset(
    State(app): State<Shared>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    use_link(&app, &caller, &form, false).await
}

/// Once; whoever set the password is logged in.
async fn use_link(app: &Shared, caller: &Caller, form: &Form, first: bool) -> Result<Response, Problem> {
    let void = || {
        let detail = if first {
            "this link does not work any more: start the bridge again and open the one that it prints then"
        } else {
            "this link does not work any more: ask an owner for a new one"
        };
        Problem::new(Code::LinkVoid, detail)
    };
    app.access.throttle.count(None, caller.address)?;
    let (token_hash, now) = (hashed(form.text("token")), app.clock.now());
    let link = in_time(app.accounts.link(now, &token_hash)).await?.ok_or_else(void)?;
    let name = match &link.account {
        None if first => accounts::name(form.text("name"))?,
        Some(account) if !first => account.clone(),
        _ => return Err(void()),
    };
    let password = form.text("password");
    accounts::checked(password)?;
    if form.text("again") != password {
        return Err(Problem::field(Code::InvalidRequest, "again", "is another than the password above"));
    }
    let made = app.access.passwords.hash(&app.entropy, password).await?;
    let actor = Actor { who: name.clone(), address: caller.address };
    let action = if first { "account.setup" } else { "account.password" };
    app.note_change(&actor, action, &name, Value::Null, Value::Null).await?;
    let used = in_time(app.accounts.use_link(now, &token_hash, &name, &made)).await?;
    let account = used.ok_or_else(void)?;
    app.access.sessions.forget(&account.name);
    come_in(app, caller, &account, DESK).await
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
