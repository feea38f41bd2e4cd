//! What became of one call, and how it is told: to the operator, to a program, as an exit code.

use std::io::Write;

use serde_json::{Value, json};

use super::Args;
use super::flush::{Tally, Trouble};
use super::queue::{Name, Queue};
use crate::cli::plain::{self, escaped};
use crate::cli::{BAD, ERROR, FAILED, GOOD, MISCONFIGURED, WARN};

/// Of each kind, beyond it is only repetition.
const LINES_MAX: usize = 5;

/// What happened, for the operator.
#[derive(Default)]
pub(super) struct Report {
    pub(super) is_flush: bool,
    pub(super) tally: Tally,
    /// What is worth knowing of what came in, and of how it was kept.
    pub(super) remarks: Vec<String>,
    /// Why SMS are neither in the queue nor with the bridge.
    pub(super) lost: Vec<String>,
    waiting: usize,
    /// Those of this call that were refused.
    refused: usize,
}

impl Report {
    pub(super) fn new(is_flush: bool, remarks: Vec<String>) -> Report {
        Report { is_flush, remarks, ..Report::default() }
    }

    /// Looks at what is left.
    pub(super) fn count(&mut self, queue: Option<&Queue>, kept: &[Name]) {
        self.waiting = queue.and_then(|queue| queue.names().ok()).unwrap_or_default().len();
        self.refused = self.tally.refused.iter().filter(|(name, _)| kept.contains(name)).count();
    }

    /// 0: handed over, or queued. 1: neither, or refused. 2: queued, and somebody must change the configuration.
    pub(super) fn code(&self) -> u8 {
        if !self.lost.is_empty() || self.refused > 0 {
            FAILED
        } else if matches!(self.tally.trouble, Some(Trouble::Misconfigured(_))) {
            MISCONFIGURED
        } else {
            0
        }
    }

    /// In a few lines: what a hook says goes through a pipe that nobody may read.
    pub(super) fn show(&self, args: &Args) {
        let folder = args.queue.display();
        for remark in self.remarks.iter().chain(&self.tally.remarks) {
            say(&format!("{WARN}note:{WARN:#} {}", escaped(remark)));
        }
        for problem in &self.lost {
            say(&format!(
                "{ERROR}error:{ERROR:#} an SMS is neither queued nor handed over: {}",
                escaped(problem)
            ));
        }
        for (_, reason) in self.tally.refused.iter().take(LINES_MAX) {
            say(&format!("{BAD}refused:{BAD:#} set aside in {folder}/refused: {}", escaped(reason)));
        }
        match &self.tally.trouble {
            Some(Trouble::Misconfigured(why)) => say(&format!("{ERROR}error:{ERROR:#} {}", escaped(why))),
            Some(Trouble::Passing(why)) => say(&format!("{WARN}note:{WARN:#} {}", escaped(why))),
            None => {}
        }
        if self.waiting > 0 {
            let what = "the next SMS or `sms-bridge push --flush` hands them over";
            say(&format!("queued: {} SMS in {folder} wait for the bridge; {what}", self.waiting));
        }
        let handed_over = self.tally.handed_over.len();
        if handed_over > 0 || self.is_flush {
            say(&format!(
                "{GOOD}handed over:{GOOD:#} {handed_over} SMS{}",
                verdicts(&self.tally.handed_over)
            ));
        }
        if args.json {
            let refused: Vec<Value> =
                self.tally.refused.iter().map(|(_, why)| json!({"reason": why})).collect();
            let trouble =
                self.tally.trouble.as_ref().map(|(Trouble::Passing(why) | Trouble::Misconfigured(why))| why);
            let json = json!({
                "handed_over": self.tally.handed_over, "waiting": self.waiting, "refused": refused,
                "trouble": trouble, "lost": self.lost,
            });
            // Whoever closed the pipe does not want to know.
            let _ = writeln!(anstream::stdout(), "{}", plain::json(&json));
        }
    }
}

/// What the bridge said of a single one.
fn verdicts(answers: &[Value]) -> String {
    let [answer] = answers else { return String::new() };
    let word = |field: &str| answer[field].as_str();
    match (word("failed_at_check"), word("validation_status"), word("status")) {
        (Some(check), _, _) => format!(" (failed at {})", escaped(check)),
        (None, Some(verdict), _) => format!(" ({})", escaped(verdict)),
        (None, None, Some(status)) => format!(" ({})", escaped(status)),
        (None, None, None) => String::new(),
    }
}

/// To standard error; a log that is full or a daemon that is gone is no reason to stop.
pub(super) fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "sms-bridge push: {line}");
}
