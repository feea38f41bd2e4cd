//! What the Android app "SMS Backup & Restore" writes: one `sms` element for each SMS, everything in its attributes.
//! Emoji stand in it as references to the two halves of a character, which XML forbids: they are joined here.

use bridge_core::{Stamp, Timestamp};
use quick_xml::events::BytesStart;

use super::cut::{AtEnd, Step, Syntax};
use super::row::{Exported, Held, Other};
use crate::content::{Delivered, FieldError, Unusable};
use crate::fields::{self, Fields};
use crate::xml;

/// Where a byte stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Text,
    Tag,
    /// In a value that this quote opened.
    Value(u8),
    Comment,
}

/// Elements one after the other. What stands between them is nothing.
#[derive(Default)]
pub(super) struct Tags {
    at: At,
    /// How much of the tag was seen, and its last bytes.
    length: usize,
    last: [u8; 5],
    list: List,
}

/// The element around all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum List {
    #[default]
    Awaited,
    Open,
    Closed,
}

/// What stands inside of a tag only where one was never closed.
const NEXT: &[u8; 5] = b"<sms ";

impl Syntax for Tags {
    fn step(&mut self, byte: u8) -> Step {
        if self.at == At::Text {
            if byte != b'<' {
                return Step::Between;
            }
            (self.length, self.last) = (0, [0; 5]);
            self.at = At::Tag;
        }
        self.length += 1;
        self.last.rotate_left(1);
        self.last[4] = byte;
        let after = match (self.at, byte) {
            (At::Comment, _) if self.last.ends_with(b"-->") && self.length > 6 => At::Text,
            (At::Comment, _) => At::Comment,
            _ if self.last == *NEXT && self.length > NEXT.len() => {
                self.at = At::Text;
                return Step::Anew(NEXT);
            }
            (At::Tag, b'-') if self.length == 4 && self.last.ends_with(b"<!--") => At::Comment,
            (At::Tag, b'>') => At::Text,
            (At::Tag, b'"' | b'\'') => At::Value(byte),
            (At::Value(quote), _) if quote == byte => At::Tag,
            (at, _) => at,
        };
        self.at = after;
        if after == At::Text { Step::Last } else { Step::Inside }
    }

    fn at_end(&self, in_record: bool) -> AtEnd {
        match self.list {
            _ if in_record => AtEnd::IN_RECORD,
            List::Open => AtEnd::IN_LIST,
            List::Awaited | List::Closed => AtEnd::Whole,
        }
    }

    fn read(&mut self, record: &[u8]) -> Result<Option<Held>, Unusable> {
        let tag = fields::plain(record);
        let inner = tag.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
        let name = inner.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
        match name {
            "smses" => self.list = if tag.ends_with("/>") { List::Closed } else { List::Open },
            "/smses" => self.list = List::Closed,
            "sms" => return Ok(Some(sms(inner).unwrap_or_else(Held::Unusable))),
            "mms" => return Ok(Some(Held::Skipped(Other::NoText))),
            _ if self.list == List::Awaited && !name.starts_with(['?', '!']) => {
                return Err(Unusable::because(format!(
                    "the file is XML, but not a list of SMS: it begins with <{name}>, not with <smses>"
                )));
            }
            _ => {}
        }
        Ok(None)
    }
}

/// One `sms` element, without its brackets.
fn sms(element: &str) -> Result<Held, Unusable> {
    let start = BytesStart::from_content(element, "sms".len());
    let mut attributes = start.attributes();
    let mut pairs = Vec::new();
    // Names that stand twice are told by the fields, which know how many there may be.
    for attribute in attributes.with_checks(false) {
        let attribute = attribute
            .map_err(|error| Unusable::because(format!("the element is not as expected: {error}")))?;
        pairs.push((attribute.key.as_ref().to_owned(), xml::unescaped(&attribute.value)));
    }
    let fields = Fields::of(pairs)?;
    let mut errors = Vec::new();
    let mut need = |name: &str| {
        let text = fields.text(&[name]).ok().flatten().map(|(_, text)| text);
        if text.is_none() {
            errors.push(FieldError::new(name, "is missing"));
        }
        text.unwrap_or_default()
    };
    let (kind, sender, text, date) = (need("type"), need("address"), need("body"), need("date"));
    match kind.as_str() {
        "1" | "" => {}
        "2" | "3" | "4" | "5" | "6" => return Ok(Held::Skipped(Other::Outgoing)),
        _ => errors.push(FieldError::new("type", "must be 1 for a received SMS, or 2 to 6")),
    }
    let phone = Stamp::read(&date);
    if !errors.is_empty() {
        return Err(Unusable::fields("this element is no SMS", errors));
    }
    // 0 where the phone does not know it.
    let sent = fields.text(&["date_sent"]).ok().flatten();
    let network =
        sent.and_then(|(_, text)| Stamp::read(&text)).filter(|stamp| *stamp != Stamp::Moment(Timestamp(0)));
    let delivered = Delivered { sender, text, stamp: phone.clone(), ..Delivered::default() };
    Ok(Exported { delivered, network, phone }.held())
}
