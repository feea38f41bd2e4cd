//! What a page was asked for: the filters in its address. They are kept nowhere else, so that an address can be sent to
//! somebody, or gone back to.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bridge_core::{Settings, Timestamp};
use bridge_store::desk::MobileFilter;
use bridge_store::place::Place;

use crate::show::zone;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;

/// Path and filters.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    path: String,
    pairs: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked, Infallible> {
        Ok(Asked::of(parts.uri.path(), parts.uri.query().unwrap_or_default()))
    }
}

impl Asked {
    fn of(path: &str, query: &str) -> Asked {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs = pairs.map(|(name, value)| (name.into_owned(), value.trim().to_owned()));
        Asked { path: path.to_owned(), pairs: pairs.filter(|(_, value)| !value.is_empty()).collect() }
    }

    /// A filter that is not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same, for a form field that shows it.
    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Is that filter set to that?
    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.text(name) == value
    }

    /// This page with another value of one filter, or without it.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        self.elsewhere(&self.path, name, value)
    }

    /// Another page with the same filters, but for this one.
    pub(super) fn elsewhere(&self, path: &str, name: &str, value: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs.iter().filter(|(key, _)| key != name));
        if let Some(value) = value {
            query.append_pair(name, value);
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// Anything asked for but where to go on?
    pub(super) fn is_filtered(&self) -> bool {
        self.pairs.iter().any(|(name, _)| name != BEFORE)
    }

    /// Where the page goes on.
    pub(super) fn before(&self) -> Result<Option<Place>, Problem> {
        let Some(text) = self.get(BEFORE) else { return Ok(None) };
        let place = text
            .split_once('.')
            .and_then(|(at, id)| Some(Place { at: Timestamp(at.parse().ok()?), id: id.parse().ok()? }));
        place.map(Some).ok_or_else(|| wrong(BEFORE, "is no place in this list: begin at its first page"))
    }

    /// The addresses of the first page and of the next.
    pub(super) fn pages(&self, next: Option<Place>) -> Pages {
        let next = next.map(|place| format!("{}.{}", place.at.0, place.id));
        self.pages_by(next.as_deref())
    }

    /// The same, where the place is a text of its own.
    pub(super) fn pages_by(&self, next: Option<&str>) -> Pages {
        Pages {
            first: self.get(BEFORE).map(|_| self.with(BEFORE, None)),
            next: next.map(|place| self.with(BEFORE, Some(place))),
        }
    }

    /// A time as the browser's field gives it, in the zone of the page, or any that says its own.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let zone = zone::now();
        let detail =
            || format!("is no time: give it like 2026-11-21T16:57; it is read in the zone {}", zone.name());
        zone.read(text).map(Some).ok_or_else(|| wrong(name, &detail()))
    }

    /// A number, or its beginning; a sender that is no number as it came.
    pub(super) fn mobile(&self, name: &str, settings: &Settings) -> Result<Option<MobileFilter>, Problem> {
        self.get(name).map(|text| looking::number::filter(text, &settings.default_country_code)).transpose()
    }

    /// How a number begins, for lists that are found by that alone; empty for all.
    pub(super) fn prefix(&self, name: &str, settings: &Settings) -> Result<String, Problem> {
        Ok(match self.mobile(name, settings)? {
            Some(MobileFilter::Exactly(text) | MobileFilter::Prefix(text)) => text,
            None => String::new(),
        })
    }
}

/// Where a list goes on, in its address.
pub(super) const BEFORE: &str = "before";

/// The addresses around a page of a list.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) first: Option<String>,
    pub(super) next: Option<String>,
}

fn wrong(field: &str, detail: &str) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_live_in_the_address() {
        let asked = Asked::of("/admin/ui/sms", "mobile=%2B9198&status=&check=count_check&before=5.6");
        assert_eq!((asked.get("mobile"), asked.get("status")), (Some("+9198"), None));
        assert_eq!(asked.before().unwrap(), Some(Place { at: Timestamp(5), id: 6 }));
        assert_eq!(asked.with("before", None), "/admin/ui/sms?mobile=%2B9198&check=count_check");
        assert!(asked.is_filtered() && !Asked::of("/", "before=1.2").is_filtered());
        assert!(Asked::of("/", "before=x").before().is_err());
        let time = Asked::of("/", "from=2026-11-21T16:57").time("from").unwrap();
        assert_eq!(time.map(|at| at.to_string()).as_deref(), Some("2026-11-21T16:57:00Z"));
    }
}
