//! The playbook as an operator has it: a booted Debian with nothing in it becomes a gateway, a second run changes nothing, the
//! doctor finds nothing wrong, a number is validated through it all; Redis comes back by itself on a torn file; then an upgrade,
//! and back. Not the package by itself: that is [`super::package`].

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::booted::Machine;
use crate::stopwatch::Stopwatch;
use crate::{Outcome, dist, tools, workspace};

/// What apt of the machine may have to install: fetched before, because the machine has no network.
const PACKAGES: &[&str] = &[
    "logrotate",
    "nftables",
    "pgbouncer",
    "postgresql",
    "postgresql-client",
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-node-exporter",
    "python3-psycopg2",
    "redis-server",
    "redis-tools",
    "systemd-timesyncd",
];
const ANSIBLE: &str = "ansible/modules";
const PLAYBOOK: &str = "setup_sms_gateway.yml";

/// Builds the package, and sets a machine of that release of Debian up with it.
pub(super) fn run(release: &str, quick: bool) -> Outcome {
    let ansible = tools::provide_named(ANSIBLE).and_then(|()| tools::place_of(ANSIBLE))?;
    lint(&ansible)?;
    let target = workspace::metadata()?.target_directory;
    let made = dist::make(&target, &target.join("dist-files"), quick)?;
    let package: PathBuf = made
        .into_iter()
        .find(|file| file.extension().is_some_and(|ending| ending == "deb"))
        .ok_or("dist made no package")?;
    let machine = Machine::boot_with(release, PACKAGES)?;
    let controller = Controller::of(&ansible, &machine, package)?;
    // On a machine with nothing in it, it says what it would do and does nothing.
    controller.play(PLAYBOOK, &["--check"])?;
    must("nothing is installed by --check", "", machine.shell("! test -e /usr/bin/redis-server").is_ok())?;
    controller.play(PLAYBOOK, &[])?;
    let again = controller.play(PLAYBOOK, &[])?;
    must("a second run changes nothing", &recap(&again), recap(&again).contains("changed=0"))?;
    used(&machine)?;
    torn(&machine)?;
    controller.play("upgrade.yml", &[])?;
    controller.play("rollback.yml", &[])?;
    used_again(&machine)
}

fn must(what: &str, said: &str, holds: bool) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what}: {said}").into()) }
}

fn recap(said: &str) -> String {
    said.lines().filter(|line| line.contains("changed=")).collect::<Vec<_>>().join("\n")
}

/// The folder of the playbooks.
fn folder() -> PathBuf {
    workspace::root().join("deploy/ansible")
}

fn ansible_program(ansible: &Path, name: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(ansible.join("bin").join(name));
    // Its programs start each other.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(ansible.join("bin")).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap_or(path)).env("PYTHONPATH", ansible);
    command.current_dir(folder()).env("ANSIBLE_NOCOLOR", "1").stdin(Stdio::null());
    command
}

fn lint(ansible: &Path) -> Outcome {
    workspace::run(ansible_program(ansible, "ansible-lint").args(["--offline", "--profile", "production"]))
}

/// Who runs the playbooks: this machine, into that one.
struct Controller {
    ansible: PathBuf,
    package: PathBuf,
    inventory: tempfile::TempDir,
}

impl Controller {
    fn of(ansible: &Path, machine: &Machine, package: PathBuf) -> Outcome<Controller> {
        let inventory = tempfile::tempdir()?;
        let host = format!(
            "box ansible_connection=community.docker.nsenter ansible_nsenter_pid={} ansible_python_interpreter=/usr/bin/python3",
            machine.init()
        );
        let text = format!("[stores]\n{host}\n[bridges]\nbox\n[monitoring]\nbox\n");
        std::fs::write(inventory.path().join("inventory.ini"), text)?;
        Ok(Controller { ansible: ansible.to_owned(), package, inventory })
    }

