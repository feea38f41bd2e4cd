//! The quarantine: unusable deliveries, to be looked at, read again, or removed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_store::place::Place;

use crate::access::Visitor;
use crate::asked::{Asked, Pages};
use crate::page::{Done, Frame, render};
use crate::show::{When, count};
use bridge_app::admin::quarantine;
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/quarantine";
const PAGE: usize = 50;
/// Of one body on a page.
const SHOWN_CHARS: usize = 100_000;

struct Row {
    id: String,
    at: When,
    receiver: String,
    format: String,
    reason: String,
    bytes: String,
}

#[derive(Template)]
#[template(path = "desk/quarantine.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    pages: Pages,
}

/// The list.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let before: Option<Place> = asked.before()?;
    let found = looking::quarantine::list(&app, before, PAGE).await?;
    let now = app.clock.now();
    let row = |row: bridge_store::desk::QuarantineRow| Row {
        id: row.id.to_string(),
        at: When::new(row.at, now),
        receiver: row.receiver_id,
        format: row.format,
        reason: row.reason,
        bytes: count(row.bytes),
    };
    Ok(render(&Page {
        frame: Frame::new(&app, visitor, "Quarantine", PATH).await,
        pages: asked.pages(found.next),
        rows: found.rows.into_iter().map(row).collect(),
    }))
}

#[derive(Template)]
#[template(path = "desk/quarantine_one.html")]
struct OnePage {
    frame: Frame,
    row: Row,
    content_type: String,
    /// Its end was not kept.
    cut: bool,
    /// Only for those who may see it.
    body: Option<String>,
    /// The same as people read it, where it is JSON or a form.
    decoded: Option<String>,
}

/// What a body says, with its escapes read: JSON in lines, a form field by field.
fn decoded(content_type: &str, body: &[u8]) -> Option<String> {
    let text = if let Ok(value) = serde_json::from_slice::<serde_json::Value>(body) {
        serde_json::to_string_pretty(&value).ok()?
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        form_urlencoded::parse(body)
            .map(|(name, value)| format!("{name} = {value}"))
            .collect::<Vec<_>>()
            .join("\n")
    } else {
        return None;
    };
    (text.as_bytes() != body).then(|| text.chars().take(SHOWN_CHARS).collect())
}

/// Shows one body.
pub(crate) async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let entry = quarantine::one(&app, &id).await?;
    // It may hold what its reader could not read: numbers, texts, and what nobody knows to be a secret.
    let may_see = visitor.operates();
    let row = Row {
        id: entry.id.to_string(),
        at: When::new(entry.at, app.clock.now()),
        receiver: entry.receiver_id,
        format: entry.format,
        reason: entry.reason,
        bytes: count(entry.whole_bytes.unwrap_or(entry.body.len() as u64)),
    };
    Ok(render(&OnePage {
        frame: Frame::new(&app, visitor, "In quarantine", PATH).await,
        row,
        decoded: may_see.then(|| decoded(&entry.content_type, &entry.body)).flatten(),
        content_type: entry.content_type,
        cut: entry.whole_bytes.is_some(),
        body: may_see.then(|| String::from_utf8_lossy(&entry.body).chars().take(SHOWN_CHARS).collect()),
    }))
}

/// Reads it again, as this version can.
pub(crate) async fn replay(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Done, Failed> {
    let entry = quarantine::one(&app, &id).await?;
    let taken = quarantine::take_in(&app, &visitor.actor(), &entry).await?;
    Ok(Done::go(format!("Taken in: {} SMS", taken.len()), PATH, PATH))
}

/// Removes a body.
pub(crate) async fn remove(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Done, Failed> {
    let entry = quarantine::one(&app, &id).await?;
    quarantine::throw_away(&app, &visitor.actor(), &entry).await?;
    Ok(Done::go("Thrown away", PATH, PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_shown_as_people_read_it() {
        let json =
            decoded("application/json", br#"{"text":"\u0928\u092e\u0938\u094d\u0924\u0947"}"#).unwrap();
        assert!(json.contains("\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}"), "{json}");
        let form = decoded("application/x-www-form-urlencoded", b"from=%2B91&text=a+b").unwrap();
        assert_eq!(form, "from = +91\ntext = a b");
        assert_eq!(decoded("text/plain", b"{not json"), None);
    }
}
