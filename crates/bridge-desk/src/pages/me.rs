//! The page on which a visitor changes their own password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::access::Visitor;
use crate::form::Form;
use crate::page::{Done, Frame, render};
use bridge_app::admin::accounts;
use bridge_app::admin::accounts::entry::not_the_same_again;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

#[derive(Template)]
#[template(path = "desk/me.html")]
struct Page {
    frame: Frame,
    /// The admin token has no password.
    has_password: bool,
}

/// The page.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let has_password = visitor.session.is_some();
    let frame = Frame::new(&app, visitor, "Your password", "/admin/ui/me").await;
    render(&Page { frame, has_password })
}

/// Changes it; every session of the account ends, this one too.
pub(crate) async fn change(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let new = form.text("password");
    if form.text("again") != new {
        return Err(not_the_same_again().into());
    }
    accounts::change_own(&app, &visitor.actor(), form.text("current"), new).await?;
    let said = "Your password is changed. Log in with the new one";
    Ok(Done::go(said, "/admin/login", "/admin/login"))
}
