//! Requests that are nearly right: a route of the description, or a delivery as some format writes it, with parts bent. Made
//! of lists: to try one more trick, add a line. Sends nothing.

use std::io::Write;

use bridge_core::Timestamp;
use bridge_formats::example::Example;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};

/// A request as bytes.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) bytes: Vec<u8>,
    /// It says that no more will come, because what it announced does not.
    pub(super) breaks_off: bool,
    /// Its head is HTTP: it reaches the bridge.
    pub(super) is_http: bool,
    pub(super) is_head: bool,
}

/// What is known of the bridge.
#[derive(Clone)]
pub(super) struct Known {
    routes: Vec<(String, String)>,
    /// Names of parameters in queries.
    names: Vec<String>,
    /// Examples of bodies of the description.
    bodies: Vec<(String, String)>,
    id: String,
    token: String,
}

impl Known {
    pub(super) fn of(description: &Value, registered: &Value) -> Known {
        let mut known = Known {
            routes: Vec::new(),
            names: ["token", "apiKey", "receiver", "secret", "bodySHA256"].map(str::to_owned).to_vec(),
            bodies: Vec::new(),
            id: registered["onboarding_id"].as_str().unwrap().to_owned(),
            token: registered["token"].as_str().unwrap().to_owned(),
        };
        for (path, methods) in description["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                known.routes.push((method.to_uppercase(), path.clone()));
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let in_query = parameters.filter(|parameter| parameter["in"] == "query");
                known.names.extend(in_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()));
                for (kind, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                    if !content["example"].is_null() {
                        known.bodies.push((kind.clone(), content["example"].to_string()));
                    }
                }
            }
        }
        for format in bridge_formats::all() {
            known.routes.push(("POST".to_owned(), format!("/sms/receive/{}", format.name)));
            for text in ["hello", "ONBOARD:a06f", "\u{0}\u{202e}é\"'&=<%"] {
                let sms =
                    Example { sender: "+919876543210", text, at: Timestamp(1_769_860_800_000), id: "m1" };
                if let Some((kind, body)) = (format.example)(&sms).body {
                    known.bodies.push((kind.to_owned(), body));
                }
            }
        }
        known
    }
}

const METHODS: &[&str] = &[
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get",
    "G\u{7f}T",
];
/// Values that something may stumble over, as they stand in a URL.
const ODD: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "9223372036854775808",
    "1e9",
    "null",
    "true",
    "NaN",
    "%00",
    "%ff%fe",
    "%C0%80",
    "%ED%A0%80",
    "%",
    "%zz",
    "..",
    "..%2f..%2fetc%2fpasswd",
    "+919876543210",
    "%2B919876543210",
    "00919876543210",
    "hall-phone",
    "default",
    "2026-01-31T12:00:00Z",
    "9999-12-31T23:59:60Z",
    "-262143-01-01T00:00:00Z",
    "01900000-0000-7000-8000-000000000000",
    "%27%20OR%201=1--",
    "%3Cscript%3E",
    "%E2%80%AE",
    "a%0d%0aX-Injected:%201",
    "blacklist_threshold",
    "csv",
    "lift",
];
const PATHS: &[&str] = &[
    "/",
    "//",
    "/.",
    "/%2e%2e/",
    "/openapi.json",
    "/docs/../admin",
    "/sms/receive/",
    "/sms/receive/%00",
    "*",
    "http://x/livez",
    "/livez?a=b#c",
    "/onboard//events",
    "/admin/../livez",
];
const TYPES: &[&str] = &[
    "application/json",
    "application/x-www-form-urlencoded",
    "text/csv",
    "application/x-ndjson",
    "application/xml",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json; charset=utf-16",
    "text/plain; charset=koi8-r",
    "application/problem+json",
    "",
    "/",
    "application/json, text/plain",
    "\u{e9}",
];
const HEADERS: &[&str] = &[
    "Accept: text/event-stream",
    "Accept: application/x-ndjson",
    "Accept: \u{e9};q=9",
    "Last-Event-ID: -1",
    "Last-Event-ID: 99999999999999999999",
    "X-Request-Id: a b",
    "X-Request-Id: \u{e9}",
    "X-Forwarded-For: 1.2.3.4, ::1",
    "CF-Connecting-IP: 203.0.113.9",
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Encoding: zstd, gzip",
    "Content-Encoding: none",
    "Expect: 100-continue",
    "Upgrade: websocket",
    "If-None-Match: *",
    "Range: bytes=0-1",
    "X-Twilio-Signature: AAAA",
    "X-Signature: 00",
    "Telnyx-Signature-Ed25519: AA==",
    "Cookie: session=a; session=b",
    "Origin: null",
    "Sec-Fetch-Site: cross-site",
    "X-HTTP-Method-Override: DELETE",
];
/// Words and bytes that are put into bodies.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"null",
    b"1e999",
    b"-0",
    b"true",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b"&",
    b"=",
    b"%",
    b"%2",
    b"+",
    b"\r\n",
    b"--x\r\n",
    b"\"mobile_number\":",
    b"from=",
    b"\xf0\x9f",
    b"'",
];

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => select(ODD).prop_map(str::to_owned),
        1 => (1_usize..6_000).prop_map(|length| "a".repeat(length)),
    ]
}

