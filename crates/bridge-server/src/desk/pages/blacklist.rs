//! The blacklist: who is on it and why, adding, removing, importing.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::Timestamp;
use bridge_store::audit::Blacklisted;
use bridge_store::desk::{BlacklistPlace, MobileFilter};
use serde_json::{Value, json};

use crate::desk::access::Visitor;
use crate::desk::asked::{Asked, BEFORE, Pages};
use crate::desk::export::{self, Exported, Kind};
use crate::desk::page::{Frame, render};
use crate::desk::show::{When, count};
use crate::http::problem::{Code, Problem};
use crate::http::{Shared, in_time};

const PATH: &str = "/admin/ui/blacklist";
const PAGE: usize = 50;

struct Row {
    mobile: String,
    since: When,
    reason: String,
    messages: String,
}

#[derive(Template)]
#[template(path = "desk/blacklist.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Row>,
    pages: Pages,
}

fn prefix(app: &Shared, asked: &Asked) -> Result<String, Problem> {
    Ok(match asked.mobile("mobile", app)? {
        Some(MobileFilter::Exactly(text) | MobileFilter::Prefix(text)) => text,
        None => String::new(),
    })
}

/// `time.number`, as in the address.
fn place(asked: &Asked) -> Result<Option<BlacklistPlace>, Problem> {
    let Some(text) = asked.get(BEFORE) else { return Ok(None) };
    let read = text.split_once('.').and_then(|(at, number)| {
        Some(BlacklistPlace { at: Timestamp(at.parse().ok()?), mobile_number: number.to_owned() })
    });
    let wrong = || Problem::field(Code::InvalidRequest, BEFORE, "is no place in this list");
    read.map(Some).ok_or_else(wrong)
}

/// The list. What floods right now and is not written yet comes first.
pub(in crate::desk) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Problem> {
    let prefix = prefix(&app, &asked)?;
    let before = place(&asked)?;
    let found = in_time(app.desk.blacklist_page(&prefix, before.as_ref(), PAGE)).await?;
    let waiting = match before {
        None if app.ladder.is_open() => in_time(app.hot.queued_blacklistings(PAGE)).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    let now = app.clock.now();
    let row = |entry: Blacklisted| Row {
        mobile: entry.mobile_number,
        since: When::new(entry.blacklisted_at, now),
        reason: entry.reason,
        messages: count(entry.message_count),
    };
    let unwritten = waiting.into_iter().filter(|entry| {
        entry.mobile_number.starts_with(&prefix)
            && found.rows.iter().all(|row| row.mobile_number != entry.mobile_number)
    });
    let rows: Vec<Row> = unwritten.map(row).collect();
    let next = found.next.map(|place| format!("{}.{}", place.at.0, place.mobile_number));
    Ok(render(&Page {
        frame: Frame::new(&app, visitor, "Blacklist", PATH).await,
        pages: asked.pages_by(next.as_deref()),
        rows: rows.into_iter().chain(found.rows.into_iter().map(row)).collect(),
        asked,
    }))
}

impl Exported for Blacklisted {
    fn cells(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("mobile_number", json!(self.mobile_number)),
            ("reason", json!(self.reason)),
            ("blacklisted_at", json!(self.blacklisted_at.to_string())),
            ("message_count", json!(self.message_count)),
        ]
    }
}

/// The list as a file, in the shape that is imported.
pub(in crate::desk) async fn export(
    State(app): State<Shared>,
    Path(kind): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    let kind = Kind::asked(&kind)?;
    let prefix = prefix(&app, &asked)?;
    Ok(export::file(kind, "blacklist", move |place: Option<BlacklistPlace>| {
        let (app, prefix) = (app.clone(), prefix.clone());
        async move { app.desk.blacklist_page(&prefix, place.as_ref(), export::PAGE).await }
    }))
}
