//! What stands before every page: finds out who asks, whether their role is enough, and whether a change was
//! really asked for by them.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bridge_formats::content_type;
use bridge_store::audit::Scope;
use subtle::ConstantTimeEq;

use super::{Caller, Role, Rule, Visitor, cookie};
use crate::form::{Form, LoggedIn};
use bridge_app::admin::accounts::entry;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::state::places::Who;
use bridge_http::auth::bearer;
use bridge_http::client;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const CSRF_HEADER: &str = "x-csrf-token";

/// Why somebody does not get in.
enum Refused {
    Problem(Problem),
    /// They have to log in first, and then come to this page.
    Login(String),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused::Problem(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::Problem(problem) => Failed(problem).into_response(),
            Refused::Login(to) => {
                let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/admin/login"));
                (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
            }
        }
    }
}

/// The layer of one route.
pub(crate) async fn guard(
    State((app, rule)): State<(Shared, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    match admit(&app, rule, request).await {
        Ok(request) => {
            // For whoever draws what went wrong.
            let visitor = request.extensions().get::<Visitor>().cloned();
            let mut response = next.run(request).await;
            if let Some(visitor) = visitor {
                response.extensions_mut().insert(visitor);
            }
            response
        }
        Err(refused) => refused.into_response(),
    }
}

/// Who looks, where somebody is logged in: for a page that nobody is refused.
pub(crate) async fn visitor(app: &Shared, parts: &Parts) -> Option<Visitor> {
    let encrypted = cookie::is_encrypted(app, parts);
    let open = entry::session(app, &cookie::read(parts, encrypted)?).await.ok().flatten()?;
    let address = client::address(app, parts);
    let session = Some(open.id_hash);
    Some(Visitor { name: open.name, role: open.role, csrf: open.csrf, address, session })
}

async fn admit(app: &Shared, rule: Rule, request: Request) -> Result<Request, Refused> {
    let (mut parts, mut body) = request.into_parts();
    let encrypted = cookie::is_encrypted(app, &parts);
    let address = client::address(app, &parts);
    let changes = !parts.method.is_safe();
    if changes && !is_ours(&parts.headers) {
        let detail = "this was asked for from another site: open the page of the desk and do it there";
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    let session = match (rule, cookie::read(&parts, encrypted)) {
        // Style sheets and the like: nothing to know about who asks.
        (Rule::Anyone, _) if !changes => None,
        (_, Some(id)) => entry::session(app, &id).await.or_else(|problem| match rule {
            Rule::Anyone => Ok(None),
            Rule::AtLeast(_) => Err(problem),
        })?,
        (_, None) => None,
    };
    let id_hash = session.as_ref().map(|open| open.id_hash.clone());
    let browser = cookie::browser(&parts, encrypted);
    parts.extensions.insert(Caller { address, encrypted, session: id_hash.clone(), browser });
    let Rule::AtLeast(role) = rule else { return Ok(Request::from_parts(parts, body)) };
    let visitor = match session {
        Some(open) => {
            let session = Some(open.id_hash);
            Visitor { name: open.name, role: open.role, csrf: open.csrf, address, session }
        }
        // A token is sent on purpose, never by a browser on its own.
        None => {
            let key = bearer(&parts.headers).and_then(|secret| app.key(Scope::Admin, secret).holder());
            let name = key.ok_or_else(|| log_in_first(&parts, changes))?;
            Visitor { name, role: Role::Owner, csrf: String::new(), address, session: None }
        }
    };
    client::is(&parts, Who::Operator(&visitor.name));
    if visitor.role < role {
        let detail = format!("{} may do this; you are {}", role.word(), visitor.role.word());
        return Err(Problem::new(Code::Forbidden, detail).into());
    }
    if changes && visitor.session.is_some() {
        body = csrf_is_right(app, &visitor, &parts, body).await?;
    }
    parts.extensions.insert(LoggedIn);
    parts.extensions.insert(visitor);
    Ok(Request::from_parts(parts, body))
}

/// Does a browser say that one of our own pages asks, or does no browser ask?
fn is_ours(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (header("sec-fetch-site"), header("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, None) => true,
        // Without TLS a browser says no more than this.
        (None, Some(origin)) => {
            origin.split_once("://").is_some_and(|(_, host)| Some(host) == header("host"))
        }
    }
}

/// People are led to the login and back; a script or a program is told.
fn log_in_first(parts: &Parts, changes: bool) -> Refused {
    let accepts = |kind: &str| {
        let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accept.is_some_and(|accept| accept.contains(kind))
    };
    if accepts("text/html") || parts.headers.contains_key(CSRF_HEADER) {
        let page =
            if changes { "/admin" } else { parts.uri.path_and_query().map_or("/admin", |p| p.as_str()) };
        let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", page).finish();
        return Refused::Login(format!("/admin/login?{next}"));
    }
    Refused::Problem(Problem::new(Code::Unauthorized, "log in at /admin/login"))
}

/// The token of the session, from the header or the form; the body comes back whole.
async fn csrf_is_right(app: &Shared, visitor: &Visitor, parts: &Parts, body: Body) -> Result<Body, Problem> {
    let in_header = parts.headers.get(CSRF_HEADER).map(|value| value.as_bytes().to_vec());
    let (given, body) = match in_header {
        Some(given) => (given, body),
        None if content_type(&parts.headers) == "application/x-www-form-urlencoded" => {
            let (form, bytes) = Form::read(app, &parts.headers, body).await?;
            (form.text("csrf").as_bytes().to_vec(), Body::from(bytes))
        }
        None => (Vec::new(), body),
    };
    if given.ct_eq(visitor.csrf.as_bytes()).into() {
        Ok(body)
    } else {
        let detail = "the page is from before you logged in, or it is not a page of the desk: load it again";
        Err(Problem::new(Code::Forbidden, detail))
    }
}
