//! Somebody at the desk: keeps a cookie and a CSRF token, follows no redirect, and says what a browser says.

use axum::http::header;
use bridge_app::admin::accounts;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::harness::{Answer, Bridge};

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// One browser.
pub(crate) struct Visitor {
    http: reqwest::Client,
    url: String,
    /// `name=value`.
    pub(crate) cookie: Option<String>,
    pub(crate) csrf: String,
}

impl Visitor {
    /// A stranger's.
    pub(crate) fn new(bridge: &Bridge) -> Visitor {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Visitor { http, url: bridge.url.clone(), cookie: None, csrf: String::new() }
    }

    /// One that holds this cookie, whoever's it is.
    pub(crate) fn with_cookie(bridge: &Bridge, cookie: Option<String>) -> Visitor {
        Visitor { cookie, ..Visitor::new(bridge) }
    }

    /// The owner's, who set the bridge up.
    pub(crate) async fn owner(bridge: &Bridge) -> Visitor {
        let mut visitor = Visitor::new(bridge);
        let token = first_token(bridge).await;
        let fields = [("token", &*token), ("name", "olga"), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = visitor.submit("/admin/setup", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        visitor.come_in(&answer).await;
        visitor
    }

    /// Somebody's with that role, whom the store has let in already.
    pub(crate) async fn with_role(bridge: &Bridge, owner: &Visitor, name: &str, role: &str) -> Visitor {
        let page = owner.send_form("/admin/ui/accounts", &[("name", name), ("role", role)]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let token = token_in(page.body.as_str().unwrap());
        let mut visitor = Visitor::new(bridge);
        let fields = [("token", &*token), ("password", PASSWORD), ("again", PASSWORD)];
        let answer = visitor.submit("/admin/reset", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        visitor.come_in(&answer).await;
        visitor
    }

    /// Logs in, if the bridge lets them.
    pub(crate) async fn log_in(&mut self, name: &str, password: &str) -> Answer {
        let answer = self.submit("/admin/login", &[("name", name), ("password", password)]).await;
        if answer.status.is_success() {
            self.come_in(&answer).await;
        }
        answer
    }

    /// Keeps the cookie of an answer, and reads what forms must carry from the first page.
    pub(crate) async fn come_in(&mut self, answer: &Answer) {
        self.keep_cookie(answer);
        let page = self.open("/admin/ui/me").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        let html = page.body.as_str().unwrap();
        let (_, rest) = html.split_once("name=\"csrf\" value=\"").unwrap();
        self.csrf = rest.split('"').next().unwrap().to_owned();
        assert_eq!(self.csrf.len(), 64);
    }

    pub(crate) fn keep_cookie(&mut self, answer: &Answer) {
        let set = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        self.cookie = Some(set.split(';').next().unwrap().to_owned());
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    pub(crate) async fn answer(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// Opens a page as a person.
    pub(crate) async fn open(&self, path: &str) -> Answer {
        self.answer(self.request(Method::GET, path).header(header::ACCEPT, "text/html")).await
    }

    /// What a script of ours sends, with the CSRF token of the session.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header(header::ACCEPT, "application/json");
        let request = request.header("sec-fetch-site", "same-origin");
        let request = if self.csrf.is_empty() { request } else { request.header("x-csrf-token", &self.csrf) };
        self.answer(encoded(request, fields)).await
    }

    /// What a form sends without any script.
    pub(crate) async fn send_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header(header::ACCEPT, "text/html");
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", &*self.csrf)]).collect();
        self.answer(encoded(request, &fields)).await
    }
}

pub(crate) fn encoded(request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
    let body = fields.iter().map(|(name, text)| format!("{name}={}", percent(text))).collect::<Vec<_>>();
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.join("&"))
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The token of a new link for the first owner.
pub(crate) async fn first_token(bridge: &Bridge) -> String {
    let link = accounts::first_link(bridge.app()).await.unwrap().expect("no account yet");
    link.path.strip_prefix("/admin/setup#token=").unwrap().to_owned()
}

/// The token of the link that a page shows.
pub(crate) fn token_in(html: &str) -> String {
    let (_, rest) = html.split_once("/admin/reset#token=").unwrap_or_else(|| panic!("no link in {html}"));
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}
