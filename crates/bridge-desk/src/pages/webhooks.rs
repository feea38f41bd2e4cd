//! Webhooks: who is told what happened, how every try went, and what an operator can do about it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::{Delivery, Outcome, Replay, Webhook};
use bridge_store::events::EventKind;

use crate::access::Visitor;
use crate::asked::Asked;
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::{When, count};
use bridge_app::admin::webhooks::{self as doing, Listed};
use bridge_core::Timestamp;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/webhooks";
const PAGE: usize = 50;

/// A webhook as its card shows it.
struct Card {
    id: String,
    url: String,
    description: String,
    enabled: bool,
    /// Why the bridge switched it off.
    disabled_reason: Option<String>,
    failing_since: Option<When>,
    /// Until when the secret before signs too.
    previous_until: Option<When>,
    created_at: When,
    waiting: String,
    delivered: String,
    failed: String,
    /// Of all deliveries that ended, in percent.
    success: Option<u64>,
}

impl Card {
    fn of(Listed { webhook, tally }: &Listed, now: Timestamp) -> Card {
        let ended = tally.delivered + tally.failed;
        Card {
            id: webhook.id.to_string(),
            url: webhook.url.clone(),
            description: webhook.description.clone(),
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason.clone(),
            failing_since: webhook.failing_since.map(|at| When::new(at, now)),
            previous_until: webhook.previous_until.filter(|at| now < *at).map(|at| When::new(at, now)),
            created_at: When::new(webhook.created_at, now),
            waiting: count(tally.waiting),
            delivered: count(tally.delivered),
            failed: count(tally.failed),
            success: (tally.delivered * 100).checked_div(ended),
        }
    }
}

/// An event that can be chosen.
struct Choice {
    word: &'static str,
    about: &'static str,
    chosen: bool,
}

fn choices(chosen: impl Fn(EventKind) -> bool) -> Vec<Choice> {
    let choice =
        |kind: EventKind| Choice { word: kind.word(), about: kind.about().trim(), chosen: chosen(kind) };
    doing::kinds().into_iter().map(choice).collect()
}

#[derive(Template)]
#[template(path = "desk/webhooks.html")]
struct Page {
    frame: Frame,
    cards: Vec<Card>,
    choices: Vec<Choice>,
}

