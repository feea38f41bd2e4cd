//! What a person finds who opens an address of the bridge in a browser that is made for programs: the front door leads to
//! the desk or to the page, the address of a receiver is its set-up page, and what is nowhere is a page that leads on.
//! Programs get what they always got: a GET that carries an SMS is always an SMS, whatever it says that it accepts.

use std::convert::Infallible;
use std::task::{Context, Poll};

use askama::Template;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use tower::Service;

use crate::access::guard;
use crate::page::{self, Frame, asks_for_a_page, render};
use crate::show::{Qr, When, zone};
use bridge_app::base::addresses;
use bridge_app::state::receivers::{DEFAULT, KnownReceiver};
use bridge_formats::{Format, Reply};
use bridge_http::auth::query_value;
use bridge_http::client;
use bridge_http::state::{Served, Shared};
use bridge_store::audit::Scope;

/// The names in a query by which a receiver is told, and nothing else.
const TOLD_BY: [&str; 2] = ["apiKey", "receiver"];
const RECEIVE: &str = "/sms/receive/";

/// The routes of a listener with the doors before them. What programs ask for goes past the doors: no SMS pays for a layer
/// that is not meant for it.
#[derive(Clone)]
pub struct Doors {
    programs: Router,
    people: Router,
}

/// Hangs the doors into a listener. Only one of them may have the desk behind it.
pub fn hang(router: Router, served: &Served, has_desk: bool) -> Doors {
    let people = router.clone().layer(from_fn_with_state((served.app.clone(), has_desk), open));
    Doors { programs: router, people }
}

impl Service<Request> for Doors {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // A router always is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> RouteFuture<Infallible> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let router =
            if is_read && asks_for_a_page(request.headers()) { &mut self.people } else { &mut self.programs };
        router.call(request)
    }
}

async fn open(State((app, has_desk)): State<(Shared, bool)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let zone = zone::of(&app, &parts);
    if parts.uri.path() == "/" {
        return front(&app, has_desk);
    }
    if let Some(format) = set_up(&parts) {
        let page = zone::within(zone, async { guide(&app, &parts, format) }).await;
        return page::guarded(page);
    }
    let seen = Parts::clone(&parts);
    let response = next.run(Request::from_parts(parts, body)).await;
    let is_nowhere = response.status() == StatusCode::NOT_FOUND && is_problem(&response);
    // Java's clients say that they take HTML, too: whoever brings a key is a program.
    if !is_nowhere || brings_a_key(&seen) {
        return response;
    }
    let visitor = if has_desk { guard::visitor(&app, &seen).await } else { None };
    let lost = page::lost(&app, visitor, has_desk);
    page::guarded(zone::within(zone, lost).await)
}

fn is_problem(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/problem+json"))
}

fn brings_a_key(parts: &Parts) -> bool {
    let query = |name| query_value(parts.uri.query(), name).is_some();
    parts.headers.contains_key(header::AUTHORIZATION) || query("apiKey") || query("token")
}

/// `/`.
fn front(app: &Shared, has_desk: bool) -> Response {
    let to = match (has_desk, app.live.now().hosted_registration_enabled) {
        (true, _) => "/admin",
        (false, true) => "/v",
        (false, false) => "/status",
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, HeaderValue::from_static(to))]).into_response()
}

/// The format whose address somebody opened who hands in nothing.
fn set_up(parts: &Parts) -> Option<&'static Format> {
    let name = parts.uri.path().strip_prefix(RECEIVE)?.trim_end_matches('/');
    let format = bridge_formats::named(name)?;
    // It hears of what kind the answer to a delivery is.
    let asks_first = parts.method == Method::HEAD && format.asks_first && format.reply != Reply::Ours;
    let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let is_empty = pairs.into_iter().all(|(name, _)| TOLD_BY.contains(&name.as_ref()));
    (is_empty && !asks_first).then_some(format)
}

#[derive(Template)]
#[template(path = "desk/guide.html")]
struct Guide {
    frame: Frame,
    about: &'static str,
    /// Whose address it is, where its secret is in it and right.
    receiver: Option<String>,
    heard: Option<When>,
    steps: Vec<String>,
    url: String,
    qr: Option<Qr>,
    /// There was a secret, and it is nobody's.
    wrong: bool,
}

/// What to do with the address. Who has its secret is told whose it is, and everybody else nothing.
fn guide(app: &Shared, parts: &Parts, format: &'static Format) -> Response {
    let secret = query_value(parts.uri.query(), TOLD_BY[0]);
    let known = secret.as_deref().and_then(|secret| app.receivers.with_secret(secret));
    let is_default = secret.as_deref().is_some_and(|secret| app.opens(Scope::Receive, secret));
    let name = known.as_deref().map(|known: &KnownReceiver| known.row.name.clone());
    let name = name.or_else(|| is_default.then(|| DEFAULT.to_owned()));
    let host = client::host(&parts.headers);
    let base = app.options.public_url.clone();
    let base = base.unwrap_or_else(|| format!("http://{}", host.unwrap_or_default()));
    let base = base.trim_end_matches('/');
    let url = format!("{base}{}", parts.uri.path_and_query().map_or("", |path| path.as_str()));
    let is_known = name.is_some();
    let steps = match &secret {
        Some(secret) if is_known => {
            let filled = |step: &&str| step.replace("{url}", &url).replace("{secret}", secret);
            format.steps.iter().filter(|step| !step.contains("{signing_key}")).map(filled).collect()
        }
        _ => Vec::new(),
    };
    let now = app.clock.now();
    let heard = name.as_deref().and_then(|name| app.receivers.seen().of(name).last_seen_at);
    let mut page = render(&Guide {
        frame: Frame::outside("Set up a receiver"),
        about: format.about,
        heard: heard.map(|at| When::new(at, now)),
        steps,
        qr: (is_known && addresses::is_for_phones(base)).then(|| Qr::of(&url)),
        url,
        wrong: secret.is_some() && !is_known,
        receiver: name,
    });
    if secret.is_some() && !is_known {
        app.metrics.wrong_secret_total.inc();
        *page.status_mut() = StatusCode::UNAUTHORIZED;
    }
    page
}
