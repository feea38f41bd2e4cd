//! A phone's own list of SMS, exported to a file: bytes in as they come, rows out. Never the whole file in memory,
//! and no row, however broken, stops the next. It opens no file and decides nothing about an SMS.

mod backup_xml;
mod csv;
mod cut;
mod json;
mod row;
mod smsgate_inbox;
mod termux;

use crate::content::Unusable;
use cut::{Cutter, Syntax};
pub use row::{Exported, Held, Other, ROW_MAX_BYTES, Row};

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
    /// Not yet enough to tell what it is.
    beginning: Vec<u8>,
    cutter: Option<Cutter>,
    ended: bool,
}

impl Rows {
    /// An export of that kind, or of the one that its first bytes tell.
    #[must_use]
    pub fn new(said: Option<Kind>) -> Rows {
        Rows { said, beginning: Vec::new(), cutter: None, ended: false }
    }

    /// More of it.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.cutter {
            Some(cutter) => cutter.push(bytes),
            None => self.beginning.extend_from_slice(bytes),
        }
    }

    /// That was all of it.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The next row. None: push more, or, after [`Rows::end`], there is no more. An error: nothing of it can be read.
    pub fn next_row(&mut self) -> Result<Option<Row>, Unusable> {
        if self.cutter.is_none() {
            match begun(&self.beginning, self.said, self.ended)? {
                Some((kind, from)) => {
                    let mut cutter = Cutter::new(kind.syntax());
                    cutter.push(self.beginning.get(from..).unwrap_or_default());
                    self.beginning = Vec::new();
                    self.cutter = Some(cutter);
                }
                None => return Ok(None),
            }
        }
        match &mut self.cutter {
            Some(cutter) => cutter.next_row(self.ended),
            None => Ok(None),
        }
    }
}

const BOM: &[u8] = "\u{feff}".as_bytes();

/// What it is, and where it begins. None: too little of it is there.
fn begun(bytes: &[u8], said: Option<Kind>, ended: bool) -> Result<Option<(Kind, usize)>, Unusable> {
    let refuse = |detail: &str| Err(Unusable::because(detail));
    match bytes {
        [] | [_] | [_, _] | [_, _, _] if !ended => return Ok(None),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => {
            return refuse("the file is UTF-16: save it as UTF-8, in Excel as `CSV UTF-8`");
        }
        [b'P', b'K', 3, 4, ..] => {
            return refuse("the file is a zip archive or a workbook: unpack it, or save it as `CSV UTF-8`");
        }
        [0x1f, 0x8b, ..] => return refuse("the file is compressed with gzip: unpack it"),
        _ => {}
    }
    let from = if bytes.starts_with(BOM) { BOM.len() } else { 0 };
    let first = bytes.get(from..).unwrap_or_default().iter().find(|b| !b.is_ascii_whitespace());
    match (first, said) {
        (None, _) if ended => refuse("the file is empty"),
        (None, _) if bytes.len() > ROW_MAX_BYTES => refuse("the file begins with a megabyte of nothing"),
        (None, _) => Ok(None),
        (Some(_), Some(kind)) => Ok(Some((kind, from))),
        (Some(b'<'), None) => Ok(Some((Kind::BackupXml, from))),
        (Some(b'['), None) => Ok(Some((Kind::Json, from))),
        (Some(b'{'), None) => Ok(Some((Kind::Ndjson, from))),
        (Some(_), None) => Ok(Some((Kind::Csv, from))),
    }
}

#[cfg(test)]
mod tests;
