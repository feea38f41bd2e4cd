//! PgBouncer in front of a PostgreSQL of ours: pools by transaction, as Supabase's pooler does.

use std::fmt::Write as _;

use rustix::process::Signal;

use crate::postgres::Postgres;
use crate::problem::{Problem, Result};
use crate::server::{Plan, Running, Server};
use crate::{process, programs};

/// Which PgBouncer: what they do with prepared statements differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// Debian's, older than 1.21: a named statement lands on whichever connection.
    #[default]
    Debian,
    /// 1.24, which can follow prepared statements.
    V1_24,
}

/// How it is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which PgBouncer.
    pub version: Version,
    /// Connections to the server for each user and database.
    pub pool_size: u32,
    /// How many prepared statements it follows for each connection; only newer ones can.
    pub max_prepared_statements: Option<u32>,
    /// Further settings, which win.
    pub settings: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            version: Version::Debian,
            pool_size: 3,
            max_prepared_statements: None,
            settings: Vec::new(),
        }
    }
}

/// A running PgBouncer.
#[derive(Debug)]
pub struct Pgbouncer {
    running: Running,
    password: Option<String>,
}

impl Pgbouncer {
    /// Starts one in front of that server.
    ///
    /// # Errors
    /// If its program is missing or it does not start.
    pub fn start(server: &Postgres, options: &Options) -> Result<Pgbouncer> {
        let program = programs::find(match options.version {
            Version::Debian => "pgbouncer",
            Version::V1_24 => "pgbouncer-1.24",
        })?;
        let (port, folder) = Running::prepare("pgbouncer")?;
        // The user that it runs as may not reach the folder of tools, below root's home for one.
        let own = folder.join("pgbouncer");
        std::fs::copy(&program, &own).map_err(Problem::when(program.display()))?;
        let (file, users) = (folder.join("conf"), folder.join("users"));
        let (method, password) = match server.password() {
            Some(password) => ("scram-sha-256", password),
            None => ("trust", ""),
        };
        let mut text = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = {method}\nauth_file = {users}\nadmin_users = postgres\npool_mode = transaction\n\
             default_pool_size = {pool}\nignore_startup_parameters = extra_float_digits\nserver_login_retry = 1\n",
            server = server.port(),
            port = port.number(),
            users = users.display(),
            pool = options.pool_size,
        );
        if let Some(many) = options.max_prepared_statements {
            let _ = writeln!(text, "max_prepared_statements = {many}");
        }
        for (key, value) in &options.settings {
            let _ = writeln!(text, "{key} = {value}");
        }
        for (file, content) in [(&file, text), (&users, format!("\"postgres\" \"{password}\"\n"))] {
            std::fs::write(file, content).map_err(Problem::when(file.display()))?;
        }
        process::give_to_service_user(&folder)?;
        let plan = Plan {
            name: "pgbouncer",
            command: Box::new(move || {
                let mut command = process::command(&own, true)?;
                command.arg(&file);
                Ok(command)
            }),
            ready: Box::new(|_| true),
            // At once: newer ones take SIGTERM as the wish to wait for the clients.
            end_signal: Signal::QUIT,
        };
        let running = Running::start(plan, port, folder)?;
        Ok(Pgbouncer { running, password: server.password().map(str::to_owned) })
    }

    /// What a client connects to one database with.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        let password = self.password.as_deref().map(|word| format!(":{word}")).unwrap_or_default();
        format!("postgres://postgres{password}@127.0.0.1:{}/{database}", self.port())
    }
}

impl Server for Pgbouncer {
    fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self) -> String {
        self.url_of("postgres")
    }
}
