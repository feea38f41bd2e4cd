//! Cuts a stream into the records of one syntax, byte by byte, and keeps one record at most. What a record means is the
//! syntax's; how a broken one is left behind is decided here.

use super::row::{Held, Other, ROW_MAX_BYTES, Row};
use crate::content::Unusable;

/// How often an unclosed quote is taken back. Each time the rest is read again, so a file of nothing but quotes would
/// cost the square of its length: one that has more of them gets its rest in one piece.
const TAKEN_BACK_MAX: u32 = 64;

/// How one kind of file is cut and read.
pub(super) trait Syntax: Send {
    /// What the next byte is.
    fn step(&mut self, byte: u8) -> Step;
    /// What it means that nothing more comes.
    fn at_end(&self, in_record: bool) -> AtEnd;
    /// Is what was kept so far one record only because something in its first line was left open? Then that line is
    /// broken, and what follows is read again: the state is as between two records.
    fn take_back(&mut self) -> bool {
        false
    }
    /// Reads a record. None: it is no row of the list. An error: nothing of the file can be read.
    fn read(&mut self, record: &[u8]) -> Result<Option<Held>, Unusable>;
}

/// What a byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Of no record.
    Between,
    /// Of a record.
    Inside,
    /// The last one of a record.
    Last,
    /// The last of these, which begin a new record: the one before was never closed.
    Anew(&'static [u8]),
}

/// What the end of the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// All is there.
    Whole,
    /// It ends too early; this is missing.
    Missing(&'static str),
}

impl AtEnd {
    /// In the middle of a record.
    pub(super) const IN_RECORD: AtEnd = AtEnd::Missing("is cut short: the file ends in the middle of it");
    /// Between two records of a list that has an end of its own.
    pub(super) const IN_LIST: AtEnd =
        AtEnd::Missing("that should follow is missing: the file ends before its list does");
}

/// Cuts one stream. It holds at most one record and what was pushed last.
pub(super) struct Cutter {
    syntax: Box<dyn Syntax>,
    input: Vec<u8>,
    at: usize,
    record: Vec<u8>,
    too_long: bool,
    line: u64,
    began: u64,
    taken_back: u32,
    done: bool,
}

impl Cutter {
    pub(super) fn new(syntax: Box<dyn Syntax>) -> Cutter {
        Cutter {
            syntax,
            input: Vec::new(),
            at: 0,
            record: Vec::new(),
            too_long: false,
            line: 1,
            began: 1,
            taken_back: 0,
            done: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
    }

    pub(super) fn next_row(&mut self, ended: bool) -> Result<Option<Row>, Unusable> {
        while let Some(&byte) = self.input.get(self.at) {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
            }
            let row = match self.syntax.step(byte) {
                Step::Between => {
                    self.began = self.line;
                    None
                }
                Step::Inside => {
                    self.keep(byte);
                    if self.too_long && self.may_take_back() { Some(self.broken_line()) } else { None }
                }
                Step::Last => {
                    self.keep(byte);
                    self.whole()?
                }
                Step::Anew(beginning) => {
                    self.keep(byte);
                    Some(self.never_closed(beginning))
                }
            };
            if row.is_some() {
                return Ok(row);
            }
        }
        if !ended || self.done {
            return Ok(None);
        }
        if !self.record.is_empty() && self.may_take_back() {
            return Ok(Some(self.broken_line()));
        }
        self.done = true;
        match self.syntax.at_end(!self.record.is_empty()) {
            AtEnd::Missing(what) => Ok(Some(self.broken(what))),
            AtEnd::Whole if self.record.is_empty() => Ok(None),
            AtEnd::Whole => self.whole(),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.record.len() < ROW_MAX_BYTES {
            self.record.push(byte);
        } else {
            self.too_long = true;
        }
    }

    fn may_take_back(&mut self) -> bool {
        self.taken_back < TAKEN_BACK_MAX && self.syntax.take_back()
    }

    /// A record is there.
    fn whole(&mut self) -> Result<Option<Row>, Unusable> {
        Ok(match self.syntax.read(&self.record)? {
            Some(Held::Sms(_) | Held::Unusable(_)) if self.too_long => {
                Some(self.broken("is longer than 1 MiB"))
            }
            Some(held) => Some(self.finished(held)),
            None => {
                self.finished(Held::Skipped(Other::NoText));
                None
            }
        })
    }

    /// The first line of what was kept is broken; the rest is read again.
    fn broken_line(&mut self) -> Row {
        self.taken_back += 1;
        let end = self.record.iter().position(|b| *b == b'\n').map_or(self.record.len(), |at| at + 1);
        let rest = self.record.split_off(end);
        self.again(&rest);
        self.broken("opens a quote that is never closed")
    }

    /// The last bytes begin a new record.
    fn never_closed(&mut self, beginning: &[u8]) -> Row {
        if !self.too_long {
            self.record.truncate(self.record.len().saturating_sub(beginning.len()));
        }
        self.again(beginning);
        self.broken("is never closed")
    }

    fn again(&mut self, bytes: &[u8]) {
        let lines = bytes.iter().filter(|b| **b == b'\n').count();
        self.line = self.line.saturating_sub(lines as u64);
        let mut input = bytes.to_vec();
        input.extend_from_slice(self.input.get(self.at..).unwrap_or_default());
        self.input = input;
        self.at = 0;
    }

    fn broken(&mut self, what: &str) -> Row {
        self.finished(Held::Unusable(Unusable::because(format!("the row {what}"))))
    }

    fn finished(&mut self, held: Held) -> Row {
        self.too_long = false;
        let line = std::mem::replace(&mut self.began, self.line);
        Row { line, raw: std::mem::take(&mut self.record), held }
    }
}
