//! A request as its sender made it, and the readings of it that several formats share.

use std::cell::OnceCell;

use http::{HeaderMap, Method, Uri, header};
use serde::de::DeserializeOwned;

use crate::content::Unusable;
use crate::fields::{self, Fields};

/// An HTTP request that may carry SMS.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// GET or POST.
    pub method: &'a Method,
    /// Path and query as the bridge saw them.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The raw body: signatures are over these bytes.
    pub body: &'a [u8],
    fields: OnceCell<Result<Fields, Unusable>>,
}

impl<'a> Incoming<'a> {
    /// A request.
    #[must_use]
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Incoming<'a> {
        Incoming { method, uri, headers, body, fields: OnceCell::new() }
    }

    /// A header, where it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The content type without parameters, in lower case.
    #[must_use]
    pub fn content_type(&self) -> String {
        content_type(self.headers)
    }

    /// In which letters it says that its body is.
    pub(crate) fn charset(&self) -> Option<&'a str> {
        let parameters = self.header(header::CONTENT_TYPE.as_str())?.split(';').skip(1);
        parameters.filter_map(|parameter| parameter.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset").then_some(value.trim())
        })
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.uri.query()?.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The named values on the top level of the body; of a GET, those of the query. Read once.
    pub fn fields(&self) -> Result<&Fields, Unusable> {
        let read = self.fields.get_or_init(|| {
            if self.method == Method::GET {
                Fields::form(self.uri.query().unwrap_or_default().as_bytes())
            } else {
                Fields::read_in(&self.content_type(), self.charset(), self.body)
            }
        });
        read.as_ref().map_err(Clone::clone)
    }

    /// The body as JSON of that shape. Lossless for text as [`Fields`] are.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Unusable> {
        fields::json(self.charset(), self.body)
    }
}

/// The content type without parameters, in lower case.
#[must_use]
pub fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}
