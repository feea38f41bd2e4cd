//! The named values of a body, JSON or form, whatever its content type claims: phones forget the header.
//! Lossless for text (decisions.md D23): what JSON or UTF-8 could not hold is kept escaped.

use std::borrow::Cow;
use std::fmt;

use bridge_core::message;
use encoding_rs::Encoding;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::charset;
use crate::content::{FieldError, Unusable};
use crate::mended::{AS_WRITTEN, is_number, mended};

/// A value of one field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// `null`: as good as absent.
    Null,
    /// A text.
    Text(String),
    /// A number, as written.
    Number(String),
    /// `true` or `false`.
    Bool(bool),
    /// A list of nothing but texts.
    Texts(Vec<String>),
    /// Anything else.
    Other(&'static str),
}

impl FieldValue {
    /// What it is, for people.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match self {
            FieldValue::Null => "null",
            FieldValue::Text(_) => "a text",
            FieldValue::Number(_) => "a number",
            FieldValue::Bool(_) => "a boolean",
            FieldValue::Texts(_) => "a list",
            FieldValue::Other(what) => what,
        }
    }
}

/// No sender has this many. Names are compared one by one, so a megabyte of them must not be read.
const FIELDS_MAX: usize = 256;

/// The fields of a body in their order; no name stands twice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(String, FieldValue)>);

/// Of names that are all different.
impl FromIterator<(String, FieldValue)> for Fields {
    fn from_iter<T: IntoIterator<Item = (String, FieldValue)>>(named: T) -> Fields {
        Fields(named.into_iter().collect())
    }
}

/// That a body is not JSON, and why.
pub fn not_json(why: impl fmt::Display) -> String {
    format!("the body is not JSON: {why}")
}

fn stands_twice(name: &str) -> Unusable {
    let errors = vec![FieldError::new(name, "must stand once")];
    Unusable { detail: format!("the field {name} stands twice"), errors, contradictory: true }
}

impl Fields {
    /// Reads a body that is what it is said to be. JSON if it begins like JSON, else a form.
    pub fn read(content_type: &str, body: &[u8]) -> Result<Fields, Unusable> {
        let says_json = content_type.starts_with("application/json");
        if says_json
            && let Err(error) = serde_json::from_slice::<de::IgnoredAny>(body)
            && begins_like_a_form(&String::from_utf8_lossy(body))
        {
            return Err(Unusable::because(not_json(error)));
        }
        Fields::read_in(content_type, None, body)
    }

    /// Reads a body whose header names its letters. Old apps label a form as JSON.
    pub(crate) fn read_in(
        content_type: &str,
        charset: Option<&str>,
        body: &[u8],
    ) -> Result<Fields, Unusable> {
        let letters = charset::named(charset)?;
        // A form is written in ASCII: its letters are those of the bytes that it stands for.
        let body =
            if body.is_ascii() { charset::to_utf8(body, None) } else { charset::to_utf8(body, letters) };
        let body = body.as_ref();
        let text = readable(body, IN_JSON);
        // Programs in C may send the zero that ends a text.
        let trimmed =
            text.trim_start_matches('\u{feff}').trim_matches(|c: char| c.is_whitespace() || c == '\0');
        if trimmed.is_empty() {
            return Err(Unusable::because("the body is empty: send JSON or a form"));
        }
        let is_form = content_type.starts_with("application/x-www-form-urlencoded");
        // Many a library calls a form whatever it sends, unless it is told otherwise.
        if trimmed.starts_with('{') && (!is_form || is_json(trimmed)) {
            return Fields::json(trimmed);
        }
        let says_json = content_type.starts_with("application/json") && !begins_like_a_form(trimmed);
        if says_json || trimmed.starts_with('[') {
            return Err(Unusable::because(match serde_json::from_str::<de::IgnoredAny>(trimmed) {
                Ok(_) => "the body is JSON, but not one object".to_owned(),
                Err(error) => not_json(error),
            }));
        }
        if is_form || trimmed.contains('=') {
            return Fields::form_in(letters, body);
        }
        Err(Unusable::because("the body is neither JSON nor a form"))
    }

