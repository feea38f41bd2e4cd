//! The floods: what each hostile client sends, and what it does then. Sends nothing by itself.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::Outcome;
use crate::bench::requests;
use crate::bench::server::ADMIN_TOKEN;
use crate::client::{self, Route};

/// What a client does after its first bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It keeps the connection and reads what comes.
    Stays,
    /// It sends a byte now and then.
    Drips,
    /// It reads nothing.
    IsDeaf,
    /// It reads the answer and comes again at once.
    ComesAgain,
    /// It does not come.
    StaysAway,
}

/// One way of keeping others out.
pub(super) struct Flood {
    pub(super) name: &'static str,
    pub(super) then: Then,
    /// What each client says first.
    pub(super) says: fn(&Ground, usize) -> Vec<u8>,
}

/// What a flood and the honest ones know of the bridge.
pub(super) struct Ground {
    pub(super) addr: SocketAddr,
    /// The secret of the honest phone.
    pub(super) phone: String,
    /// An onboarding of somebody who means no good, and its token.
    id: String,
    token: String,
}

/// The flood that is none.
pub(super) const NOBODY: &str = "nobody";

pub(super) const FLOODS: &[Flood] = &[
    // How fast this machine is when nobody does any harm.
    Flood { name: NOBODY, then: Then::StaysAway, says: |_, _| Vec::new() },
    Flood { name: "idle connections", then: Then::Stays, says: |_, _| Vec::new() },
    Flood {
        name: "slow headers",
        then: Then::Drips,
        says: |_, _| b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ".to_vec(),
    },
    Flood {
        name: "long heads",
        then: Then::Drips,
        says: |_, _| {
            let head = format!("GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: {}", "a".repeat(15 * 1024));
            head.into_bytes()
        },
    },
    Flood { name: "kept alive", then: Then::Stays, says: |_, _| get("/livez") },
    Flood { name: "slow bodies", then: Then::Drips, says: slow_body },
    Flood { name: "slow readers", then: Then::IsDeaf, says: |_, _| get("/openapi.json").repeat(64) },
    Flood {
        name: "streams",
        then: Then::Stays,
        says: |ground, _| get(&format!("/onboard/{}/events?token={}", ground.id, ground.token)),
    },
    Flood {
        name: "long polls",
        then: Then::Stays,
        says: |ground, _| get(&format!("/onboard/{}?wait=30&token={}", ground.id, ground.token)),
    },
    Flood {
        name: "imports",
        then: Then::Stays,
        says: |_, _| {
            b"POST /sms/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                .to_vec()
        },
    },
    Flood {
        name: "bodies of 1 MiB",
        then: Then::ComesAgain,
        says: |_, _| post("/sms/receive", "application/json", &vec![b'a'; MIB]),
    },
    Flood {
        name: "wrong logins",
        then: Then::ComesAgain,
        says: |_, at| {
            let form = format!("name=owner-{at}&password=not-the-right-one");
            post("/admin/login", FORM, form.as_bytes())
        },
    },
    Flood {
        name: "invalid UTF-8",
        then: Then::ComesAgain,
        says: |_, at| {
            // Up to what is read of somebody unknown, and more.
            let length = if at.is_multiple_of(2) { MIB / 17 } else { MIB };
            match at % 4 {
                0 | 1 => post(
                    "/sms/receive",
                    "application/json",
                    &[b"{\"a\":\"".as_slice(), &vec![0xff; length]].concat(),
                ),
                _ => post("/sms/receive", FORM, &b"a&".repeat(length / 2)),
            }
        },
    },
];

const MIB: usize = 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

fn post(path: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Some where a key must come in a header, some where it may be in the body.
fn slow_body(_: &Ground, at: usize) -> Vec<u8> {
    let path = ["/onboard/register", "/sms/receive", "/admin/login", "/receivers/heartbeat"][at % 4];
    let mut all = post(path, FORM, &[b'a'; 10_000]);
    all.truncate(all.len() - 9_000);
    all
}

impl Flood {
    /// How many clients: those who hold connections are more than there are places, the others as many as keep the bridge
    /// busy.
    pub(super) fn clients(&self, descriptors: u64) -> usize {
        match self.then {
            Then::ComesAgain => 16,
            Then::StaysAway => 0,
            _ if descriptors <= 2_048 => 1_100,
            _ => 9_000,
        }
    }
}

impl Ground {
    /// Adds a phone and registers somebody who means no good.
    pub(super) async fn prepare(addr: SocketAddr) -> Outcome<Ground> {
        let add = Route::new(Method::POST, addr, "/admin/receivers", Some(ADMIN_TOKEN))?;
        let receiver = br#"{"name":"hall-phone","format":"generic","number":"+919800000001"}"#;
        let added = asked(addr, &add, Bytes::from_static(receiver)).await?;
        let registered = asked(addr, &requests::register(addr)?, requests::register_body(0)).await?;
        let text = |value: &Value, field: &str| match value[field].as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(format!("no text {field} in {value}")),
        };
        Ok(Ground {
            addr,
            phone: text(&added, "secret")?,
            id: text(&registered, "onboarding_id")?,
            token: text(&registered, "token")?,
        })
    }
}

async fn asked(addr: SocketAddr, route: &Route, body: Bytes) -> Outcome<Value> {
    let (status, answer) = client::once(addr, route, body).await?;
    if status == StatusCode::CREATED {
        Ok(serde_json::from_slice(&answer)?)
    } else {
        Err(format!("{status}: {}", String::from_utf8_lossy(&answer)).into())
    }
}
