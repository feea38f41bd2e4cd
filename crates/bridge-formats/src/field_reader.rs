//! Reads the values of one SMS and remembers what is wrong with each, so that an error names every field at
//! once. It knows no sender's names.

use bridge_core::time::StampError;
use bridge_core::{Timestamp, message};

use crate::content::{Delivered, FieldError, Unusable};
use crate::event::{Event, EventKind, Unjudged};
use crate::fields::FieldValue;

/// `YYYYMMDDhhmmss`.
const DATE_DIGITS: usize = 14;

/// Takes the fields of one SMS and collects what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct FieldReader {
    errors: Vec<FieldError>,
}

impl FieldReader {
    /// A text that must be there; it may be empty.
    pub(crate) fn text(&mut self, field: &str, found: Option<&FieldValue>, what: &str) -> String {
        match found {
            None | Some(FieldValue::Null) => self.wrong(field, format!("is missing: {what}")),
            Some(_) => return self.optional(field, found).unwrap_or_default(),
        }
        String::new()
    }

    /// A text that may be missing; empty is as good as missing.
    pub(crate) fn optional(&mut self, field: &str, found: Option<&FieldValue>) -> Option<String> {
        let text = match found? {
            FieldValue::Null => return None,
            FieldValue::Text(text) => message::storable(text).into_owned(),
            FieldValue::Number(number) => number.clone(),
            other => {
                self.wrong(field, format!("must be a text, not {}", other.what()));
                return None;
            }
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// A time that may be missing. One without a zone is UTC: that is what these senders document.
    pub(crate) fn stamp(&mut self, field: &str, found: Option<&FieldValue>) -> Option<Timestamp> {
        let text = self.optional(field, found)?;
        utc(&text).map_err(|why| self.wrong(field, why.to_string())).ok()
    }

    /// A time that may be missing, of a sender that writes it in its own zone and does not say which. What names its zone,
    /// or counts seconds, is read; the rest is as good as no time.
    pub(crate) fn local(&mut self, field: &str, found: Option<&FieldValue>) -> Option<Timestamp> {
        let text = self.optional(field, found)?;
        let text = text.trim();
        // `20140531092257` is a date, and no count of milliseconds.
        let is_date = text.len() == DATE_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        Timestamp::parse(text).ok().filter(|_| !is_date)
    }

    /// Remembers what is wrong with a field.
    pub(crate) fn wrong(&mut self, field: &str, detail: impl Into<String>) {
        self.errors.push(FieldError::new(field, detail));
    }

    /// The SMS, if nothing was wrong.
    pub(crate) fn finish(self, sms: Delivered) -> Result<Delivered, Unusable> {
        if self.errors.is_empty() {
            return Ok(sms);
        }
        Err(Unusable::fields("this is no SMS that the bridge can read", self.errors))
    }
}

fn utc(text: &str) -> Result<Timestamp, StampError> {
    Timestamp::parse(text).or_else(|why| Timestamp::parse(&format!("{}Z", text.trim())).map_err(|_| why))
}

impl Event {
    /// A message of somebody that is no SMS. Whatever is missing or of another kind is left empty: it is kept all the same.
    pub(crate) fn message(kind: EventKind, sender: Option<&FieldValue>, text: Option<&FieldValue>) -> Event {
        let word = |value: Option<&FieldValue>| match value {
            Some(FieldValue::Text(text) | FieldValue::Number(text)) => message::storable(text).into_owned(),
            _ => String::new(),
        };
        Event { kind, message: Some(Unjudged { sender: word(sender), text: word(text) }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_790_078_591_000);

    #[test]
    fn reads_the_stamps_of_all_senders() {
        for text in [
            "2026-09-22T12:03:11Z",
            "2026-09-22T14:03:11+02:00",
            "2026-09-22T12:03:11.000+0000",
            "2026-09-22T12:03:11.000+00:00",
            "2026-09-22 12:03:11",
            " 2026-09-22 12:03:11 ",
            "1790078591",
            "1790078591000",
        ] {
            assert_eq!(utc(text), Ok(NOON), "{text}");
        }
        assert_eq!(utc("2026-09-22 12:03"), Ok(NOON - bridge_core::Span(11_000)));
        for text in ["soon", "", "2026-13-22 12:03:11", "%T"] {
            assert_eq!(utc(text), Err(StampError::Unreadable), "{text}");
        }
    }

    #[test]
    fn a_time_of_an_unknown_zone_is_none() {
        let mut reader = FieldReader::default();
        let mut local = |text: &str| reader.local("at", Some(&FieldValue::Text(text.to_owned())));
        for text in ["2026-09-22T12:03:11Z", "2026-09-22T14:03:11+02:00", "1790078591", "1790078591000"] {
            assert_eq!(local(text), Some(NOON), "{text}");
        }
        for text in ["2026-09-22 12:03:11", "20260922120311", "09/22/26 12:03:11", "soon", ""] {
            assert_eq!(local(text), None, "{text}");
        }
        assert_eq!(reader.finish(Delivered::default()), Ok(Delivered::default()));
    }

    #[test]
    fn names_all_that_is_wrong() {
        let mut reader = FieldReader::default();
        assert_eq!(reader.text("a", None, "the text"), "");
        assert_eq!(reader.text("b", Some(&FieldValue::Other("a list")), "the text"), "");
        assert_eq!(reader.text("c", Some(&FieldValue::Text(String::new())), "the text"), "");
        assert_eq!(reader.optional("d", Some(&FieldValue::Number("7".into()))).as_deref(), Some("7"));
        assert_eq!(reader.stamp("e", Some(&FieldValue::Text("soon".into()))), None);
        let reason = reader.finish(Delivered::default()).unwrap_err().reason();
        assert!(reason.starts_with("a is missing: the text; b must be a text, not a list; e is not a time"));
    }
}
