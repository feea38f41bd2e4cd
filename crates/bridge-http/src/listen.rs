//! Accepting connections: a place for each, time-outs for clients that say nothing or read nothing, and drained when the
//! bridge stops. Who has to go when it is full is not decided here: that is `bridge_app::state::places`.

mod linger;
mod patience;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::Response;
use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use bridge_app::base::deadline::{FINISH, HEADERS, UNREAD, within};
use bridge_app::bridge::App;
use bridge_app::state::places::{Place, Seat};

use self::linger::Unread;
use self::patience::Patient;
use crate::client::Peer;

/// After a failed accept (out of descriptors), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that the kernel keeps until they are accepted: whoever comes in a crowd waits instead of being refused.
const BACKLOG: i32 = 4_096;

/// Opens a listener.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // Listening once more changes the length of the queue alone.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, router: Router, app: Arc<App>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Nobody may be sent away: then it is this one, whose connection is closed here.
                let Some(place) = app.places.enter(app.clock.now()) else { continue };
                let unread = Unread::default();
                let (seat, router) = (place.seat(), router.clone());
                let service = {
                    let unread = unread.clone();
                    service_fn(move |request| {
                        answer(router.clone(), seat.clone(), peer, unread.clone(), request)
                    })
                };
                let connection = protocol.serve_connection(TokioIo::new(prepared(stream)), service);
                tasks.spawn(drive(place, unread, graceful.watch(connection)));
            }
            Err(error) => {
                app.places.could_not_enter(app.clock.now(), &error);
                let _ = within(ACCEPT_PAUSE, stop.cancelled()).await;
            }
        }
    }
    drop(listener);
    if within(FINISH, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still open when the bridge stopped");
    }
}

fn prepared(stream: TcpStream) -> Patient {
    // Where the system cannot do either, the connection works all the same.
    let _ = stream.set_nodelay(true);
    patience::keep_little(&stream);
    patience::notice_the_dead(&stream, UNREAD);
    Patient::new(stream, UNREAD)
}

/// One connection, until it ends or has to leave its place.
async fn drive(place: Place, unread: Unread, connection: impl Future<Output = Result<(), hyper::Error>>) {
    let mut connection = std::pin::pin!(connection);
    loop {
        tokio::select! {
            // First: what it has to write goes out before anything is read away.
            biased;
            // What a client does to its connection is its own affair.
            _ = &mut connection => return,
            () = place.gone() => return,
            () = unread.read_away() => {}
        }
    }
}

async fn answer(
    router: Router,
    seat: Seat,
    peer: SocketAddr,
    unread: Unread,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    seat.begins();
    let mut request = request.map(|body| Body::new(unread.lend(body)));
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(seat.clone());
    let mut response = router.oneshot(request).await?;
    if unread.is_some() {
        // Nobody wanted the rest of the body: it is read away for a moment only.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Body::new(Answer { body, seat })))
}

/// An answer on its way: when it is out, the connection rests.
struct Answer {
    body: Body,
    seat: Seat,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.seat.rests();
    }
}
