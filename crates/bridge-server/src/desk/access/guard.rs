//! What stands before every page: finds out who asks, whether their role is enough, and whether a change was
//! really asked for by them.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Role, Visitor};
use crate::desk::routes::Rule;
use crate::http::Shared;
use crate::http::auth::bearer;
use crate::http::problem::{Code, Problem};

/// The layer of one route.
pub(in crate::desk) async fn guard(
    State((app, rule)): State<(Shared, Rule)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Rule::AtLeast(role) = rule else { return next.run(request).await };
    // Until there are accounts, the admin token is the owner.
    let known = bearer(request.headers()).is_some_and(|secret| app.secrets.admin.accept(secret));
    if !known || role > Role::Owner {
        return Problem::new(Code::Unauthorized, "log in at /admin/login").into_response();
    }
    let visitor = Visitor { name: "owner".to_owned(), role: Role::Owner, csrf: String::new() };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}
