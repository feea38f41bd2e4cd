//! Requests that no HTTP client would send: bytes on a socket, and what comes back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::{Answer, Bridge};

/// Only so that a test that hangs fails.
const GIVE_UP_AFTER: Duration = Duration::from_secs(30);

/// Opens a connection.
pub(crate) fn connect(bridge: &Bridge) -> TcpStream {
    connect_at(&bridge.url)
}

fn connect_at(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(GIVE_UP_AFTER)).unwrap();
    stream
}

/// What a client does after its last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// It waits for the answer.
    Waits,
    /// It says that no more will come.
    BreaksOff,
}

/// Sends these bytes and reads until the bridge closes.
pub(crate) async fn exchange(bridge: &Bridge, bytes: &[u8], then: Then) -> Vec<u8> {
    exchange_at(&bridge.url, bytes, then).await
}

async fn exchange_at(url: &str, bytes: &[u8], then: Then) -> Vec<u8> {
    let mut stream = connect_at(url);
    let bytes = bytes.to_owned();
    let talk = move || {
        stream.write_all(&bytes).unwrap();
        if then == Then::BreaksOff {
            stream.shutdown(Shutdown::Write).unwrap();
        }
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(talk).await.unwrap()
}

/// The same, read as one HTTP answer.
pub(crate) async fn send(bridge: &Bridge, head: &str, body: &[u8], then: Then) -> Answer {
    send_at(&bridge.url, head, body, then).await
}

/// The same at one of its listeners.
pub(crate) async fn send_at(url: &str, head: &str, body: &[u8], then: Then) -> Answer {
    let head = format!("{head}\nConnection: close\n\n").replace('\n', "\r\n");
    let bytes = exchange_at(url, &[head.as_bytes(), body].concat(), then).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let mut headers = reqwest::header::HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    Answer {
        status: StatusCode::from_bytes(status.as_bytes()).unwrap(),
        headers,
        body: serde_json::from_str(body).unwrap_or(Value::String(body.to_owned())),
    }
}
