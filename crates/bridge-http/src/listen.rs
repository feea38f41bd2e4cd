//! Accepting connections: a place for each, time-outs for clients that say nothing or read nothing, and drained when the
//! bridge stops. Who has to go when it is full is not decided here: that is `bridge_app::state::places`.

mod host;
mod linger;
mod patience;
mod socket;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

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
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use bridge_app::base::clock::Clock;
use bridge_app::base::deadline::{FINISH, HEADERS, UNREAD, within};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::state::places::{Comer, Place, Seat};

use self::linger::Unread;
use self::patience::Patient;
use self::socket::Socket;
use crate::client::{self, Peer};
use crate::observe;

/// After a failed accept (out of descriptors), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Where everybody who is there is being heard or served: before it is looked again, and how often.
const CROWDED_PAUSE: Duration = Duration::from_millis(5);
const CROWDED_LOOKS: usize = 200;
/// Connections that the kernel keeps until they are accepted: whoever comes in a crowd waits instead of being refused.
const BACKLOG: i32 = 4_096;
/// Of one connection: a head that is longer is refused, and so much of an answer is kept until it is read.
const KEPT_BYTES: usize = 16 * 1024;

/// Opens a listener.
pub async fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await?;
    // Listening once more changes the length of the queue alone.
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// What answers requests: a router, or what stands before one.
pub trait Answers:
    tower::Service<axum::extract::Request, Response = Response, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> Answers for T where
    T: tower::Service<axum::extract::Request, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// What every connection is served with.
struct Service<R> {
    app: Arc<App>,
    router: R,
    protocol: http1::Builder,
    stop: CancellationToken,
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, router: impl Answers, app: Arc<App>, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let tasks = TaskTracker::new();
    let mut protocol = http1::Builder::new();
    protocol.timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(KEPT_BYTES);
    let service = Arc::new(Service { app, router, protocol, stop });
    let Service { app, stop, .. } = &*service;
    loop {
        let next = async {
            app.places.door().await;
            listener.accept().await
        };
        let accepted = tokio::select! {
            accepted = next => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let stream = Arc::new(prepared(stream));
                // Nobody may be sent away: then it is this one, whose connection is closed here.
                let Some(place) = place_of(&service, &stream, peer).await else { continue };
                tasks.spawn(drive(service.clone(), place, stream, peer, graceful.watcher()));
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

fn prepared(stream: TcpStream) -> TcpStream {
    // Where the system cannot do either, the connection works all the same.
    let _ = stream.set_nodelay(true);
    patience::keep_little(&stream);
    patience::notice_the_dead(&stream, UNREAD);
    stream
}

/// A place for a connection that came. Where all who are there have just said something, they are heard first: that takes
/// a moment, and whoever comes meanwhile waits in the system's queue.
async fn place_of<R>(service: &Service<R>, stream: &Arc<TcpStream>, peer: SocketAddr) -> Option<Place> {
    let Service { app, stop, .. } = service;
    let address = client::speaks_for_itself(app, peer).then_some(peer.ip());
    let ear = stream.clone();
    let mut comer = Comer { address, has_spoken: Box::new(move || socket::has_spoken(&ear)) };
    for _ in 0..CROWDED_LOOKS {
        match app.places.enter(comer, app.clock.now()) {
            Ok(place) => return Some(place),
            Err(again) => comer = again,
        }
        if within(CROWDED_PAUSE, stop.cancelled()).await.is_ok() {
            break;
        }
    }
    None
}

/// One connection, until it ends or has to leave its place.
async fn drive<R: Answers>(
    service: Arc<Service<R>>,
    place: Place,
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    watcher: Watcher,
) {
    let first = tokio::select! {
        biased;
        () = place.gone() => return,
        () = service.stop.cancelled() => return,
        first = within(HEADERS, stream.readable()) => first,
    };
    // Who says nothing costs a socket and no more: what a request takes is made when one begins.
    if matches!(first, Ok(Ok(()))) {
        boxed_speech(service, place, stream, peer, watcher).await;
    }
}

/// Made in a function of its own: else there would be room for it in every connection, from its beginning.
fn boxed_speech<R: Answers>(
    service: Arc<Service<R>>,
    place: Place,
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    watcher: Watcher,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(speak(service, place, stream, peer, watcher))
}

async fn speak<R: Answers>(
    service: Arc<Service<R>>,
    place: Place,
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    watcher: Watcher,
) {
    let unread = Unread::default();
    let io = Patient::new(Socket::new(stream, place.seat()), UNREAD);
    let answers = service_fn(|request| answer(&service, place.seat(), peer, unread.clone(), request));
    let connection = service.protocol.serve_connection(TokioIo::new(io), answers);
    let mut connection = std::pin::pin!(watcher.watch(connection));
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

async fn answer<R: Answers>(
    service: &Service<R>,
    seat: Seat,
    peer: SocketAddr,
    unread: Unread,
    request: Request<Incoming>,
) -> Result<Response, Infallible> {
    let clock = service.app.clock.clone();
    seat.begins(clock.now());
    let mut request = request.map(|body| Body::new(unread.lend(body, seat.clone())));
    request.extensions_mut().insert(Peer(peer));
    request.extensions_mut().insert(seat.clone());
    let wrong = host::wrong(request.version(), request.uri(), request.headers());
    let mut response = match wrong {
        None => service.router.clone().oneshot(request).await?,
        // Before anything of ours reads whose address it is.
        Some(why) => observe::refused(&service.app, request, Problem::new(Code::InvalidRequest, why)).await,
    };
    if unread.is_some() && seat.is_known() {
        unread.read_away_small().await;
    }
    if unread.is_some() {
        // Nobody wanted the rest of the body: it is read away for a moment only.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Body::new(Answer { body, seat, clock })))
}

/// An answer on its way: when it is out, the connection rests.
struct Answer {
    body: Body,
    seat: Seat,
    clock: Clock,
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
        self.seat.rests(self.clock.now());
    }
}
