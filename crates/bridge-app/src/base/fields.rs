//! Reading one field of a body, so that an error names the field. Not how a body is read: that is
//! `bridge_formats::fields`.

use bridge_formats::fields::{FieldValue, Fields};

use super::problem::{Code, Problem};

/// What is wrong with an e-mail address, after the name of its field.
pub(crate) const NO_EMAIL_ADDRESS: &str = "is not an e-mail address like user@example.com";

/// A field that is a text, if there is one.
pub fn text(fields: &Fields, name: &str) -> Result<Option<String>, Problem> {
    let found = fields.text(&[name]);
    let found = found.map_err(|error| Problem::field(Code::InvalidRequest, name, error.detail))?;
    Ok(found.map(|(_, text)| text))
}

/// A field that is true or false, if there is one.
pub(crate) fn switch(fields: &Fields, name: &str) -> Result<Option<bool>, Problem> {
    match fields.get(name) {
        None => Ok(None),
        Some(FieldValue::Bool(on)) => Ok(Some(*on)),
        Some(FieldValue::Text(word)) if word == "true" => Ok(Some(true)),
        Some(FieldValue::Text(word)) if word == "false" => Ok(Some(false)),
        Some(_) => Err(Problem::field(Code::InvalidRequest, name, "must be true or false")),
    }
}

/// Those of these kinds that a list names, each once. Null, or an empty list, are all of them.
pub(crate) fn chosen<K: Copy + PartialEq>(
    fields: &Fields,
    name: &str,
    all: &[K],
    word_of: fn(K) -> &'static str,
) -> Result<Option<Vec<K>>, Problem> {
    let wrong = |why: String| Problem::field(Code::InvalidRequest, name, why);
    let words: Vec<&str> = match fields.get(name) {
        None => return Ok(None),
        Some(FieldValue::Null) => Vec::new(),
        Some(FieldValue::Texts(list)) => list.iter().map(String::as_str).collect(),
        // Of a form or a command line.
        Some(FieldValue::Text(words)) => {
            words.split([',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty()).collect()
        }
        Some(_) => {
            let example = all.first().map_or("", |kind| word_of(*kind));
            return Err(wrong(format!("must be a list of names, like [\"{example}\"]")));
        }
    };
    let mut chosen = Vec::new();
    for word in words {
        let kind = all.iter().copied().find(|kind| word_of(*kind) == word).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|kind| word_of(*kind)).collect();
            wrong(format!("has {word:?}, which is none of {}", names.join(", ")))
        })?;
        if !chosen.contains(&kind) {
            chosen.push(kind);
        }
    }
    Ok(Some(if chosen.is_empty() { all.to_vec() } else { chosen }))
}