    fn json(text: &str) -> Result<Fields, Unusable> {
        serde_json::from_str(&mended(text)).map_err(|error| {
            let detail = error.to_string();
            match detail.strip_prefix(DUPLICATE).and_then(|rest| rest.split('`').nth(1)) {
                Some(name) => stands_twice(name),
                None => Unusable::because(not_json(detail)),
            }
        })
    }

    /// Reads a form, or the query of a GET.
    pub fn form(body: &[u8]) -> Result<Fields, Unusable> {
        Fields::form_in(None, body)
    }

    fn form_in(letters: Option<&'static Encoding>, body: &[u8]) -> Result<Fields, Unusable> {
        let pairs = body.split(|b| *b == b'&').filter(|pair| !pair.is_empty());
        Fields::of(pairs.map(|pair| form_pair(letters, pair)))
    }

    /// Values under their names: those of a form, of a row with named columns, of an element.
    pub(crate) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Fields, Unusable> {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            if fields.get(&name).is_some() {
                return Err(stands_twice(&name));
            }
            fields.push(name, FieldValue::Text(value)).map_err(Unusable::because)?;
        }
        Ok(fields)
    }

    fn push(&mut self, name: String, value: FieldValue) -> Result<(), String> {
        if self.0.len() == FIELDS_MAX {
            return Err(format!("it has more than {FIELDS_MAX} fields"));
        }
        self.0.push((name, value));
        Ok(())
    }

    /// The value of that name, `null` or not.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &FieldValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The values of all these names that are there, as text, with their names.
    pub(crate) fn texts(&self, names: &[&str]) -> Vec<(String, String)> {
        let texts = names.iter().filter_map(|name| {
            let text = match self.get(name)? {
                FieldValue::Text(text) => message::storable(text).into_owned(),
                FieldValue::Number(number) => number.clone(),
                _ => return None,
            };
            Some(((*name).to_owned(), text))
        });
        texts.collect()
    }

    /// The first of these names that is there, and its value as text.
    pub fn text(&self, names: &[&str]) -> Result<Option<(String, String)>, FieldError> {
        for name in names {
            match self.get(name) {
                None | Some(FieldValue::Null) => {}
                Some(FieldValue::Text(text)) => {
                    return Ok(Some(((*name).to_owned(), message::storable(text).into_owned())));
                }
                Some(FieldValue::Number(number)) => return Ok(Some(((*name).to_owned(), number.clone()))),
                Some(other) => {
                    let detail = format!("must be a text, not {}", other.what());
                    return Err(FieldError::new(*name, detail));
                }
            }
        }
        Ok(None)
    }
}

/// The body as JSON of that shape, with what JSON or UTF-8 could not hold kept escaped.
pub(crate) fn json<T: de::DeserializeOwned>(charset: Option<&str>, body: &[u8]) -> Result<T, Unusable> {
    let body = charset::to_utf8(body, charset::named(charset)?);
    let text = readable(&body, IN_JSON);
    serde_json::from_str(&mended(text.trim_start_matches('\u{feff}').trim_end_matches('\0'))).map_err(
        |error| {
            let why = error.to_string();
            let contradictory = why.starts_with(DUPLICATE);
            Unusable { contradictory, ..Unusable::because(format!("the body is not as expected: {why}")) }
        },
    )
}

/// One object of a list. What is wrong with it is its own, and stops no other.
#[derive(Debug)]
pub(crate) struct Row(pub(crate) Result<Fields, Unusable>);

fn is_json(text: &str) -> bool {
    serde_json::from_str::<de::IgnoredAny>(&mended(text)).is_ok()
}

/// `from=…`: JSON never begins so, whatever the header says.
fn begins_like_a_form(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() < text.len() && name.chars().all(is_plain)
}

/// One `name=value` of a form, percent-decoded. Bytes that are no UTF-8 stay visible.
fn form_pair(letters: Option<&'static Encoding>, pair: &[u8]) -> (String, String) {
    let mut halves = pair.splitn(2, |b| *b == b'=');
    let mut half = || {
        let bytes = decoded_bytes(halves.next().unwrap_or_default());
        plain(&charset::to_utf8(&bytes, letters))
    };
    (half(), half())
}

