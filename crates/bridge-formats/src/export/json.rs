//! JSON objects one after the other: on lines of their own, or in an array. Whose names they carry is told by each.

use super::columns::not_named;
use super::cut::{AtEnd, Step, Syntax};
use super::row::{Exported, Held};
use super::{smsgate_inbox, termux_list};
use crate::content::Unusable;
use crate::fields::Fields;
use crate::generic::{self, Role};

/// What only a bridge calls an SMS by: a list that has it was written by one, and no spreadsheet was in between.
const OUR_ID: &str = "sms_id";

/// An object on each line: a broken one ends with its line.
#[derive(Default)]
pub(super) struct Lines {
    begun: bool,
    names: Names,
}

impl Syntax for Lines {
    fn step(&mut self, byte: u8) -> Step {
        match byte {
            b'\n' if self.begun => {
                self.begun = false;
                Step::Last
            }
            byte if !self.begun && byte.is_ascii_whitespace() => Step::Between,
            _ => {
                self.begun = true;
                Step::Inside
            }
        }
    }

    fn at_end(&self, _in_record: bool) -> AtEnd {
        AtEnd::Whole
    }

    fn read(&mut self, record: &[u8]) -> Result<Option<Held>, Unusable> {
        self.names.read(record).map(Some)
    }
}

/// One array, or several one after the other as a loop over pages leaves them, or objects without one.
#[derive(Default)]
pub(super) struct Array {
    /// Brackets and braces that are open.
    depth: usize,
    /// Inside of an object with that many around it.
    object: Option<usize>,
    in_text: bool,
    escaped: bool,
    /// Inside of a value that is no object, up to its comma.
    bare: bool,
    names: Names,
}

impl Array {
    fn in_value(&mut self, byte: u8) -> Step {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return Step::Inside;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.object == Some(self.depth) {
                    self.object = None;
                    return Step::Last;
                }
            }
            _ => {}
        }
        Step::Inside
    }
}

impl Syntax for Array {
    fn step(&mut self, byte: u8) -> Step {
        match (self.depth, byte) {
            _ if self.in_text || self.object.is_some() => self.in_value(byte),
            (0 | 1, b',' | b'\n') if self.bare => {
                self.bare = false;
                Step::Last
            }
            (0 | 1, b',') => Step::Between,
            (0 | 1, byte) if byte.is_ascii_whitespace() && !self.bare => Step::Between,
            (0, b'[') if !self.bare => {
                self.depth = 1;
                Step::Between
            }
            (1, b']') => {
                self.depth = 0;
                if std::mem::take(&mut self.bare) { Step::Last } else { Step::Between }
            }
            (0 | 1, b'{') if !self.bare => {
                self.object = Some(self.depth);
                self.in_value(byte)
            }
            (0 | 1, _) => {
                self.bare = true;
                self.in_value(byte)
            }
            _ => self.in_value(byte),
        }
    }

    fn at_end(&self, in_record: bool) -> AtEnd {
        match self.depth {
            0 if !self.in_text => AtEnd::Whole,
            _ if in_record => AtEnd::IN_RECORD,
            _ => AtEnd::IN_LIST,
        }
    }

    fn read(&mut self, record: &[u8]) -> Result<Option<Held>, Unusable> {
        self.names.read(record).map(Some)
    }
}

/// Looks at the names of the first object before anything is taken: a list that calls everything otherwise is one answer,
/// not a quarantine full of rows.
#[derive(Default)]
struct Names {
    known: bool,
}

impl Names {
    /// One object, by the names that it carries.
    fn read(&mut self, raw: &[u8]) -> Result<Held, Unusable> {
        let fields = match Fields::read("application/json", raw) {
            Ok(fields) => fields,
            Err(unusable) => return Ok(Held::Unusable(unusable)),
        };
        if smsgate_inbox::is_item(&fields) {
            self.known = true;
            return Ok(smsgate_inbox::read(&fields));
        }
        if termux_list::is_item(&fields) {
            self.known = true;
            return Ok(termux_list::read(&fields));
        }
        let found: Vec<&str> = fields.iter().map(|(name, _)| name).collect();
        if !self.known && !found.is_empty() {
            let lacking = generic::lacking(&found);
            // A value that one object does not have is left out by some: a time is looked for in each.
            if lacking.iter().any(|error| Role::of(&error.field) != Some(Role::Time)) {
                return Err(not_named("the first object", "values", found, lacking));
            }
            self.known = true;
        }
        Ok(match generic::read(&fields) {
            Ok(delivered) => {
                let exported = Exported {
                    phone: delivered.stamp.clone(),
                    network: generic::network_stamp(&fields),
                    delivered,
                };
                if found.contains(&OUR_ID) { exported.held_as_written() } else { exported.held() }
            }
            Err(unusable) => Held::Unusable(unusable),
        })
    }
}
