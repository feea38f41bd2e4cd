//! What every page has: the frame around it, headers that let nothing in from elsewhere, and an error page where
//! the API has a problem body.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bridge_core::Settings;
use serde_json::json;

use crate::access::Visitor;
use crate::nav::{self, Group, NAV};
use crate::{assets, show};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::health::Health;
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

/// Nothing inline, nothing from elsewhere.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Around a page: what the layout asks for.
pub(super) struct Frame {
    pub(super) title: &'static str,
    /// The page of the navigation that this one is or belongs to.
    pub(super) active: &'static str,
    pub(super) visitor: Option<Visitor>,
    pub(super) banner: Option<show::Banner>,
    /// Nothing real happens here.
    pub(super) is_sandbox: bool,
}

impl Frame {
    /// For somebody who is logged in.
    pub(super) async fn new(
        app: &Shared,
        visitor: Visitor,
        title: &'static str,
        active: &'static str,
    ) -> Frame {
        Frame::by(app, &app.live.now(), visitor, title, active).await
    }

    /// The same, for a page that shows or reads something else by these settings.
    pub(super) async fn by(
        app: &Shared,
        settings: &Settings,
        visitor: Visitor,
        title: &'static str,
        active: &'static str,
    ) -> Frame {
        let health = Health::look(app, settings).await;
        let standing = looking::standing::look(app, settings, &health);
        let others = health.reasons(settings.maintenance_mode);
        let banner = show::Banner::of(standing, others, app.clock.now());
        let is_sandbox = app.sandbox.is_on();
        Frame { title, active, visitor: Some(visitor), banner: Some(banner), is_sandbox }
    }

    /// For anyone: it shows nothing that the bridge keeps.
    pub(super) fn outside(title: &'static str) -> Frame {
        Frame { title, active: "", visitor: None, banner: None, is_sandbox: false }
    }

    pub(super) fn groups(&self) -> &'static [Group] {
        NAV
    }

    pub(super) fn asset(&self, file: &str) -> String {
        assets::url(file)
    }

    pub(super) fn may_see(&self, role: &crate::access::Role) -> bool {
        self.visitor.as_ref().is_some_and(|visitor| visitor.role >= *role)
    }

    /// The token that a form must carry.
    pub(super) fn csrf(&self) -> &str {
        self.visitor.as_ref().map_or("", |visitor| visitor.csrf.as_str())
    }

    /// May the visitor change what the bridge does?
    pub(super) fn operates(&self) -> bool {
        self.visitor.as_ref().is_some_and(Visitor::operates)
    }

    /// May the visitor decide about accounts and persons?
    pub(super) fn owns(&self) -> bool {
        self.visitor.as_ref().is_some_and(Visitor::owns)
    }

    /// The zone that times are shown and read in.
    pub(super) fn zone(&self) -> String {
        show::zone::now().name().to_owned()
    }

    pub(super) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// Draws a page.
pub(super) fn render(page: &impl Template) -> Response {
    draw(page).map_or_else(|problem| Failed(problem).into_response(), |html| Html(html).into_response())
}

/// A piece of a page, for the script that asked: it is put in where the form says (`data-into`). A browser without
/// scripts gets it as a page of its own.
pub(super) fn part(piece: &impl Template) -> Response {
    match draw(piece) {
        Ok(html) => {
            let mut response = axum::Json(json!({ "html": html })).into_response();
            response.extensions_mut().insert(Piece(html));
            response
        }
        Err(problem) => Failed(problem).into_response(),
    }
}

fn draw(template: &impl Template) -> Result<String, Problem> {
    template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be drawn: this is a bug, please report it with the log");
        Problem::new(Code::Internal, "this page cannot be drawn: this is a bug of the bridge")
    })
}

/// What became of a form: a sentence, and where to go on. `desk.js` shows the sentence and stays where no address is
/// given; without scripts the browser is led to it.
pub(super) struct Done {
    said: String,
    go: Option<String>,
    /// Where a browser without scripts goes.
    back: &'static str,
}

