//! Alerts: who is told when something is wrong, by which way, when not, and how that goes. A way's fields come from its own
//! list; only those of the chosen way are shown.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::{NoticeRow, NotifyTarget};
use bridge_store::troubles::{TroubleKind, Urgency};

use crate::access::Visitor;
use crate::asked::Asked;
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::{When, zone};
use bridge_app::admin::notify as doing;
use bridge_app::state::notify::ways::{self, Field, Way};
use bridge_core::Timestamp;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/alerts";

/// Somebody who is told, as the list shows them.
struct Card {
    id: String,
    way: &'static str,
    to: String,
    name: String,
    quiet: Option<String>,
    enabled: bool,
    told_at: Option<When>,
    failing_since: Option<When>,
    error: Option<String>,
    next_at: Option<When>,
}

impl Card {
    fn of(target: &NotifyTarget, now: Timestamp) -> Card {
        let when = |at: Option<Timestamp>| at.map(|at| When::new(at, now));
        Card {
            id: target.id.to_string(),
            way: doing::way_of(target).map_or("unknown", |way| way.title),
            to: doing::whom(target),
            name: target.name.clone(),
            quiet: doing::quiet_in_words(target.quiet),
            enabled: target.enabled,
            told_at: when(target.going.told_at),
            failing_since: when(target.going.failing_since),
            error: target.going.error.clone(),
            next_at: when(target.going.next_at),
        }
    }
}

/// A field of the form.
struct Input {
    field: &'static Field,
    value: String,
    /// A secret that is kept and not shown.
    is_set: bool,
}

/// A trouble that can be chosen.
struct Choice {
    word: &'static str,
    about: &'static str,
    is_urgent: bool,
    chosen: bool,
}

/// What a form asks of one target.
struct Asking {
    way: &'static Way,
    inputs: Vec<Input>,
    name: String,
    from: String,
    until: String,
    choices: Vec<Choice>,
}

impl Asking {
    fn of(way: &'static Way, target: Option<&NotifyTarget>) -> Asking {
        let shown = target.map(doing::shown).unwrap_or_default();
        let secrets = target.map(doing::secrets).unwrap_or_default();
        let input = |field: &'static Field| Input {
            field,
            value: shown.get(field.name).map(|value| (*value).to_owned()).unwrap_or_default(),
            is_set: secrets.contains(&field.name),
        };
        let quiet = target.and_then(|target| doing::quiet_in_words(target.quiet)).unwrap_or_default();
        let (from, until) = quiet.split_once('-').unwrap_or_default();
        let choice = |kind: &TroubleKind| Choice {
            word: kind.word(),
            about: kind.about(),
            is_urgent: kind.urgency() == Urgency::Now,
            chosen: target.is_none_or(|target| target.events.contains(kind)),
        };
        Asking {
            way,
            inputs: way.fields.iter().map(input).collect(),
            name: target.map(|target| target.name.clone()).unwrap_or_default(),
            from: from.to_owned(),
            until: until.to_owned(),
            choices: TroubleKind::ALL.iter().map(choice).collect(),
        }
    }

    fn office(&self) -> String {
        zone::now().name().to_owned()
    }
}

#[derive(Template)]
#[template(path = "desk/alerts.html")]
struct Page {
    frame: Frame,
    cards: Vec<Card>,
    ways: &'static [Way],
    asking: Option<Asking>,
}

/// The list, and the form of the way that was chosen.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let now = app.clock.now();
    let cards = doing::list(&app).await?.iter().map(|target| Card::of(target, now)).collect();
    let asking = asked.get("kind").and_then(ways::named).map(|way| Asking::of(way, None));
    let frame = Frame::new(&app, visitor, "Alerts", PATH).await;
    Ok(render(&Page { frame, cards, ways: ways::ALL, asking }))
}

/// One notice to one target.
struct Row {
    what: &'static str,
    subject: String,
    began_at: When,
    ended_at: Option<When>,
    class: &'static str,
    state: &'static str,
    told_at: Option<When>,
}

