//! A command that needs none of the steps that it runs beside: begun with one of them, and waited for in its place. Its output
//! is shown then, so that the steps' lines do not mix. Not for what measures: it takes a share of the machine.

use std::io::{Read, Seek};
use std::process::{Child, Command, Stdio};

use crate::{Outcome, workspace};

pub(super) struct Ahead {
    child: Child,
    output: std::fs::File,
    shown: String,
}

impl Ahead {
    pub(super) fn begin(mut command: Command) -> Outcome<Ahead> {
        let output = tempfile::tempfile()?;
        let shown = workspace::shown(&command);
        let child =
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?).spawn()?;
        Ok(Ahead { child, output, shown })
    }

    /// Its end, after all that it said.
    pub(super) fn end(mut self) -> Outcome {
        let status = self.child.wait()?;
        self.output.rewind()?;
        let mut said = Vec::new();
        self.output.read_to_end(&mut said)?;
        print!("{}", String::from_utf8_lossy(&said));
        if status.success() { Ok(()) } else { Err(format!("{} ({status})", self.shown).into()) }
    }

    /// Nobody waits for it any more.
    pub(super) fn give_up(mut self) {
        // What it started ends with it. Fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_as_its_command_does() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Ahead::begin(command).unwrap()
        };
        assert!(shell("echo so").end().is_ok());
        assert!(shell("exit 3").end().unwrap_err().to_string().contains("exit status: 3"));
        shell("sleep 600").give_up();
    }
}