impl Done {
    /// It is done; the page it was asked from is drawn anew.
    pub(super) fn reload(said: impl Into<String>, page: &'static str) -> Done {
        Done { said: said.into(), go: Some(String::new()), back: page }
    }

    /// It is done; the page stays as it is.
    pub(super) fn stay(said: impl Into<String>, page: &'static str) -> Done {
        Done { said: said.into(), go: None, back: page }
    }

    /// It is done, and another page shows what came of it.
    pub(super) fn go(said: impl Into<String>, to: impl Into<String>, page: &'static str) -> Done {
        Done { said: said.into(), go: Some(to.into()), back: page }
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        let to = match &self.go {
            Some(go) if !go.is_empty() => go.clone(),
            _ => self.back.to_owned(),
        };
        let mut response = axum::Json(json!({"said": self.said, "go": self.go})).into_response();
        response.extensions_mut().insert(Led(to));
        response
    }
}

/// Where a browser without scripts is led instead of the JSON answer.
#[derive(Clone)]
struct Led(String);

/// What a browser without scripts is shown instead of the JSON answer.
#[derive(Clone)]
struct Piece(String);

#[derive(Template)]
#[template(path = "desk/piece.html")]
struct PiecePage {
    frame: Frame,
    html: String,
    back: &'static str,
}

#[derive(Template)]
#[template(path = "desk/problem_inside.html")]
struct ProblemInside {
    frame: Frame,
    detail: String,
    details: Vec<String>,
}

#[derive(Template)]
#[template(path = "desk/problem.html")]
struct ProblemPage {
    frame: Frame,
    title: &'static str,
    detail: String,
    details: Vec<String>,
}

/// The layer of the whole desk: an answer that a script asked for stays JSON, a person gets a page. Errors and all
/// else get the same headers.
pub(super) async fn finish(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let person = asks_for_a_page(request.headers());
    let method = request.method().clone();
    let back = nav::page_of(request.uri().path());
    let mut response = next.run(request).await;
    if person && let Some(Piece(html)) = response.extensions_mut().remove::<Piece>() {
        response = render(&PiecePage { frame: Frame::outside("Done"), html, back });
    }
    if person && let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let status = response.status();
        let visitor = response.extensions_mut().remove::<Visitor>();
        let mut page = problem_page(&app, visitor, problem).await;
        *page.status_mut() = status;
        for (name, value) in response.headers() {
            if name == header::RETRY_AFTER {
                page.headers_mut().insert(name, value.clone());
            }
        }
        response = page;
    }
    if person
        && method != Method::GET
        && let Some(Led(to)) = response.extensions_mut().remove::<Led>()
        && let Ok(to) = HeaderValue::try_from(to)
    {
        // A cookie that was set stays set.
        let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
        for cookie in cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    guarded(response)
}

/// Does a person ask, and not a program?
pub(super) fn asks_for_a_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// A problem as a page: with the navigation, for whoever is at the desk.
async fn problem_page(app: &Shared, visitor: Option<Visitor>, problem: Problem) -> Response {
    let (title, detail, details) = problem.into_words();
    match visitor {
        Some(visitor) => {
            let frame = Frame::new(app, visitor, title, "").await;
            render(&ProblemInside { frame, detail, details })
        }
        None => render(&ProblemPage { frame: Frame::outside(title), title, detail, details }),
    }
}

/// The page of an address that is none.
pub(super) async fn lost(app: &Shared, visitor: Option<Visitor>, has_desk: bool) -> Response {
    let detail = if has_desk {
        "there is nothing at this address; was it mistyped, or is it from an older version?"
    } else {
        "there is nothing at this address"
    };
    let mut page = problem_page(app, visitor, Problem::new(Code::NotFound, detail)).await;
    *page.status_mut() = StatusCode::NOT_FOUND;
    page
}

/// With the headers of every page.
pub(super) fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: with it a browser names no origin in a form either, and nobody could tell whose it is.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
