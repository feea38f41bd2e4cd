//! Who is blocked: numbers, with importing of lists, and e-mail addresses that may not register.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::phone::spelled_today;
use bridge_core::time::DAY;
use bridge_core::{Span, Timestamp};
use bridge_store::audit::{Blacklisted, BlockedEmail};
use bridge_store::desk::BlacklistPlace;
use serde_json::{Value, json};

use crate::access::Visitor;
use crate::asked::{Asked, BEFORE, Pages};
use crate::export::{self, Exported, Kind};
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::zone;
use crate::show::{When, count};
use bridge_app::admin::block::Wish;
use bridge_app::admin::block_list::{self, BlacklistImported};
use bridge_app::admin::{blacklist, blocked_emails};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/blacklist";
const EMAILS: &str = "/admin/ui/blocked-emails";
const PAGE: usize = 50;

struct Row {
    mobile: String,
    /// As it is spelled today, where that is another way.
    today: Option<String>,
    since: When,
    until: Option<When>,
    reason: String,
    messages: String,
}

#[derive(Template)]
#[template(path = "desk/blacklist.html")]
struct Page {
    frame: Frame,
    stretches: &'static [(&'static str, Option<i64>, &'static str)],
    asked: Asked,
    rows: Vec<Row>,
    pages: Pages,
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
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let prefix = asked.prefix("mobile", &settings)?;
    let before = place(&asked)?;
    let found = looking::blacklist::search(&app, &prefix, before.as_ref(), PAGE).await?;
    let now = app.clock.now();
    let row = |entry: Blacklisted| Row {
        today: spelled_today(&entry.mobile_number),
        mobile: entry.mobile_number,
        since: When::new(entry.blacklisted_at, now),
        until: entry.expires_at.map(|at| When::new(at, now)),
        reason: entry.reason,
        messages: count(entry.message_count),
    };
    let next = found.next.map(|place| format!("{}.{}", place.at.0, place.mobile_number));
    Ok(render(&Page {
        stretches: &STRETCHES,
        frame: Frame::by(&app, &settings, visitor, "Blacklist", PATH).await,
        pages: asked.pages_by(next.as_deref()),
        rows: found.rows.into_iter().map(row).collect(),
        asked,
    }))
}

impl Exported for Blacklisted {
    fn cells(&self) -> Vec<(&'static str, Value)> {
        vec![
            ("mobile_number", json!(self.mobile_number)),
            ("reason", json!(self.reason)),
            ("expires_at", json!(self.expires_at.map(zone::written))),
            ("blacklisted_at", json!(zone::written(self.blacklisted_at))),
            ("message_count", json!(self.message_count)),
        ]
    }
}

/// The list as a file, in the shape that is imported.
pub(crate) async fn export(
    State(app): State<Shared>,
    Path(kind): Path<String>,
    asked: Asked,
) -> Result<Response, Failed> {
    let kind = Kind::asked(&kind)?;
    let prefix = asked.prefix("mobile", &app.live.now())?;
    Ok(export::file(kind, "blacklist", looking::blacklist::all(app, prefix)))
}

/// How long a block is to hold, as a form says it: a stretch of time from now on, or a time in the zone of the page.
fn until(form: &Form, now: Timestamp) -> Result<Option<String>, Problem> {
    let text = form.text("expires_at").trim();
    let stretch = STRETCHES.iter().find(|(word, ..)| *word == form.text("for"));
    // Without scripts a time may be given beside "for ever".
    if let Some((_, Some(days), _)) = stretch {
        return Ok(Some((now + Span(days * DAY.0)).to_string()));
    }
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || {
        let detail = format!("is no time: give it like 2027-01-31T16:57, in {}", zone::now().name());
        Problem::field(Code::InvalidRequest, "expires_at", detail)
    };
    Ok(Some(zone::now().read(text).ok_or_else(wrong)?.to_string()))
}

/// How long a block may hold: the word of the form, how many days, and how people say it.
pub(super) const STRETCHES: [(&str, Option<i64>, &str); 4] = [
    ("ever", None, "for ever"),
    ("day", Some(1), "1 day"),
    ("week", Some(7), "1 week"),
    ("month", Some(30), "1 month"),
];

/// Blocks a number.
pub(crate) async fn add(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let mobile = blacklist::mobile(&app.live.now(), form.text("mobile_number"))?;
    let wish = Wish { reason: form.text("reason").to_owned(), expires_at: until(&form, app.clock.now())? };
    blacklist::block(&app, &visitor.actor(), &mobile, wish).await?;
    Ok(Done::reload(format!("{} is blocked", mobile.e164()), PATH))
}

/// Takes a number off.
pub(crate) async fn remove(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let mobile = blacklist::mobile(&app.live.now(), form.text("mobile_number"))?;
    blacklist::unblock(&app, &visitor.actor(), &mobile).await?;
    Ok(Done::reload(format!("{} may send and register again", mobile.e164()), PATH))
}

#[derive(Template)]
#[template(path = "desk/blacklist_imported.html")]
struct Imported {
    report: BlacklistImported,
}

/// Blocks every number of a list.
pub(crate) async fn import(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Failed> {
    let report = block_list::block_all(&app, &visitor.actor(), form.text("list")).await?;
    Ok(part(&Imported { report }))
}

#[derive(Template)]
#[template(path = "desk/blocked_emails.html")]
struct EmailPage {
    frame: Frame,
    stretches: &'static [(&'static str, Option<i64>, &'static str)],
    rows: Vec<EmailRow>,
    add: String,
}

struct EmailRow {
    address: String,
    reason: String,
    by: String,
    since: When,
    until: Option<When>,
}

/// Blocked e-mail addresses.
pub(crate) async fn emails(State(app): State<Shared>, visitor: Visitor, asked: Asked) -> Response {
    let now = app.clock.now();
    let mut blocked = app.blocked_emails.all();
    blocked.retain(|entry| entry.holds(now));
    blocked.sort_by_key(|entry| std::cmp::Reverse(entry.blocked_at));
    let row = |entry: BlockedEmail| EmailRow {
        address: entry.address,
        reason: entry.reason,
        by: entry.blocked_by,
        since: When::new(entry.blocked_at, now),
        until: entry.expires_at.map(|at| When::new(at, now)),
    };
    render(&EmailPage {
        stretches: &STRETCHES,
        frame: Frame::new(&app, visitor, "Blocked e-mail addresses", EMAILS).await,
        rows: blocked.into_iter().map(row).collect(),
        add: asked.text("add").to_owned(),
    })
}

/// Blocks an e-mail address.
pub(crate) async fn add_email(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Failed> {
    let wish = Wish { reason: form.text("reason").to_owned(), expires_at: until(&form, app.clock.now())? };
    let entry = blocked_emails::block(&app, &visitor.actor(), form.text("address"), wish).await?;
    Ok(Done::reload(format!("{} cannot register any more", entry.address), EMAILS))
}

/// Lets an address register again.
pub(crate) async fn remove_email(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Failed> {
    blocked_emails::unblock(&app, &visitor.actor(), form.text("address")).await?;
    Ok(Done::reload("The address may register again", EMAILS))
}
