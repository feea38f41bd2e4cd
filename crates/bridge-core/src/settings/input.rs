//! What a page or a tool needs to offer the right input for a setting. It follows from the rule, nothing is stated
//! twice; only what makes a value dangerous stands beside the declaration.

use serde::Serialize;
use serde_json::Value;

use super::rules::Rule;
use crate::check_id::CheckId;

/// The input of one setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// `integer`, `boolean`, `text`, `choice`, `list` or `sequence`.
    pub kind: &'static str,
    /// Smallest value of an integer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Largest value of an integer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// What an integer counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// Of a choice, the words to choose from; of a sequence, the words to put in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<&'static str>,
}

/// A value that may do harm, and which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Danger {
    /// The value.
    pub value: Value,
    /// What it may do, in one sentence.
    pub why: &'static str,
}

impl Danger {
    pub(super) fn new(value: impl Into<Value>, why: &'static str) -> Danger {
        Danger { value: value.into(), why }
    }
}

impl Rule {
    pub(super) fn input(&self) -> Input {
        let plain = |kind| Input { kind, min: None, max: None, unit: None, words: Vec::new() };
        match self {
            Rule::Whole { min, max, unit } => {
                Input { min: Some(*min), max: Some(*max), unit: Some(unit), ..plain("integer") }
            }
            Rule::Flag => plain("boolean"),
            Rule::Text(_) => plain("text"),
            Rule::Choice(words) => Input { words: words.to_vec(), ..plain("choice") },
            Rule::List(_) => plain("list"),
            Rule::Sequence => {
                Input { words: CheckId::all().map(CheckId::name).collect(), ..plain("sequence") }
            }
        }
    }
}
