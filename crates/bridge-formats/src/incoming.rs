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
    read_as: ReadAs<'a>,
    fields: OnceCell<Result<Fields, Unusable>>,
}

/// What is read in the place of the raw body.
#[derive(Clone, Copy, Debug, Default)]
enum ReadAs<'a> {
    #[default]
    Itself,
    /// The form that its parts stand for.
    Form(&'a [u8]),
    /// Nothing, and this is why.
    Nothing(&'a str),
}

impl<'a> Incoming<'a> {
    /// A request.
    #[must_use]
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap, body: &'a [u8]) -> Incoming<'a> {
        Incoming { method, uri, headers, body, read_as: ReadAs::Itself, fields: OnceCell::new() }
    }

    /// Its body has parts, which stand for this form.
    #[must_use]
    pub fn with_form(self, form: &'a [u8]) -> Incoming<'a> {
        Incoming { read_as: ReadAs::Form(form), ..self }
    }

    /// Its body is not what its headers say; this is why.
    #[must_use]
    pub fn unreadable(self, why: &'a str) -> Incoming<'a> {
        Incoming { read_as: ReadAs::Nothing(why), ..self }
    }

    /// The body as it is read: the form that its parts stand for, where it has any.
    pub(crate) fn form_body(&self) -> &'a [u8] {
        match self.read_as {
            ReadAs::Form(form) => form,
            ReadAs::Itself | ReadAs::Nothing(_) => self.body,
        }
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
        parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find_map(|(name, value)| name.trim().eq_ignore_ascii_case("charset").then_some(value.trim()))
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.uri.query()?.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The named values on the top level of the body; of a GET, those of the query. Read once.
    pub fn fields(&self) -> Result<&Fields, Unusable> {
        let read = self.fields.get_or_init(|| match self.read_as {
            _ if self.method == Method::GET => Fields::form(self.uri.query().unwrap_or_default().as_bytes()),
            ReadAs::Itself => Fields::read_in(&self.content_type(), self.charset(), self.body),
            ReadAs::Form(form) => Fields::form(form),
            ReadAs::Nothing(why) => Err(Unusable::because(why)),
        });
        read.as_ref().map_err(Clone::clone)
    }

    /// May its body be JSON with that name at its top? As far as the fields tell, which are read anyway.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        self.fields().map_or(true, |fields| fields.get(name).is_some())
    }

    /// May its body be a list? One has no fields.
    pub(crate) fn may_be_list(&self) -> bool {
        self.fields().is_err() || self.method == Method::GET
    }

    /// The body as JSON of that shape. Lossless for text as [`Fields`] are.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Unusable> {
        match self.read_as {
            ReadAs::Itself => fields::json(self.charset(), self.body),
            ReadAs::Form(_) => Err(Unusable::because("the body has parts: this format is written in JSON")),
            ReadAs::Nothing(why) => Err(Unusable::because(why)),
        }
    }
}

/// The content type without parameters, in lower case.
#[must_use]
pub fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_read_is_the_body_or_what_stands_for_it() {
        let (post, get, uri) = (Method::POST, Method::GET, Uri::from_static("/sms/receive?from=2&to=a%2Bb"));
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
        let new = || Incoming::new(&post, &uri, &headers, br#"{"from":"1"}"#);
        let from = |incoming: &Incoming<'_>| {
            incoming
                .fields()
                .map(|fields| fields.texts(&["from"])[0].1.clone())
                .map_err(|unusable| unusable.detail)
        };
        let json = |incoming: &Incoming<'_>| incoming.json::<Value>().map_err(|unusable| unusable.detail);
        assert_eq!((from(&new()).as_deref(), new().form_body()), (Ok("1"), new().body));
        assert_eq!(json(&new()).unwrap()["from"], "1");
        let with_form = new().with_form(b"from=3");
        assert_eq!((from(&with_form).as_deref(), with_form.form_body()), (Ok("3"), &b"from=3"[..]));
        assert!(json(&with_form).unwrap_err().contains("has parts"));
        let unreadable = new().unreadable("its boundary is missing");
        assert_eq!(from(&unreadable), Err("its boundary is missing".to_owned()));
        assert_eq!(json(&unreadable), Err("its boundary is missing".to_owned()));
        let asked = Incoming::new(&get, &uri, &headers, b"from=1");
        assert_eq!(from(&asked).as_deref(), Ok("2"), "of a GET it is the query");
        assert_eq!(asked.query("to").as_deref(), Some("a+b"));
        assert_eq!(asked.query("text"), None);
    }

    #[test]
    fn the_kind_of_a_body_and_its_letters() {
        for (value, kind, charset) in [
            ("Application/JSON", "application/json", None),
            ("application/json; charset=utf-8", "application/json", Some("utf-8")),
            (" text/plain ;a=b; Charset = \"latin1\"", "text/plain", Some("\"latin1\"")),
            ("text/plain; charsets=x", "text/plain", None),
            ("charset=utf-8", "charset=utf-8", None),
            ("", "", None),
        ] {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap())]);
            let (post, uri) = (Method::POST, Uri::from_static("/"));
            let incoming = Incoming::new(&post, &uri, &headers, b"");
            assert_eq!((incoming.content_type().as_str(), incoming.charset()), (kind, charset), "{value:?}");
        }
        let (post, uri, none) = (Method::POST, Uri::from_static("/"), HeaderMap::new());
        let bare = Incoming::new(&post, &uri, &none, b"");
        assert_eq!((bare.content_type().as_str(), bare.charset(), bare.header("x-a")), ("", None, None));
    }
}
