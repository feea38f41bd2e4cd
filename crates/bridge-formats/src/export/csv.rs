//! A table: a header that names the columns, and a row for each SMS, separated by comma, semicolon or tab. Quoted
//! values may hold line breaks; a quote that is never closed costs its own line alone.

use csv::{ByteRecord, ReaderBuilder};

use super::columns::Columns;
use super::cut::{AtEnd, Step, Syntax};
use super::row::Held;
use crate::content::Unusable;
use crate::fields;

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Where in a row a byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    RowStart,
    ValueStart,
    Value,
    Quoted,
    /// A quote inside of a quoted value: its end, or the first of two.
    Quote,
}

/// A table. Until its header was read, each of the three separates.
#[derive(Default)]
pub(super) struct Table {
    at: At,
    separator: Option<u8>,
    columns: Columns,
}

impl Syntax for Table {
    fn step(&mut self, byte: u8) -> Step {
        let ends = matches!(byte, b'\n' | b'\r');
        if ends && self.at == At::RowStart {
            return Step::Between;
        }
        self.at = match (self.at, byte) {
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            _ if ends => At::RowStart,
            (At::RowStart | At::ValueStart, b'"') => At::Quoted,
            _ if self.separates(byte) => At::ValueStart,
            _ => At::Value,
        };
        if self.at == At::RowStart { Step::Last } else { Step::Inside }
    }

    fn at_end(&self, _in_record: bool) -> AtEnd {
        match self.at {
            At::Quoted => AtEnd::Missing("opens a quote that is never closed"),
            _ => AtEnd::Whole,
        }
    }

    fn take_back(&mut self) -> bool {
        let open = self.at == At::Quoted;
        if open {
            self.at = At::RowStart;
        }
        open
    }

    fn read(&mut self, record: &[u8]) -> Result<Option<Held>, Unusable> {
        if self.columns.is_empty() {
            if let Some(separator) = said(record) {
                self.separator = Some(separator);
                return Ok(None);
            }
            return self.header(record).map(|()| None);
        }
        let values = split(record, self.separator.unwrap_or(b','));
        if values.iter().all(|value| value.trim_ascii().is_empty()) {
            return Ok(None);
        }
        let values: Vec<String> = values.iter().map(fields::plain).collect();
        Ok(Some(self.columns.row(values.iter().map(String::as_str))))
    }
}

impl Table {
    fn separates(&self, byte: u8) -> bool {
        self.separator.map_or_else(|| SEPARATORS.contains(&byte), |separator| separator == byte)
    }

    /// Reads the header with whichever separator makes sense of it; of those that make none, the one that finds most.
    fn header(&mut self, record: &[u8]) -> Result<(), Unusable> {
        let mut refused: Option<(usize, Unusable)> = None;
        for separator in self.separator.map_or_else(|| SEPARATORS.to_vec(), |said| vec![said]) {
            let titles: Vec<String> = split(record, separator).iter().map(fields::plain).collect();
            match Columns::of(titles.iter().map(String::as_str)) {
                Ok(columns) => {
                    (self.separator, self.columns) = (Some(separator), columns);
                    return Ok(());
                }
                Err(unusable) if refused.as_ref().is_none_or(|(found, _)| *found < titles.len()) => {
                    refused = Some((titles.len(), unusable));
                }
                Err(_) => {}
            }
        }
        Err(refused.map_or_else(|| Unusable::because("the first line is empty"), |(_, unusable)| unusable))
    }
}

/// `sep=;`, which Excel writes and reads as the first line.
fn said(record: &[u8]) -> Option<u8> {
    // A tab is a separator here, not a space at the end of the line.
    let end =
        record.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n' | b' ')).map_or(0, |last| last + 1);
    let line = &record[..end];
    match line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(line) {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] if SEPARATORS.contains(separator) => {
            Some(*separator)
        }
        _ => None,
    }
}

/// The values of one row.
fn split(record: &[u8], separator: u8) -> ByteRecord {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(record.len().clamp(64, 8192))
        .from_reader(record);
    let mut values = ByteRecord::new();
    // Bytes in memory cannot fail to be read, and a flexible table has no row of the wrong length.
    let _ = reader.read_byte_record(&mut values);
    values
}
