//! Values of a query that are no texts, read so that what is wrong names its parameter.

use bridge_core::Timestamp;
use bridge_store::desk::MobileFilter;
use bridge_store::place::Place;

use crate::auth::query_value;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::looking;

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

/// A value that says something.
pub(crate) fn text(query: Option<&str>, name: &str) -> Option<String> {
    query_value(query, name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A time.
pub(crate) fn time(query: Option<&str>, name: &str) -> Result<Option<Timestamp>, Problem> {
    let wrong =
        |error: bridge_core::time::StampError| Problem::field(Code::InvalidRequest, name, error.to_string());
    text(query, name).map(|text| Timestamp::parse(&text).map_err(wrong)).transpose()
}

/// A number or how it begins, in `mobile`.
pub(crate) fn mobile(app: &App, query: Option<&str>) -> Result<Option<MobileFilter>, Problem> {
    let default = app.live.now().default_country_code.clone();
    text(query, "mobile").map(|text| looking::number::filter(&text, &default)).transpose()
}

/// Where a list goes on, in `before`: the `next_before` of the page before.
pub(crate) fn before(query: Option<&str>) -> Result<Option<Place>, Problem> {
    let Some(text) = text(query, "before") else { return Ok(None) };
    let place = text
        .split_once('.')
        .and_then(|(at, id)| Some(Place { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? }));
    let wrong = || {
        let detail = "is no place in this list: give the next_before of the page before";
        Problem::field(Code::InvalidRequest, "before", detail)
    };
    place.map(Some).ok_or_else(wrong)
}

/// That place, for the answer.
pub(crate) fn next(place: Option<Place>) -> Option<String> {
    place.map(|place| format!("{}.{}", place.at.0, place.id))
}