fn target(known: Known) -> impl Strategy<Value = (String, String)> {
    let Known { routes, names, id, token, .. } = known;
    let filled = (select(routes), odd(), any::<bool>()).prop_map(move |((method, path), value, mine)| {
        let value = if mine && path.contains("{onboarding_id}") { id.clone() } else { value };
        let mut parts = path.split(['{', '}']);
        let mut out = parts.next().unwrap_or_default().to_owned();
        while let Some(_name) = parts.next() {
            out.push_str(&value);
            out.push_str(parts.next().unwrap_or_default());
        }
        (method, out)
    });
    let value = prop_oneof![6 => odd(), 1 => Just(token), 1 => Just(RECEIVER_KEY.to_owned())];
    let query = prop::collection::vec((select(names), value), 0..4);
    let target = prop_oneof![
        9 => filled,
        1 => select(PATHS).prop_map(|path| ("GET".to_owned(), path.to_owned())),
    ];
    let method = prop_oneof![9 => Just(None), 1 => select(METHODS).prop_map(Some)];
    (target, query, method).prop_map(|((named, path), query, method)| {
        let query: Vec<String> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        // What waits for a change waits for long.
        let query = query.join("&").replace("wait=", "weight=");
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        (method.map_or(named, str::to_owned), path)
    })
}

fn key() -> impl Strategy<Value = String> {
    let bearer = |secret: &str| format!("Authorization: Bearer {secret}\r\n");
    select(vec![
        String::new(),
        bearer(API_KEY),
        bearer(RECEIVER_KEY),
        bearer(ADMIN_TOKEN),
        bearer("nobody-has-this-key-0001"),
        bearer("\u{e9}"),
        "Authorization: Basic Og==\r\n".to_owned(),
        "Authorization: Basic !!!\r\n".to_owned(),
        "Authorization: Digest a=b\r\n".to_owned(),
        format!("{}{}", bearer(API_KEY), bearer(ADMIN_TOKEN)),
    ])
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

/// A body that is right, and then bent a few times.
fn body(bodies: Vec<(String, String)>) -> impl Strategy<Value = (String, Vec<u8>)> {
    let bend = (any::<prop::sample::Index>(), select(PIECES), 0_u8..6);
    let bent = (select(bodies), prop::collection::vec(bend, 0..4)).prop_map(|((kind, body), bends)| {
        let mut body = body.into_bytes();
        for (at, piece, how) in bends {
            let at = at.index(body.len() + 1);
            match how {
                0 => body.truncate(at),
                1 => body.extend_from_within(..at),
                2 if at < body.len() => body[at] ^= 0x20,
                _ => drop(body.splice(at..at, piece.iter().copied())),
            }
        }
        (kind, body)
    });
    let bent = bent.boxed();
    let any_type = select(TYPES).prop_map(str::to_owned);
    let other = prop_oneof![
        4 => prop::collection::vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat()),
        2 => prop::collection::vec(any::<u8>(), 0..600),
        1 => Just(b"[".repeat(20_000)),
        1 => Just(b"a&".repeat(10_000)),
        1 => Just(gzip(&vec![b' '; 4 << 20])),
        1 => Just(gzip(b"{\"from\":\"+919876543210\"}")[..12].to_vec()),
    ];
    prop_oneof![3 => bent.clone(), 1 => (any_type.clone(), bent.prop_map(|(_, body)| body)), 2 => (any_type, other)]
}

