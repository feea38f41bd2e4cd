//! What one setting may hold: ranges, words, lists (contract section 6). Not the rules between settings: those
//! stand beside the settings.

use std::collections::HashSet;

use crate::message;
use crate::phone::{self, BareDigits, Mobile};
use crate::script::is_invisible;
use crate::stamp::Zone;

/// What values one setting takes. The input of the desk and the schema of the API follow from it.
pub enum Rule {
    /// A whole number.
    Whole {
        /// Smallest value.
        min: u32,
        /// Largest value.
        max: u32,
        /// What is counted.
        unit: &'static str,
    },
    /// On or off.
    Flag,
    /// A text that the function accepts.
    Text(fn(&str) -> Result<(), String>),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of texts that the function accepts.
    List(fn(&[String]) -> Result<(), String>),
    /// Every check once, in some order.
    Sequence,
}

impl Rule {
    /// The rule in words, for documentation and error messages.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Rule::Whole { min, max, unit } => format!("a whole number from {min} to {max} ({unit})"),
            Rule::Flag => "true or false".to_owned(),
            Rule::Text(_) => "a text".to_owned(),
            Rule::Choice(words) => format!("one of {}", words.join(", ")),
            Rule::List(_) => "a list of texts".to_owned(),
            Rule::Sequence => "a list that names every check once".to_owned(),
        }
    }
}

/// A setting that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {rule}")]
pub struct Broken {
    /// Which setting.
    pub key: &'static str,
    /// The rule, as a sentence that follows the key.
    pub rule: String,
}

/// More than there are calling codes, and still short enough to be looked through for every SMS.
const LIST_MAX_ITEMS: usize = 250;
/// With a colon and the hash it stays far below the 160 letters of one SMS.
const HEADER_MAX_CHARS: usize = 20;

pub(super) fn number_or_empty(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    if !text.starts_with('+') {
        return Err("must start with + and the country's calling code, like +919876543210".to_owned());
    }
    match Mobile::parse(text, "91", BareDigits::NationalFirst) {
        Ok(mobile) if mobile.e164() == text => Ok(()),
        Ok(mobile) => Err(format!("must be written {}", mobile.e164())),
        Err(why) => Err(why.to_string()),
    }
}

pub(super) fn calling_code(text: &str) -> Result<(), String> {
    if phone::is_calling_code(text) {
        Ok(())
    } else {
        Err(format!("must be a calling code in digits, like 91, not {text:?}"))
    }
}

pub(super) fn calling_codes(list: &[String]) -> Result<(), String> {
    not_empty_or_repeated(list)?;
    list.iter().try_for_each(|code| calling_code(code))
}

pub(super) fn headers(list: &[String]) -> Result<(), String> {
    not_empty_or_repeated(list)?;
    for header in list {
        let plain = !header.is_empty()
            && header.chars().count() <= HEADER_MAX_CHARS
            && header.bytes().all(|b| b.is_ascii_alphanumeric());
        if !plain || message::compact(header).is_empty() {
            return Err(format!(
                "must hold words of 1 to {HEADER_MAX_CHARS} letters and digits, not {header:?}"
            ));
        }
    }
    Ok(())
}

/// A line that a page shows.
const LINE_MAX_CHARS: usize = 80;

pub(super) fn short_text(text: &str) -> Result<(), String> {
    if text.chars().count() > LINE_MAX_CHARS || text.chars().any(|c| c.is_control() || is_invisible(c)) {
        return Err(format!("must be one line of at most {LINE_MAX_CHARS} characters"));
    }
    Ok(())
}

pub(super) fn zone_or_empty(text: &str) -> Result<(), String> {
    if text.is_empty() || Zone::named(text).is_some() {
        return Ok(());
    }
    Err("must be a time zone like Asia/Kolkata, or a distance from UTC like +05:30".to_owned())
}

