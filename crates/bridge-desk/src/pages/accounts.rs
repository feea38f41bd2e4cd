//! Accounts, for owners: who may do what, who is logged in, links for those who have no password, and shutting out.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bridge_store::accounts::Role;

use crate::access::{Caller, Visitor};
use crate::form::Form;
use crate::page::{Done, Frame, render};
use crate::show::When;
use bridge_app::admin::accounts::{self, MadeLink};
use bridge_app::base::problem::Problem;
use bridge_app::looking::{self, accounts::AccountSeen};
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const HERE: &str = "/admin/ui/accounts";

struct Row {
    name: String,
    role: Role,
    disabled: bool,
    waits_for_password: bool,
    created: When,
    sessions: usize,
    seen: Option<When>,
    is_me: bool,
}

/// A link to give to somebody.
struct Given {
    name: String,
    address: String,
    until: When,
}

#[derive(Template)]
#[template(path = "desk/accounts.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    roles: [Role; 3],
    given: Option<Given>,
}

async fn draw(app: &Shared, visitor: Visitor, given: Option<Given>) -> Result<Response, Problem> {
    let now = app.clock.now();
    let row = |account: AccountSeen| Row {
        role: account.role,
        disabled: account.disabled,
        waits_for_password: account.waits_for_password,
        created: When::new(account.created_at, now),
        sessions: account.sessions,
        seen: account.seen_at.map(|at| When::new(at, now)),
        is_me: account.name == visitor.name,
        name: account.name,
    };
    let rows = looking::accounts::list(app).await?.into_iter().map(row).collect();
    let frame = Frame::new(app, visitor, "Accounts", HERE).await;
    Ok(render(&Page { frame, rows, roles: Role::ALL, given }))
}

/// The page.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failed> {
    draw(&app, visitor, None).await.map_err(Failed)
}

/// Adds an account, and shows the link that its person is to be given.
pub(crate) async fn add(
    State(app): State<Shared>,
    visitor: Visitor,
    caller: Caller,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failed> {
    let (name, role) = (accounts::name(form.text("name"))?, accounts::role(form.text("role"))?);
    accounts::add(&app, &visitor.actor(), &name, role).await?;
    let made = accounts::link(&app, &visitor.actor(), &name).await?;
    let given = given(&app, &caller, &headers, name, &made);
    draw(&app, visitor, Some(given)).await.map_err(Failed)
}

/// Makes a new link for an account.
pub(crate) async fn link(
    State(app): State<Shared>,
    visitor: Visitor,
    caller: Caller,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failed> {
    let name = accounts::name(form.text("name"))?;
    let made = accounts::link(&app, &visitor.actor(), &name).await?;
    let given = given(&app, &caller, &headers, name, &made);
    draw(&app, visitor, Some(given)).await.map_err(Failed)
}

/// Under the address that the owner sees the desk at.
fn given(app: &Shared, caller: &Caller, headers: &HeaderMap, name: String, made: &MadeLink) -> Given {
    let scheme = if caller.encrypted { "https" } else { "http" };
    let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    Given {
        name,
        address: format!("{scheme}://{host}{}", made.path),
        until: When::new(made.until, app.clock.now()),
    }
}

/// Gives an account another role, shuts it out or lets it in again.
pub(crate) async fn change(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let (name, role) = (accounts::name(form.text("name"))?, accounts::role(form.text("role"))?);
    accounts::change(&app, &visitor.actor(), &name, role, form.text("may_log_in").is_empty()).await?;
    Ok(Done::reload(format!("{name} is changed"), HERE))
}

/// Logs an account out everywhere.
pub(crate) async fn end_sessions(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Failed> {
    let name = accounts::name(form.text("name"))?;
    accounts::end_sessions(&app, &visitor.actor(), &name).await?;
    Ok(Done::reload(format!("{name} is logged out everywhere"), HERE))
}
