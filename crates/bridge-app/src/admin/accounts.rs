//! Changing accounts: adding one, giving it a link, a role or a password, shutting it out. Each change is noted in the
//! admin log first. Not whether the caller may do it: that was checked before. How somebody logs in is [`entry`].

pub mod entry;

use bridge_core::{Span, Timestamp};
use bridge_store::accounts::{Account, AccountChanged, Link, Role};
use serde_json::{Value, json};

use crate::admin_log::{Actor, BY_TOKEN};
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::base::secrets::{fresh, hashed};
use crate::bridge::App;
use crate::state::access::passwords as password;
use crate::state::access::passwords::Turn;

/// How long the link of the first start works.
const FIRST_LINK_LASTS: Span = Span(30 * 60_000);
/// How long a link works that somebody has to be sent.
const LINK_LASTS: Span = Span(24 * 3_600_000);
const NAME_MAX_CHARS: usize = 40;

/// A link that sets a password once. Its token is in what follows `#`, which no server and no log sees.
#[derive(Clone, Debug)]
pub struct MadeLink {
    /// Address and token, without the host.
    pub path: String,
    /// It works until then.
    pub until: Timestamp,
}

/// A name as accounts have it.
pub fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | '@');
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS || !name.chars().all(fits) {
        let rule = format!("must be 1 to {NAME_MAX_CHARS} of a-z 0-9 - _ . @");
        return Err(Problem::field(Code::InvalidRequest, "name", rule));
    }
    Ok(name)
}

/// A role as it is written.
pub fn role(text: &str) -> Result<Role, Problem> {
    let rule = || Problem::field(Code::InvalidRequest, "role", "must be viewer, operator or owner");
    Role::named(text.trim()).ok_or_else(rule)
}

/// A password as it may be.
pub fn checked(password: &str) -> Result<(), Problem> {
    match password::wrong(password) {
        None => Ok(()),
        Some(rule) => Err(Problem::field(Code::InvalidRequest, "password", rule)),
    }
}

fn secret(app: &App) -> Result<String, Problem> {
    fresh(&app.entropy).map_err(|error| Problem::unavailable(&error))
}

fn unknown(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no account {name}"))
}

fn shown(account: &Account) -> Value {
    json!({"role": account.role.word(), "disabled": account.disabled})
}

/// Every account.
pub async fn all(app: &App) -> Result<Vec<Account>, Problem> {
    in_time(app.accounts.accounts()).await
}

/// One account.
pub async fn one(app: &App, name: &str) -> Result<Account, Problem> {
    in_time(app.accounts.account(name)).await?.ok_or_else(|| unknown(name))
}

/// Adds an account. It has no password until a link of its own was used, or one is set.
pub async fn add(app: &App, actor: &Actor, name: &str, role: Role) -> Result<(), Problem> {
    let taken =
        || Problem::field(Code::AccountExists, "name", format!("{name} is taken: choose another name"));
    if in_time(app.accounts.account(name)).await?.is_some() {
        return Err(taken());
    }
    let after = json!({"role": role.word(), "disabled": false});
    app.note_change(actor, "account.add", name, Value::Null, after).await?;
    if in_time(app.accounts.add_account(app.clock.now(), name, role)).await? { Ok(()) } else { Err(taken()) }
}

/// Makes a link with which somebody sets the password of that account; the link before it is void.
pub async fn link(app: &App, actor: &Actor, name: &str) -> Result<MadeLink, Problem> {
    let account = one(app, name).await?;
    if account.disabled {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("{name} may not log in: let them log in first"),
        ));
    }
    let (token, until) = (secret(app)?, app.clock.now() + LINK_LASTS);
    app.note_change(actor, "account.link", name, Value::Null, json!({"until": until.to_string()})).await?;
    let link = Link { token_hash: hashed(&token), account: Some(name.to_owned()), until };
    if in_time(app.accounts.put_link(&link)).await? {
        Ok(MadeLink { path: format!("/admin/reset#token={token}"), until })
    } else {
        Err(unknown(name))
    }
}

/// Makes the link that makes the first owner; the one before it is void. None: there is an account already.
pub async fn first_link(app: &App) -> Result<Option<MadeLink>, Problem> {
    let (token, until) = (secret(app)?, app.clock.now() + FIRST_LINK_LASTS);
    let link = Link { token_hash: hashed(&token), account: None, until };
    let made = in_time(app.accounts.put_link(&link)).await?;
    Ok(made.then(|| MadeLink { path: format!("/admin/setup#token={token}"), until }))
}

/// Gives an account a role, and lets it log in or not.
pub async fn change(app: &App, actor: &Actor, name: &str, role: Role, disabled: bool) -> Result<(), Problem> {
    let last_owner = || {
        let detail = format!("{name} is the last owner who can log in: make somebody else an owner first");
        Problem::new(Code::LastOwner, detail)
    };
    let everybody = in_time(app.accounts.accounts()).await?;
    let before = everybody.iter().find(|account| account.name == name).ok_or_else(|| unknown(name))?;
    let (before, after) = (shown(before), json!({"role": role.word(), "disabled": disabled}));
    if before == after {
        return Ok(());
    }
    // What will be refused is not noted.
    if !Account::keeps_an_owner(&everybody, name, role, disabled) {
        return Err(last_owner());
    }
    app.note_change(actor, "account.change", name, before, after).await?;
    match in_time(app.accounts.change_account(name, role, disabled)).await? {
        AccountChanged::Changed => {
            app.access.sessions.forget(name);
            Ok(())
        }
        AccountChanged::Unknown => Err(unknown(name)),
        AccountChanged::LastOwner => Err(last_owner()),
    }
}

/// Ends every session of an account. Answers how many.
pub async fn end_sessions(app: &App, actor: &Actor, name: &str) -> Result<usize, Problem> {
    one(app, name).await?;
    app.note_change(actor, "account.end_sessions", name, Value::Null, Value::Null).await?;
    app.access.sessions.forget(name);
    in_time(app.accounts.end_sessions(name)).await
}

/// Sets the password of an account and ends its sessions.
pub async fn set_password(app: &App, actor: &Actor, name: &str, password: &str) -> Result<(), Problem> {
    checked(password)?;
    one(app, name).await?;
    let made = app.access.passwords.hash(&app.entropy, password).await?;
    app.note_change(actor, "account.password", name, Value::Null, Value::Null).await?;
    app.access.sessions.forget(name);
    if in_time(app.accounts.set_password(app.clock.now(), name, &made)).await? {
        Ok(())
    } else {
        Err(unknown(name))
    }
}

/// Somebody changes their own password, and says the one they have.
pub async fn change_own(app: &App, actor: &Actor, current: &str, new: &str) -> Result<(), Problem> {
    let name = &actor.who;
    if name == BY_TOKEN {
        let detail = "the admin token has no password: log in with an account";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    checked(new)?;
    let trying = app.access.throttle.begin(Some(name), actor.address, None)?;
    let account = one(app, name).await?;
    if !app.access.passwords.fits(Turn::Known, current, account.password.as_deref()).await? {
        return Err(Problem::field(Code::InvalidRequest, "current", "is not your password"));
    }
    trying.was_right();
    set_password(app, actor, name, new).await
}
