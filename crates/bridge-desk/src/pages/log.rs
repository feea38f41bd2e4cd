//! The admin log: who changed what, with what was before and after. The search is in the address.

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use bridge_core::{Span, Timestamp};
use bridge_store::accounts::{Change, ChangesAsked};
use serde_json::Value;

use crate::access::Visitor;
use crate::page::{Frame, render};
use crate::show::When;
use crate::show::zone;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_http::auth::query_value;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const HERE: &str = "/admin/ui/log";
const PAGE: usize = 50;
const DAY: Span = Span(86_400_000);

struct Row {
    at: When,
    who: String,
    address: String,
    action: String,
    subject: String,
    before: String,
    after: String,
}

/// What stands in the fields of the filter.
#[derive(Default)]
struct Filter {
    who: String,
    action: String,
    subject: String,
    since: String,
    until: String,
}

#[derive(Template)]
#[template(path = "desk/log.html")]
struct Page {
    frame: Frame,
    filter: Filter,
    is_filtered: bool,
    rows: Vec<Row>,
    newest: Option<String>,
    older: Option<String>,
}

impl Filter {
    fn of(uri: &Uri) -> Filter {
        let text =
            |name: &str| query_value(uri.query(), name).map(|t| t.trim().to_owned()).unwrap_or_default();
        Filter {
            who: text("who"),
            action: text("action"),
            subject: text("subject"),
            since: text("since"),
            until: text("until"),
        }
    }

    fn fields(&self) -> [(&'static str, &str); 5] {
        [
            ("who", &self.who),
            ("action", &self.action),
            ("subject", &self.subject),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    fn asked(&self, before: Option<i64>) -> Result<ChangesAsked, Problem> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Ok(ChangesAsked {
            who: some(&self.who),
            action: some(&self.action),
            subject: some(&self.subject),
            since: day("since", &self.since)?,
            // That day is meant as a whole.
            until: day("until", &self.until)?.map(|at| at + DAY),
            before,
        })
    }

    /// The address of a page of what is asked for.
    fn address(&self, before: Option<i64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, text) in self.fields().into_iter().filter(|(_, text)| !text.is_empty()) {
            query.append_pair(name, text);
        }
        if let Some(before) = before {
            query.append_pair("before", &before.to_string());
        }
        format!("{HERE}?{}", query.finish())
    }
}

/// The beginning of a day in the zone of the page.
fn day(field: &str, text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || Problem::field(Code::InvalidRequest, field, "must be a day, like 2026-11-21");
    let day = Some(text).filter(|text| text.len() == 10).and_then(|text| zone::now().read(text));
    day.map(Some).ok_or_else(wrong)
}

fn shown(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}

/// The page.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor, uri: Uri) -> Result<Response, Failed> {
    let filter = Filter::of(&uri);
    let before = query_value(uri.query(), "before").and_then(|text| text.parse().ok());
    let found = looking::admin_log::list(&app, &filter.asked(before)?, PAGE).await?;
    let older = found.next.map(|last| filter.address(Some(last)));
    let now = app.clock.now();
    let row = |Change { change, .. }: Change| Row {
        at: When::new(change.at, now),
        who: change.who,
        address: change.address.unwrap_or_default(),
        action: change.action,
        subject: change.subject,
        before: shown(&change.before),
        after: shown(&change.after),
    };
    let page = Page {
        frame: Frame::new(&app, visitor, "Admin log", HERE).await,
        is_filtered: filter.fields().iter().any(|(_, text)| !text.is_empty()),
        rows: found.rows.into_iter().map(row).collect(),
        newest: before.map(|_| filter.address(None)),
        older,
        filter,
    };
    Ok(render(&page))
}
