//! The server as a child process: started on a free port with an empty data folder, stopped by its pid.
//! Not a supervisor: a server that dies ends the benchmark.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Outcome;
use crate::stopwatch::Stopwatch;

pub(crate) const API_KEY: &str = "bench-api-key-0123456789abcdef0123456789abcdef";
pub(crate) const RECEIVER_KEY: &str = "bench-receiver-key-0123456789abcdef01234567";
pub(crate) const ADMIN_TOKEN: &str = "bench-admin-token-0123456789abcdef012345678";

/// The server prints this and its address when it is ready.
const READY: &str = "listening on http://";
const READY_WITHIN: Duration = Duration::from_secs(30);
const STOPPED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(5);
const LINES_KEPT: usize = 20;

/// A running server. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    addr: SocketAddr,
    output: Output,
}

/// The last lines that the server wrote, for the message when something goes wrong.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<VecDeque<String>>>);

impl Server {
    /// Starts the program on its own files, but for what the environment says, and waits until it listens.
    pub(crate) fn start(
        binary: &Path,
        data: &Path,
        environment: &[(&'static str, String)],
    ) -> Outcome<Server> {
        Server::of(Command::new(binary), binary, data, environment)
    }

    /// The same with so many file descriptors and no more.
    pub(crate) fn start_within(descriptors: u64, binary: &Path, data: &Path) -> Outcome<Server> {
        // The shell becomes the program: its pid is the shell's.
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "ulimit -n \"$1\" && exec \"$0\""]).arg(binary).arg(descriptors.to_string());
        Server::of(shell, binary, data, &[])
    }

    fn of(
        mut command: Command,
        binary: &Path,
        data: &Path,
        environment: &[(&'static str, String)],
    ) -> Outcome<Server> {
        let mut child = command
            .env_clear()
            .env("SMS_BRIDGE_BIND", "127.0.0.1:0")
            .env("SMS_BRIDGE_DATA_DIR", data)
            .env("SMS_BRIDGE_API_KEY", API_KEY)
            .env("SMS_BRIDGE_RECEIVER_KEY", RECEIVER_KEY)
            .env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|why| format!("{} did not start: {why}", binary.display()))?;
        let output = Output::default();
        let (found, address) = mpsc::channel();
        output.read_on(child.stdout.take(), found.clone());
        output.read_on(child.stderr.take(), found);
        // From here on an early return kills the child.
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Server { child, addr: unknown, output };
        let answer = address.recv_timeout(READY_WITHIN);
        server.addr = answer.map_err(|_| server.failed(&format!("the server did not say `{READY}…`")))?;
        Ok(server)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server as systemd would and waits for it to end cleanly.
    pub(crate) fn stop(mut self) -> Outcome {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let watch = Stopwatch::start();
        while watch.elapsed() < STOPPED_WITHIN {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.failed(&format!("after SIGTERM: {status}")).into()),
                None => thread::sleep(POLL),
            }
        }
        Err(self.failed(&format!("still running {} s after SIGTERM", STOPPED_WITHIN.as_secs())).into())
    }

    /// What went wrong, with how the child ended and the last that it said.
    pub(crate) fn failed(&mut self, what: &dyn fmt::Display) -> String {
        let state = match self.child.try_wait() {
            Ok(Some(status)) => format!("it has ended: {status}"),
            Ok(None) => "it is still running".to_owned(),
            Err(why) => format!("its state is unknown: {why}"),
        };
        let lines = self.output.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said: String = lines.iter().map(|line| format!("\n  | {line}")).collect();
        let said = if said.is_empty() { "\n  | (nothing)".to_owned() } else { said };
        format!("{what}\nThe server (pid {}): {state}. Its last output:{said}", self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a child that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    /// Reads to the end on a thread of its own, so that the server never waits for a full pipe.
    fn read_on(&self, from: Option<impl Read + Send + 'static>, found: Sender<SocketAddr>) {
        let (Some(from), output) = (from, self.clone()) else { return };
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if let Some(addr) = address_in(&line) {
                    // The receiver is gone once the first address is known.
                    let _ = found.send(addr);
                }
                output.keep(line);
            }
        });
    }

    fn keep(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once(READY)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ':')).unwrap_or(rest.len());
    rest[..end].trim_end_matches(['.', ':']).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn finds_the_address_in_a_line() {
        let addr: SocketAddr = "127.0.0.1:4711".parse().unwrap();
        for line in [
            "listening on http://127.0.0.1:4711",
            "{\"message\":\"listening on http://127.0.0.1:4711\",\"level\":\"INFO\"}",
            "sms-bridge is listening on http://127.0.0.1:4711. Try:",
        ] {
            assert_eq!(address_in(line), Some(addr), "{line}");
        }
        assert_eq!(address_in("listening on the radio"), None);
    }

    fn program(folder: &Path, script: &str) -> std::path::PathBuf {
        let path = folder.join("program");
        std::fs::write(&path, format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn a_server_that_ends_is_reported_with_its_last_output() {
        let folder = tempfile::tempdir().unwrap();
        let binary = program(folder.path(), "echo 'the data folder is not writable' >&2; exit 2");
        let problem = Server::start(&binary, folder.path(), &[]).err().unwrap().to_string();
        assert!(problem.contains("the data folder is not writable"), "{problem}");
    }

    #[test]
    fn a_server_is_stopped_by_sigterm() {
        let folder = tempfile::tempdir().unwrap();
        let script = "trap 'exit 0' TERM; echo listening on http://127.0.0.1:9; while :; do sleep 0.05; done";
        let server = Server::start(&program(folder.path(), script), folder.path(), &[]).unwrap();
        assert_eq!(server.addr().port(), 9);
        server.stop().unwrap();
    }
}
