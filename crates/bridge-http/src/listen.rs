//! Accepting connections: bounded in number, with time-outs for clients that open one and say nothing,
//! and drained when the bridge stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use bridge_app::base::deadline::{FINISH, HEADERS, within};

use crate::client::Peer;

/// Connections at the same time; the next one waits in the kernel's queue.
const CONNECTIONS_MAX: usize = 8_192;
/// After a failed accept (out of descriptors), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Opens a listener.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let _ = stream.set_nodelay(true);
                let router = router.clone();
                let service = service_fn(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(Peer(peer));
                    router.clone().oneshot(request.map(Body::new))
                });
                let watched = graceful.watch(protocol.serve_connection(TokioIo::new(stream), service));
                tasks.spawn(async move {
                    // What a client does to its connection is its own affair.
                    let _ = watched.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                let _ = within(ACCEPT_PAUSE, stop.cancelled()).await;
            }
        }
    }
    drop(listener);
    if within(FINISH, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still open when the bridge stopped");
    }
}