/// The bytes that stand in a form, whatever they mean.
pub(crate) fn decoded_bytes(raw: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|b| char::from(*b).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &tail[2..];
            }
            (b'+', ..) => {
                bytes.push(b' ');
                rest = tail;
            }
            _ => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    bytes
}

/// Bytes as text; what is no UTF-8 stays visible.
pub(crate) fn plain(bytes: &[u8]) -> String {
    readable(bytes, PLAIN).into_owned()
}

/// How a byte that is no UTF-8 begins, written into JSON and into plain text.
const IN_JSON: &str = r"\\x";
const PLAIN: &str = r"\x";

/// The bytes as text; what is no UTF-8 is written `\xNN`, so that nothing of it is lost.
fn readable<'a>(bytes: &'a [u8], mark: &str) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('?');
            out.push_str(mark);
            out.extend([digit(byte >> 4), digit(byte & 15)]);
        }
    }
    Cow::Owned(out)
}

const DUPLICATE: &str = "duplicate field ";

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::default();
                while let Some((name, value)) = map.next_entry::<String, FieldValue>()? {
                    if fields.get(&name).is_some() {
                        return Err(de::Error::custom(format!("{DUPLICATE}`{name}`")));
                    }
                    fields.push(name, value).map_err(de::Error::custom)?;
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Object)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Row, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Row;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut row = Ok(Fields::default());
                while let Some((name, value)) = map.next_entry::<String, FieldValue>()? {
                    row = row.and_then(|mut fields: Fields| {
                        if fields.get(&name).is_some() {
                            return Err(stands_twice(&name));
                        }
                        fields.push(name, value).map_err(Unusable::because)?;
                        Ok(fields)
                    });
                }
                Ok(Row(row))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
                while seq.next_element::<de::IgnoredAny>()?.is_some() {}
                Ok(Row(Err(no_object())))
            }
            fn visit_unit<E>(self) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
            fn visit_str<E>(self, _: &str) -> Result<Row, E> {
                Ok(Row(Err(no_object())))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

fn no_object() -> Unusable {
    Unusable::because("is no object")
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FieldValue, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = FieldValue;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_unit<E>(self) -> Result<FieldValue, E> {
                Ok(FieldValue::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<FieldValue, E> {
                Ok(FieldValue::Bool(value))
            }
            fn visit_i64<E>(self, number: i64) -> Result<FieldValue, E> {
                Ok(FieldValue::Number(number.to_string()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<FieldValue, E> {
                Ok(FieldValue::Number(number.to_string()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<FieldValue, E> {
                Ok(FieldValue::Number(Number::from_f64(number).map_or_else(String::new, |n| n.to_string())))
            }
            fn visit_str<E>(self, text: &str) -> Result<FieldValue, E> {
                Ok(match text.strip_prefix(AS_WRITTEN).filter(|number| is_number(number)) {
                    Some(number) => FieldValue::Number(number.to_owned()),
                    None => FieldValue::Text(text.to_owned()),
                })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FieldValue, A::Error> {
                let mut texts = Some(Vec::new());
                while let Some(element) = seq.next_element::<FieldValue>()? {
                    match (element, texts.as_mut()) {
                        (FieldValue::Text(text), Some(all)) if all.len() < FIELDS_MAX => all.push(text),
                        _ => texts = None,
                    }
                }
                Ok(texts.map_or(FieldValue::Other("a list"), FieldValue::Texts))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FieldValue, A::Error> {
                while map.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
                Ok(FieldValue::Other("an object"))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(content_type: &str, body: &[u8]) -> Option<(String, String)> {
        Fields::read_in(content_type, None, body).unwrap().text(&["text"]).unwrap()
    }

    fn value(content_type: &str, body: &[u8]) -> String {
        text(content_type, body).unwrap().1
    }

    #[test]
    fn reads_json_and_forms_whatever_the_header_says() {
        for content_type in [
            "application/json",
            "application/json; charset=utf-8",
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
        ] {
            assert_eq!(value(content_type, br#" {"text":"a b"} "#), "a b", "{content_type}");
            assert_eq!(value(content_type, b"{\"text\":\"a b\"}\0"), "a b", "{content_type}");
        }
        let form = "application/x-www-form-urlencoded";
        assert_eq!(value(form, b"{=1&text=a"), "a", "it only begins like JSON");
        let twice = Fields::read(form, br#"{"text":"a","text":"b&text=c"}"#).unwrap_err();
        assert!(twice.contradictory, "it is JSON, whatever stands in it: {twice:?}");
        for content_type in ["application/x-www-form-urlencoded", "", "text/plain", "application/json"] {
            assert_eq!(value(content_type, b"x=1&text=a+b%20c%2b"), "a b c+", "{content_type}");
        }
        for no_form in ["\"a=1\"", "=1", "a", "a b=1", "{a=1", "1"] {
            let detail = Fields::read("application/json", no_form.as_bytes()).unwrap_err().detail;
            assert!(detail.starts_with("the body is "), "{no_form}: {detail}");
        }
        for read in [Fields::read("application/json", b"a"), Fields::read_in("application/json", None, b"a")]
        {
            let detail = read.unwrap_err().detail;
            assert!(detail.starts_with("the body is not JSON: "), "a word alone is no form: {detail}");
        }
        assert_eq!(value("application/json", "\u{feff}{\"text\":1.5}".as_bytes()), "1.5");
        assert_eq!(text("application/json", br#"{"text":null}"#), None);
    }

    #[test]
    fn loses_nothing_that_text_cannot_hold() {
        assert_eq!(value("application/json", br#"{"text":"a\ud83dz"}"#), "a\\ud83dz");
        assert_eq!(value("application/json", br#"{"text":"\udc00"}"#), "\\udc00");
        assert_eq!(value("application/json", br#"{"text":"\\ud83d \ud83d\ude00"}"#), "\\ud83d \u{1f600}");
        assert_eq!(value("application/json", br#"{"text":"a\u0000b"}"#), "a\\u0000b");
        // One after the other, each is what it is alone.
        let all = b"{\"n\":1.50,\"text\":\"\\ud83d\\ude00\\ud83d\n\\\\\\\"\\udc00\\ud83d\\ude00\t\\u0041\",\"m\":2.50}";
        let fields = Fields::read("application/json", all).unwrap();
        assert_eq!(
            fields.texts(&["n", "text", "m"]).into_iter().map(|(_, text)| text).collect::<Vec<_>>(),
            ["1.50", "\u{1f600}\\ud83d\n\\\"\\udc00\u{1f600}\tA", "2.50"]
        );
        assert_eq!(value("application/json", b"{\"text\":\"caf\xe9\"}"), "caf\\xe9");
        assert_eq!(value("application/x-www-form-urlencoded", b"text=caf%E9%00"), "caf\\xe9\\u0000");
    }

    #[test]
    fn raw_control_characters_in_a_text_are_themselves() {
        assert_eq!(value("application/json", b"{\"text\":\"a\r\nb\tc\"}"), "a\r\nb\tc");
        assert_eq!(value("application/json", b"{\r\n\"x\":\"\\\\\",\n\"text\":\"a\\\"\nb\"}"), "a\"\nb");
    }

    #[test]
    fn letters_are_read_as_the_header_or_the_bytes_say() {
        let json: Vec<u8> = "{\"text\":\"gr\u{fc}n\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(value("application/json", &json), "gr\u{fc}n");
        let read = |kind: &str, charset: &str, body: &[u8]| {
            Fields::read_in(kind, Some(charset), body).unwrap().text(&["text"]).unwrap().unwrap().1
        };
        assert_eq!(read("application/json", "iso-8859-1", b"{\"text\":\"caf\xe9\"}"), "caf\u{e9}");
        assert_eq!(read("application/x-www-form-urlencoded", "windows-1252", b"text=caf%E9"), "caf\u{e9}");
        let utf16 = b"text=O%00N%00B%00O%00A%00R%00D%00";
        assert_eq!(value("application/x-www-form-urlencoded", utf16), "ONBOARD");
    }

    #[test]
    fn a_number_is_kept_as_it_is_written() {
        for number in [
            "4.47911123456e11",
            "447911123456.0",
            "4.4791112345E+11",
            "919876543210",
            "-1",
            "12345678901234567890123",
        ] {
            let body = format!("{{\"text\":{number},\"x\":[1.5,{number}]}}");
            assert_eq!(value("application/json", body.as_bytes()), number);
        }
        assert!(Fields::read("application/json", b"{\"text\":1.e5}").is_err());
        assert!(Fields::read("application/json", b"{\"text\":01.5}").is_err());
    }

    #[test]
    fn pairs_that_stand_for_a_body_are_its_fields() {
        let pairs = [("a", FieldValue::Bool(true)), ("b", FieldValue::Text("x".to_owned()))];
        assert!(json::<Fields>(None, b"{\"a\":1}\0").is_ok(), "the zero that ends a text in C");
        let fields: Fields = pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        assert_eq!(fields.iter().collect::<Vec<_>>(), pairs.iter().map(|(n, v)| (*n, v)).collect::<Vec<_>>());
        assert!(
            json::<Fields>(None, b"7").unwrap_err().detail.ends_with("expected an object at line 1 column 1")
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |content_type, body: &[u8]| Fields::read(content_type, body).unwrap_err().detail;
        assert_eq!(wrong("application/json", b""), "the body is empty: send JSON or a form");
        assert!(wrong("application/json", b"{\"a\":").starts_with("the body is not JSON: EOF"));
        assert!(wrong("", b"{\"a\":\"x=1\"").starts_with("the body is not JSON: EOF"));
        assert_eq!(wrong("application/json", b"[1]"), "the body is JSON, but not one object");
        assert_eq!(wrong("application/json", br#"{"a":1,"b":2,"a":3}"#), "the field a stands twice");
        assert_eq!(wrong("application/x-www-form-urlencoded", b"a=1&a=2"), "the field a stands twice");
        assert_eq!(wrong("image/png", b"\x89PNG"), "the body is neither JSON nor a form");
        let fields = Fields::read("application/json", br#"{"text":{"x":1}}"#).unwrap();
        assert_eq!(fields.text(&["text"]).unwrap_err().detail, "must be a text, not an object");
    }

    /// B8: a key that stands twice is two opinions, a value of another kind is none.
    #[test]
    fn only_what_stands_twice_is_a_contradiction() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            #[expect(dead_code, reason = "what matters is whether it can be read")]
            text: String,
        }
        let wrong = |body: &[u8]| json::<Shape>(None, body).unwrap_err();
        let twice = wrong(br#"{"text":"a","text":"b"}"#);
        assert!(twice.contradictory && twice.detail.contains("duplicate field"), "{twice:?}");
        for other in [&br#"{"text":1}"#[..], b"{", br#"{"text":"duplicate field `a`"#, b""] {
            assert!(!wrong(other).contradictory, "{other:?}");
        }
        assert!(Fields::read("", b"a=1&a=2").unwrap_err().contradictory);
        assert!(!Fields::read("application/json", b"{").unwrap_err().contradictory);
    }

    #[test]
    fn so_many_fields_and_no_more() {
        let form = |n: usize| (0..n).map(|n| format!("f{n}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(Fields::read("", form(FIELDS_MAX).as_bytes()).unwrap().iter().count(), FIELDS_MAX);
        let refused = Fields::read("", form(FIELDS_MAX + 1).as_bytes()).unwrap_err().detail;
        assert_eq!(refused, "it has more than 256 fields");
        let list = |n: usize| format!("{{\"text\":[{}]}}", vec!["\"a\""; n].join(","));
        let texts = |n| Fields::read("", list(n).as_bytes()).unwrap().get("text").cloned().unwrap();
        assert_eq!(texts(FIELDS_MAX), FieldValue::Texts(vec!["a".to_owned(); FIELDS_MAX]));
        assert_eq!(texts(FIELDS_MAX + 1), FieldValue::Other("a list"));
    }
}
