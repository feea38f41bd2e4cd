//! Validated numbers, the newest first: searched by number and time, counted, exported, removed so that a person may register again.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::Settings;
use bridge_core::phone::spelled_today;
use bridge_store::desk::{ValidatedFilter, ValidatedRow};
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::asked::{Asked, Pages};
use crate::export::{self, Exported, Kind};
use crate::form::Form;
use crate::page::{Done, Frame, render};
use crate::show::{When, count, zone};
use bridge_app::admin::blacklist::mobile;
use bridge_app::admin::erasure::unvalidate;
use bridge_app::base::problem::Problem;
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/validated";
const PAGE: usize = 50;

struct Entry {
    mobile: String,
    /// As it is spelled today, where that is another way.
    today: Option<String>,
    device: String,
    sms_id: String,
    at: When,
}

#[derive(Template)]
#[template(path = "desk/validated.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Entry>,
    pages: Pages,
    /// How many there are of what was asked for, in words.
    total: String,
    scanned_until: Option<When>,
}

fn filter(settings: &Settings, asked: &Asked) -> Result<ValidatedFilter, Problem> {
    Ok(ValidatedFilter {
        mobile: asked.mobile("mobile", settings)?,
        from: asked.time("from")?,
        to: asked.time("to")?,
    })
}

fn total(found: Option<usize>) -> String {
    match found {
        Some(1) => "1 number".to_owned(),
        Some(found) => format!("{} numbers", count(found)),
        None => format!("more than {} numbers", count(looking::validated::COUNTED)),
    }
}

/// The list.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let filter = filter(&settings, &asked)?;
    let found = looking::validated::search(&app, &filter, asked.before()?, PAGE).await?;
    let total = total(looking::validated::count(&app, &filter).await?);
    let now = app.clock.now();
    let entry = |row: ValidatedRow| Entry {
        today: spelled_today(&row.mobile_number),
        mobile: row.mobile_number,
        device: row.device_id,
        sms_id: row.sms_id.to_string(),
        at: When::new(row.validated_at, now),
    };
    Ok(render(&Page {
        frame: Frame::by(&app, &settings, visitor, "Validated numbers", PATH).await,
        pages: asked.pages(found.next),
        total,
        scanned_until: found.scanned_until.map(|at| When::new(at, now)),
        rows: found.rows.into_iter().map(entry).collect(),
        asked,
    }))
}

impl Exported for ValidatedRow {
    fn cells(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("mobile_number", json!(self.mobile_number)),
            ("device_id", json!(self.device_id)),
            ("validated_at", json!(zone::written(self.validated_at))),
            ("sms_id", json!(self.sms_id)),
        ]
    }
}

/// The list as a file.
pub(crate) async fn export(
    State(app): State<Shared>,
    Path(kind): Path<String>,
    asked: Asked,
) -> Result<Response, Failed> {
    let kind = Kind::asked(&kind)?;
    let filter = filter(&app.live.now(), &asked)?;
    Ok(export::file(kind, "validated", looking::validated::all(app, filter)))
}

/// Takes a number off, so that its person may register again.
pub(crate) async fn remove(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let mobile = mobile(&app.live.now(), form.text("mobile_number"))?;
    unvalidate(&app, &visitor.actor(), &mobile).await?;
    Ok(Done::reload(format!("{} is not validated any more", mobile.e164()), PATH))
}
