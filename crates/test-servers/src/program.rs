//! Any program that listens at one port of 127.0.0.1: the bridge itself, where several of them are to be killed.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use crate::problem::Result;
use crate::process;
use crate::server::{Plan, Running, Server};

/// A running program.
#[derive(Debug)]
pub struct Program {
    running: Running,
}

impl Program {
    /// Starts one and waits until it listens. `configure` tells the command its port and its data folder, at
    /// every start anew.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(
        name: &'static str,
        program: PathBuf,
        configure: impl Fn(&mut Command, u16, &Path) + Send + Sync + 'static,
    ) -> Result<Program> {
        let (port, folder) = Running::prepare(name)?;
        let (number, data) = (port.number(), folder.join("data"));
        let plan = Plan {
            name,
            command: Box::new(move || {
                let mut command = process::command(&program, false)?;
                configure(&mut command, number, &data);
                Ok(command)
            }),
            ready: Box::new(|_| true),
            end_signal: Signal::TERM,
        };
        Ok(Program { running: Running::start(plan, port, folder)? })
    }
}

impl Server for Program {
    fn running(&self) -> &Running {
        &self.running
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }
}
