//! HTTP to the server at the lowest price: one kept-alive HTTP/1 connection, requests of ready bytes.
//! No redirects, no retries, no TLS, no pool.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;

/// A connection to the server, and the future that must be driven beside it.
pub(crate) type Open = (SendRequest<Full<Bytes>>, Connection<TokioIo<TcpStream>, Full<Bytes>>);

/// Where a request goes and who sends it; the body is all that differs.
#[derive(Clone)]
pub(crate) struct Route {
    method: Method,
    path: Uri,
    host: HeaderValue,
    authorization: Option<HeaderValue>,
}

impl Route {
    pub(crate) fn new(method: Method, addr: SocketAddr, path: &str, bearer: Option<&str>) -> Outcome<Route> {
        let authorization = match bearer {
            Some(secret) => Some(HeaderValue::from_str(&format!("Bearer {secret}"))?),
            None => None,
        };
        let host = HeaderValue::from_str(&addr.to_string())?;
        Ok(Route { method, path: path.parse()?, host, authorization })
    }

    pub(crate) fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let with_body = !body.is_empty();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if with_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        request
    }
}

pub(crate) async fn connect(addr: SocketAddr) -> Outcome<Open> {
    let stream = TcpStream::connect(addr).await?;
    stream.set_nodelay(true)?;
    Ok(handshake(TokioIo::new(stream)).await?)
}

/// Sends one request on an open connection and reads the whole answer.
pub(crate) async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Outcome<(StatusCode, Bytes)> {
    sender.ready().await?;
    let answer = sender.send_request(request).await?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// One request on a connection of its own.
pub(crate) async fn once(addr: SocketAddr, route: &Route, body: Bytes) -> Outcome<(StatusCode, Bytes)> {
    let (mut sender, connection) = connect(addr).await?;
    let mut exchange = std::pin::pin!(exchange(&mut sender, route.request(body)));
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // What came before it closed counts.
        closed = connection => match exchange.await {
            Ok(answer) => Ok(answer),
            Err(_) => Err(why_closed(closed).into()),
        },
    }
}

/// A connection that ends while it is in use, in words.
pub(crate) fn why_closed(end: Result<(), hyper::Error>) -> String {
    match end {
        Ok(()) => "the server closed the connection".to_owned(),
        Err(why) => format!("the connection broke: {why}"),
    }
}

/// The same, waited for.
pub(crate) fn ask(addr: SocketAddr, route: &Route, body: Bytes) -> Outcome<(StatusCode, Bytes)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(once(addr, route, body))
}
