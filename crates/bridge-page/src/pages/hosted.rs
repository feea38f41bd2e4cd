//! Registration without any app: number, e-mail address, consent. Only while the operator switched it on.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::registration::{self, Opened, Wanted, opened, paused};
use bridge_app::state::bodies::Sender;
use bridge_core::Settings;
use bridge_core::phone::example_spelled;
use bridge_http::body::{self, Whole};
use bridge_http::edge;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

use crate::frame::{Frame, Kept, render};
use crate::link::missing;

/// What somebody typed, and what is wrong with it.
#[derive(Default)]
struct Typed {
    number: String,
    email: String,
    consent: bool,
}

/// Why the form comes back: the id of a sentence, at the field that it is about.
#[derive(Default)]
struct Wrong {
    number: Option<&'static str>,
    email: Option<&'static str>,
    consent: bool,
    /// About no field.
    other: Option<&'static str>,
}

impl Wrong {
    fn is_anything(&self) -> bool {
        self.number.is_some() || self.email.is_some() || self.consent || self.other.is_some()
    }
}

#[derive(Template)]
#[template(path = "page/hosted.html")]
struct Form {
    frame: Frame,
    typed: Typed,
    wrong: Wrong,
    paused: bool,
}

impl Form {
    /// A sentence of the list below, which a template cannot name by itself.
    fn why(&self, wrong: &str) -> String {
        match wrong {
            "number" => self.frame.say("hosted-number-wrong"),
            "country" => self.frame.say("hosted-country-wrong"),
            "email" => self.frame.say("hosted-email-wrong"),
            "confirmed" => self.frame.say("hosted-confirmed"),
            "refused" => self.frame.say("refused-heading"),
            _ => self.frame.say("hosted-too-many"),
        }
    }
}

/// `GET /v`
pub(crate) async fn form(State(app): State<Shared>, parts: Parts) -> Result<Response, Failed> {
    let settings = app.live.now();
    if !settings.hosted_registration_enabled {
        return Err(missing().into());
    }
    Ok(draw(&app, &parts, &settings, Typed::default(), Wrong::default(), StatusCode::OK))
}

/// `POST /v`
pub(crate) async fn register(
    State(app): State<Shared>,
    parts: Parts,
    body: Body,
) -> Result<Response, Failed> {
    let snapshot = app.live.snapshot();
    let settings = &snapshot.settings;
    if !settings.hosted_registration_enabled {
        return Err(missing().into());
    }
    let Whole { sent, bytes } =
        body::read_whole(&app, Sender::Known, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let mut typed = Typed::default();
    for (name, value) in form_urlencoded::parse(&bytes) {
        match name.as_ref() {
            "mobile_number" | "number" => typed.number = value.trim().to_owned(),
            "email" => typed.email = value.trim().to_owned(),
            "consent" => typed.consent = !value.is_empty(),
            _ => {}
        }
    }
    let mut wrong = Wrong { consent: !typed.consent, ..Wrong::default() };
    if typed.number.is_empty() {
        wrong.number = Some("number");
    }
    if wrong.is_anything() {
        return Ok(draw(&app, &parts, settings, typed, wrong, StatusCode::BAD_REQUEST));
    }
    let frame = Frame::new(&app, settings, &parts.headers, &parts.uri, None, "");
    let wanted = Wanted::typed(&typed.number, &typed.email, frame.language().tag);
    let stamp = edge::of_registration(&app, settings, &parts, &sent).await;
    let origin = stamp.map(|stamp| edge::origin(&app, &parts, stamp));
    match registration::register_hosted(&app, &snapshot, wanted, origin).await {
        Ok(Opened { onboarding, .. }) => {
            let query = Kept::of(&parts.uri, settings).query();
            let to = format!("{}{query}", opened::page_path(&app, onboarding.id));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
        }
        Err(problem) => refused(&app, &parts, settings, typed, problem),
    }
}

fn refused(
    app: &Shared,
    parts: &Parts,
    settings: &Settings,
    typed: Typed,
    problem: Problem,
) -> Result<Response, Failed> {
    let mut wrong = Wrong::default();
    match problem.code() {
        Code::InvalidMobileNumber => wrong.number = Some("number"),
        Code::CountryNotAllowed => wrong.number = Some("country"),
        Code::InvalidRequest => wrong.email = Some("email"),
        Code::AlreadyValidated => wrong.other = Some("confirmed"),
        Code::TooManyRegistrations | Code::TooManyAttempts => wrong.other = Some("many"),
        Code::Blacklisted | Code::EmailBlocked => wrong.other = Some("refused"),
        // The form says so by itself.
        Code::OnboardingPaused => {}
        _ => return Err(problem.into()),
    }
    let status = StatusCode::from_u16(problem.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = draw(app, parts, settings, typed, wrong, status);
    if let Some(seconds) = problem.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// How a number is written here: from left to right in every language, and in one line.
fn example(settings: &Settings) -> String {
    let (ours, allowed) = (&settings.default_country_code, &settings.allowed_country_codes);
    let code = if allowed.is_empty() || allowed.contains(ours) { Some(ours) } else { allowed.first() };
    let spelled = code.and_then(|code| example_spelled(code)).unwrap_or_else(|| "+91 81234 56789".to_owned());
    format!("\u{2066}{}\u{2069}", spelled.replace([' ', '-'], "\u{a0}"))
}

fn draw(
    app: &Shared,
    parts: &Parts,
    settings: &Settings,
    typed: Typed,
    wrong: Wrong,
    status: StatusCode,
) -> Response {
    let (headers, uri): (&HeaderMap, &Uri) = (&parts.headers, &parts.uri);
    let frame = Frame::new(app, settings, headers, uri, None, &example(settings));
    let paused = paused(app, &app.live.snapshot()).is_some();
    render(status, &Form { frame, typed, wrong, paused })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_of_a_country_that_may_register() {
        let of = |ours: &str, allowed: &[&str]| {
            let allowed_country_codes = allowed.iter().map(|code| (*code).to_owned()).collect();
            let settings = Settings { allowed_country_codes, ..Settings::default() };
            example(&Settings { default_country_code: ours.to_owned(), ..settings })
        };
        assert_eq!(of("91", &["91"]), "\u{2066}+91\u{a0}81234\u{a0}56789\u{2069}");
        for (ours, allowed, code) in
            [("49", &["49", "91"][..], "+49"), ("91", &["49"], "+49"), ("44", &[], "+44")]
        {
            let example = of(ours, allowed);
            assert!(example.contains(code) && !example.contains([' ', '-']), "{example}");
        }
    }
}
