//! A list of numbers to block, a line each, of any length: number, reason, and when the block ends. A header is
//! skipped, and an unusable line does not stop the others. Not where the list comes from: that is the caller's.

use std::sync::Arc;

use bridge_core::Settings;
use bridge_formats::formula;
use bridge_store::blacklisting::Blacklisting;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::admin::blacklist;
use crate::admin::block::Wish;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

const LINE_MAX_BYTES: usize = 1024;
/// Of one list: what is longer comes in several.
const LINES_MAX: u64 = 1_000_000;
/// Numbers that are written in one step.
const STEP: usize = 500;
/// Wrong lines that are told one by one.
const TOLD_MAX: usize = 100;
/// What the first column of a header is called.
const HEADERS: [&str; 5] = ["number", "mobile_number", "mobile", "phone", "msisdn"];

/// What became of the list.
#[derive(Default, Serialize, ToSchema)]
pub struct BlacklistImported {
    /// Lines with something in them.
    pub lines: u64,
    /// Numbers that are blocked now.
    pub blocked: u64,
    /// Lines that nobody can use.
    pub wrong: u64,
    /// The first hundred of them.
    pub errors: Vec<WrongLine>,
}

/// A line that nobody can use.
#[derive(Serialize, ToSchema)]
pub struct WrongLine {
    /// Which, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub detail: String,
}

/// Blocks every number of a list that is here as a whole.
pub async fn block_all(app: &App, actor: &Actor, list: &str) -> Result<BlacklistImported, Problem> {
    let mut import = Import::begin(app, actor).await?;
    import.push(app, list.as_bytes()).await?;
    import.finish(app).await
}

/// A list that is coming in.
pub struct Import {
    /// Who blocks them.
    actor: Actor,
    /// All of one list is read alike.
    settings: Arc<Settings>,
    report: BlacklistImported,
    /// Which line is next, blank ones counted.
    line: u64,
    pending: Vec<u8>,
    /// The line that is coming in is longer than any may be.
    too_long: bool,
    batch: Vec<Blacklisting>,
}

impl Import {
    /// Begins, once it is noted.
    pub async fn begin(app: &App, actor: &Actor) -> Result<Import, Problem> {
        app.note_change(actor, "blacklist.import", "a list", Value::Null, Value::Null).await?;
        Ok(Import {
            actor: actor.clone(),
            settings: app.live.now(),
            report: BlacklistImported::default(),
            line: 0,
            pending: Vec::new(),
            too_long: false,
            batch: Vec::new(),
        })
    }

    /// Lines so far with something in them.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.report.lines
    }

    /// The next bytes of the list.
    pub async fn push(&mut self, app: &App, bytes: &[u8]) -> Result<(), Problem> {
        for byte in bytes {
            match byte {
                b'\n' => self.end_of_line(app).await?,
                _ if self.pending.len() >= LINE_MAX_BYTES => self.too_long = true,
                byte => self.pending.push(*byte),
            }
        }
        Ok(())
    }

    /// That was all of the list.
    pub async fn finish(mut self, app: &App) -> Result<BlacklistImported, Problem> {
        self.end_of_line(app).await?;
        self.write(app).await?;
        // Held against whoever asks from now on, not only from the worker's next turn on.
        in_time(blacklist::load(app)).await?;
        Ok(self.report)
    }

    async fn end_of_line(&mut self, app: &App) -> Result<(), Problem> {
        self.line += 1;
        let line = std::mem::take(&mut self.pending);
        let too_long = std::mem::take(&mut self.too_long);
        let text = String::from_utf8_lossy(&line);
        // What a spreadsheet puts before a file.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(());
        }
        if self.report.lines >= LINES_MAX {
            let rule = format!("a list may have {LINES_MAX} lines: send the rest as another one");
            return Err(Problem::new(Code::BodyTooLarge, rule));
        }
        let read = if too_long {
            Err(format!("is longer than {LINE_MAX_BYTES} bytes"))
        } else {
            self.read(app, text)
        };
        self.report.lines += 1;
        match read {
            Ok(Some(entry)) => self.batch.push(entry),
            Ok(None) => self.report.lines -= 1,
            Err(detail) => {
                self.report.wrong += 1;
                if self.report.errors.len() < TOLD_MAX {
                    self.report.errors.push(WrongLine { line: self.line, detail });
                }
            }
        }
        if self.batch.len() >= STEP { self.write(app).await } else { Ok(()) }
    }

    /// `None`: a header.
    fn read(&self, app: &App, text: &str) -> Result<Option<Blacklisting>, String> {
        let mut table = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let record = table.records().next().transpose().map_err(|error| error.to_string())?;
        let record = record.unwrap_or_default();
        let column = |place| record.get(place).filter(|text: &&str| !text.is_empty());
        let number = column(0).ok_or("holds no number in its first column")?;
        if self.report.lines == 0 && HEADERS.contains(&number.to_lowercase().as_str()) {
            return Ok(None);
        }
        let mobile =
            blacklist::mobile(&self.settings, number).map_err(|problem| problem.detail().to_owned())?;
        let wish = Wish {
            // As our own table guards what a spreadsheet would take for a formula.
            reason: formula::unguarded(column(1).unwrap_or_default()).into_owned(),
            expires_at: column(2).map(str::to_owned),
        };
        blacklist::entry(app, &self.actor, &mobile, wish)
            .map(Some)
            .map_err(|problem| problem.detail().to_owned())
    }

    async fn write(&mut self, app: &App) -> Result<(), Problem> {
        if !self.batch.is_empty() {
            // The source: the set that the checks read is made from it (D24).
            in_time(app.audit.append_blacklist(&self.batch)).await?;
            self.report.blocked += self.batch.len() as u64;
            self.batch.clear();
        }
        Ok(())
    }
}
