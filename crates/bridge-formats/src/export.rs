//! A phone's own list of SMS, exported to a file: bytes in as they come, rows out. Never the whole file in memory (but of a
//! workbook, which is an archive), and no row, however broken, stops the next. It opens no file and decides nothing about
//! an SMS.

mod backup_xml;
mod columns;
mod csv;
mod cut;
mod json;
mod row;
mod sheet;
mod smsgate_inbox;
mod termux_list;
mod utf16;
mod workbook;

use crate::content::Unusable;
use cut::{Cutter, Syntax};
pub use row::{Exported, Held, Other, ROW_MAX_BYTES, Row};
use utf16::Utf16;
use workbook::{Table, WORKBOOK_MAX_BYTES};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A table with a header, separated by comma, semicolon or tab.
    Csv,
    /// A JSON object on each line, with the names of the generic format or of SMSGate's inbox.
    Ndjson,
    /// The same objects in a JSON array, as `GET /inbox` of SMSGate answers.
    Json,
    /// The Android app "SMS Backup & Restore".
    BackupXml,
}

impl Kind {
    /// What [`Kind::named`] knows, for people.
    pub const NAMES: &str = "csv, ndjson, smsgate, json or xml";

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        match name {
            "csv" => Some(Kind::Csv),
            "ndjson" => Some(Kind::Ndjson),
            "smsgate" | "json" => Some(Kind::Json),
            "xml" => Some(Kind::BackupXml),
            _ => None,
        }
    }

    fn syntax(self) -> Box<dyn Syntax> {
        match self {
            Kind::Csv => Box::new(csv::Table::default()),
            Kind::Ndjson => Box::new(json::Lines::default()),
            Kind::Json => Box::new(json::Array::default()),
            Kind::BackupXml => Box::new(backup_xml::Tags::default()),
        }
    }
}

/// Reads an export.
pub struct Rows {
    said: Option<Kind>,
    /// It is in UTF-16.
    letters: Option<Utf16>,
    /// Not yet enough to tell what it is; of a workbook, all of it.
    beginning: Vec<u8>,
    source: Source,
    ended: bool,
}

/// Where the rows come from.
enum Source {
    /// That is not known yet.
    Unknown,
    /// Records that are cut out of the stream.
    Cut(Box<Cutter>),
    /// A workbook, whose end is awaited.
    Packed,
    /// The rows of a workbook, or why it has none.
    Read(Box<Table>),
    Refused(Unusable),
}

impl Rows {
    /// An export of that kind, or of the one that its first bytes tell.
    #[must_use]
    pub fn new(said: Option<Kind>) -> Rows {
        Rows { said, letters: None, beginning: Vec::new(), source: Source::Unknown, ended: false }
    }

    /// More of it.
    pub fn push(&mut self, bytes: &[u8]) {
        let decoded = self.letters.as_mut().map(|letters| letters.push(bytes));
        self.take(decoded.as_deref().unwrap_or(bytes));
    }

    fn take(&mut self, bytes: &[u8]) {
        match &mut self.source {
            Source::Cut(cutter) => cutter.push(bytes),
            Source::Packed if self.beginning.len() + bytes.len() > WORKBOOK_MAX_BYTES => {
                self.beginning = Vec::new();
                self.source = Source::Refused(workbook::too_large());
            }
            Source::Unknown | Source::Packed => self.beginning.extend_from_slice(bytes),
            Source::Read(_) | Source::Refused(_) => {}
        }
    }

    /// That was all of it. Of a workbook this takes as long as it takes to read it.
    pub fn end(&mut self) {
        if let Some(left) = self.letters.as_mut().map(Utf16::end) {
            self.take(&left);
        }
        self.ended = true;
        // One that is shorter than what tells what it is was told just now.
        if matches!(self.source, Source::Unknown)
            && let Err(unusable) = self.begin()
        {
            self.source = Source::Refused(unusable);
        }
        if matches!(self.source, Source::Packed) {
            let bytes = std::mem::take(&mut self.beginning);
            self.source = match workbook::table(&bytes) {
                Ok(table) => Source::Read(Box::new(table)),
                Err(unusable) => Source::Refused(unusable),
            };
        }
    }

