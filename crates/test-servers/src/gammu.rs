//! Gammu SMSD: reads a phone and starts a hook for every SMS. The phone is Gammu's own dummy, or a modem of ours.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use crate::modem::Modem;
use crate::problem::{Problem, Result};
use crate::process::Process;
use crate::{poll, process, programs, workplace};

const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(10);
/// What a terminal would say; the dummy keeps letters beyond ASCII only in such a locale.
const LOCALE: (&str, &str) = ("LANG", "C.UTF-8");

/// What it reads.
#[derive(Clone, Copy, Debug)]
pub enum Phone<'a> {
    /// Gammu's dummy: a folder.
    Dummy,
    /// A modem that speaks AT.
    Modem(&'a Modem),
}

/// What it starts for every SMS.
#[derive(Clone, Debug, Default)]
pub struct Hook {
    /// A command of the shell.
    pub command: String,
    /// All that is in its environment besides what Gammu says; without `LANG` it is UTF-8.
    pub environment: Vec<(String, String)>,
    /// The modem's name.
    pub phone_id: Option<String>,
}

/// A running Gammu SMSD. It ends with its value.
#[derive(Debug)]
pub struct Gammu {
    process: Mutex<Process>,
    folder: PathBuf,
}

impl Gammu {
    /// Starts one and waits until it speaks with the phone.
    ///
    /// # Errors
    /// If its programs are missing or it does not start.
    pub fn start(phone: Phone<'_>, hook: &Hook) -> Result<Gammu> {
        let program = programs::find("gammu-smsd")?;
        programs::find("gammu")?;
        let folder = workplace::folder("gammu-smsd")?;
        for part in ["dummy", "inbox", "outbox", "sent", "error"] {
            std::fs::create_dir(folder.join(part)).map_err(Problem::when(part))?;
        }
        let file = folder.join("smsdrc");
        let text = phone_section(phone, &folder) + &daemon_section(hook, &folder);
        std::fs::write(&file, text).map_err(Problem::when(file.display()))?;
        let mut command = process::command(&program, false)?;
        command.env_clear().env(LOCALE.0, LOCALE.1);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(hook.environment.iter().map(|(name, value)| (name, value)));
        command.arg("-c").arg(&file);
        let started = Process::start(command, &folder, &folder.join("output"))?;
        let gammu = Gammu { process: Mutex::new(started), folder };
        let speaks = poll::until(START, || {
            let ended = gammu.process.lock().unwrap_or_else(PoisonError::into_inner).ended();
            let speaks = gammu.log().contains("Starting phone communication");
            (speaks || ended.is_some()).then_some(speaks)
        });
        if speaks == Some(true) {
            return Ok(gammu);
        }
        Err(Problem::new(format!("gammu-smsd does not start:\n{}", gammu.log())))
    }

    /// The id of its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// What it wrote so far, with all that the hook said.
    #[must_use]
    pub fn log(&self) -> String {
        let read = |name: &str| std::fs::read(self.folder.join(name)).unwrap_or_default();
        let both = [read("log"), read("output")].concat();
        String::from_utf8_lossy(&both).into_owned()
    }

    /// An SMS arrives at the dummy; a long one in parts.
    ///
    /// # Errors
    /// If the dummy cannot be written.
    pub fn receive(&self, from: &str, text: &str) -> Result<()> {
        let mut command = Command::new(programs::find("gammu")?);
        command.env(LOCALE.0, LOCALE.1).arg("-c").arg(self.folder.join("smsdrc"));
        command.args(["savesms", "TEXT", "-folder", "1", "-unread", "-unicode", "-len", "1000"]);
        process::run(command.args(["-sender", from, "-text", text]))
    }
}

impl Drop for Gammu {
    #[expect(clippy::print_stderr, reason = "a test that fails must tell what the daemon saw")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
        let process = self.process.get_mut().unwrap_or_else(PoisonError::into_inner);
        // In order, so that it gives its shared memory back.
        let asked = process.signal(Signal::TERM);
        if asked.is_ok() && !process.wait(STOP) {
            process.kill();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn phone_section(phone: Phone<'_>, folder: &Path) -> String {
    match phone {
        Phone::Dummy => {
            format!("[gammu]\nmodel = dummy\nconnection = none\ndevice = {}/dummy\n", folder.display())
        }
        Phone::Modem(modem) => {
            format!("[gammu]\nconnection = at115200\ndevice = {}\n", modem.device().display())
        }
    }
}

fn daemon_section(hook: &Hook, folder: &Path) -> String {
    let folder = folder.display();
    let mut text = format!(
        "[smsd]\nservice = files\nlogfile = {folder}/log\ndebuglevel = 1\ninboxpath = {folder}/inbox/\n\
         outboxpath = {folder}/outbox/\nsentsmspath = {folder}/sent/\nerrorsmspath = {folder}/error/\n\
         CommTimeout = 1\nReceiveFrequency = 1\nLoopSleep = 1\nStatusFrequency = 0\nCheckSecurity = 0\n\
         CheckBattery = 0\nCheckSignal = 0\nCheckNetwork = 0\nRunOnReceive = {}\n",
        hook.command
    );
    if let Some(id) = &hook.phone_id {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "PhoneID = {id}");
    }
    text
}
