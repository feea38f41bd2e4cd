//! The app that webhooks tell: an endpoint that keeps what comes, and that hangs, fails, lies and goes away when it is asked
//! to. Not what should have come: that is `told`.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Outcome;

/// What it does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It keeps it and says so.
    Takes,
    /// It says nothing.
    Hangs,
    /// It keeps nothing and says so, in every way there is.
    Fails,
    /// It keeps it and says that it did not, or breaks off.
    Lies,
    /// Nobody listens.
    Away,
    /// The run is over.
    Ends,
}

/// One event, as it first came.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) body: Bytes,
    /// How often it came.
    pub(crate) times: u32,
    /// It was answered with a 2xx.
    pub(crate) taken: bool,
}

/// Everything that came.
#[derive(Default)]
pub(crate) struct Book {
    /// In the order in which they first came.
    pub(crate) told: Vec<Told>,
    /// Of each id.
    pub(crate) places: HashMap<String, usize>,
    /// Tries that were turned away, or not answered.
    pub(crate) refused: u32,
    /// What no bridge may send: another body under the same id, a message without an id.
    pub(crate) wrong: Vec<String>,
}

impl Book {
    fn keep(&mut self, id: &str, body: Bytes, taken: bool) {
        let place = *self.places.entry(id.to_owned()).or_insert(self.told.len());
        match self.told.get_mut(place) {
            Some(known) => {
                known.times += 1;
                known.taken |= taken;
                if known.body != body {
                    let (one, other) = (String::from_utf8_lossy(&known.body), String::from_utf8_lossy(&body));
                    self.wrong.push(format!("{id} came as {one} and as {other}"));
                }
            }
            None => self.told.push(Told { id: id.to_owned(), body, times: 1, taken }),
        }
    }
}

/// What all its connections share.
struct Inside {
    manner: watch::Sender<Manner>,
    book: Mutex<Book>,
}

impl Inside {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Manner {
        *self.manner.borrow()
    }
}

/// The app. Dropped, it ends.
pub(crate) struct App {
    address: SocketAddr,
    inside: Arc<Inside>,
    thread: Option<JoinHandle<()>>,
}

/// Between two tries to listen at a port that was just left.
const LISTEN_AGAIN: Duration = Duration::from_millis(50);
/// The ways to say no: a redirect is none that a bridge may follow, and 410 would end the webhook for good.
const NO: [u16; 5] = [500, 503, 429, 302, 404];

impl App {
    pub(crate) fn start() -> Outcome<App> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let inside = Arc::new(Inside { manner: watch::Sender::new(Manner::Takes), book: Mutex::default() });
        let in_thread = inside.clone();
        let thread = std::thread::spawn(move || runtime.block_on(serve(address, listener, in_thread)));
        Ok(App { address, inside, thread: Some(thread) })
    }

    /// Where it is told.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on. What hangs is broken off.
    pub(crate) fn set(&self, manner: Manner) {
        self.inside.manner.send_replace(manner);
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.inside.book()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.set(Manner::Ends);
        if let Some(thread) = self.thread.take() {
            // One that panicked said so.
            let _ = thread.join();
        }
    }
}

/// Serves until it is to end.
async fn serve(address: SocketAddr, listener: TcpListener, inside: Arc<Inside>) {
    let (mut listener, mut manner) = (Some(listener), inside.manner.subscribe());
    let mut connections = JoinSet::new();
    loop {
        match inside.now() {
            Manner::Ends => return,
            Manner::Away => {
                listener = None;
                // Like a process that was killed: connections end in the middle.
                connections.shutdown().await;
                let _ = manner.wait_for(|now| *now != Manner::Away).await;
                continue;
            }
            Manner::Takes | Manner::Hangs | Manner::Fails | Manner::Lies => {}
        }
        let Some(open) = &listener else {
            match TcpListener::bind(address).await {
                Ok(bound) => listener = Some(bound),
                Err(_) => tokio::time::sleep(LISTEN_AGAIN).await,
            }
            continue;
        };
        tokio::select! {
            accepted = open.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, inside.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
            _ = manner.changed() => {}
        }
    }
}

async fn connection(stream: TcpStream, inside: Arc<Inside>) {
    let service = service_fn(|request| answer(request, &inside));
    // How it ends does not matter: the bridge says what it made of it.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Nothing is said: the connection is cut.
#[derive(Debug)]
struct BrokenOff;

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken off")
    }
}

impl std::error::Error for BrokenOff {}

async fn answer(request: Request<Incoming>, inside: &Inside) -> Result<Response<Full<Bytes>>, BrokenOff> {
    let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let body = request.into_body().collect().await.map_err(|_| BrokenOff)?.to_bytes();
    let Some(id) = id else {
        inside.book().wrong.push(format!("no webhook-id: {}", String::from_utf8_lossy(&body)));
        return Ok(said(StatusCode::BAD_REQUEST));
    };
    let manner = inside.now();
    match manner {
        Manner::Takes => {
            inside.book().keep(&id, body, true);
            return Ok(said(StatusCode::NO_CONTENT));
        }
        Manner::Lies => inside.book().keep(&id, body, false),
        Manner::Hangs | Manner::Fails | Manner::Away | Manner::Ends => {}
    }
    let turn = {
        let mut book = inside.book();
        book.refused += 1;
        book.refused as usize
    };
    match manner {
        Manner::Hangs => {
            let mut changes = inside.manner.subscribe();
            let _ = changes.wait_for(|now| *now != Manner::Hangs).await;
            Err(BrokenOff)
        }
        Manner::Lies if turn % 2 == 0 => Err(BrokenOff),
        Manner::Fails | Manner::Lies => {
            let status = StatusCode::from_u16(NO[turn % NO.len()]).unwrap_or(StatusCode::BAD_GATEWAY);
            Ok(said(status))
        }
        Manner::Takes | Manner::Away | Manner::Ends => Err(BrokenOff),
    }
}

fn said(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    if status == StatusCode::FOUND {
        let elsewhere = hyper::header::HeaderValue::from_static("/elsewhere");
        response.headers_mut().insert(hyper::header::LOCATION, elsewhere);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client;

    fn post(app: &App, id: &str) -> Option<StatusCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut sender, connection) = client::connect(app.address).await.ok()?;
            let request = Request::post("/hook").header("webhook-id", id).body(Full::from("{}")).unwrap();
            let asked = async {
                tokio::select! { answer = sender.send_request(request) => answer.ok(), _ = connection => None }
            };
            tokio::time::timeout(Duration::from_millis(300), asked).await.ok()?.map(|answer| answer.status())
        })
    }

    #[test]
    fn it_keeps_what_it_takes_and_what_it_lies_about_and_nothing_else() {
        let app = App::start().unwrap();
        assert_eq!(post(&app, "a"), Some(StatusCode::NO_CONTENT));
        app.set(Manner::Fails);
        assert!(post(&app, "b").is_some_and(|status| !status.is_success()));
        app.set(Manner::Lies);
        let said = [post(&app, "c"), post(&app, "c")];
        assert!(said.iter().flatten().all(|status| !status.is_success()), "{said:?}");
        app.set(Manner::Hangs);
        assert_eq!(post(&app, "d"), None);
        app.set(Manner::Away);
        assert_eq!(post(&app, "e"), None);
        app.set(Manner::Takes);
        while post(&app, "c").is_none() {}
        let book = app.book();
        let told: Vec<_> = book.told.iter().map(|told| (told.id.as_str(), told.times, told.taken)).collect();
        assert_eq!(told, [("a", 1, true), ("c", 3, true)]);
        assert_eq!((book.refused, book.wrong.len()), (4, 0));
    }
}