/// How the length of the body is told.
#[derive(Clone, Copy, Debug)]
enum Framing {
    Right,
    Chunked,
    TooLong,
    TooShort,
    BrokenChunks,
    Both,
    NoNumber,
}

/// Every one of them.
pub(super) fn all(known: Known) -> impl Strategy<Value = Request> {
    let framing = prop_oneof![
        8 => Just(Framing::Right),
        3 => Just(Framing::Chunked),
        1 => Just(Framing::TooLong),
        1 => Just(Framing::TooShort),
        1 => Just(Framing::BrokenChunks),
        1 => Just(Framing::Both),
        1 => Just(Framing::NoNumber),
    ];
    let headers = prop::collection::vec(select(HEADERS), 0..3);
    let body = body(known.bodies.clone());
    (target(known), key(), headers, body, framing)
        // These change what an honest number meets, and are tested by themselves.
        .prop_filter("changes no setting", |((_, path), key, ..)| {
            !(key.contains(ADMIN_TOKEN)
                && (path.starts_with("/admin/settings") || path.contains("/admin/lab")))
        })
        .prop_map(|(target, key, headers, body, framing)| written(&target, &key, &headers, body, framing))
}

fn written(
    (method, path): &(String, String),
    key: &str,
    headers: &[&str],
    (kind, body): (String, Vec<u8>),
    framing: Framing,
) -> Request {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n{key}");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str(&format!("Content-Type: {kind}\r\n"));
    let length = body.len();
    let chunks = |broken: bool| {
        let size = if broken { "zz".to_owned() } else { format!("{length:x}") };
        let end: &[u8] = if length == 0 && !broken { b"0\r\n\r\n" } else { b"\r\n0\r\n\r\n" };
        let begin =
            if length == 0 && !broken { Vec::new() } else { [size.as_bytes(), b"\r\n", &body].concat() };
        [&begin, end].concat()
    };
    let (framed, sent) = match framing {
        Framing::Right => (format!("Content-Length: {length}\r\n"), body),
        Framing::TooLong => (format!("Content-Length: {}\r\n", length + 7), body),
        Framing::TooShort => (format!("Content-Length: {}\r\n", length / 2), body),
        Framing::Chunked => ("Transfer-Encoding: chunked\r\n".to_owned(), chunks(false)),
        Framing::BrokenChunks => ("Transfer-Encoding: chunked\r\n".to_owned(), chunks(true)),
        Framing::Both => {
            (format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"), chunks(false))
        }
        Framing::NoNumber => ("Content-Length: +1\r\n".to_owned(), body),
    };
    head.push_str(&framed);
    head.push_str("\r\n");
    let breaks_off = !matches!(framing, Framing::Right | Framing::Chunked | Framing::Both);
    let is_token = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // Some parts no HTTP server lets through: what then answers is the library.
    let is_http = is_token(method)
        && method != "CONNECT"
        && path.starts_with('/')
        && path.is_ascii()
        && path.len() < 8_000
        && !matches!(framing, Framing::Both | Framing::NoNumber | Framing::BrokenChunks);
    Request { bytes: [head.as_bytes(), &sent].concat(), breaks_off, is_http, is_head: method == "HEAD" }
}
