//! What stands in front of PostgREST at Supabase, as far as a client sees it: the prefix `/rest/v1`, and a
//! refusal of requests without an `apikey`. One request for each connection.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::free_port::Port;
use crate::problem::{Problem, Result};

/// The prefix that Supabase puts in front of PostgREST.
pub(crate) const PREFIX: &str = "/rest/v1";
const HEAD_MAX: usize = 64 * 1024;
const NO_KEY: &str = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 41\r\n\
                      connection: close\r\n\r\n{\"message\":\"No API key found in request\"}";
const NO_ROUTE: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A running gateway; it ends with its value.
#[derive(Debug)]
pub(crate) struct Gateway {
    port: Port,
    ended: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Gateway {
    pub(crate) fn start(upstream: u16) -> Result<Gateway> {
        let port = Port::reserve()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number()))
            .map_err(Problem::when("the gateway cannot listen"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&ended);
        let accepting = std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                // A broken connection is its client's to notice.
                std::thread::spawn(move || exchange(&client, upstream));
            }
        });
        Ok(Gateway { port, ended, accepting: Some(accepting) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port.number()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // The thread looks when somebody connects.
        if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).is_ok()
            && let Some(thread) = self.accepting.take()
        {
            let _ = thread.join();
        }
    }
}

fn exchange(mut client: &TcpStream, upstream: u16) -> std::io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (head, body) = read_head(client)?;
    let head = match forwarded(&head) {
        Ok(head) => head,
        Err(refusal) => return client.write_all(refusal.as_bytes()),
    };
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    server.write_all(head.as_bytes())?;
    server.write_all(&body)?;
    let (mut rest, mut to) = (client.try_clone()?, server.try_clone()?);
    // The rest of the request; it ends when the client has what it wanted.
    std::thread::spawn(move || std::io::copy(&mut rest, &mut to));
    let (head, body) = read_head(&server)?;
    client.write_all(closing(&head).as_bytes())?;
    client.write_all(&body)?;
    std::io::copy(&mut server, &mut client)?;
    client.shutdown(Shutdown::Both)
}

/// A head with its empty line, and what came behind it.
fn read_head(mut from: &TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while seen.len() < HEAD_MAX {
        let read = from.read(&mut piece)?;
        if read == 0 {
            break;
        }
        seen.extend_from_slice(&piece[..read]);
        if let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = seen.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&seen).into_owned(), body));
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

/// The head of a request for PostgREST, or the answer of the gateway itself.
fn forwarded(head: &str) -> std::result::Result<String, &'static str> {
    let lower = head.to_ascii_lowercase();
    if !lower.contains("\r\napikey:") {
        return Err(NO_KEY);
    }
    let (method, rest) = head.split_once(' ').ok_or(NO_ROUTE)?;
    let path = rest.strip_prefix(PREFIX).ok_or(NO_ROUTE)?;
    Ok(closing(&format!("{method} {path}")))
}

/// The head of a message after which the connection is closed.
fn closing(head: &str) -> String {
    let mut lines: Vec<&str> = head.trim_end().split("\r\n").collect();
    lines.retain(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    lines.push("connection: close");
    lines.join("\r\n") + "\r\n\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_goes_and_the_key_must_be_there() {
        let head = "GET /rest/v1/t?a=b HTTP/1.1\r\nApiKey: k\r\nConnection: keep-alive\r\n\r\n";
        assert_eq!(forwarded(head).unwrap(), "GET /t?a=b HTTP/1.1\r\nApiKey: k\r\nconnection: close\r\n\r\n");
        assert_eq!(forwarded("GET /rest/v1/t HTTP/1.1\r\nhost: a\r\n\r\n").unwrap_err(), NO_KEY);
        assert_eq!(forwarded("GET /t HTTP/1.1\r\napikey: k\r\n\r\n").unwrap_err(), NO_ROUTE);
    }
}
