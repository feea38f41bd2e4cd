//! Reading one field of a body, so that an error names the field. Not how a body is read: that is
//! `bridge_formats::fields`.

use bridge_formats::fields::Fields;

use super::problem::{Code, Problem};

/// What is wrong with an e-mail address, after the name of its field.
pub(crate) const NO_EMAIL_ADDRESS: &str = "is not an e-mail address like user@example.com";

/// A field that is a text, if there is one.
pub fn text(fields: &Fields, name: &str) -> Result<Option<String>, Problem> {
    let found = fields.text(&[name]);
    let found = found.map_err(|error| Problem::field(Code::InvalidRequest, name, error.detail))?;
    Ok(found.map(|(_, text)| text))
}