/// The list.
pub(crate) async fn list(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failed> {
    let now = app.clock.now();
    let cards = doing::list(&app).await?.iter().map(|listed| Card::of(listed, now)).collect();
    let frame = Frame::new(&app, visitor, "Webhooks", PATH).await;
    Ok(render(&Page { frame, cards, choices: choices(|_| true) }))
}

/// One try.
struct Try {
    at: When,
    took_ms: i64,
    /// Its status, or nothing.
    status: String,
    answer: String,
    error: String,
}

impl Try {
    fn of(outcome: &Outcome, now: Timestamp) -> Try {
        Try {
            at: When::new(outcome.at, now),
            took_ms: outcome.took_ms,
            status: outcome.status.map(|status| status.to_string()).unwrap_or_default(),
            answer: outcome.answer.clone(),
            error: outcome.error.clone().unwrap_or_default(),
        }
    }
}

struct Row {
    id: i64,
    event_id: String,
    kind: &'static str,
    happened_at: When,
    /// What is posted, to the letter: an app's developer computes its signature.
    body: String,
    state: &'static str,
    /// How it looks.
    class: &'static str,
    next_at: Option<When>,
    tries: Vec<Try>,
}

impl Row {
    fn of(delivery: &Delivery, now: Timestamp) -> Row {
        let state = delivery.state.as_str();
        Row {
            id: delivery.id,
            event_id: delivery.event_id.clone(),
            kind: delivery.kind.word(),
            happened_at: When::new(delivery.happened_at, now),
            body: delivery.body.clone(),
            state,
            class: match state {
                "delivered" => "good",
                "failed" => "bad",
                _ => "warn",
            },
            next_at: delivery.next_at.map(|at| When::new(at, now)),
            tries: delivery.tries.iter().map(|outcome| Try::of(outcome, now)).collect(),
        }
    }

    fn waits(&self) -> bool {
        self.next_at.is_some()
    }
}

#[derive(Template)]
#[template(path = "desk/webhook.html")]
struct OnePage {
    frame: Frame,
    card: Card,
    choices: Vec<Choice>,
    rows: Vec<Row>,
    /// The page of older deliveries, and that of the newest.
    older: Option<String>,
    newest: Option<String>,
}

/// One webhook with its deliveries.
pub(crate) async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Failed> {
    let now = app.clock.now();
    let listed = doing::one(&app, &id).await?;
    let before = asked.get("before").and_then(|text| text.parse().ok());
    let (found, more) = doing::deliveries(&app, &id, before, Some(PAGE)).await?;
    let older = found.last().filter(|_| more).map(|last| asked.with("before", Some(&last.id.to_string())));
    Ok(render(&OnePage {
        frame: Frame::new(&app, visitor, "A webhook", PATH).await,
        card: Card::of(&listed, now),
        choices: choices(|kind| listed.webhook.events.contains(&kind)),
        rows: found.iter().map(|delivery| Row::of(delivery, now)).collect(),
        older,
        newest: before.map(|_| asked.with("before", None)),
    }))
}

/// Its secret, this once.
#[derive(Template)]
#[template(path = "desk/webhook_given.html")]
struct Given {
    id: String,
    url: String,
    secret: String,
    /// It had another before.
    rotated: bool,
}

impl Given {
    fn of(webhook: Webhook, rotated: bool) -> Given {
        Given { id: webhook.id.to_string(), url: webhook.url, secret: webhook.secret, rotated }
    }
}

/// What a form says of a webhook. A box that is not ticked is not sent.
fn wish(form: &Form) -> Fields {
    let text = |name: &str| (name.to_owned(), FieldValue::Text(form.text(name).trim().to_owned()));
    let chosen = doing::kinds().into_iter().map(EventKind::word);
    let chosen = chosen.filter(|word| form.get(word).is_some()).map(str::to_owned).collect();
    let events = ("events".to_owned(), FieldValue::Texts(chosen));
    [text("url"), text("description"), events].into_iter().collect()
}

/// Adds one.
pub(crate) async fn add(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Response, Failed> {
    let added = doing::add(&app, &visitor.actor(), &wish(&form)).await?;
    Ok(part(&Given::of(added, false)))
}

/// Changes what is given of one.
pub(crate) async fn change(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Done, Failed> {
    doing::change(&app, &visitor.actor(), &id, &wish(&form)).await?;
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

/// Gives one a new secret.
pub(crate) async fn rotate(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let rotated = doing::rotate(&app, &visitor.actor(), &id).await?;
    Ok(part(&Given::of(rotated, true)))
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
#[template(path = "desk/webhook_tested.html")]
struct Tested {
    taken: bool,
    tried: Try,
}

/// Posts a test now.
pub(crate) async fn test(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let outcome = doing::test(&app, &visitor.actor(), &id).await?;
    let tried = Try::of(&outcome, app.clock.now());
    Ok(part(&Tested { taken: outcome.error.is_none(), tried }))
}

/// Delivers again: one delivery, or everything since a time.
pub(crate) async fn replay(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
    form: Form,
) -> Result<Done, Failed> {
    let named = ["since", "delivery"].map(|name| (name, form.text(name).trim()));
    let given = named.into_iter().filter(|(_, text)| !text.is_empty());
    // A browser gives a time without its zone; the field says that it is UTC.
    let whole = |text: &str| {
        if text.len() == "2026-12-01T00:00".len() { format!("{text}:00Z") } else { text.to_owned() }
    };
    let fields = given.map(|(name, text)| (name.to_owned(), FieldValue::Text(whole(text)))).collect();
    let what: Replay = doing::replayed(&fields)?;
    let again = doing::replay(&app, &visitor.actor(), &id, what).await?;
    Ok(Done::reload(format!("{again} are delivered again"), PATH))
}
