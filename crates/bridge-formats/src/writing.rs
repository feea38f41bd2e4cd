//! What the formats write their examples with: the other way round than everything else here. Which names a sender uses
//! is in the file of its format.

use bridge_core::Timestamp;
use http::Method;
use serde_json::Value;

/// One SMS on its way.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// In E.164; a name where the sender is none.
    pub sender: &'a str,
    /// The text.
    pub text: &'a str,
    /// When the phone received it.
    pub at: Timestamp,
    /// Unlike any other: the same when it is tried again.
    pub id: &'a str,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// GET where the format prefers it.
    pub method: Method,
    /// What stands in the URL behind the `?`, besides the receiver's secret.
    pub query: String,
    /// `Content-Type` and body, unless all of it is in the URL.
    pub body: Option<(&'static str, String)>,
    /// What else stands in its head: its signature.
    pub headers: Vec<(&'static str, String)>,
}

impl Written {
    /// The body, or nothing.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |(_, body)| body.as_bytes())
    }

    /// One more field of the form.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        let pair = pairs(&[(name, value)]);
        match &mut self.body {
            Some((_, body)) => {
                body.push('&');
                body.push_str(&pair);
            }
            None => {
                self.query.push('&');
                self.query.push_str(&pair);
            }
        }
    }
}

pub(crate) const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The number that received it, where a format must name one.
pub(crate) const LINE: &str = "+919000000001";

/// A POST with that JSON as body.
pub(crate) fn object(body: &Value) -> Written {
    Written {
        method: Method::POST,
        query: String::new(),
        body: Some((JSON, body.to_string())),
        headers: Vec::new(),
    }
}

fn pairs(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A POST with a form as body.
pub(crate) fn form(fields: &[(&str, &str)]) -> Written {
    Written {
        method: Method::POST,
        query: String::new(),
        body: Some((FORM, pairs(fields))),
        headers: Vec::new(),
    }
}

/// A GET with all of it in the URL.
pub(crate) fn query(fields: &[(&str, &str)]) -> Written {
    Written { method: Method::GET, query: pairs(fields), body: None, headers: Vec::new() }
}

/// A time as a sender writes it that leaves out the zone.
pub(crate) fn without_zone(at: Timestamp) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}

/// A number as a sender writes it that leaves out the plus.
pub(crate) fn digits(number: &str) -> &str {
    number.trim_start_matches('+')
}
