//! The app that is told while it is measured: it takes everything, counts it, and says nothing. In a thread of its own, so
//! that the client's is not slowed; its processor time is not the bridge's. Whether the right things are told is no
//! matter of a benchmark: `chaos` proves that.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// A running app. It ends with the tool.
pub(crate) struct App {
    address: SocketAddr,
    told: Arc<AtomicU32>,
}

/// What it was told.
pub(crate) struct Told {
    /// How long after the last SMS was on disk it had been told everything, or was given up on.
    pub(crate) awaited_s: f64,
    /// Events that never came.
    pub(crate) missing: u32,
}

const POLL: Duration = Duration::from_millis(20);
/// Without a new event for this long telling is not slow, it has stopped.
const STALLED_AFTER: Duration = Duration::from_secs(20);

impl App {
    /// Both happen with every SMS of the benchmark.
    pub(crate) const EVENTS: &[&str] = &["sms.judged", "onboarding.validated"];

    pub(crate) fn start() -> Outcome<App> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let (address, told) = (listener.local_addr()?, Arc::new(AtomicU32::new(0)));
        let counted = told.clone();
        std::thread::spawn(move || runtime.block_on(serve(listener, counted)));
        Ok(App { address, told })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// What a bridge needs to reach it.
    pub(crate) fn environment() -> [(&'static str, String); 1] {
        [("SMS_BRIDGE_WEBHOOK_ALLOW", "127.0.0.1/32".to_owned())]
    }

    /// Waits until everything about so many SMS was told, or no more is coming.
    pub(crate) async fn wait(&self, sms: u32) -> Told {
        let due = sms * u32::try_from(App::EVENTS.len()).unwrap_or(u32::MAX);
        let (start, mut moved, mut before) = (Stopwatch::start(), Stopwatch::start(), 0);
        loop {
            let told = self.told.load(Ordering::Relaxed);
            if told >= due || moved.elapsed() > STALLED_AFTER {
                let awaited_s = start.elapsed().as_secs_f64();
                return Told { awaited_s, missing: due.saturating_sub(told) };
            }
            if told > before {
                (moved, before) = (Stopwatch::start(), told);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

async fn serve(listener: TcpListener, told: Arc<AtomicU32>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let told = told.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| take(request, told.clone()));
                    let http = hyper::server::conn::http1::Builder::new();
                    // How it ends does not matter: what did not come is missing.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn take(
    request: Request<Incoming>,
    told: Arc<AtomicU32>,
) -> Result<Response<Empty<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    told.fetch_add(1, Ordering::Relaxed);
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::*;
    use crate::client::{self, Route};

    #[test]
    fn it_counts_what_it_is_told_and_says_what_is_missing() {
        let app = App::start().unwrap();
        let route = Route::new(Method::POST, app.address, "/hook", None).unwrap();
        for _ in 0..2 {
            let (status, _) = client::ask(app.address, &route, Bytes::from_static(b"{}")).unwrap();
            assert_eq!(status, StatusCode::NO_CONTENT);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        assert_eq!(runtime.block_on(app.wait(1)).missing, 0);
    }
}
