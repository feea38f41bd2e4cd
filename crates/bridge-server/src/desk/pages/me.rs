//! One's own password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::admin::accounts;
use crate::base::problem::{Code, Problem};
use crate::desk::access::Visitor;
use crate::desk::form::Form;
use crate::desk::page::{Done, Frame, render};
use crate::http::Shared;

#[derive(Template)]
#[template(path = "desk/me.html")]
struct Page {
    frame: Frame,
    /// The admin token has no password.
    has_password: bool,
}

/// The page.
pub(in crate::desk) async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let has_password = visitor.session.is_some();
    let frame = Frame::new(&app, visitor, "Your password", "/admin/ui/me").await;
    render(&Page { frame, has_password })
}

/// Changes it; every session of the account ends, this one too.
pub(in crate::desk) async fn change(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Problem> {
    let new = form.text("password");
    if form.text("again") != new {
        return Err(Problem::field(Code::InvalidRequest, "again", "is another than the password above"));
    }
    accounts::change_own(&app, &visitor.actor(), form.text("current"), new).await?;
    let said = "Your password is changed. Log in with the new one";
    Ok(Done::go(said, "/admin/login", "/admin/login"))
}
