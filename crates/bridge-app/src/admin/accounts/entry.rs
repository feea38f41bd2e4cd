//! Logging in to the desk and out of it: name and password, a link that works once, sessions. Every try counts against
//! the throttle before anything is looked at, until it was right; a link is no password and counts nowhere. Not the cookie that carries a session: that is the desk's.

use std::net::IpAddr;

use bridge_store::accounts::Account;
use serde_json::Value;

use super::{checked, name};
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::base::secrets::hashed;
use crate::bridge::App;
use crate::state::access::passwords::Turn;
use crate::state::access::sessions::Open;

/// Somebody who wants to log in.
#[derive(Clone, Copy, Debug)]
pub struct Comer<'a> {
    /// From where, where that is known.
    pub address: Option<IpAddr>,
    /// SHA-256 of the id of the session that the browser had before; it ends.
    pub session: Option<&'a str>,
    /// What the browser brings from the last time somebody logged in with it.
    pub browser: Option<&'a str>,
}

/// What somebody chooses who has a link.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The name of the first owner; every other account has its name.
    pub name: &'a str,
    /// The new password.
    pub password: &'a str,
    /// The same once more.
    pub again: &'a str,
}

/// What the browser keeps of somebody who has logged in.
pub struct LoggedIn {
    /// The id of the session.
    pub session: String,
    /// That somebody logged in with it: it opens nothing, and says nothing else.
    pub browser: String,
}

/// Is there no account yet? While the store is away it is not known, and the login says so by itself.
pub async fn nobody_yet(app: &App) -> bool {
    in_time(app.accounts.accounts()).await.is_ok_and(|all| all.is_empty())
}

/// Logs in with name and password. Answers the id of the new session.
pub async fn log_in(app: &App, comer: Comer<'_>, given: &str, password: &str) -> Result<LoggedIn, Problem> {
    let wrong = || Problem::field(Code::Unauthorized, "password", "or name is wrong");
    let throttle = &app.access.throttle;
    let Ok(name) = name(given) else {
        drop(throttle.begin(None, comer.address, None)?);
        return Err(wrong());
    };
    let browser = comer.browser.filter(|browser| app.secrets.is_known_browser(browser, &name));
    let trying = throttle.begin(Some(&name), comer.address, browser)?;
    let account = in_time(app.accounts.account(&name)).await?.filter(|account| !account.disabled);
    let made = account.as_ref().and_then(|account| account.password.as_deref());
    let turn = if browser.is_some() { Turn::Known } else { Turn::Anybody };
    let fits = app.access.passwords.fits(turn, password, made).await?;
    match account {
        Some(account) if fits => {
            trying.was_right();
            begin(app, comer, &account).await
        }
        _ => {
            app.metrics.wrong_secret_total.inc();
            Err(wrong())
        }
    }
}

/// Sets a password with a link, which works once; `first`: the link of the first start, which makes the first owner.
/// Who set the password is logged in: answers the id of the new session.
pub async fn use_link(
    app: &App,
    comer: Comer<'_>,
    chosen: Chosen<'_>,
    first: bool,
) -> Result<LoggedIn, Problem> {
    let void = || {
        let detail = if first {
            "this link does not work any more: start the bridge again and open the one that it prints then"
        } else {
            "this link does not work any more: ask an owner for a new one"
        };
        Problem::new(Code::LinkVoid, detail)
    };
    let (token_hash, now) = (hashed(chosen.token), app.clock.now());
    let link = in_time(app.accounts.link(now, &token_hash)).await?.ok_or_else(void)?;
    let name = match &link.account {
        None if first => name(chosen.name)?,
        Some(account) if !first => account.clone(),
        _ => return Err(void()),
    };
    checked(chosen.password)?;
    if chosen.again != chosen.password {
        return Err(not_the_same_again());
    }
    let made = app.access.passwords.hash(&app.entropy, chosen.password).await?;
    let actor = Actor { who: name.clone(), address: comer.address };
    let action = if first { "account.setup" } else { "account.password" };
    // Noted where it is used: of two that come at once, one is.
    let change = actor.change(now, action, &name, Value::Null, Value::Null);
    let used = in_time(app.accounts.use_link(now, &token_hash, &name, &made, &change)).await?;
    let account = used.ok_or_else(void)?;
    app.access.sessions.forget(&account.name);
    begin(app, comer, &account).await
}

/// Begins a session; the one that the browser had before, if any, ends.
async fn begin(app: &App, comer: Comer<'_>, account: &Account) -> Result<LoggedIn, Problem> {
    if let Some(before) = comer.session {
        log_out(app, before).await?;
    }
    let session = app.access.sessions.begin(&*app.accounts, &app.entropy, app.clock.now(), account).await?;
    let browser = app.secrets.known_browser(&app.entropy, &account.name);
    Ok(LoggedIn { session, browser: browser.map_err(|error| Problem::unavailable(&error))? })
}

/// Whose session has this id, if it has not ended.
pub async fn session(app: &App, id: &str) -> Result<Option<Open>, Problem> {
    let is_there = app.availability.now().audit;
    app.access.sessions.find(&*app.accounts, is_there, app.clock.now(), id).await
}

/// Ends a session, given by the SHA-256 of its id.
pub async fn log_out(app: &App, id_hash: &str) -> Result<(), Problem> {
    app.access.sessions.end(&*app.accounts, id_hash).await
}

/// That the field `again` holds another password than the one above it.
#[must_use]
pub fn not_the_same_again() -> Problem {
    Problem::field(Code::InvalidRequest, "again", "is another than the password above")
}
