//! What a form of a page sends: names and texts. What they mean is for the page to say.

use axum::body::Body;
use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;

use crate::access::Visitor;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::state::bodies::Sender;
use bridge_http::body;
use bridge_http::client;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

/// The largest form of somebody who has not logged in: a name and two passwords.
const BEFORE_LOGIN: Limits = Limits { sender: Sender::Stranger, bytes: 16 * 1024, fields: 64 };
const AT_THE_DESK: Limits = Limits { sender: Sender::Known, bytes: body::SMS_MAX_BYTES, fields: 1_024 };

struct Limits {
    sender: Sender,
    bytes: usize,
    fields: usize,
}

/// A form, as a browser sends it.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form of somebody at the desk, and the bytes it was read from.
    pub(super) async fn read(app: &App, body: Body) -> Result<(Form, Bytes), Problem> {
        Form::read_within(app, body, &AT_THE_DESK).await
    }

    async fn read_within(app: &App, body: Body, limits: &Limits) -> Result<(Form, Bytes), Problem> {
        let bytes = body::read_of(app, limits.sender, body, limits.bytes).await?;
        // Before anything is made of them.
        if bytes.iter().filter(|byte| **byte == b'&').count() >= limits.fields {
            let detail = format!("the form has more than {} fields", limits.fields);
            return Err(Problem::new(Code::InvalidRequest, detail));
        }
        Ok((Form(form_urlencoded::parse(&bytes).into_owned().collect()), bytes))
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
        if parts.extensions.get::<Visitor>().is_some() {
            return Ok(Form::read(&app, body).await?.0);
        }
        let _open = app.open_requests.begin(None, client::behind_a_proxy(&app, &parts))?;
        Ok(Form::read_within(&app, body, &BEFORE_LOGIN).await?.0)
    }
}
