//! Redis and Valkey: one configuration file, one process.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::problem::{Problem, Result};
use crate::server::{Plan, Running, Server};
use crate::tls::Tls;
use crate::{process, programs};

/// Which server: they speak one protocol and keep one format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flavour {
    /// Debian's Redis.
    #[default]
    Redis,
    /// Valkey.
    Valkey,
}

/// When an append-only file is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before every answer.
    Always,
    /// Every second.
    EverySecond,
    /// When the kernel likes.
    No,
}

/// How it is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which server.
    pub flavour: Flavour,
    /// Asked of every client.
    pub password: Option<String>,
    /// An append-only file; without one a snapshot is written when it is stopped.
    pub append_only: Option<Fsync>,
    /// In bytes; beyond it writes are refused.
    pub max_memory: Option<u64>,
    /// The port of the server that it copies.
    pub replica_of: Option<u16>,
    /// Speaks TLS only.
    pub tls: Option<Tls>,
    /// Further lines of the configuration, which win.
    pub settings: Vec<(String, String)>,
    /// Of its environment: a clock that is off, for example.
    pub environment: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            flavour: Flavour::Redis,
            password: None,
            append_only: Some(Fsync::EverySecond),
            max_memory: None,
            replica_of: None,
            tls: None,
            settings: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// A running Redis or Valkey.
#[derive(Debug)]
pub struct Redis {
    running: Running,
    password: Option<String>,
    tls: bool,
}

impl Redis {
    /// Starts one and waits until it answers.
    ///
    /// # Errors
    /// If its program is missing or it does not start.
    pub fn start(options: &Options) -> Result<Redis> {
        let name = match options.flavour {
            Flavour::Redis => "redis-server",
            Flavour::Valkey => "valkey-server",
        };
        let program = programs::find(name)?;
        let (port, folder) = Running::prepare(name)?;
        let file = folder.join("conf");
        std::fs::write(&file, configuration(options, port.number(), &folder)?)
            .map_err(Problem::when(file.display()))?;
        let (socket, password) = (folder.join(SOCKET), options.password.clone());
        let environment = options.environment.clone();
        let plan = Plan {
            name,
            command: Box::new(move || {
                let mut command = process::command(&program, false)?;
                command.arg(&file).envs(environment.iter().cloned());
                Ok(command)
            }),
            ready: Box::new(move |_| answers(&socket, password.as_deref())),
            end_signal: Signal::TERM,
        };
        let running = Running::start(plan, port, folder)?;
        Ok(Redis { running, password: options.password.clone(), tls: options.tls.is_some() })
    }
}

impl Server for Redis {
    fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self) -> String {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let password = self.password.as_deref().map(|word| format!(":{word}@")).unwrap_or_default();
        format!("{scheme}://{password}127.0.0.1:{}", self.port())
    }
}

/// For our own question only, which neither TLS nor a full TCP port disturbs.
const SOCKET: &str = "socket";

fn configuration(options: &Options, port: u16, folder: &Path) -> Result<String> {
    let mut text = format!(
        "bind 127.0.0.1\ndaemonize no\ndir {folder}/data\nunixsocket {folder}/{SOCKET}\nunixsocketperm 700\n\
         save \"\"\nhash-max-listpack-value 512\n",
        folder = folder.display()
    );
    // Writing to a String cannot fail.
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{key} {value}");
    };
    if let Some(tls) = &options.tls {
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        tls.write(&certificate, &key)?;
        line("tls-cert-file", &certificate.to_string_lossy());
        line("tls-key-file", &key.to_string_lossy());
        line("tls-auth-clients", "no");
        line("port", "0");
        line("tls-port", &port.to_string());
    } else {
        line("port", &port.to_string());
    }
    match options.append_only {
        Some(fsync) => {
            line("appendonly", "yes");
            line(
                "appendfsync",
                match fsync {
                    Fsync::Always => "always",
                    Fsync::EverySecond => "everysec",
                    Fsync::No => "no",
                },
            );
        }
        // One save point, so that SIGTERM writes a snapshot; its hour never comes in a test.
        None => line("save", "3600 1"),
    }
    if let Some(password) = &options.password {
        line("requirepass", password);
        line("masterauth", password);
    }
    if let Some(bytes) = options.max_memory {
        line("maxmemory", &bytes.to_string());
    }
    if let Some(primary) = options.replica_of {
        line("replicaof", &format!("127.0.0.1 {primary}"));
    }
    for (key, value) in &options.settings {
        line(key, value);
    }
    Ok(text)
}

/// Not while it loads its data: then it answers with an error.
fn answers(socket: &Path, password: Option<&str>) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket) else { return false };
    let login = password.map(|word| format!("AUTH {word}\r\n")).unwrap_or_default();
    let limit = Some(Duration::from_secs(2));
    let asked = stream
        .set_read_timeout(limit)
        .and_then(|()| write!(stream, "{login}PING\r\nQUIT\r\n"))
        .and_then(|()| {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        });
    asked.is_ok_and(|answer| answer.contains("+PONG"))
}
