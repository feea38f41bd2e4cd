//! Reading what the server answers: texts, numbers and rows, each with an error that names what was expected.
//! Not what they mean.

use std::collections::HashMap;

use redis::Value;

/// What could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unreadable(String);

impl Unreadable {
    pub(super) fn new(what: impl Into<String>) -> Unreadable {
        Unreadable(what.into())
    }
}

pub(super) type Read<T> = Result<T, Unreadable>;

/// The elements of an answer, taken one after the other.
pub(super) struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    pub(super) fn of(value: Value) -> Read<Parts> {
        match value {
            Value::Array(parts) => Ok(Parts(parts.into_iter())),
            other => Err(Unreadable::new(format!("an array was expected, not {}", kind(&other)))),
        }
    }

    pub(super) fn next(&mut self, what: &'static str) -> Read<Value> {
        self.0.next().ok_or_else(|| Unreadable::new(format!("{what} is missing")))
    }

    pub(super) fn text(&mut self, what: &'static str) -> Read<String> {
        self.optional_text(what)?.ok_or_else(|| Unreadable::new(format!("{what} is missing")))
    }

    pub(super) fn optional_text(&mut self, what: &'static str) -> Read<Option<String>> {
        text(self.next(what)?, what)
    }

    pub(super) fn number(&mut self, what: &'static str) -> Read<i64> {
        number(self.next(what)?, what)?.ok_or_else(|| Unreadable::new(format!("{what} is missing")))
    }

    pub(super) fn optional_number(&mut self, what: &'static str) -> Read<Option<i64>> {
        number(self.next(what)?, what)
    }

    pub(super) fn parsed<T: std::str::FromStr>(&mut self, what: &'static str) -> Read<T> {
        parse(&self.text(what)?, what)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.len() == 0
    }

    pub(super) fn rest(self) -> impl Iterator<Item = Value> {
        self.0
    }
}

/// What kind of answer it is, without what it holds: that may be personal.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nothing",
        Value::Int(_) => "a number",
        Value::BulkString(_) | Value::SimpleString(_) | Value::Okay => "a text",
        Value::Array(_) => "an array",
        _ => "something else",
    }
}

fn text(value: Value, what: &'static str) -> Read<Option<String>> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => {
            String::from_utf8(bytes).map(Some).map_err(|_| Unreadable::new(format!("{what} is not UTF-8")))
        }
        Value::SimpleString(text) => Ok(Some(text)),
        Value::Int(number) => Ok(Some(number.to_string())),
        other => Err(Unreadable::new(format!("{what} is {}", kind(&other)))),
    }
}

fn number(value: Value, what: &'static str) -> Read<Option<i64>> {
    match value {
        Value::Int(number) => Ok(Some(number)),
        other => text(other, what)?.map(|text| parse(&text, what)).transpose(),
    }
}

/// Parses a text whose meaning is `what`.
pub(super) fn parse<T: std::str::FromStr>(text: &str, what: &'static str) -> Read<T> {
    text.parse().map_err(|_| Unreadable::new(format!("{what} cannot be read")))
}

/// A hash, as `HGETALL` answers it.
pub(super) struct Row(HashMap<String, String>);

impl Row {
    /// None if there is no such key.
    pub(super) fn of(value: Value) -> Read<Option<Row>> {
        let mut parts = Parts::of(value)?.rest();
        let mut row = HashMap::with_capacity(parts.size_hint().0 / 2);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            if let (Some(name), Some(value)) = (text(name, "a field's name")?, text(value, "a field")?) {
                row.insert(name, value);
            }
        }
        Ok((!row.is_empty()).then_some(Row(row)))
    }

    pub(super) fn optional(&mut self, name: &'static str) -> Option<String> {
        self.0.remove(name)
    }
}
