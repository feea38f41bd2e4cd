//! Reads the values of one SMS and remembers what is wrong with each, so that an error names every field at
//! once. It knows no sender's names.

use bridge_core::{Stamp, message};

use crate::content::{Delivered, FieldError, Unusable};
use crate::event::{Event, EventKind, Unjudged};
use crate::fields::FieldValue;

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

    /// A time that may be missing. One that cannot be read costs no SMS (decisions.md D40).
    pub(crate) fn stamp(found: Option<&FieldValue>) -> Option<Stamp> {
        match found? {
            FieldValue::Null => None,
            FieldValue::Text(text) | FieldValue::Number(text) => Stamp::read(text),
            other => Some(Stamp::Unreadable(other.what().to_owned())),
        }
    }

    /// The same of a sender that documents UTC for a time without zone.
    pub(crate) fn utc_stamp(found: Option<&FieldValue>) -> Option<Stamp> {
        FieldReader::stamp(found).map(Stamp::or_utc)
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
    use bridge_core::Timestamp;

    use super::*;

    const NOON: Timestamp = Timestamp(1_790_078_591_000);

    #[test]
    fn reads_the_stamps_of_all_senders() {
        let utc = |text: &str| {
            let found = FieldValue::Text(text.to_owned());
            FieldReader::utc_stamp(Some(&found)).and_then(|stamp| stamp.moment(None))
        };
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
            assert_eq!(utc(text), Some(NOON), "{text}");
        }
        assert_eq!(utc("2026-09-22 12:03"), Some(NOON - bridge_core::Span(11_000)));
        for text in ["soon", "", "2026-13-22 12:03:11", "%T"] {
            assert_eq!(utc(text), None, "{text}");
        }
    }

    #[test]
    fn a_stamp_that_is_none_costs_no_sms() {
        assert_eq!(FieldReader::stamp(Some(&FieldValue::Null)), None);
        for (found, raw) in
            [(FieldValue::Text("soon".into()), "soon"), (FieldValue::Other("a list"), "a list")]
        {
            assert_eq!(FieldReader::stamp(Some(&found)), Some(Stamp::Unreadable(raw.into())));
        }
    }

    #[test]
    fn names_all_that_is_wrong() {
        let mut reader = FieldReader::default();
        assert_eq!(reader.text("a", None, "the text"), "");
        assert_eq!(reader.text("b", Some(&FieldValue::Other("a list")), "the text"), "");
        assert_eq!(reader.text("c", Some(&FieldValue::Text(String::new())), "the text"), "");
        assert_eq!(reader.optional("d", Some(&FieldValue::Number("7".into()))).as_deref(), Some("7"));
        let reason = reader.finish(Delivered::default()).unwrap_err().reason();
        assert!(reason.starts_with("a is missing: the text; b must be a text, not a list"));
    }
}