    /// It takes long to end: it is a workbook.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        matches!(self.source, Source::Packed)
    }

    /// The next row. None: push more, or, after [`Rows::end`], there is no more. An error: nothing of it can be read.
    pub fn next_row(&mut self) -> Result<Option<Row>, Unusable> {
        if matches!(self.source, Source::Unknown) {
            self.begin()?;
        }
        match &mut self.source {
            Source::Cut(cutter) => cutter.next_row(self.ended),
            Source::Read(table) => Ok(table.next_row()),
            Source::Refused(unusable) => Err(unusable.clone()),
            Source::Unknown | Source::Packed => Ok(None),
        }
    }

    /// Tells what it is, where enough of it is there.
    fn begin(&mut self) -> Result<(), Unusable> {
        match begun(&self.beginning, self.said, self.ended)? {
            // What was UTF-16 is not so twice.
            Some(Begun::Utf16 { .. }) if self.letters.is_some() => {
                return Err(Unusable::because("the file holds no text: is this the right file?"));
            }
            None => {}
            Some(Begun::Utf16 { low_first }) => {
                let mut letters = Utf16::new(low_first);
                self.beginning = letters.push(&self.beginning);
                if self.ended {
                    self.beginning.extend(letters.end());
                }
                self.letters = Some(letters);
                return self.begin();
            }
            Some(Begun::Workbook) => {
                self.source = Source::Packed;
                let beginning = std::mem::take(&mut self.beginning);
                self.take(&beginning);
            }
            Some(Begun::List(kind, from)) => {
                let mut cutter = Cutter::new(kind.syntax());
                cutter.push(self.beginning.get(from..).unwrap_or_default());
                self.beginning = Vec::new();
                self.source = Source::Cut(Box::new(cutter));
            }
        }
        Ok(())
    }
}

const BOM: &[u8] = "\u{feff}".as_bytes();

/// What the first bytes tell.
enum Begun {
    /// Another way of writing letters, in which the list is.
    Utf16 { low_first: bool },
    /// A zip archive.
    Workbook,
    /// A list, which begins there.
    List(Kind, usize),
}

/// What it is. None: too little of it is there.
fn begun(bytes: &[u8], said: Option<Kind>, ended: bool) -> Result<Option<Begun>, Unusable> {
    let refuse = |detail: &str| Err(Unusable::because(detail));
    match bytes {
        [] | [_] | [_, _] | [_, _, _] if !ended => return Ok(None),
        [0xff, 0xfe, ..] | [_, 0, _, 0, ..] => return Ok(Some(Begun::Utf16 { low_first: true })),
        [0xfe, 0xff, ..] | [0, _, 0, _, ..] => return Ok(Some(Begun::Utf16 { low_first: false })),
        [b'P', b'K', 3, 4, ..] => return Ok(Some(Begun::Workbook)),
        [0x1f, 0x8b, ..] => {
            return refuse(
                "the file is compressed with gzip: unpack it, or send it with Content-Encoding: gzip",
            );
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            return refuse(
                "the file is a workbook of an old kind (.xls): save it as .xlsx or as `CSV UTF-8`",
            );
        }
        _ => {}
    }
    let from = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let first = bytes.get(from..).unwrap_or_default().iter().find(|b| !b.is_ascii_whitespace());
    match (first, said) {
        (None, _) if ended => refuse("the file is empty"),
        (None, _) if bytes.len() > ROW_MAX_BYTES => refuse("the file begins with a megabyte of nothing"),
        (None, _) => Ok(None),
        (Some(_), Some(kind)) => Ok(Some(Begun::List(kind, from))),
        (Some(b'<'), None) => Ok(Some(Begun::List(Kind::BackupXml, from))),
        (Some(b'['), None) => Ok(Some(Begun::List(Kind::Json, from))),
        (Some(b'{'), None) => Ok(Some(Begun::List(Kind::Ndjson, from))),
        (Some(_), None) => Ok(Some(Begun::List(Kind::Csv, from))),
    }
}

#[cfg(test)]
mod tests;
