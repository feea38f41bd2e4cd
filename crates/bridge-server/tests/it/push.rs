//! `sms-bridge push`, the real program: as the hook of a real Gammu SMSD and from the shell, with a bridge that is
//! there, away, hanging, or none at all.

mod answers;
mod modem;
mod queue;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::RECEIVER_KEY;
use crate::process::{Ended, bare, run};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";

/// A queue folder and where its SMS are to go.
struct Pusher {
    _folder: TempDir,
    queue: PathBuf,
    url: String,
}

impl Pusher {
    fn to(bridge: &str) -> Pusher {
        let folder = tempfile::tempdir().unwrap();
        let queue = folder.path().join("spool/push");
        Pusher { _folder: folder, queue, url: format!("{bridge}/sms/receive") }
    }

    /// The program with its configuration in the environment.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(Path::new("/nonexistent"), &["push"]);
        command.envs(self.environment()).args(arguments);
        command
    }

    fn environment(&self) -> Vec<(String, String)> {
        let queue = self.queue.to_str().unwrap();
        let pairs = [("URL", self.url.as_str()), ("SECRET", RECEIVER_KEY), ("QUEUE", queue)];
        pairs.map(|(name, value)| (format!("SMS_BRIDGE_PUSH_{name}"), value.to_owned())).to_vec()
    }

    async fn push(&self, arguments: &[&str]) -> Ended {
        run(self.command(arguments)).await
    }

    /// One SMS from the shell.
    async fn sms(&self, from: &str, text: &str) -> Ended {
        self.push(&["--from", from, "--text", text]).await
    }

    async fn flush(&self) -> Ended {
        self.push(&["--flush"]).await
    }

    /// How many wait.
    fn waiting(&self) -> usize {
        files(&self.queue, "json").len()
    }

    fn refused(&self) -> Vec<PathBuf> {
        files(&self.queue.join("refused"), "json")
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

/// It ended with this code and said this.
fn said(ended: &Ended, code: i32, words: &[&str]) {
    assert_eq!(ended.code(), Some(code), "{ended:?}");
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?} is not in {ended:?}");
    }
    for secret in [RECEIVER_KEY, ALICE, BOB] {
        assert!(!ended.stderr.contains(secret), "a secret or a number is told: {ended:?}");
    }
}

/// What answers requests as a test wants it.
struct Anything {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Anything {
    /// The same to every request: a status line, headers and a body.
    fn answering(answer: &str) -> Anything {
        let answer = answer.to_owned();
        Anything::answering_by(move |_| answer.clone())
    }

    fn answering_by(answer: impl Fn(&str) -> String + Send + 'static) -> Anything {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        // It ends with the tests.
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut request = String::new();
                let mut piece = [0; 4096];
                while !is_whole(&request) {
                    let Ok(read @ 1..) = client.read(&mut piece) else { break };
                    request += std::str::from_utf8(&piece[..read]).unwrap();
                }
                let answer = answer(&request);
                seen.lock().unwrap().push(request);
                let _ = client.write_all(answer.as_bytes());
            }
        });
        Anything { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    header(head, "content-length").parse() == Ok(body.len())
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}
