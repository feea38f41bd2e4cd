//! PostgreSQL: a cluster of its own for each server, made by `initdb`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::Signal;

use crate::problem::{Problem, Result};
use crate::server::{Plan, Running, Server};
use crate::tls::Tls;
use crate::{process, programs};

/// How it is set up.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Waits for the disk, as production does. Off, it still survives its own crash, but not a power cut.
    pub fsync: bool,
    /// Asked of the user `postgres` (SCRAM); without one everybody on the loopback is trusted.
    pub password: Option<String>,
    /// Speaks TLS with who asks for it; who does not is served as well.
    pub tls: Option<Tls>,
    /// Further settings, which win.
    pub settings: Vec<(String, String)>,
}

/// A running PostgreSQL. Its superuser is `postgres`.
#[derive(Debug)]
pub struct Postgres {
    running: Running,
    password: Option<String>,
    psql: PathBuf,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes a cluster, starts it and waits until it takes connections.
    ///
    /// # Errors
    /// If its programs are missing or it does not start.
    pub fn start(options: &Options) -> Result<Postgres> {
        let (initdb, program) = (programs::find("initdb")?, programs::find("postgres")?);
        let psql = programs::find("psql")?;
        let (port, folder) = Running::prepare("postgres")?;
        let data = folder.join("data");
        let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        if let Some(tls) = &options.tls {
            tls.write(&certificate, &key)?;
        }
        make_cluster(&initdb, &folder, options.password.as_deref())?;
        let mut settings = settings(options.fsync, port.number());
        if options.tls.is_some() {
            let tls = [("ssl", "on".into()), ("ssl_cert_file", certificate), ("ssl_key_file", key)];
            settings.extend(tls.map(|(key, value)| (key.to_owned(), value.to_string_lossy().into_owned())));
        }
        settings.extend(options.settings.iter().cloned());
        let pid_file = data.join("postmaster.pid");
        let plan = Plan {
            name: "postgres",
            command: Box::new(move || {
                let mut command = process::command(&program, true)?;
                command.arg("-D").arg(&data);
                for (key, value) in &settings {
                    command.arg("-c").arg(format!("{key}={value}"));
                }
                Ok(command)
            }),
            ready: Box::new(move |pid| is_ready(&pid_file, pid)),
            // Fast: without waiting for the clients.
            end_signal: Signal::INT,
        };
        let running = Running::start(plan, port, folder)?;
        Ok(Postgres { running, password: options.password.clone(), psql, databases: AtomicU32::new(0) })
    }

    /// What a client connects to one database with.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        let password = self.password.as_deref().map(|word| format!(":{word}")).unwrap_or_default();
        format!("postgres://postgres{password}@127.0.0.1:{}/{database}", self.port())
    }

    /// A new, empty database of its own name, so that tests can share one server. Answers its name.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new_database(&self) -> Result<String> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("create database {name}"))?;
        Ok(name)
    }

    /// Runs SQL as the superuser and answers what `psql` printed: rows as lines, columns parted by `|`.
    ///
    /// # Errors
    /// At the first statement that fails, with what the server said.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = Command::new(&self.psql);
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        command.arg(self.url_of(database)).args(["--command", sql]);
        let output = command.output().map_err(Problem::when("psql"))?;
        if !output.status.success() {
            return Err(Problem::new(format!("psql: {}", String::from_utf8_lossy(&output.stderr).trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// The password of `postgres`, where it has one.
    pub(crate) fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }
}

impl Server for Postgres {
    fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self) -> String {
        self.url_of("postgres")
    }
}

fn make_cluster(initdb: &Path, folder: &Path, password: Option<&str>) -> Result<()> {
    let mut command = process::command(initdb, true)?;
    command.arg("-D").arg(folder.join("data"));
    command.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
    match password {
        Some(password) => {
            let file = folder.join("password");
            std::fs::write(&file, password).map_err(Problem::when(file.display()))?;
            command.args(["--auth=scram-sha-256", "--pwfile"]).arg(file);
        }
        None => {
            command.arg("--auth=trust");
        }
    }
    process::give_to_service_user(folder)?;
    process::run(command.current_dir(folder))
}

fn settings(fsync: bool, port: u16) -> Vec<(String, String)> {
    let port = port.to_string();
    let mut settings = vec![
        ("listen_addresses", "127.0.0.1"),
        ("port", &port),
        ("unix_socket_directories", ""),
        ("logging_collector", "off"),
        ("timezone", "UTC"),
    ];
    if !fsync {
        // Not synchronous_commit: without it a mere kill loses what was acknowledged.
        settings.extend([("fsync", "off"), ("full_page_writes", "off")]);
    }
    settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// As `pg_ctl --wait` sees it: the first line is the process id, the last the state.
fn is_ready(pid_file: &Path, pid: u32) -> bool {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    text.lines().next() == Some(&pid.to_string())
        && text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}
