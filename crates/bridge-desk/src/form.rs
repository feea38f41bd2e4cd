//! What a form of a page sends: names and texts. What they mean is for the page to say.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;

use bridge_app::base::problem::Problem;
use bridge_http::body;
use bridge_http::problem::Failed;

/// A form, as a browser sends it.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// The form, and the bytes it was read from.
    pub(super) async fn read(body: Body) -> Result<(Form, Bytes), Problem> {
        let bytes = body::read(body, body::SMS_MAX_BYTES).await?;
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

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Failed;
    async fn from_request(request: Request, _: &S) -> Result<Form, Failed> {
        Ok(Form::read(request.into_body()).await?.0)
    }
}
