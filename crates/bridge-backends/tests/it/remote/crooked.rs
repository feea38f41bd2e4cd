//! An HTTP server that answers every request with the same bytes, or with none, and remembers the requests.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use test_servers::free_port::Port;

/// What it does with a connection once it has read a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// Sends this and closes.
    Bytes(String),
    /// Sends this and holds the connection.
    Hang(String),
}

/// A running one. Its thread lives as long as the test's process.
pub(super) struct Crooked {
    port: Port,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Crooked {
    pub(super) fn start(answer: Answer) -> Crooked {
        let port = Port::reserve().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", port.number())).unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut held = Vec::new();
            for mut stream in listener.incoming().flatten() {
                seen.lock().unwrap().push(request(&mut stream));
                let (Answer::Bytes(bytes) | Answer::Hang(bytes)) = &answer;
                let _ = stream.write_all(bytes.as_bytes());
                if let Answer::Hang(_) = answer {
                    held.push(stream);
                }
            }
        });
        Crooked { port, requests }
    }

    /// Answers every request with that status, those headers and that body.
    pub(super) fn answering(status: &str, headers: &str, body: &str) -> Crooked {
        let length = body.len();
        Crooked::start(Answer::Bytes(format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
        )))
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/rest/v1", self.port.number())
    }

    /// Heads and bodies so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Head and body, as long as the head says.
fn request(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut piece) {
        seen.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&seen);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            break;
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}
