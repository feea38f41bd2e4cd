//! Receivers: how each is, and everything the operator does with one. What an app is to be given is shown once, with
//! a QR code.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bridge_formats::EventKind;
use bridge_formats::fields::{FieldValue, Fields};

use crate::access::Visitor;
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::{Qr, When, count, words};
use bridge_app::admin::inbox;
use bridge_app::admin::receivers::{self as doing, ReceiverAdded};
use bridge_app::looking;
use bridge_app::state::receivers::{BATTERY_LOW, DEFAULT, SpellingQuestion, State as Standing};
use bridge_core::phone::NumberStyle;
use bridge_http::api::receiver_test::{self, ReceiverTried};
use bridge_http::client;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

/// Of a rotation: the one from before opens nothing any more.
const OLD_SECRET_ENDED: &str = "The old secret is refused from now on";
const PATH: &str = "/admin/ui/receivers";

struct Card {
    name: String,
    /// It can be changed: it was added by name.
    named: bool,
    format: String,
    numbers: String,
    state: &'static str,
    class: &'static str,
    last_seen: Option<When>,
    wrong_secret: Option<When>,
    /// In 24 hours and in all; unknown while the audit store is away.
    judged: Option<(String, String)>,
    redelivered: String,
    rejected: String,
    /// What it sent that is no SMS: how many, and what they are.
    others: Vec<(String, &'static str)>,
    battery: Option<u8>,
    battery_low: bool,
    charging: bool,
    network: Option<String>,
    app_version: Option<String>,
    warning: Option<&'static str>,
    skew_seconds: i64,
    paused: bool,
    signs: bool,
    rotating: bool,
    has_list: bool,
    number_style: &'static str,
    time_zone: String,
    expected_every_seconds: String,
    /// What the operator is asked about it.
    asked: Option<Asked>,
}

/// That nothing tells how a receiver writes numbers.
struct Asked {
    found: String,
    advice: String,
}

/// One way of writing numbers, to choose from.
struct Style {
    name: &'static str,
    example: &'static str,
}

const STYLES: [Style; 4] = [
    Style { name: "", example: "not known" },
    Style { name: NumberStyle::E164.name(), example: "+919876543210" },
    Style { name: NumberStyle::International.name(), example: "919876543210" },
    Style { name: NumberStyle::National.name(), example: "9876543210" },
];

#[derive(Template)]
#[template(path = "desk/receivers.html")]
struct Page {
    frame: Frame,
    cards: Vec<Card>,
    formats: Vec<&'static str>,
    styles: &'static [Style],
    silence: u32,
    /// The formats of those who sign with a key of their own.
    signers: String,
}

/// What the style sheet calls a state.
pub(super) fn class(state: Standing) -> &'static str {
    match state {
        Standing::Ok => "good",
        Standing::Silent | Standing::WrongSecret => "bad",
        Standing::Paused | Standing::NeverSeen => "warn",
    }
}

fn others(events: &BTreeMap<String, i64>) -> Vec<(String, &'static str)> {
    let about = |word: &str| EventKind::named(word).unwrap_or(EventKind::Other).about();
    events.iter().map(|(word, times)| (count(*times), about(word))).collect()
}

/// Every receiver.
pub(crate) async fn list(State(app): State<Shared>, visitor: Visitor) -> Response {
    let (now, settings) = (app.clock.now(), app.live.now());
    let judged = looking::receivers::judged(&app).await;
    let cards = app.receivers.each().into_iter().map(|(known, seen)| {
        let standing = app.receivers.state(known.as_deref(), &seen, now, &settings);
        let row = known.as_ref().map(|known| &known.row);
        let judged = judged.as_ref().map(|all| all.get(&seen.name).copied().unwrap_or_default());
        Card {
            named: seen.name != DEFAULT,
            format: row.map_or_else(|| "any".to_owned(), |row| row.format.clone()),
            numbers: row.map(|row| row.numbers.join(", ")).unwrap_or_default(),
            state: words::receiver(standing),
            class: class(standing),
            last_seen: seen.last_seen_at.map(|at| When::new(at, now)),
            wrong_secret: seen.wrong_secret_at.map(|at| When::new(at, now)),
            judged: judged.map(|judged| (count(judged.last_day), count(judged.in_all))),
            redelivered: count(seen.redelivered),
            rejected: count(seen.rejected),
            others: others(&seen.events),
            battery: seen.battery,
            battery_low: seen.battery.is_some_and(|percent| percent < BATTERY_LOW)
                && seen.charging != Some(true),
            charging: seen.charging == Some(true),
            network: seen.network.clone(),
            warning: known.as_ref().and_then(|known| known.warning(&seen)),
            app_version: seen.app_version.clone(),
            skew_seconds: seen.clock_skew.0 / 1000,
            paused: row.is_some_and(|row| row.paused),
            signs: known.as_ref().is_some_and(|known| known.must_sign()),
            rotating: row.is_some_and(|row| row.secrets.len() > 1 || row.signing_keys.len() > 1),
            number_style: row.and_then(|row| row.number_style).map_or("", NumberStyle::name),
            time_zone: row
                .and_then(|row| row.time_zone.as_ref())
                .map(|zone| zone.name().to_owned())
                .unwrap_or_default(),
            expected_every_seconds: row
                .and_then(|row| row.expected_every_seconds)
                .map(|seconds| seconds.to_string())
                .unwrap_or_default(),
            asked: SpellingQuestion::of(known.as_deref(), &seen)
                .map(|asked| Asked { found: asked.found(&seen.name), advice: asked.advice(known.is_some()) }),
            has_list: known.as_ref().is_some_and(|known| bridge_app::state::inbox_reads::has_list(known)),
            name: seen.name,
        }
    });
    let cards = cards.collect();
    render(&Page {
        frame: Frame::by(&app, &settings, visitor, "Receivers", PATH).await,
        cards,
        styles: &STYLES,
        formats: bridge_formats::all().map(|format| format.name).collect(),
        silence: settings.receiver_silence_seconds,
        signers: bridge_formats::all()
            .filter(|format| format.verify.is_some() && !format.takes_our_key)
            .map(|format| format.name)
            .collect::<Vec<_>>()
            .join(" "),
    })
}

