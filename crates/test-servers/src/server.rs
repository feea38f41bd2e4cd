//! What every server has in common: start, verify, signal, restart, end. Not what any of them is.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::free_port::Port;
use crate::problem::{Problem, Result};
use crate::process::Process;
use crate::{poll, workplace};

/// Generous: five builds may share the machine.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);
const DROP: Duration = Duration::from_secs(5);

/// A server of our own on 127.0.0.1. It can be shared: every method takes `&self`.
pub trait Server: Send + Sync {
    /// What all servers have in common.
    #[doc(hidden)]
    fn running(&self) -> &Running;

    /// What a client connects with.
    fn url(&self) -> String;

    /// Its port; the same after a restart.
    fn port(&self) -> u16 {
        self.running().port.number()
    }

    /// The id of its process; another one after a restart.
    ///
    /// # Errors
    /// If it does not run.
    fn pid(&self) -> Result<u32> {
        self.running().with_process(|process| Ok(process.id()))
    }

    /// Where its data is. Stop it before you copy or change what is there.
    fn data_dir(&self) -> PathBuf {
        self.running().data_dir()
    }

    /// Ends it in order and waits for the end. The data stays.
    ///
    /// # Errors
    /// If it does not run, or did not end in time and was killed.
    fn stop(&self) -> Result<()> {
        self.running().stop()
    }

    /// Kills it and its children at once (SIGKILL): as a crash. The data stays.
    ///
    /// # Errors
    /// If it does not run.
    fn kill(&self) -> Result<()> {
        let killed = self.running().with_process(|process| {
            process.kill();
            Ok(())
        });
        self.running().forget();
        killed
    }

    /// Makes it hang (SIGSTOP): it accepts connections and answers nothing.
    ///
    /// # Errors
    /// If it does not run.
    fn pause(&self) -> Result<()> {
        self.running().with_process(|process| process.signal_family(Signal::STOP))
    }

    /// Lets a paused one go on (SIGCONT).
    ///
    /// # Errors
    /// If it does not run.
    fn resume(&self) -> Result<()> {
        self.running().with_process(|process| process.signal_family(Signal::CONT))
    }

    /// Starts it again at the same port with the same data; stops it first if it runs.
    ///
    /// # Errors
    /// If it does not start.
    fn restart(&self) -> Result<()> {
        self.running().restart()
    }
}

type Check = dyn Fn(u32) -> bool + Send + Sync;

/// How a server is started and how one sees that it is ready.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) command: Box<dyn Fn() -> Result<Command> + Send + Sync>,
    /// Asked with the process id, once the process listens at its port.
    pub(crate) ready: Box<Check>,
    /// Asks it to end without waiting for its clients.
    pub(crate) end_signal: Signal,
}

/// A server's process, port and folder.
pub struct Running {
    plan: Plan,
    port: Port,
    folder: PathBuf,
    process: Mutex<Option<Process>>,
}

impl Running {
    /// A port and a folder for a server that is not started yet: its configuration goes there.
    pub(crate) fn prepare(name: &str) -> Result<(Port, PathBuf)> {
        let folder = workplace::folder(name)?;
        let data = folder.join("data");
        std::fs::create_dir(&data).map_err(Problem::when(data.display()))?;
        Ok((Port::reserve()?, folder))
    }

    /// Starts it and waits until it is ready and verified.
    pub(crate) fn start(plan: Plan, port: Port, folder: PathBuf) -> Result<Running> {
        let running = Running { plan, port, folder, process: Mutex::new(None) };
        running.restart()?;
        Ok(running)
    }

    fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_process<T>(&self, act: impl FnOnce(&mut Process) -> Result<T>) -> Result<T> {
        match &mut *self.lock() {
            Some(process) => act(process),
            None => Err(Problem::new(format!("{} does not run", self.plan.name))),
        }
    }

    fn forget(&self) {
        *self.lock() = None;
    }

    fn stop(&self) -> Result<()> {
        let ended = self.with_process(|process| self.end(process, STOP));
        self.forget();
        if ended? {
            Ok(())
        } else {
            Err(Problem::new(format!("{} did not end in {STOP:?} and was killed", self.plan.name)))
        }
    }

    /// False if it had to be killed.
    fn end(&self, process: &mut Process, limit: Duration) -> Result<bool> {
        process.signal(self.plan.end_signal)?;
        // A paused one would not hear it.
        let _ = process.signal_family(Signal::CONT);
        // Who is started by a shell in the background ignores QUIT and INT, and PgBouncer 1.18 leaves that so.
        let ended =
            process.wait(limit / 2) || process.signal(Signal::TERM).is_err() || process.wait(limit / 2);
        if !ended {
            process.kill();
        }
        Ok(ended)
    }

    fn restart(&self) -> Result<()> {
        let mut process = self.lock();
        if let Some(mut old) = process.take()
            && old.ended().is_none()
            && !self.end(&mut old, STOP)?
        {
            return Err(Problem::new(format!("{} did not end in {STOP:?} and was killed", self.plan.name)));
        }
        let mut new = Process::start((self.plan.command)()?, &self.folder, &self.log())?;
        if let Err(why) = self.await_ready(&mut new) {
            new.kill();
            return Err(Problem::new(format!(
                "{} does not start: {why}\n{}",
                self.plan.name,
                self.log_tail()
            )));
        }
        *process = Some(new);
        Ok(())
    }

    fn await_ready(&self, process: &mut Process) -> Result<()> {
        let ready = poll::until(START, || {
            if let Some(status) = process.ended() {
                return Some(Err(Problem::new(format!("it ended ({status})"))));
            }
            match process.listens_at(self.port.number()) {
                Ok(true) => (self.plan.ready)(process.id()).then_some(Ok(())),
                Ok(false) => None,
                Err(why) => Some(Err(why)),
            }
        });
        ready.unwrap_or_else(|| Err(Problem::new(format!("it is not ready after {START:?}"))))
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The last lines that the server wrote.
    fn log_tail(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at 127.0.0.1:{}", self.plan.name, self.port.number())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut process) = self.lock().take() {
            let _ = self.end(&mut process, DROP);
        }
        // What is left is swept by the next process that starts servers.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
