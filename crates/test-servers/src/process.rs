//! One process that we started and its children: signals, waiting, and the proof that it is the one that
//! listens. It ends with us: the kernel kills it when we end without doing so.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use procfs::net::TcpState;
use procfs::process::FDTarget;
use rustix::process::{Pid, Signal, kill_process};

use crate::problem::{Problem, Result};
use crate::{poll, programs};

/// Servers that refuse root run as this user of Debian's packages.
const SERVICE_USER: &str = "postgres";
/// A killed process ends as soon as the system finds the time.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: Pid,
}

impl Process {
    /// Starts a command in that folder, its output added to that file.
    pub(crate) fn start(mut command: Command, folder: &Path, log: &Path) -> Result<Process> {
        let file =
            File::options().create(true).append(true).open(log).map_err(Problem::when(log.display()))?;
        let errors = file.try_clone().map_err(Problem::when(log.display()))?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(file).stderr(errors);
        let name = command.get_program().to_string_lossy().into_owned();
        let child = spawn(command)?.map_err(Problem::when(format!("{name} did not start")))?;
        let pid = Pid::from_child(&child);
        Ok(Process { child, pid })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end; false if it lives after `limit`.
    pub(crate) fn wait(&mut self, limit: Duration) -> bool {
        poll::until(limit, || self.ended()).is_some()
    }

    /// To this process alone.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<()> {
        if let Some(status) = self.ended() {
            return Err(Problem::new(format!("the server has ended already ({status})")));
        }
        kill_process(self.pid, signal).map_err(Problem::when(format!("{signal:?}")))
    }

    /// To this process and all its children. PostgreSQL's are in sessions of their own, so no process group
    /// holds them together; stopped first, the parent makes no new one meanwhile.
    pub(crate) fn signal_family(&mut self, signal: Signal) -> Result<()> {
        self.signal(Signal::STOP)?;
        for child in descendants(self.pid) {
            // One that has ended meanwhile is none to signal.
            let _ = kill_process(child, signal);
        }
        self.signal(signal)
    }

    /// Kills it and its children, and waits for the end of all: PostgreSQL does not start again while a child of the
    /// killed one still holds its shared memory.
    pub(crate) fn kill(&mut self) {
        let children = descendants(self.pid);
        if self.signal_family(Signal::KILL).is_ok() {
            let _ = self.child.wait();
            let _ =
                poll::until(KILLED_WITHIN, || children.iter().all(|child| has_ended(*child)).then_some(()));
        }
    }

    /// Is it this process that listens at that port of 127.0.0.1?
    pub(crate) fn listens_at(&self, port: u16) -> Result<bool> {
        let sockets = procfs::net::tcp().map_err(Problem::when("/proc/net/tcp"))?;
        let Some(socket) = sockets
            .iter()
            .find(|socket| socket.state == TcpState::Listen && socket.local_address.port() == port)
        else {
            return Ok(false);
        };
        let ours = procfs::process::Process::new(self.pid.as_raw_pid()).and_then(|process| process.fd());
        let ours = ours.map_err(Problem::when("the files of the server"))?;
        if ours.flatten().any(|file| matches!(file.target, FDTarget::Socket(inode) if inode == socket.inode))
        {
            return Ok(true);
        }
        Err(Problem::new(format!("another process listens at 127.0.0.1:{port}, not the server we started")))
    }
}

/// The command that runs a program so that it is killed when we end; as `SERVICE_USER` if it refuses root.
pub(crate) fn command(program: &Path, refuses_root: bool) -> Result<Command> {
    let mut command = Command::new(programs::find("setpriv")?);
    command.args(["--pdeathsig", "KILL"]);
    if refuses_root && is_root() {
        command.args(["--reuid", SERVICE_USER, "--regid", SERVICE_USER, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    Ok(command)
}

/// Gives a folder and what is in it to the user that a server which refuses root runs as.
pub(crate) fn give_to_service_user(folder: &Path) -> Result<()> {
    if !is_root() {
        return Ok(());
    }
    let mut command = Command::new("chown");
    command.args(["-R", &format!("{SERVICE_USER}:{SERVICE_USER}")]).arg(folder);
    run(&mut command)
}

/// Runs a command to its end; an error says what it said.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(Problem::when(&name))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Problem::new(format!("{name} failed ({}): {}", output.status, said.trim())))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Gone, or waiting to be reaped: it holds nothing any more.
fn has_ended(pid: Pid) -> bool {
    procfs::process::Process::new(pid.as_raw_pid())
        .and_then(|process| process.stat())
        .map_or(true, |stat| stat.state == 'Z')
}

/// Children, their children and so on.
fn descendants(parent: Pid) -> Vec<Pid> {
    let processes = procfs::process::all_processes().into_iter().flatten().flatten();
    let all: Vec<(i32, i32)> =
        processes.filter_map(|p| p.stat().ok()).map(|stat| (stat.pid, stat.ppid)).collect();
    let mut family = HashSet::from([parent.as_raw_pid()]);
    loop {
        let before = family.len();
        for (pid, ppid) in &all {
            if family.contains(ppid) {
                family.insert(*pid);
            }
        }
        if family.len() == before {
            family.remove(&parent.as_raw_pid());
            return family.into_iter().filter_map(Pid::from_raw).collect();
        }
    }
}

struct Job {
    command: Command,
    answer: mpsc::Sender<std::io::Result<Child>>,
}

/// The kernel kills a child when the *thread* that started it ends, and a test's thread ends with the test
/// while others still use the server. So one thread starts them all, and lives as long as the process.
fn spawn(command: Command) -> Result<std::io::Result<Child>> {
    static SPAWNER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, jobs) = mpsc::channel::<Job>();
        let work = move || {
            for mut job in jobs {
                let _ = job.answer.send(job.command.spawn());
            }
        };
        // Without a thread the receiver is gone, and sending below says so.
        let _ = std::thread::Builder::new().name("server-spawner".to_owned()).spawn(work);
        sender
    });
    let (answer, child) = mpsc::channel();
    let no_thread = "the thread that starts servers is not there";
    spawner.send(Job { command, answer }).map_err(|_| Problem::new(no_thread))?;
    child.recv().map_err(|_| Problem::new(no_thread))
}
