//! What one setting may hold: ranges, words, lists (contract section 6). Not the rules between settings: those
//! stand beside the settings.

use std::collections::HashSet;

use crate::message;
use crate::phone::{self, BareDigits, Mobile};

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
