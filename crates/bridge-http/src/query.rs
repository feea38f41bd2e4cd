//! Values of a query that are no texts, read so that what is wrong names its parameter.

use crate::auth::query_value;
use bridge_app::base::problem::{Code, Problem};

/// A whole number above 0, if there is one.
pub(crate) fn number(query: Option<&str>, name: &str) -> Result<Option<i64>, Problem> {
    let read = |text: String| text.parse().ok().filter(|n| *n > 0).ok_or_else(|| no_number(name));
    query_value(query, name).map(read).transpose()
}

/// That it is none.
pub(crate) fn no_number(name: &str) -> Problem {
    Problem::field(Code::InvalidRequest, name, "must be a whole number above 0")
}

/// How many of a list are asked for: by `limit`, and never more than `max`.
pub(crate) fn limit(query: Option<&str>, default: usize, max: usize) -> Result<usize, Problem> {
    let asked = number(query, "limit")?;
    Ok(asked.map_or(default, |number| usize::try_from(number).unwrap_or(max).min(max)))
}
