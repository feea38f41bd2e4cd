//! What every answer of the page has: headers that let nothing in and tell nobody where it was, the frame around what is
//! shown, and a page where the API has a problem body.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_core::Settings;
use bridge_http::auth::query_value;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

use crate::assets;
use crate::speech::{self, LANGUAGES, Language, Speech};

/// Nothing inline, nothing from elsewhere. Who may show the page inside their own stands behind it.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors ";

/// Addresses of forms behind that of their page.
const FORMS: &[&str] = &["/again", "/cancel"];

/// Around what is shown: language, names and links that every page has.
pub(crate) struct Frame {
    pub(crate) speech: Speech,
    /// The app's name; empty where it has none.
    pub(crate) app: String,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) privacy_url: String,
    pub(crate) help: String,
    /// Where the contact leads, if it is one that a browser can open.
    pub(crate) help_link: Option<String>,
    /// What the reader chose and what is shown around the page: kept in every link and form.
    pub(crate) kept: Kept,
    /// The address of the page, without what stands behind the `?`: the answer to a form may be a page too.
    pub(crate) here: String,
    /// Nothing real happens here.
    pub(crate) is_sandbox: bool,
}

/// What stands behind the `?` of a page and stays there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    lang: Option<String>,
    /// The site that shows the page inside its own, if it may.
    pub(crate) embedded_in: Option<String>,
}

impl Kept {
    pub(crate) fn of(uri: &Uri, settings: &Settings) -> Kept {
        let asked = |name| query_value(uri.query(), name);
        let known = |tag: &String| LANGUAGES.iter().any(|language| language.tag == tag);
        let may = |origin: &String| settings.embed_origins.contains(origin);
        Kept { lang: asked("lang").filter(known), embedded_in: asked("origin").filter(may) }
    }

    /// `?lang=…`, or nothing.
    pub(crate) fn query(&self) -> String {
        self.with(self.lang.as_deref())
    }

    /// The same in another language.
    pub(crate) fn with(&self, lang: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = [("lang", lang), ("origin", self.embedded_in.as_deref())];
        query.extend_pairs(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

impl Frame {
    /// For somebody who asks with these headers; `locale` is what the app said, `number` what may be shown.
    pub(crate) fn new(
        app: &App,
        settings: &Settings,
        headers: &HeaderMap,
        uri: &Uri,
        locale: Option<&str>,
        number: &str,
    ) -> Frame {
        let kept = Kept::of(uri, settings);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let language = speech::choose(kept.lang.as_deref(), locale, accepted);
        let (style, script) = assets::names(settings);
        let path = uri.path();
        let help = settings.page_help_contact.clone();
        Frame {
            speech: Speech::new(language, &settings.page_app_name, number),
            app: settings.page_app_name.clone(),
            style,
            script,
            privacy_url: settings.page_privacy_url.clone(),
            help_link: link_of(&help),
            help,
            kept,
            here: FORMS.iter().find_map(|form| path.strip_suffix(form)).unwrap_or(path).to_owned(),
            is_sandbox: app.sandbox.is_on(),
        }
    }

    pub(crate) fn language(&self) -> &'static Language {
        self.speech.language()
    }

    pub(crate) fn languages(&self) -> &'static [Language] {
        LANGUAGES
    }

    pub(crate) fn say(&self, id: &str) -> String {
        self.speech.say(id)
    }
}

/// Where a contact leads: an address of the web, of mail, or a phone.
fn link_of(contact: &str) -> Option<String> {
    let has_no_space = !contact.chars().any(char::is_whitespace);
    if contact.starts_with("https://") && has_no_space {
        Some(contact.to_owned())
    } else if contact.contains('@') && has_no_space {
        Some(format!("mailto:{contact}"))
    } else if contact.starts_with('+') && contact.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c)) {
        Some(format!(
            "tel:{}",
            contact.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect::<String>()
        ))
    } else {
        None
    }
}

/// Draws a page.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be drawn: this is a bug, please report it with the log");
            Failed(Problem::new(Code::Internal, "this page cannot be drawn")).into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "page/problem.html")]
struct ProblemPage {
    frame: Frame,
    is_missing: bool,
    retries: bool,
}

/// The layer of the whole page: what failed is a page too, and every answer gets the same headers.
pub(crate) async fn finish(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let settings = app.live.now();
    let (headers, uri) = (request.headers().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    let wants_problem = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("json"));
    if !wants_problem && let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let status = response.status();
        let is_missing = problem.code() == Code::NotFound;
        let mut frame = Frame::new(&app, &settings, &headers, &uri, None, "");
        if is_missing {
            // The same page for every address that leads nowhere.
            frame.here.clear();
        }
        let page = ProblemPage {
            frame,
            is_missing,
            retries: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        };
        let mut drawn = render(status, &page);
        if let Some(after) = response.headers().get(header::RETRY_AFTER) {
            drawn.headers_mut().insert(header::RETRY_AFTER, after.clone());
        }
        response = drawn;
    }
    let ancestors = match settings.embed_origins.as_slice() {
        [] => "'none'".to_owned(),
        origins => origins.join(" "),
    };
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(format!("{CSP}{ancestors}")) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // The address holds the token.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_leads_where_a_browser_can_go() {
        for (contact, link) in [
            ("help@shop.example", Some("mailto:help@shop.example")),
            ("https://shop.example/help", Some("https://shop.example/help")),
            ("+91 98765-43210", Some("tel:+919876543210")),
            ("Ask at the desk", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            assert_eq!(link_of(contact).as_deref(), link, "{contact}");
        }
    }

    #[test]
    fn only_a_known_language_and_a_permitted_site_are_kept() {
        let settings = Settings { embed_origins: vec!["https://shop.example".into()], ..Settings::default() };
        let kept = |uri: &str| Kept::of(&uri.parse().unwrap(), &settings).query();
        assert_eq!(
            kept("/v/x?lang=hi&origin=https://shop.example&x=1"),
            "?lang=hi&origin=https%3A%2F%2Fshop.example"
        );
        assert_eq!(kept("/v/x?lang=%22%3E&origin=https://evil.example"), "");
    }
}
