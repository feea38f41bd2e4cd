//! The real program as a process of its own: started in a folder, killed, stopped, its output read. It
//! inherits no environment, so what a developer has set changes no test.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};

use reqwest::Method;
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, RECEIVER_KEY};

/// A bridge that runs as a process. Dropped, it is killed.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    pub(crate) pid: u32,
    /// Every line it printed so far.
    printed: Vec<String>,
    lines: Lines<BufReader<ChildStdout>>,
    log: NamedTempFile,
    http: reqwest::Client,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// The program with nothing in its environment but the data folder.
pub(crate) fn bare(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sms-bridge"));
    command.env_clear().env("SMS_BRIDGE_DATA_DIR", folder).args(arguments).kill_on_drop(true);
    command.stdin(Stdio::null());
    command
}

/// The program as the tests configure it: any free port, keys they know.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(folder, arguments);
    command
        .env("SMS_BRIDGE_BIND", "127.0.0.1:0")
        .env("SMS_BRIDGE_API_KEY", API_KEY)
        .env("SMS_BRIDGE_RECEIVER_KEY", RECEIVER_KEY)
        .env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    command
}

/// Runs a command to its end.
pub(crate) async fn run(mut command: Command) -> Ended {
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

impl Process {
    /// A bridge that must start.
    pub(crate) async fn start(folder: &Path) -> Process {
        let started = Process::start_with(command(folder, &[])).await;
        started.unwrap_or_else(|ended| panic!("it did not start: {ended:?}"))
    }

    /// A bridge that may end before it listens.
    pub(crate) async fn start_with(mut command: Command) -> Result<Process, Ended> {
        let log = NamedTempFile::new().unwrap();
        command.stdout(Stdio::piped()).stderr(log.reopen().unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let pid = child.id().unwrap();
        let mut process = Process { child, url: String::new(), pid, printed: Vec::new(), lines, log, http };
        while let Ok(Some(line)) = process.lines.next_line().await {
            process.printed.push(line);
            let Some((_, url)) = process.printed.last().unwrap().split_once("listening on ") else {
                continue;
            };
            process.url = url.trim().to_owned();
            return Ok(process);
        }
        Err(process.ended().await)
    }

    /// Reads on until a line that contains this; everything printed so far.
    pub(crate) async fn printed_until(&mut self, mark: &str) -> String {
        while !self.printed.iter().any(|line| line.contains(mark)) {
            let line = self.lines.next_line().await.unwrap();
            self.printed
                .push(line.unwrap_or_else(|| panic!("{mark:?} was never printed: {:?}", self.printed)));
        }
        self.printed.join("\n")
    }

    /// Resolves when the process ends by itself. May be dropped and asked again.
    pub(crate) async fn death(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ended {
        while let Ok(Some(line)) = self.lines.next_line().await {
            self.printed.push(line);
        }
        let status = self.death().await;
        let stderr = std::fs::read_to_string(self.log.path()).unwrap();
        Ended { status, stdout: self.printed.join("\n"), stderr }
    }

    /// SIGKILL: nothing of it runs on.
    pub(crate) async fn kill9(mut self) -> Ended {
        self.child.start_kill().unwrap();
        self.ended().await
    }

    pub(crate) fn sigterm(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub(crate) async fn sigterm_and_wait(self) -> Ended {
        self.sigterm();
        self.ended().await
    }

    /// Stops a bridge that must stop cleanly.
    pub(crate) async fn stop(self) {
        let ended = self.sigterm_and_wait().await;
        assert_eq!(ended.code(), Some(0), "{ended:?}");
        assert!(ended.stdout.ends_with("stopped"), "{ended:?}");
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, secret: &str, body: Option<Value>) -> Answer {
        self.try_ask(method, path, secret, body).await.unwrap()
    }

    /// Asks a bridge that may die before it answers.
    pub(crate) async fn try_ask(
        &self,
        method: Method,
        path: &str,
        secret: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(secret);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    pub(crate) async fn get(&self, path: &str, secret: &str) -> Answer {
        self.ask(Method::GET, path, secret, None).await
    }

    /// Changes a setting that must be accepted.
    pub(crate) async fn set(&self, key: &str, value: Value) {
        let body = serde_json::json!({ "value": value });
        let answer = self.ask(Method::PUT, &format!("/admin/settings/{key}"), ADMIN_TOKEN, Some(body)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
}

/// Is there an ANSI escape in it?
pub(crate) fn has_escapes(text: impl AsRef<OsStr>) -> bool {
    text.as_ref().as_encoded_bytes().contains(&0x1b)
}
