//! XML as phones write it: references that stand for letters, halves of letters among them, and an element that holds
//! nothing but named values. Not a list of SMS: that is cut out of its file by `export`.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;

use crate::content::Unusable;
use crate::fields::{self, Fields};

/// The elements that stand in the outermost one, by their names: each holds a text.
pub(crate) fn children(body: &[u8]) -> Result<Fields, Unusable> {
    let text = fields::plain(body);
    let broken = |why: &dyn std::fmt::Display| Unusable::because(format!("the body is not XML: {why}"));
    let mut reader = Reader::from_str(&text);
    let (mut depth, mut pairs) = (0_usize, Vec::new());
    let mut one: (String, String) = Default::default();
    loop {
        match reader.read_event().map_err(|error| broken(&error))? {
            Event::Start(element) => {
                depth += 1;
                if depth > 2 {
                    return Err(broken(&"a value holds elements"));
                }
                one = (name_of(&element), String::new());
            }
            Event::Empty(element) if depth == 1 => pairs.push((name_of(&element), String::new())),
            Event::End(_) => {
                if depth == 2 {
                    pairs.push(std::mem::take(&mut one));
                }
                depth = depth.saturating_sub(1);
            }
            // What stands around the elements is forgotten where the next one begins.
            Event::Text(raw) => one.1.push_str(&raw),
            Event::GeneralRef(name) => one.1.push_str(&format!("&{};", &*name)),
            // In it a reference is a text like any other.
            Event::CData(raw) => one.1.push_str(&raw.replace('&', "&amp;")),
            Event::Eof if depth == 0 && !pairs.is_empty() => break,
            Event::Eof => return Err(broken(&"it ends too early, or holds nothing")),
            _ => {}
        }
    }
    Fields::of(pairs.into_iter().map(|(name, value)| (name, unescaped(&value))))
}

fn name_of(element: &quick_xml::events::BytesStart<'_>) -> String {
    element.name().as_ref().to_owned()
}

/// The value without references. One that means nothing stays as it is written.
pub(crate) fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((Meant::Text(text), after)) => {
                out.push_str(text);
                rest = after;
            }
            Some((Meant::Unit(unit), after)) => {
                let (char, after) = character(unit, after);
                match char {
                    Some(char) => out.push(char),
                    // Half of a character, or none: kept readable, as everywhere (decisions.md D23).
                    None => out.push_str(&format!("\\u{unit:04x}")),
                }
                rest = after;
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What a reference stands for.
enum Meant {
    Text(&'static str),
    /// A character, or half of one.
    Unit(u32),
}

/// The reference that the text begins with, and what follows it.
fn reference(text: &str) -> Option<(Meant, &str)> {
    // The longest is of seven digits.
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let (name, after) = (text.get(1..end)?, text.get(end + 1..)?);
    if !text.starts_with('&') {
        return None;
    }
    let meant = match name.strip_prefix('#') {
        Some(number) => Meant::Unit(match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        }),
        None => Meant::Text(resolve_xml_entity(name)?),
    };
    Some((meant, after))
}

/// The character that begins with this unit: itself, or with the half that follows it.
fn character(unit: u32, after: &str) -> (Option<char>, &str) {
    if let (Ok(high), Some((Meant::Unit(low), after_low))) = (u16::try_from(unit), reference(after))
        && (0xd800..0xdc00).contains(&high)
        && let Ok(low) = u16::try_from(low)
        && let Some(Ok(char)) = char::decode_utf16([high, low]).next()
    {
        return (Some(char), after_low);
    }
    (char::from_u32(unit), after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, String)>, Unusable> {
        let names = ["from", "message", "a"];
        children(body.as_bytes()).map(|fields| fields.texts(&names))
    }

    #[test]
    fn named_values_in_one_element() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<payload>x<from>+1</from> &amp; \
            <message>a &lt;b&gt; &amp; &#55357;&#56832; &amp;lt; <![CDATA[<c> &lt;]]></message>\n<a/></payload>\n";
        assert_eq!(
            read(body),
            Ok(vec![pair("from", "+1"), pair("message", "a <b> & \u{1f600} &lt; <c> &lt;"), pair("a", ""),])
        );
    }

    #[test]
    fn what_is_broken_or_nested_or_twice_says_so() {
        for (body, says) in [
            ("<payload><from>1</from>", "ends too early"),
            ("<payload/>", "holds nothing"),
            ("<payload><from><b>1</b></from></payload>", "a value holds elements"),
            ("<payload><from>1</from><from>2</from></payload>", "stands twice"),
            ("<payload><from>1</frm></payload>", "not XML"),
        ] {
            let refused = read(body).unwrap_err().detail;
            assert!(refused.contains(says), "{body}: {refused}");
        }
        let deep = "<a>".repeat(100_000);
        assert!(children(deep.as_bytes()).is_err());
    }
}
