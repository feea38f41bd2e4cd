//! The package as a newcomer has it: installed in a booted Debian, set up, a number validated; killed, upgraded, removed,
//! purged. Prints each command with its seconds.

use std::path::PathBuf;
use std::time::Duration;

use super::booted::Machine;
use super::documented;
use crate::stopwatch::Stopwatch;
use crate::{Outcome, dist, workspace};

const RELEASE: &str = "bookworm";
/// `systemd-analyze security`: 0 may do nothing, 10 everything.
const EXPOSURE_MAX: f64 = 2.0;
/// Killed, it is back within.
const BACK: Duration = Duration::from_secs(2);

/// Builds the package, and installs it.
pub(super) fn run(quick: bool) -> Outcome {
    let target = workspace::metadata()?.target_directory;
    let made = dist::make(&target, &target.join("dist-files"), quick)?;
    let package: PathBuf = made
        .into_iter()
        .find(|file| file.extension().is_some_and(|ending| ending == "deb"))
        .ok_or("dist made no package")?;
    let machine = Machine::boot(RELEASE)?;
    let deb = machine.bring(&package)?;
    install(&machine, &deb)?;
    newcomer(&machine)?;
    looked_after(&machine)?;
    backed_up(&machine)?;
    documented::run(&machine)?;
    upgraded_and_removed(&machine, &deb)
}

fn must(what: &str, said: &str, holds: bool) -> Outcome {
    if holds { Ok(()) } else { Err(format!("{what}: {said}").into()) }
}

fn install(machine: &Machine, deb: &str) -> Outcome {
    machine.run(&["apt-get", "install", "-y", "--no-install-recommends", deb])?;
    let state = machine.output(&["systemctl", "is-active", "sms-bridge"])?;
    must("it runs after it was installed", &state, state.trim() == "active")?;
    let kind =
        machine.output(&["systemctl", "show", "sms-bridge", "-p", "Type,WatchdogUSec,StatusText,User"])?;
    must("systemd is told", &kind, kind.contains("listening on") && kind.contains("Type=notify"))?;
    let said = machine.output(&["systemd-analyze", "security", "--no-pager", "sms-bridge"])?;
    let exposure = said.lines().find(|line| line.contains("exposure level")).unwrap_or_default();
    let value = exposure.split_whitespace().find_map(|word| word.parse::<f64>().ok());
    println!("  {exposure}");
    must("what it may do", exposure, value.is_some_and(|value| value <= EXPOSURE_MAX))?;
    let said = machine.run(&[
        "sh",
        "-c",
        "systemd-analyze verify --man=no /lib/systemd/system/sms-bridge.service 2>&1",
    ])?;
    must("the unit is understood whole", &said, said.trim().is_empty())?;
    let version = machine.run(&["sms-bridge", "--version"])?;
    must("the version says its commit", &version, version.contains('('))?;
    machine.shell("test -e /usr/share/man/man1/sms-bridge.1.gz && test -e /usr/share/bash-completion/completions/sms-bridge")?;
    Ok(())
}

fn newcomer(machine: &Machine) -> Outcome {
    let said =
        machine.run(&["sms-bridge", "init", "--yes", "--number", "+919876500000", "--format", "smsgate"])?;
    must("init says what to do", &said, said.contains("receiver hall-phone is added") && said.contains("█"))?;
    let said = machine.run(&["sms-bridge", "simulate", "--mobile", "+919876543210"])?;
    must("a number is validated", &said, said.contains("validated"))?;
    machine.run(&["sms-bridge", "doctor"])?;
    machine.run(&["sms-bridge", "health"])?;
    let files = machine.shell("find /var/lib/sms-bridge ! -user sms-bridge")?;
    must("root left nothing that the bridge cannot read", &files, files.trim().is_empty())?;
    let rights = machine.shell("stat -c '%a %U %G' /etc/sms-bridge/bridge.toml /var/lib/sms-bridge")?;
    must(
        "who may read it",
        &rights,
        rights.contains("640 root sms-bridge") && rights.contains("700 sms-bridge sms-bridge"),
    )
}

fn looked_after(machine: &Machine) -> Outcome {
    machine.run(&["systemctl", "kill", "--signal=KILL", "sms-bridge"])?;
    let began = Stopwatch::start();
    while began.elapsed() < BACK * 5 {
        if machine.output(&["sms-bridge", "health"])?.contains('✔') {
            println!("  {:>6.2} s  until it was back after kill -9", began.elapsed().as_secs_f64());
            return must("it is back in time", "", began.elapsed() <= BACK);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err("it did not come back after kill -9".into())
}

fn backed_up(machine: &Machine) -> Outcome {
    machine.run(&["sms-bridge", "backup", "/var/backups/sms-bridge/one.smsb"])?;
    machine.shell("rm -rf /var/tmp/r && install -d -o sms-bridge -g sms-bridge -m 700 /var/tmp/r")?;
    let said = machine.run(&[
        "sms-bridge",
        "restore",
        "/var/backups/sms-bridge/one.smsb",
        "--data-dir",
        "/var/tmp/r",
    ])?;
    must("it is restored", &said, said.contains("the bridge as it was"))
}

fn upgraded_and_removed(machine: &Machine, deb: &str) -> Outcome {
    // Without the time of the export itself.
    let exported = |machine: &Machine| -> Outcome<String> {
        let text = machine.output(&["sms-bridge", "person", "export", "+919876543210"])?;
        Ok(text.lines().filter(|line| !line.contains("exported_at")).collect::<Vec<_>>().join("\n"))
    };
    let before = exported(machine)?;
    machine.run(&["apt-get", "install", "-y", "--reinstall", deb])?;
    let after = exported(machine)?;
    must("an upgrade keeps everything", &after, before == after && after.contains("+919876543210"))?;
    machine.run(&["apt-get", "remove", "-y", "sms-bridge"])?;
    machine.shell("test -e /var/lib/sms-bridge/audit.db && test -e /etc/sms-bridge/bridge.toml && ! test -e /usr/bin/sms-bridge")?;
    machine.run(&["apt-get", "install", "-y", "--no-install-recommends", deb])?;
    let again = exported(machine)?;
    must("what was removed is there again", &again, before == again)?;
    let said = machine.run(&["apt-get", "purge", "-y", "sms-bridge"])?;
    must("where nobody is asked, it is kept", &said, said.contains("is kept"))?;
    machine.shell("test -e /var/lib/sms-bridge/audit.db && ! test -e /etc/sms-bridge")?;
    Ok(())
}