pub(super) fn https_or_empty(text: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\');
    let is_url = text.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        is_host_and_port(host) && rest.chars().all(plain)
    });
    if text.is_empty() || is_url {
        Ok(())
    } else {
        Err(format!("must be an address that begins with https://, not {text:?}"))
    }
}

pub(super) fn colour_or_empty(text: &str) -> Result<(), String> {
    let is_colour = |hex: &str| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    if text.is_empty() || text.strip_prefix('#').is_some_and(is_colour) {
        Ok(())
    } else {
        Err(format!("must be a colour like #0b5cad, not {text:?}"))
    }
}

/// Origins as browsers write them: https, or http of this machine itself.
pub(super) fn origins(list: &[String]) -> Result<(), String> {
    if !list.is_empty() {
        not_empty_or_repeated(list)?;
    }
    list.iter().try_for_each(|origin| {
        let is_local = |host: &str| {
            let name = if host.starts_with('[') { host.split_once(']').map_or(host, |(name, _)| name) } else { host.split(':').next().unwrap_or(host) };
            matches!(name, "localhost" | "127.0.0.1" | "[::1")
        };
        let is_origin = match origin.split_once("://") {
            Some(("https", host)) => is_host_and_port(host),
            Some(("http", host)) => is_host_and_port(host) && is_local(host),
            _ => false,
        };
        if is_origin {
            Ok(())
        } else {
            Err(format!("must hold addresses like https://shop.example, without a path and in lower case, not {origin:?}"))
        }
    })
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("ipv6", port)
        }
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let is_name = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'));
    let is_port = |port: &str| port.parse::<u16>().is_ok() && !port.starts_with(['0', '+']);
    is_name && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn not_empty_or_repeated(list: &[String]) -> Result<(), String> {
    if list.is_empty() || list.len() > LIST_MAX_ITEMS {
        return Err(format!("must hold 1 to {LIST_MAX_ITEMS} entries"));
    }
    let mut seen = HashSet::new();
    match list.iter().find(|entry| !seen.insert(entry.to_lowercase())) {
        Some(twice) => Err(format!("names {twice:?} twice")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_that_is_known_or_none() {
        for good in ["", "Asia/Kolkata", "+05:30"] {
            assert_eq!(zone_or_empty(good), Ok(()), "{good}");
        }
        assert!(zone_or_empty("Office").unwrap_err().contains("time zone"));
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        let one = |origin: &str| origins(&[origin.to_owned()]).is_ok();
        for good in [
            "https://shop.example",
            "https://shop.example:8443",
            "http://localhost:3000",
            "http://127.0.0.1",
            "http://[::1]:5173",
            "https://xn--bcher-kva.example",
        ] {
            assert!(one(good), "{good}");
        }
        for bad in [
            "",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://Shop.example",
            "http://shop.example",
            "http://localhost.evil.example",
            "https://*.example",
            "https://a.example b",
            "https://user@a.example",
            "https://a.example:0",
            "https://a.example:+1",
            "https://a.example:70000",
            "https://a.example;script-src *",
            "null",
            "javascript:alert(1)",
        ] {
            assert!(!one(bad), "{bad}");
        }
        assert!(origins(&[]).is_ok(), "none is the default");
    }

    #[test]
    fn what_the_page_shows_is_harmless() {
        for good in ["", "https://example.com/privacy?a=1#b"] {
            assert!(https_or_empty(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://a b",
            "https://a.example/\"onclick=\"",
        ] {
            assert!(https_or_empty(bad).is_err(), "{bad}");
        }
        assert!(colour_or_empty("#0B5cad").is_ok() && colour_or_empty("").is_ok());
        assert!(colour_or_empty("#fff").is_err() && colour_or_empty("red;}").is_err());
        assert!(short_text("Shop & Co. – दुकान").is_ok());
        assert!(short_text("two\nlines").is_err() && short_text("\u{202e}pohS").is_err());
    }

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn a_header_is_a_short_word() {
        for good in [vec!["ONBOARD"], vec!["a", "1"], vec!["ABCDEFGHIJKLMNOPQRST"]] {
            assert_eq!(headers(&list(&good)), Ok(()), "{good:?}");
        }
        for bad in [
            vec![],
            vec![""],
            vec!["ABCDEFGHIJKLMNOPQRSTU"],
            vec!["\u{928}"],
            vec!["ON-BOARD"],
            vec!["ONBOARD:"],
            vec!["ONBOARD", "onboard"],
        ] {
            assert!(headers(&list(&bad)).is_err(), "{bad:?}");
        }
        let many = |n: usize| -> Vec<String> { (0..n).map(|n| format!("W{n}")).collect() };
        assert_eq!(headers(&many(LIST_MAX_ITEMS)), Ok(()));
        assert!(headers(&many(LIST_MAX_ITEMS + 1)).is_err());
    }

    #[test]
    fn calling_codes_are_digits_that_a_plan_has() {
        assert_eq!(calling_codes(&list(&["91", "1", "960"])), Ok(()));
        for bad in [vec![], vec!["91", "999"], vec!["+91"], vec!["91", "91"]] {
            assert!(calling_codes(&list(&bad)).is_err(), "{bad:?}");
        }
        assert!(calling_code("91").is_ok() && calling_code("").is_err());
    }

    #[test]
    fn a_number_is_written_in_one_way_or_not_at_all() {
        for good in ["", "+919876543210", "+447911123456"] {
            assert_eq!(number_or_empty(good), Ok(()), "{good}");
        }
        for bad in ["919876543210", "+9198", "+91 9876543210", "+5215512345678", "+MYBANK"] {
            assert!(number_or_empty(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_has_eighty_characters_at_most() {
        assert_eq!(short_text(&"\u{928}".repeat(LINE_MAX_CHARS)), Ok(()));
        assert!(short_text(&"a".repeat(LINE_MAX_CHARS + 1)).is_err());
        for bad in ["a\tb", "a\0", "a\u{200b}b"] {
            assert!(short_text(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_of_the_page_are_plain() {
        for good in [
            "https://example.com",
            "https://example.com:8443/a?b#c",
            "https://[::1]/x",
            "https://example.com?x",
        ] {
            assert_eq!(https_or_empty(good), Ok(()), "{good}");
        }
        for bad in [
            "https://example.com:0/",
            "https://[::1/x",
            "https://[1.2.3.4]/",
            "https://[::1]x/",
            "https://example.com/<b>",
            "https://example.com/a>b",
            "https://example.com/a\\b",
            "https://example.com/\u{e9}",
            "https://Example.com/",
            "https://exa_mple.com/",
        ] {
            assert!(https_or_empty(bad).is_err(), "{bad}");
        }
        for bad in ["#0B5cag", "0B5cad", "#0B5cad0", "#0B5ca", "#"] {
            assert!(colour_or_empty(bad).is_err(), "{bad}");
        }
        for (list_of, good) in [
            (vec!["http://localhost"], true),
            (vec!["http://[::1]"], true),
            (vec!["http://[::2]"], false),
            (vec!["http://127.0.0.2"], false),
            (vec!["ftp://shop.example"], false),
            (vec!["https://shop.example", "https://SHOP.example"], false),
            (vec!["https://shop.example", "https://shop.example"], false),
            (vec!["https://shop.example", "https://a.example:65535"], true),
        ] {
            assert_eq!(origins(&list(&list_of)).is_ok(), good, "{list_of:?}");
        }
    }

    #[test]
    fn a_rule_is_said_in_words() {
        for (rule, words) in [
            (Rule::Whole { min: 1, max: 9, unit: "rows" }, "a whole number from 1 to 9 (rows)"),
            (Rule::Flag, "true or false"),
            (Rule::Text(short_text), "a text"),
            (Rule::Choice(&["a", "b"]), "one of a, b"),
            (Rule::List(headers), "a list of texts"),
            (Rule::Sequence, "a list that names every check once"),
        ] {
            assert_eq!(rule.describe(), words);
        }
    }
}
