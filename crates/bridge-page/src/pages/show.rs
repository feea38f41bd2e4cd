//! The page of one onboarding, in whatever state it is. Looking changes nothing.

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use bridge_app::registration::opened::{self, Instructions};
use bridge_app::registration::sms_links::SmsLinks;
use bridge_app::registration::{paused, returns};
use bridge_core::{Onboarding, Timestamp};
use bridge_http::auth::query_value;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

use crate::frame::{Frame, render};
use crate::link::Link;
use crate::platform::Platform;
use crate::stage::{Seen, Stage};

/// The whole page.
#[derive(Template)]
#[template(path = "page/page.html")]
struct Page {
    frame: Frame,
    view: View,
}

/// What changes of it: what a script asks for when something happened.
#[derive(Template)]
#[template(path = "page/stage.html")]
struct Part {
    frame: Frame,
    view: View,
}

/// What the stages are drawn from.
pub(crate) struct View {
    stage: Stage,
    /// The same key: nothing new to see.
    key: String,
    /// `{id}.{token}`.
    link: String,
    id: String,
    status: &'static str,
    platform: &'static str,
    /// Where to send it, and the text; none while nobody knows where to.
    send: Option<Send>,
    /// A whole code has run out: the SMS must carry a new one.
    over: bool,
    /// Anybody may register without an app.
    hosted: bool,
    /// The last SMS came as a picture message.
    mms: bool,
    deadline: i64,
    now: i64,
    paused_since: Option<Since>,
    /// Where the page leads when it is done.
    back: Option<String>,
    /// The country that the registration came from, as two letters.
    place: Option<String>,
}

struct Since {
    /// For machines.
    exact: String,
    /// For people without scripts, in UTC.
    clock: String,
}

impl Since {
    fn of(at: Timestamp) -> Since {
        let exact = at.to_string();
        let clock = exact.get(11..16).map_or_else(|| exact.clone(), |clock| format!("{clock} UTC"));
        Since { exact, clock }
    }
}

struct Send {
    number: String,
    text: String,
    links: SmsLinks,
    /// The one for this device.
    href: String,
}

/// `GET /v/{id}.{token}`
pub(crate) async fn page(State(app): State<Shared>, link: Link, parts: Parts) -> Result<Response, Failed> {
    let onboarding = link.onboarding(&app).await?;
    Ok(draw(&app, &link, &onboarding, &parts.headers, &parts.uri, None, StatusCode::OK).await)
}

/// The page, with another stage where the reader's wish could not be met.
pub(crate) async fn draw(
    app: &Shared,
    link: &Link,
    onboarding: &Onboarding,
    headers: &HeaderMap,
    uri: &Uri,
    instead: Option<Stage>,
    status: StatusCode,
) -> Response {
    let settings = app.live.now();
    let locale = onboarding.asked.locale.as_deref();
    let frame = Frame::new(app, &settings, headers, uri, locale, &masked(onboarding));
    let platform = query_value(uri.query(), "on").and_then(|word| Platform::from_word(&word));
    let platform = platform.unwrap_or_else(|| Platform::of(headers));
    let view = View::of(app, link, onboarding, platform, instead).await;
    match query_value(uri.query(), "part").as_deref() {
        Some("stage") => render(status, &Part { frame, view }),
        _ => render(status, &Page { frame, view }),
    }
}

impl View {
    async fn of(
        app: &Shared,
        link: &Link,
        onboarding: &Onboarding,
        platform: Platform,
        instead: Option<Stage>,
    ) -> View {
        let snapshot = app.live.snapshot();
        let now = app.clock.now();
        let told = Instructions::of(app, &snapshot.settings, onboarding);
        let pause = paused(app, &snapshot);
        // Whoever was let in while no receiver is heard is the trial that ends the pause: they are to send.
        let paused =
            pause.as_ref().is_some_and(|pause| !pause.is_tried_by(onboarding)) || told.number.is_none();
        let sms_waits =
            paused && onboarding.state.can_be_validated() && opened::sms_waits(app, onboarding).await;
        let stage = instead.unwrap_or_else(|| Stage::of(&Seen { onboarding, now, paused, sms_waits }));
        let last = onboarding.last_sms.as_ref();
        let status = onboarding.shown(now);
        View {
            stage,
            key: format!("{} {}", stage.as_str(), last.map_or(0, |last| last.id)),
            link: link.text.clone(),
            id: onboarding.id.to_string(),
            status: status.as_str(),
            platform: platform.as_str(),
            send: told.number.map(|number| Send::of(number, told.sms_body, platform)),
            over: now > onboarding.user_deadline,
            hosted: snapshot.settings.hosted_registration_enabled,
            mms: last.is_some_and(|last| last.verdict.reason.as_deref() == Some("sent_as_mms")),
            deadline: onboarding.user_deadline.0,
            now: now.0,
            paused_since: pause.and_then(|pause| pause.since).map(Since::of),
            back: returns::to(onboarding, status, &snapshot.settings),
            place: onboarding.asked.place.clone(),
        }
    }

    /// The number of seconds that are left.
    fn seconds_left(&self) -> i64 {
        (self.deadline - self.now).max(0) / 1000
    }

    /// The same as a clock shows it.
    fn clock(&self) -> String {
        format!("{}:{:02}", self.seconds_left() / 60, self.seconds_left() % 60)
    }
}

impl Send {
    fn of(number: String, text: String, platform: Platform) -> Send {
        let links = SmsLinks::of(&number, &text);
        let href = match platform {
            Platform::Ios => &links.ios,
            Platform::Android => &links.android,
            Platform::Desktop => &links.universal,
        };
        Send { href: href.clone(), number, text, links }
    }
}

/// The registered number as its holder recognises it and nobody else learns it: its country and its last two digits.
fn masked(onboarding: &Onboarding) -> String {
    let (code, national) = (onboarding.mobile.calling_code(), onboarding.mobile.national());
    let last = national.len().checked_sub(2).and_then(|at| national.get(at..)).unwrap_or_default();
    // From left to right in every language.
    format!("\u{2066}+{code} ••• {last}\u{2069}")
}
