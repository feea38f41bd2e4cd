//! A Debian with a systemd that is really booted, in a container without a network of its own machine: made once, copied for
//! each use, ended with it. Needs root, debootstrap and systemd-nspawn.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::stopwatch::Stopwatch;
use crate::{Outcome, workspace};

/// What is in it beside the least that Debian is.
const PACKAGES: &str = "ca-certificates,curl,dbus,systemd,systemd-sysv,passwd,procps";
const BOOT: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(200);

/// A machine that runs. Dropped, it is ended.
pub(super) struct Machine {
    root: tempfile::TempDir,
    container: Child,
    init: String,
}

/// Its files, made once for a release of Debian.
fn base(release: &str) -> Outcome<PathBuf> {
    let folder = workspace::metadata()?.target_directory.join("debian");
    let base = folder.join(release);
    if base.join("etc/debian_version").exists() {
        return Ok(base);
    }
    std::fs::create_dir_all(&folder)?;
    let draft = folder.join(format!("{release}.part"));
    if draft.exists() {
        std::fs::remove_dir_all(&draft)?;
    }
    workspace::run(
        Command::new("debootstrap")
            .args(["--variant=minbase", &format!("--include={PACKAGES}"), release])
            .arg(&draft)
            .stdout(Stdio::null()),
    )?;
    std::fs::rename(&draft, &base)?;
    Ok(base)
}

/// What Ansible needs, and every image of Debian for servers has.
const PYTHON: [&str; 2] = ["python3", "python3-apt"];

/// The same with a Python, and the archives of these packages in the cache of its apt.
fn with_packages(release: &str, packages: &[&str]) -> Outcome<PathBuf> {
    let bare = base(release)?;
    let full = bare.with_file_name(format!("{release}-packages"));
    let mark = full.join("etc/packages-fetched");
    let wanted = [&PYTHON, packages].concat().join(" ");
    if std::fs::read_to_string(&mark).is_ok_and(|fetched| fetched == wanted) {
        return Ok(full);
    }
    if full.exists() {
        std::fs::remove_dir_all(&full)?;
    }
    workspace::run(Command::new("cp").args(["-a", "--reflink=auto"]).arg(&bare).arg(&full))?;
    // It resolves names as this machine does, while it fetches.
    std::fs::copy("/etc/resolv.conf", full.join("etc/resolv.conf"))?;
    let apt_get = |args: &[&str], packages: &[&str]| {
        let mut apt = Command::new("chroot");
        apt.arg(&full).args(["apt-get", "-qq"]).args(args).args(packages);
        workspace::run(apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
    };
    apt_get(&["update"], &[])?;
    let install = ["install", "-y", "--no-install-recommends"];
    apt_get(&install, &PYTHON)?;
    apt_get(&[install.as_slice(), &["--download-only"]].concat(), packages)?;
    std::fs::write(mark, wanted)?;
    Ok(full)
}

impl Machine {
    /// Boots one.
    pub(super) fn boot(release: &str) -> Outcome<Machine> {
        Machine::of(&base(release)?)
    }

    /// Boots one that can install these packages, though it has no network; none of them is installed.
    pub(super) fn boot_with(release: &str, packages: &[&str]) -> Outcome<Machine> {
        Machine::of(&with_packages(release, packages)?)
    }

    /// The id of its first process, for whoever enters it.
    pub(super) fn init(&self) -> &str {
        &self.init
    }

    fn of(base: &Path) -> Outcome<Machine> {
        let root = tempfile::tempdir_in(base.parent().unwrap_or(Path::new(".")))?;
        workspace::run(
            Command::new("cp").args(["-a", "--reflink=auto"]).arg(base.join(".")).arg(root.path()),
        )?;
        let log = std::fs::File::create(root.path().join("boot.log"))?;
        let container = Command::new("systemd-nspawn")
            .args(["-q", "--register=no", "--keep-unit", "--private-network", "-b", "-D"])
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut machine = Machine { root, container, init: String::new() };
        let began = Stopwatch::start();
        while began.elapsed() < BOOT {
            std::thread::sleep(LOOK);
            let id = machine.container.id();
            let children =
                std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
            machine.init = children.split_whitespace().next().unwrap_or_default().to_owned();
            if machine.init.is_empty() {
                continue;
            }
            // Degraded is booted, too: a container lacks some devices.
            let state = machine.output(&["systemctl", "is-system-running"]).unwrap_or_default();
            if matches!(state.trim(), "running" | "degraded") {
                return Ok(machine);
            }
        }
        Err("the machine did not boot".into())
    }

    /// Puts a file into its root folder.
    pub(super) fn bring(&self, file: &Path) -> Outcome<String> {
        let name = file.file_name().ok_or("it is no file")?;
        std::fs::copy(file, self.root.path().join("root").join(name))?;
        Ok(format!("/root/{}", name.to_string_lossy()))
    }

    /// A command inside.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args([
            "-t",
            &self.init,
            "-a",
            "env",
            "-i",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
        ]);
        command.arg("DEBIAN_FRONTEND=noninteractive").args(words).stdin(Stdio::null());
        command
    }

    /// What it prints, whatever its end.
    pub(super) fn output(&self, words: &[&str]) -> Outcome<String> {
        let output = self.command(words).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command that must succeed; answers what it printed.
    pub(super) fn run(&self, words: &[&str]) -> Outcome<String> {
        let began = Stopwatch::start();
        let output = self.command(words).output()?;
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!("  {:>6.2} s  {}", began.elapsed().as_secs_f64(), words.join(" "));
        if output.status.success() { Ok(said) } else { Err(format!("{}: {said}", words.join(" ")).into()) }
    }

    /// Runs a line of shell that must succeed.
    pub(super) fn shell(&self, line: &str) -> Outcome<String> {
        self.run(&["sh", "-c", line])
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if !self.init.is_empty() {
            let _ = self.command(&["systemctl", "poweroff"]).output();
        }
        let began = Stopwatch::start();
        while began.elapsed() < Duration::from_secs(30) && matches!(self.container.try_wait(), Ok(None)) {
            std::thread::sleep(LOOK);
        }
        let _ = self.container.kill();
        let _ = self.container.wait();
    }
}
