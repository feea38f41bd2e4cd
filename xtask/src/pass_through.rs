//! A command whose output is handed on line by line, and which is ended when it says nothing for long: a test that
//! hangs must be a failure with a name, not a run that never ends. Not a judge: the exit code is.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use procfs::process::all_processes;
use rustix::process::{Pid, Signal, kill_process};

use crate::tally::Tally;
use crate::{Outcome, workspace};

/// Runs a command, hands every line of its output on at once and counts the test results in it. Without a line for
/// `silence`, it is ended with all that it started.
pub(crate) fn pass_through(
    command: &mut Command,
    to: &mut impl Write,
    tally: &mut Tally,
    silence: Duration,
) -> Outcome {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(child.stdout.take().ok_or("no output to read")?);
    let (sender, lines) = sync_channel(64);
    let reader = std::thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            let read = output.read_until(b'\n', &mut line);
            if !matches!(read, Ok(1..)) || sender.send(line).is_err() {
                return;
            }
        }
    });
    loop {
        match lines.recv_timeout(silence) {
            Ok(line) => {
                to.write_all(&line)?;
                tally.read_line(&String::from_utf8_lossy(&line));
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child)?;
                drop(lines);
                // Ends when nobody holds the output any more: all are gone.
                let _ = reader.join();
                let said = format!("{} hung: it said nothing for {silence:?}", workspace::shown(command));
                return Err(format!("{said}. A test that began and did not end is the one.").into());
            }
        }
    }
    // Fails only if it panicked, and then there is nothing more to hand on.
    let _ = reader.join();
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("{} ({status})", workspace::shown(command)).into()) }
}

/// The process and its descendants: cargo, the test, and what the test started.
fn end(child: &mut Child) -> Outcome {
    let all: Vec<(i32, i32)> = all_processes()?
        .flatten()
        .filter_map(|process| process.stat().ok())
        .map(|stat| (stat.pid, stat.ppid))
        .collect();
    let mut ours = vec![child.id().cast_signed()];
    let mut looked_at = 0;
    while let Some(&parent) = ours.get(looked_at) {
        ours.extend(all.iter().filter(|(_, ppid)| *ppid == parent).map(|(pid, _)| *pid));
        looked_at += 1;
    }
    for pid in ours.into_iter().filter_map(Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, Signal::KILL);
    }
    child.wait()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_passed_through_and_counted() {
        let mut tally = Tally::default();
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101"]);
        let mut seen = Vec::new();
        let problem = pass_through(&mut shell, &mut seen, &mut tally, Duration::MAX).unwrap_err().to_string();
        assert!(problem.contains("101"), "{problem}");
        assert!(seen.starts_with(b"test result: FAILED"));
        assert_eq!(tally.closing_line(true), "2 passed, 1 failed");
    }

    #[test]
    fn one_that_hangs_is_ended_with_what_it_started() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 1000 & wait"]);
        let silence = Duration::from_millis(300);
        let problem = pass_through(&mut shell, &mut Vec::new(), &mut Tally::default(), silence)
            .unwrap_err()
            .to_string();
        assert!(problem.contains("hung"), "{problem}");
    }
}