impl Row {
    fn of(row: NoticeRow, now: Timestamp) -> Row {
        use bridge_store::audit::NoticeState::{GivenUp, Told, Waiting};
        let (class, state) = match row.state {
            Waiting => ("warn", "waits"),
            Told => ("good", "told"),
            GivenUp => ("bad", "given up"),
        };
        // Behind the sign is the bridge that saw it.
        let subject = row.notice.subject.split('@').next().unwrap_or_default().to_owned();
        Row {
            what: row.notice.kind.about(),
            subject,
            began_at: When::new(row.notice.began_at, now),
            ended_at: row.notice.ended_at.map(|at| When::new(at, now)),
            class,
            state,
            told_at: row.told_at.map(|at| When::new(at, now)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/alert.html")]
struct OnePage {
    frame: Frame,
    card: Card,
    asking: Option<Asking>,
    rows: Vec<Row>,
}

/// One who is told, with what they were told.
pub(crate) async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let now = app.clock.now();
    let target = doing::one(&app, &id).await?;
    let rows = doing::notices(&app, &target).await?.into_iter().map(|row| Row::of(row, now)).collect();
    Ok(render(&OnePage {
        frame: Frame::new(&app, visitor, "Who is told", PATH).await,
        card: Card::of(&target, now),
        asking: doing::way_of(&target).map(|way| Asking::of(way, Some(&target))),
        rows,
    }))
}

/// What a form says. A box that is not ticked is not sent.
fn wish(way: &Way, form: &Form) -> Fields {
    let text =
        |name: &str, from: &str| (name.to_owned(), FieldValue::Text(form.text(from).trim().to_owned()));
    let chosen = TroubleKind::ALL.iter().map(|kind| kind.word());
    let chosen = chosen.filter(|word| form.get(word).is_some()).map(str::to_owned).collect();
    let (from, until) = (form.text("quiet_from").trim(), form.text("quiet_until").trim());
    let quiet = if from.is_empty() && until.is_empty() { String::new() } else { format!("{from}-{until}") };
    let mut fields = vec![
        text("name", "name"),
        ("quiet".to_owned(), FieldValue::Text(quiet)),
        ("events".to_owned(), FieldValue::Texts(chosen)),
    ];
    fields.extend(way.fields.iter().map(|field| text(field.name, field.name)));
    fields.into_iter().collect()
}

/// Adds one.
pub(crate) async fn add(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let kind = form.text("kind");
    let mut fields: Vec<(String, FieldValue)> = vec![("kind".to_owned(), FieldValue::Text(kind.to_owned()))];
    if let Some(way) = ways::named(kind) {
        fields.extend(wish(way, &form).iter().map(|(name, value)| (name.to_owned(), value.clone())));
    }
    let added = doing::add(&app, &visitor.actor(), &fields.into_iter().collect()).await?;
    Ok(Done::go("Added: send a test", format!("{PATH}/{}", added.id), PATH))
}

/// Changes what is given of one.
pub(crate) async fn change(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Done, Failed> {
    let target = doing::one(&app, &id).await?;
    let fields = doing::way_of(&target).map(|way| wish(way, &form)).unwrap_or_default();
    doing::change(&app, &visitor.actor(), &id, &fields).await?;
    Ok(Done::reload("Changed", PATH))
}

/// Switches one on or off.
pub(crate) async fn switch(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Done, Failed> {
    let enabled = form.text("enabled") == "yes";
    let wish = [("enabled".to_owned(), FieldValue::Bool(enabled))].into_iter().collect();
    doing::change(&app, &visitor.actor(), &id, &wish).await?;
    Ok(Done::reload(if enabled { "Switched on" } else { "Switched off" }, PATH))
}

/// Removes one.
pub(crate) async fn remove(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Done, Failed> {
    doing::remove(&app, &visitor.actor(), &id).await?;
    Ok(Done::go("Removed", PATH, PATH))
}

#[derive(Template)]
#[template(path = "desk/alert_tested.html")]
struct Tested {
    error: Option<String>,
    status: String,
    answer: String,
    took_ms: i64,
}

/// Tells one a test now.
pub(crate) async fn test(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let outcome = doing::test(&app, &visitor.actor(), &id).await?;
    let status = outcome.status.map(|status| status.to_string()).unwrap_or_default();
    Ok(part(&Tested { error: outcome.error, status, answer: outcome.answer, took_ms: outcome.took_ms }))
}
