//! What one run found, as a table for people; and what a failed run leaves for whoever looks into it.

use std::cell::Cell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::AnsiColor;
use comfy_table::{Color, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::cluster::Cluster;
use super::faults::{Log, SharedLog};
use super::ledger::{Ack, End, Entries, Ledger};
use super::plan::Plan;
use super::proof::Line;
use crate::Outcome;
use crate::stopwatch::Stopwatch;

/// One run.
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    figures: Vec<(&'static str, String)>,
    faults: u32,
    troubles: Vec<String>,
}

/// Of each red line this many contradictions are printed; all are left in the folder.
const SHOWN: usize = 4;
const SHOWN_CHARS: usize = 700;

impl Report {
    pub(crate) fn new(plan: &Plan<'_>, lines: Vec<Line>, entries: &Entries, log: &Log) -> Report {
        let acks = || entries.sms.iter().flat_map(|sent| &sent.acks);
        let stored = acks().filter(|acked| acked.ack == Ack::Stored).count();
        let ends: Vec<String> = entries
            .ends
            .iter()
            .map(|((route, end), count)| {
                let end = match end {
                    End::Status(status) => status.to_string(),
                    End::Broken => "broken".to_owned(),
                    End::TimedOut => "no answer".to_owned(),
                };
                format!("{} {end}: {count}", route.word())
            })
            .collect();
        let done: Vec<String> = log.done.iter().map(|(name, count)| format!("{name} {count}")).collect();
        let figures = vec![
            ("seed", format!("{} on {:?}", plan.seed, plan.kind)),
            ("faults", format!("{}: {}", log.done.values().sum::<u32>(), done.join(", "))),
            (
                "SMS",
                format!(
                    "{} sent, {} acknowledgements, {stored} of them 202",
                    entries.sms.len(),
                    acks().count()
                ),
            ),
            ("answers", ends.join(", ")),
            ("slowest answer", format!("{:.1} s; {} over 2 s", entries.slowest.as_secs_f64(), entries.slow)),
        ];
        Report { lines, figures, faults: log.done.values().sum(), troubles: log.troubles.clone() }
    }

    pub(crate) fn is_green(&self) -> bool {
        self.lines.iter().all(|line| line.against.is_empty())
    }

    /// How many faults were made, for the table over several seeds.
    pub(crate) fn faults(&self) -> u32 {
        self.faults
    }

    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        for (name, value) in &self.figures {
            table.add_row([(*name).to_owned(), wrapped(value, 110)]);
        }
        anstream::println!("{table}");
        for line in &self.lines {
            let (colour, word) =
                if line.against.is_empty() { (AnsiColor::Green, "yes") } else { (AnsiColor::Red, "NO ") };
            let style = colour.on_default().bold();
            anstream::println!("{style}{word}{style:#} {}: {}", line.title, line.found);
            for what in line.against.iter().take(SHOWN) {
                anstream::println!("      {}", what.chars().take(SHOWN_CHARS).collect::<String>());
            }
            if line.against.len() > SHOWN {
                anstream::println!("      ... {} in all", line.against.len());
            }
        }
        for trouble in &self.troubles {
            anstream::println!("note: {trouble}");
        }
    }
}

fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if lines.last().is_some_and(|line| line.len() + word.len() >= width) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
            line.push(' ');
        }
    }
    lines.join("\n")
}

/// The verdict of several runs, seed by seed.
pub(crate) fn summary(runs: &[(u64, String, u32, Vec<&'static str>)]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["seed", "stores", "faults", "proved"]);
    for (seed, kind, faults, red) in runs {
        let verdict = if red.is_empty() {
            comfy_table::Cell::new("everything").fg(Color::Green)
        } else {
            comfy_table::Cell::new(format!("NOT: {}", red.join("; "))).fg(Color::Red)
        };
        table.add_row([seed.into(), kind.into(), faults.into(), verdict]);
    }
    table
}

/// Where a failed run leaves its logs.
pub(crate) fn folder(plan: &Plan<'_>) -> PathBuf {
    plan.folder.join(format!("failed-{}-{:?}", plan.seed, plan.kind).to_lowercase())
}

/// Logs of every server, the ledger, the schedule and what contradicts the promises; with `keep` their data, too.
pub(crate) fn leave(
    plan: &Plan<'_>,
    cluster: &Cluster,
    ledger: &Ledger,
    log: &SharedLog,
    report: Option<&Report>,
) -> Outcome {
    let folder = folder(plan);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for (name, of_server) in cluster.folders() {
        let log = of_server.join("log");
        if log.exists() {
            std::fs::copy(&log, folder.join(format!("{name}.log")))?;
        }
        if plan.keep {
            super::faults::copy(&of_server.join("data"), &folder.join(name))?;
        }
    }
    let mut text = String::new();
    for event in plan.schedule {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{event}");
    }
    write(&folder, "schedule.txt", &text)?;
    let mut text = String::new();
    let entries = ledger.entries();
    for sent in &entries.sms {
        let (journey, step) = sent.place;
        let _ = writeln!(text, "journey {journey} step {step}: {:?} {:?}", sent.mobile, sent.text);
        let _ = writeln!(text, "    stamp {:?}, expected {:?}", sent.stamp_ms, sent.expected);
        for acked in &sent.acks {
            let _ = writeln!(text, "    {:.3} bridge {}: {:?}", acked.at, acked.bridge, acked.ack);
        }
    }
    for opened in &entries.opened {
        let _ = writeln!(text, "{:.3} bridge {}: {opened:?}", opened.at, opened.bridge);
    }
    write(&folder, "ledger.txt", &text)?;
    let mut text = String::new();
    for told in &cluster.app.book().told {
        let _ = writeln!(text, "{} came {} times, taken: {}", told.id, told.times, told.taken);
        let _ = writeln!(text, "    {}", String::from_utf8_lossy(&told.body));
    }
    write(&folder, "told.txt", &text)?;
    write(&folder, "faults.txt", &log.lock().timeline.join("\n"))?;
    if let Some(report) = report {
        let mut text = String::new();
        for line in &report.lines {
            let _ = writeln!(text, "{}: {}", line.title, line.found);
            for what in &line.against {
                let _ = writeln!(text, "    {what}");
            }
        }
        write(&folder, "proof.txt", &text)?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Outcome {
    Ok(std::fs::write(folder.join(name), text)?)
}

/// A progress bar over the time of the load; now and then a plain line where nobody watches.
pub(crate) struct Progress {
    bar: ProgressBar,
    watch: Stopwatch,
    lines: Cell<u64>,
}

const LINE_EVERY_SECONDS: u64 = 10;

impl Progress {
    pub(crate) fn new(seconds: u64) -> Progress {
        let bar = ProgressBar::new(seconds);
        let bar = match ProgressStyle::with_template("  {bar:24} {pos:>3}/{len} s  {wide_msg}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        Progress { bar, watch: Stopwatch::start(), lines: Cell::new(1) }
    }

    /// So far into the load.
    pub(crate) fn at(&self, elapsed: Duration) {
        self.bar.set_position(elapsed.as_secs());
    }

    /// What goes on now.
    pub(crate) fn say(&self, what: impl Into<String>) {
        let what = what.into();
        let elapsed = self.watch.elapsed().as_secs();
        if self.bar.is_hidden() && elapsed >= self.lines.get() * LINE_EVERY_SECONDS {
            self.lines.set(elapsed / LINE_EVERY_SECONDS + 1);
            eprintln!("  {elapsed:>4} s  {what}");
        }
        self.bar.set_message(what);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
