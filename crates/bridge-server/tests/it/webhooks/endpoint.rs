//! An app's endpoint: it answers as a test wants, and keeps what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(60);

/// How it answers.
#[derive(Clone)]
pub(crate) enum Mode {
    Answers(u16),
    Hangs,
    Redirects(String),
    Endless,
}

/// One message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: String,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn kind(&self) -> &'static str {
        let json = self.json();
        let kind = json["type"].as_str().unwrap().to_owned();
        bridge_store::events::EventKind::from_word(&kind).unwrap().word()
    }

    pub(crate) fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.id, self.timestamp, self.body);
        let expected = format!("v1,{}", STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes())));
        self.signature.split(' ').any(|given| given == expected)
    }

    pub(crate) fn verify(&self, secret: &str, now: Timestamp) {
        assert!(self.is_signed_with(secret), "{self:?}");
        assert!((now.epoch_seconds() - self.timestamp.parse::<i64>().unwrap()).abs() <= 300, "{self:?}");
    }
}

struct Inside {
    mode: Mode,
    status: AtomicU16,
    told: mpsc::UnboundedSender<Message>,
    connections: AtomicUsize,
    gives_up: tokio::sync::Notify,
}

/// The endpoint. Dropped, it ends.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    inside: Arc<Inside>,
    told: mpsc::UnboundedReceiver<Message>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Endpoint {
    pub(crate) async fn start(mode: Mode) -> Endpoint {
        let (sender, told) = mpsc::unbounded_channel();
        let status = match mode {
            Mode::Answers(status) => status,
            Mode::Hangs | Mode::Redirects(_) | Mode::Endless => 200,
        };
        let (status, connections) = (AtomicU16::new(status), AtomicUsize::new(0));
        let gives_up = tokio::sync::Notify::new();
        let inside = Arc::new(Inside { mode, status, told: sender, connections, gives_up });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(inside.clone());
        #[expect(clippy::disallowed_methods, reason = "an app's server, which ends with the test")]
        let server = tokio::task::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Endpoint { url, inside, told, server }
    }

    /// From now on.
    pub(crate) fn answers(&self, status: u16) {
        self.inside.status.store(status, Ordering::SeqCst);
    }

    /// One that hangs says at last that it could not take what it holds.
    pub(crate) fn gives_up(&self) {
        self.inside.gives_up.notify_one();
    }

    /// The next messages, in the order in which they came.
    pub(crate) async fn next(&mut self, count: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let next = tokio::time::timeout(PATIENCE, self.told.recv()).await;
            messages.push(next.unwrap_or_else(|_| panic!("told no more than {messages:?}")).unwrap());
        }
        messages
    }

    /// The first that is answered with 2xx.
    pub(crate) async fn last(&mut self) -> Message {
        loop {
            let message = self.next(1).await.remove(0);
            if self.inside.status.load(Ordering::SeqCst) < 300 {
                return message;
            }
        }
    }

    /// What came and was not looked at.
    pub(crate) fn waiting(&self) -> usize {
        self.told.len()
    }

    /// Everything that came and was not looked at.
    pub(crate) fn all(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.inside.connections.load(Ordering::SeqCst)
    }
}

async fn take(State(inside): State<Arc<Inside>>, headers: HeaderMap, body: Bytes) -> Response {
    inside.connections.fetch_add(1, Ordering::SeqCst);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let _ = inside.told.send(Message {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    match &inside.mode {
        Mode::Answers(_) => {
            let status = StatusCode::from_u16(inside.status.load(Ordering::SeqCst)).unwrap();
            if status == StatusCode::NO_CONTENT {
                status.into_response()
            } else {
                (status, "x".repeat(5_000)).into_response()
            }
        }
        Mode::Hangs => {
            inside.gives_up.notified().await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Mode::Redirects(url) => (StatusCode::FOUND, [("location", url.clone())]).into_response(),
        Mode::Endless => {
            let endless =
                futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from_static(b"more ")));
            Body::from_stream(endless).into_response()
        }
    }
}
