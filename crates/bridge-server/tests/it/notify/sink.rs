//! Where operators are told over HTTP: it takes what comes and keeps it.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// One message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) path: String,
    headers: HeaderMap,
    pub(crate) body: Value,
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// What ntfy is told.
    pub(crate) fn text(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }
}

struct Inside {
    hangs: bool,
    status: AtomicU16,
    told: Mutex<Vec<Told>>,
}

/// The sink. Dropped, it ends.
pub(crate) struct Sink {
    pub(crate) url: String,
    inside: Arc<Inside>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sink {
    pub(crate) async fn start() -> Sink {
        Sink::that(false).await
    }

    /// One that takes what comes and never answers.
    pub(crate) async fn hanging() -> Sink {
        Sink::that(true).await
    }

    async fn that(hangs: bool) -> Sink {
        let inside = Arc::new(Inside { hangs, status: AtomicU16::new(200), told: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(inside.clone());
        #[expect(clippy::disallowed_methods, reason = "somebody else's server, which ends with the test")]
        let server = tokio::task::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Sink { url, inside, server }
    }

    /// From now on.
    pub(crate) fn answers(&self, status: u16) {
        self.inside.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn all(&self) -> Vec<Told> {
        self.inside.told.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.inside.told.lock().unwrap().len()
    }
}

async fn take(State(inside): State<Arc<Inside>>, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let told = Told { path: uri.path().to_owned(), headers, body: serde_json::from_str(&body).unwrap() };
    inside.told.lock().unwrap().push(told);
    if inside.hangs {
        return std::future::pending().await;
    }
    (StatusCode::from_u16(inside.status.load(Ordering::SeqCst)).unwrap(), "taken").into_response()
}