/// What the app is to be given.
#[derive(Template)]
#[template(path = "desk/receiver_given.html")]
struct Given {
    name: String,
    warning: Option<String>,
    steps: Vec<String>,
    url: String,
    secret: String,
    signing_key: Option<String>,
    heartbeat_url: String,
    other_urls: Vec<String>,
    /// None: no phone could use it.
    qr: Option<Qr>,
}

impl From<ReceiverAdded> for Given {
    fn from(added: ReceiverAdded) -> Given {
        Given {
            qr: added.for_phones.then(|| Qr::of(&added.url)),
            name: added.name().to_owned(),
            warning: added.warning,
            steps: added.steps,
            url: added.url,
            secret: added.secret,
            signing_key: added.signing_key,
            heartbeat_url: added.heartbeat_url,
            other_urls: added.other_urls,
        }
    }
}

/// The fields of a form that are not empty, as the JSON routes read them.
fn fields(form: &Form, names: &[&str]) -> Fields {
    let given = names.iter().map(|name| (*name, form.text(name).trim()));
    given
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name.to_owned(), FieldValue::Text(text.to_owned())))
        .collect()
}

/// Adds a receiver.
pub(crate) async fn add(
    State(app): State<Shared>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failed> {
    let fields = fields(
        &form,
        &["name", "format", "numbers", "secret", "signing_key", "inbox_url", "number_style", "time_zone"],
    );
    let added = doing::add(&app, &visitor.actor(), &fields, client::host(&headers)).await?;
    Ok(part(&Given::from(added)))
}

/// Gives one a new secret.
pub(crate) async fn rotate(
    State(app): State<Shared>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Failed> {
    let nothing = Fields::default();
    let name = form.text("name");
    match doing::rotate(&app, &visitor.actor(), name, &nothing, client::host(&headers)).await? {
        Some(given) => Ok(part(&Given::from(given))),
        None => Ok(Done::reload(OLD_SECRET_ENDED, PATH).into_response()),
    }
}

/// Ends the secret from before.
pub(crate) async fn finish(
    State(app): State<Shared>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Result<Done, Failed> {
    let finish = [("finish".to_owned(), FieldValue::Bool(true))].into_iter().collect();
    doing::rotate(&app, &visitor.actor(), form.text("name"), &finish, client::host(&headers)).await?;
    Ok(Done::reload(OLD_SECRET_ENDED, PATH))
}

/// Pauses one, or lets users be sent to it again.
pub(crate) async fn change(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let paused = form.text("paused") == "yes";
    let change = [("paused".to_owned(), FieldValue::Bool(paused))].into_iter().collect();
    doing::change(&app, &visitor.actor(), form.text("name"), &change).await?;
    Ok(Done::reload(
        if paused { "Paused: no new user is sent to it" } else { "Users are sent to it again" },
        PATH,
    ))
}

/// Says how one writes numbers.
pub(crate) async fn number_style(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Failed> {
    let style = FieldValue::Text(form.text("number_style").to_owned());
    let change = [("number_style".to_owned(), style)].into_iter().collect();
    doing::change(&app, &visitor.actor(), form.text("name"), &change).await?;
    Ok(Done::reload("Saved: its next SMS are read so", PATH))
}

/// Changes what was given of one: its numbers, its list, its zone, and how often it is heard from.
pub(crate) async fn clock(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let given = |name: &str| (name.to_owned(), FieldValue::Text(form.text(name).trim().to_owned()));
    let mut change = vec![given("time_zone"), given("expected_every_seconds")];
    // A form from before has no such fields; the address of its list stays as it is where none is typed: it is not shown.
    change.extend(form.get("numbers").map(|_| given("numbers")));
    change.extend(Some(given("inbox_url")).filter(|_| !form.text("inbox_url").trim().is_empty()));
    let change = change.into_iter().collect();
    doing::change(&app, &visitor.actor(), form.text("name"), &change).await?;
    Ok(Done::reload("Saved", PATH))
}

/// Revokes a receiver.
pub(crate) async fn revoke(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    doing::revoke(&app, &visitor.actor(), form.text("name")).await?;
    Ok(Done::reload("Revoked: nothing that it sends is taken", PATH))
}

/// What the bridge understood of a sample.
#[derive(Template)]
#[template(path = "desk/receiver_tried.html")]
struct Tried {
    tried: ReceiverTried,
    signature: String,
}

/// Tries one with a sample as its app writes it, or with the request that is pasted.
pub(crate) async fn test(State(app): State<Shared>, _: Visitor, form: Form) -> Result<Response, Failed> {
    let fields = fields(&form, &["body", "query", "content_type"]);
    let tried = receiver_test::tried(&app, form.text("name"), &fields).await?;
    let signature = serde_json::to_value(tried.signature).ok();
    let signature = signature.as_ref().and_then(|word| word.as_str()).unwrap_or_default().replace('_', " ");
    Ok(part(&Tried { tried, signature }))
}

/// Reads a phone's own list.
pub(crate) async fn pull(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let report = inbox::read_list(&app, &visitor.actor(), form.text("name"), None).await?;
    Ok(Done::reload(report.sentence(), PATH))
}
