//! What a form of a page sends: names and texts. What they mean is for the page to say.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::HeaderMap;
use bytes::Bytes;

use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::state::bodies::Sender;
use bridge_http::body::{self, Whole};
use bridge_http::client;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

/// The largest form of somebody who has not logged in: a name and two passwords.
const BEFORE_LOGIN: Limits = Limits { sender: Sender::Stranger, bytes: 16 * 1024, fields: 64 };
const AT_THE_DESK: Limits = Limits { sender: Sender::Known, bytes: body::SMS_MAX_BYTES, fields: 1_024 };

/// The guard has put it there: who sends the form is at the desk.
#[derive(Clone, Copy)]
pub(super) struct LoggedIn;

struct Limits {
    sender: Sender,
    bytes: usize,
    fields: usize,
}

/// A form, as a browser sends it.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form of somebody at the desk, and the bytes it was read from, as they were sent.
    pub(super) async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<(Form, Bytes), Problem> {
        Form::read_within(app, headers, body, &AT_THE_DESK).await
    }

    async fn read_within(
        app: &App,
        headers: &HeaderMap,
        body: Body,
        limits: &Limits,
    ) -> Result<(Form, Bytes), Problem> {
        let Whole { sent, bytes } = body::read_whole(app, limits.sender, headers, body, limits.bytes).await?;
        // Before anything is made of them.
        if bytes.iter().filter(|byte| **byte == b'&').count() >= limits.fields {
            let detail = format!("the form has more than {} fields", limits.fields);
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        Ok((Form(form_urlencoded::parse(&bytes).into_owned().collect()), sent))
    }

    /// A field, if the form has it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str())
    }

    /// A field; empty where it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequest<S> for Form
where
    Shared: FromRef<S>,
{
    type Rejection = Failed;
    async fn from_request(request: Request, state: &S) -> Result<Form, Failed> {
        let app = Shared::from_ref(state);
        let (parts, body) = request.into_parts();
        if parts.extensions.get::<LoggedIn>().is_some() {
            return Ok(Form::read(&app, &parts.headers, body).await?.0);
        }
        let _open = app.open_requests.begin(None, client::behind_a_proxy(&app, &parts))?;
        Ok(Form::read_within(&app, &parts.headers, body, &BEFORE_LOGIN).await?.0)
    }
}
