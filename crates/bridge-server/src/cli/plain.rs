//! What came from outside, as a terminal may be given it: characters that move its cursor, colour it, turn the direction
//! of its text or are not seen at all are written out. Not the colours of this program itself.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::Value;

/// Does a terminal act on it, or show the text around it otherwise than it stands?
fn is_command(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{200b}' | '\u{e0000}'..='\u{e007f}')
}

/// The text with such characters written out, `\u{1b}`, `\n`.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_command(c) {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same for a text of several lines, which stay lines.
pub(super) fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

/// The same for every text and name in it. A text that is no JSON object or list is taken as lines.
pub(super) fn escaped_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped_lines(&text)),
        value => escaped_within(value),
    }
}

fn escaped_within(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escaped(&text).into_owned()),
        Value::Array(items) => Value::Array(items.into_iter().map(escaped_within).collect()),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (escaped(&name).into_owned(), escaped_within(value)))
                .collect(),
        ),
        other => other,
    }
}

/// JSON for a program that reads it, which a terminal may be given too: the same value, with such characters as `\u001b`.
pub(super) fn json(value: &Value) -> String {
    for_terminals(format!("{value:#}"))
}

/// The same in one line.
pub(super) fn json_line(value: &Value) -> String {
    for_terminals(value.to_string())
}

fn for_terminals(text: String) -> String {
    if !text.contains(|c| c != '\n' && is_command(c)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c != '\n' && is_command(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a text does not fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_written_out() {
        for (text, shown) in [
            ("hello, \u{e9} \u{928} \u{1f600}", "hello, \u{e9} \u{928} \u{1f600}"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{9b}31mred", "\\u{9b}31mred"),
            ("a\r\nb\tc\u{7}\u{7f}", "a\\r\\nb\\tc\\u{7}\\u{7f}"),
            ("\u{202e}321\u{2066}", "\\u{202e}321\\u{2066}"),
            ("\u{feff}\u{200b}", "\\u{feff}\\u{200b}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
        assert_eq!(escaped_lines("a\nb\u{1b}"), "a\nb\\u{1b}");
    }

    #[test]
    fn json_stays_the_same_value() {
        let value = json!({"\u{9b}": ["\u{1b}[31m\u{85}\u{202e}\n", "\u{e0041}", "\u{7f}é"]});
        let text = json(&value);
        assert!(!text.contains(|c| c != '\n' && is_command(c)), "{text:?}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        let shown = escaped_value(value).to_string();
        assert!(!shown.contains(is_command), "{shown}");
    }
}
