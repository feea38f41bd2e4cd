//! Redis Sentinel, and a primary with replicas that three of them watch: the smallest group that survives its primary.

use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::process::Signal;

use crate::problem::{Problem, Result};
use crate::redis::{self, Flavour, Redis};
use crate::server::{Plan, Running, Server};
use crate::{poll, process, programs};

/// What the Sentinels call the primary.
pub const NAME: &str = "mymaster";
/// As many as agree on a failover; one may be away.
const SENTINELS: usize = 3;
const QUORUM: usize = 2;
/// So long without an answer the primary is taken for dead.
const DOWN_AFTER_MS: u32 = 1_000;
const FAILOVER_TIMEOUT_MS: u32 = 4_000;
/// Until all know each other and the replicas.
const AGREED: Duration = Duration::from_secs(30);

/// A running Sentinel.
#[derive(Debug)]
pub struct Sentinel {
    running: Running,
}

impl Sentinel {
    /// Starts one that watches the primary at that port of 127.0.0.1.
    ///
    /// # Errors
    /// If its program is missing or it does not start.
    pub fn start(flavour: Flavour, primary: u16, password: Option<&str>) -> Result<Sentinel> {
        let name = match flavour {
            Flavour::Redis => "redis-server",
            Flavour::Valkey => "valkey-server",
        };
        let program = programs::find(name)?;
        let (port, folder) = Running::prepare("sentinel")?;
        // The Sentinel writes what it learns into the same file, and reads it when it starts again.
        let file = folder.join("conf");
        let auth = password.map(|word| format!("sentinel auth-pass {NAME} {word}\n")).unwrap_or_default();
        let configuration = format!(
            "bind 127.0.0.1\nport {port}\ndaemonize no\ndir {folder}/data\n\
             sentinel monitor {NAME} 127.0.0.1 {primary} {QUORUM}\n{auth}\
             sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n\
             sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}\n",
            port = port.number(),
            folder = folder.display(),
        );
        std::fs::write(&file, configuration).map_err(Problem::when(file.display()))?;
        let number = port.number();
        let plan = Plan {
            name: "sentinel",
            command: Box::new(move || {
                let mut command = process::command(&program, false)?;
                command.arg(&file).arg("--sentinel");
                Ok(command)
            }),
            ready: Box::new(move |_| ask(number, "PING").is_some_and(|answer| answer.contains("+PONG"))),
            end_signal: Signal::TERM,
        };
        Ok(Sentinel { running: Running::start(plan, port, folder)? })
    }

    /// The port of the primary, if it knows one.
    #[must_use]
    pub fn primary(&self) -> Option<u16> {
        let answer = ask(self.port(), &format!("SENTINEL GET-MASTER-ADDR-BY-NAME {NAME}"))?;
        answer.lines().rev().find_map(|line| line.trim().parse().ok())
    }

    /// Whether it sees a majority of Sentinels, and so many replicas.
    fn is_settled(&self, replicas: usize) -> bool {
        let others = ask(self.port(), &format!("SENTINEL MASTER {NAME}")).unwrap_or_default();
        let number = |field: &str| {
            let mut lines = others.lines().skip_while(|line| line.trim() != field);
            lines.nth(2).and_then(|line| line.trim().parse::<usize>().ok())
        };
        number("num-other-sentinels") == Some(SENTINELS - 1) && number("num-slaves") == Some(replicas)
    }
}

impl Server for Sentinel {
    fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{NAME}", self.port())
    }
}

/// One command, and what comes back in a second.
fn ask(port: u16, command: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    write!(stream, "{command}\r\n").ok()?;
    // It answers what it has read, and then closes; not every Sentinel knows QUIT.
    stream.shutdown(Shutdown::Write).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// A primary, a replica, and three Sentinels.
#[derive(Debug)]
pub struct Watched {
    /// The first was the primary at the beginning.
    pub nodes: Vec<Redis>,
    /// Who watch them.
    pub sentinels: Vec<Sentinel>,
    password: Option<String>,
    /// Where each node is reached; a test may stand in between.
    ports: Vec<u16>,
}

impl Watched {
    /// Starts all of them and waits until they know each other.
    ///
    /// # Errors
    /// If a program is missing or something does not start.
    pub fn start(options: &redis::Options) -> Result<Watched> {
        let primary = Redis::start(options)?;
        let copy = redis::Options { replica_of: Some(primary.port()), ..options.clone() };
        let nodes = vec![primary, Redis::start(&copy)?];
        let ports = nodes.iter().map(Server::port).collect();
        Watched::over(nodes, ports, options)
    }

    /// The same over nodes that run, each reached at one of these ports, the primary first.
    ///
    /// # Errors
    /// If a program is missing or something does not start.
    pub fn over(nodes: Vec<Redis>, ports: Vec<u16>, options: &redis::Options) -> Result<Watched> {
        let first = *ports.first().ok_or_else(|| Problem::new("a group has at least one node"))?;
        let password = options.password.clone();
        let sentinel = |_| Sentinel::start(options.flavour, first, password.as_deref());
        let sentinels = (0..SENTINELS).map(sentinel).collect::<Result<Vec<_>>>()?;
        let replicas = nodes.len() - 1;
        let watched = Watched { nodes, sentinels, password, ports };
        let settled = || watched.sentinels.iter().all(|one| one.is_settled(replicas)).then_some(());
        poll::until(AGREED, settled)
            .ok_or_else(|| Problem::new(format!("the Sentinels do not know each other after {AGREED:?}")))?;
        Ok(watched)
    }

    /// What a bridge connects with.
    #[must_use]
    pub fn url(&self) -> String {
        let word = self.password.as_deref().map(|word| format!(":{word}@")).unwrap_or_default();
        let hosts = self.sentinels.iter().map(|sentinel| format!("127.0.0.1:{}", sentinel.port()));
        format!("redis+sentinel://{word}{}/{NAME}", hosts.collect::<Vec<_>>().join(","))
    }

    /// Which node most Sentinels take for the primary, if there is one.
    #[must_use]
    pub fn primary(&self) -> Option<usize> {
        let said: Vec<u16> = self.sentinels.iter().filter_map(Sentinel::primary).collect();
        let votes = |port: &u16| said.iter().filter(|one| *one == port).count();
        self.ports.iter().position(|port| votes(port) >= QUORUM)
    }

    /// Waits until another node than this one is the primary; false if none was in `limit`.
    #[must_use]
    pub fn promoted_instead_of(&self, node: usize, limit: Duration) -> bool {
        poll::until(limit, || self.primary().is_some_and(|now| now != node).then_some(())).is_some()
    }
}