    fn play(&self, playbook: &str, args: &[&str]) -> Outcome<String> {
        let began = Stopwatch::start();
        let mut command = ansible_program(&self.ansible, "ansible-playbook");
        command.arg("-i").arg(self.inventory.path().join("inventory.ini")).arg(playbook).args(args);
        command.arg("-e").arg(format!("bridge_package={}", self.package.display()));
        command.args(["-e", "{\"bridge_settings\": {\"sms_receiver_number\": \"+919876500000\"}}"]);
        let output = command.output()?;
        let said =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!(
            "  {:>6.1} s  {playbook} {}  {}",
            began.elapsed().as_secs_f64(),
            args.join(" "),
            recap(&said).trim()
        );
        if output.status.success() {
            return Ok(said);
        }
        let from = said.find("fatal:").or_else(|| said.find("ERROR")).unwrap_or_default();
        Err(format!("{playbook}: {}", said[from..].chars().take(3000).collect::<String>()).into())
    }
}

/// A number is validated through what was installed, and nothing is wrong with it.
fn used(machine: &Machine) -> Outcome {
    let said = machine.run(&["sms-bridge", "simulate", "--mobile", "+919876543210"])?;
    must("a number is validated", &said, said.contains("validated"))?;
    let said = machine.output(&["sms-bridge", "doctor", "--json"])?;
    let answer: serde_json::Value = serde_json::from_str(&said)?;
    let wrong: Vec<String> = answer["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finding| finding["level"] != "ok")
        .map(|finding| format!("{} {}: {}", finding["level"], finding["what"], finding["found"]))
        .collect();
    println!(
        "           doctor: {}",
        if wrong.is_empty() { "nothing to say".to_owned() } else { wrong.join("\n           ") }
    );
    must("the doctor finds nothing wrong", &said, answer["ok"] == true)?;
    machine.run(&["systemctl", "start", "sms-bridge-backup.service"])?;
    let made = machine.shell("ls /var/backups/sms-bridge/night-*.smsb")?;
    must("a backup is made", &made, made.contains(".smsb"))?;
    let targets = machine.shell(
        "for i in $(seq 60); do t=$(curl -s http://127.0.0.1:9090/api/v1/targets); \
         case $t in *'\"health\":\"down\"'*|*'\"health\":\"unknown\"'*) sleep 1;; *) break;; esac; done; echo \"$t\"",
    )?;
    must(
        "Prometheus sees everything",
        &targets,
        !targets.contains("\"down\"") && targets.contains("sms-bridge"),
    )
}

/// After a power cut: zeroes at the end of the append-only file of Redis. Nobody touches it.
fn torn(machine: &Machine) -> Outcome {
    machine.shell(
        "systemctl kill --signal=KILL redis-server; systemctl stop redis-server; \
         f=$(ls /var/lib/redis/appendonlydir/*.incr.aof | tail -1); head -c 4096 /dev/zero >> $f; \
         systemctl start redis-server",
    )?;
    let said = machine.shell("journalctl -u redis-server --no-pager -n 20")?;
    must("the file is repaired before Redis starts", &said, said.contains("repaired"))?;
    let kept = machine.shell("ls -d /var/lib/redis/appendonlydir.damaged-*")?;
    must("the file as it was is kept", &kept, kept.contains("damaged"))?;
    machine.shell("for i in $(seq 60); do sms-bridge health && exit 0; sleep 0.5; done; exit 1")?;
    let said = machine.run(&["sms-bridge", "simulate", "--mobile", "+919876543211"])?;
    must("a number is validated after it", &said, said.contains("validated"))
}

fn used_again(machine: &Machine) -> Outcome {
    let said = machine.run(&["sms-bridge", "simulate", "--mobile", "+919876543212"])?;
    must("a number is validated after it all", &said, said.contains("validated"))?;
    machine.run(&["sms-bridge", "health"])?;
    Ok(())
}
