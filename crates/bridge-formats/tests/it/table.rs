//! What the tables of every format are made of: requests, what is read from them, and what must hold for
//! whatever comes.

use bridge_core::Timestamp;
use bridge_formats::{
    Content, Delivered, Event, EventKind, Format, Incoming, Report, Signing, Unjudged, Unsigned, Unusable,
    named,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::Value;

use crate::properties;

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A request as a sender made it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn get(uri: &str) -> Request {
        Request {
            method: Method::GET,
            uri: uri.parse().unwrap(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn post(content_type: &str, body: impl AsRef<[u8]>) -> Request {
        let bare = Request {
            method: Method::POST,
            uri: Uri::from_static("/sms/receive"),
            headers: HeaderMap::new(),
            body: body.as_ref().to_vec(),
        };
        if content_type.is_empty() { bare } else { bare.with("content-type", content_type) }
    }

    pub(crate) fn json(body: impl AsRef<[u8]>) -> Request {
        Request::post(JSON, body)
    }

    pub(crate) fn form(body: impl AsRef<[u8]>) -> Request {
        Request::post(FORM, body)
    }

    /// With a header, which replaces one of the same name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Request {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// At another address.
    pub(crate) fn at(self, uri: &str) -> Request {
        Request { uri: uri.parse().unwrap(), ..self }
    }

    /// With another body under the same headers.
    pub(crate) fn body(&self, body: impl AsRef<[u8]>) -> Request {
        Request { body: body.as_ref().to_vec(), ..self.clone() }
    }

    /// With the value at that JSON pointer put in place of what stands there, if anything does.
    pub(crate) fn set(&self, pointer: &str, value: Value) -> Request {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Object(object) => drop(object.insert(name.to_owned(), value)),
            other => panic!("{parent} is no object: {other}"),
        }
        self.body(body.to_string())
    }

    /// Without the value at that JSON pointer.
    pub(crate) fn without(&self, pointer: &str) -> Request {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let removed = body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        assert!(removed.is_some(), "{pointer}");
        self.body(body.to_string())
    }

    pub(crate) fn incoming<T>(&self, ask: impl FnOnce(&Incoming<'_>) -> T) -> T {
        ask(&Incoming::new(&self.method, &self.uri, &self.headers, &self.body))
    }
}

/// One format under test.
#[derive(Clone, Copy)]
pub(crate) struct Sender(pub(crate) &'static Format);

impl Sender {
    pub(crate) fn named(name: &str) -> Sender {
        Sender(named(name).unwrap())
    }

    pub(crate) fn reads(self, request: &Request) -> Result<Content, Unusable> {
        request.incoming(self.0.parse)
    }

    /// Reads exactly one SMS.
    pub(crate) fn one(self, request: &Request) -> Delivered {
        let content = self.reads(request).unwrap();
        assert_eq!(
            (content.sms.len(), &content.unusable[..], &content.report),
            (1, &[][..], &None),
            "{request:?}"
        );
        let sms = content.sms.into_iter().next().unwrap();
        // What its format documents as UTC is that point in time, unless an operator says another zone.
        let stamp = sms.stamp.clone().map(|stamp| match stamp.moment(None) {
            Some(at) => at.into(),
            None => stamp,
        });
        Delivered { stamp, ..sms }
    }

    /// Why nothing of it can be used.
    pub(crate) fn refuses(self, request: &Request) -> String {
        self.reads(request).unwrap_err().reason()
    }

    /// What the receiver says about itself in a request without an SMS.
    pub(crate) fn reports(self, request: &Request) -> Report {
        let content = self.reads(request).unwrap();
        assert_eq!((content.sms.len(), content.unusable.len()), (0, 0), "{request:?}");
        content.report.unwrap()
    }

    /// It is none of the bridge's business: counted at most.
    pub(crate) fn leaves_alone(self, request: &Request) {
        let Content { sms, unusable, report, events: _ } = self.reads(request).unwrap();
        assert_eq!((sms, unusable, report), (Vec::new(), Vec::new(), None), "{request:?}");
    }

    /// It is no SMS but this; a message of somebody with its sender and text.
    pub(crate) fn tells(self, request: &Request, kind: EventKind, message: Option<(&str, &str)>) {
        let message = message.map(|(sender, text)| Unjudged { sender: sender.into(), text: text.into() });
        let content = self.reads(request).unwrap();
        assert_eq!(content, Content::event(Event { kind, message }), "{request:?}");
    }

    pub(crate) fn recognises(self, request: &Request) -> bool {
        self.0.recognises.is_some_and(|is_it| request.incoming(is_it))
    }

    /// `now` in epoch seconds.
    pub(crate) fn verifies(
        self,
        request: &Request,
        keys: &[&str],
        now: i64,
        urls: &[&str],
    ) -> Result<(), Unsigned> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (keys, urls) = (owned(keys), owned(urls));
        let signing = Signing { keys: &keys, now: Timestamp(now * 1000), any_time: false, urls: &urls };
        request.incoming(|incoming| (self.0.verify.unwrap())(incoming, &signing))
    }

    /// Who is recognised on the generic route in this request?
    pub(crate) fn of(request: &Request) -> Option<&'static str> {
        request.incoming(|incoming| bridge_formats::recognised(incoming).map(|format| format.name))
    }

    /// Senders and texts of every kind come out as they went in. `write` encodes them as the sender does.
    pub(crate) fn carries(self, write: impl Fn(&str, &str) -> Request) {
        let long = "x\u{e9}\u{1f600}".repeat(10_000 / 7);
        for sender in
            ["+15550100001", "15550100001", "01715550100", "00491715550100", "MYBANK", "57575", " 1555"]
        {
            let read = self.one(&write(sender, "VERIFY 482913"));
            assert_eq!((read.sender.as_str(), read.text.as_str()), (sender, "VERIFY 482913"));
        }
        for text in [
            "",
            " ",
            "gr\u{fc}n",
            "\u{939}\u{93f}\u{928}\u{94d}\u{926}\u{940}",
            "\u{1f600}\u{1f468}\u{200d}\u{1f469}",
            "a\r\nb\tc",
            "a+b&c=d%20;\"\\{}",
            &long,
        ] {
            assert_eq!(self.one(&write("+15550100001", text)).text, text);
        }
        assert_eq!(self.one(&write("+15550100001", "a\0b")).text, "a\\u0000b");
    }

    /// Hostile bodies in the place of this valid one: no panic, the same answer again, nothing unstorable.
    pub(crate) fn survives(self, valid: &Request) {
        let body = &valid.body;
        let with = |at: usize, noise: &[u8]| [&body[..at], noise, &body[at..]].concat();
        for at in 0..=body.len() {
            for cut in [&body[..at], &body[at..]] {
                self.keeps_every_promise(&valid.body(cut));
            }
            for noise in [
                &b"\0"[..],
                b"\xff",
                b"\xf0\x9f",
                b"\\ud83d",
                b"\\u0000",
                b"%00",
                b"%ff",
                b"\"",
                b"{",
                b"[",
                b"&",
                b"=",
            ] {
                self.keeps_every_promise(&valid.body(with(at, noise)));
            }
        }
        for twice in [[&body[..], b"&", body].concat(), [&body[..], body].concat()] {
            self.keeps_every_promise(&valid.body(twice));
        }
        for bracket in ["[", "{\"a\":", "{\"payload\":", "{\"data\":["] {
            self.keeps_every_promise(&valid.body(bracket.repeat(10_000)));
        }
        for mebibyte in ["a".repeat(1 << 20), "a=1&".repeat(1 << 18), "\\ud83d".repeat((1 << 20) / 6)] {
            self.keeps_every_promise(&valid.body(&mebibyte));
            self.keeps_every_promise(&valid.body(with(body.len() / 2, mebibyte.as_bytes())));
        }
    }

    /// What must hold for any request, as the fuzzer sees it.
    pub(crate) fn keeps_every_promise(self, request: &Request) {
        request.incoming(|incoming| properties::keeps_every_promise(self.0, incoming));
    }
}
