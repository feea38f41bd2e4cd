//! Onboardings: searched, each with its SMS, and exported. Their hashes are shown by their first digits only.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::onboarding::State as Standing;
use bridge_core::{Settings, Timestamp};
use bridge_store::desk::{OnboardingFilter, OnboardingRow};
use serde_json::{Value, json};
use uuid::Uuid;

use super::sms::Line;
use crate::access::Visitor;
use crate::asked::{Asked, Pages};
use crate::export::{self, Exported, Kind};
use crate::page::{Frame, render};
use crate::show::{Outcome, words, zone};
use crate::show::{When, lasting};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/onboardings";
const PAGE: usize = 50;
const HASH_DIGITS_SHOWN: usize = 8;

/// In the order of the filter.
const STATES: [Standing; 5] =
    [Standing::Pending, Standing::Validated, Standing::Expired, Standing::Cancelled, Standing::Superseded];

/// How a state looks.
fn class(state: Standing) -> &'static str {
    match state {
        Standing::Validated => "good",
        Standing::Pending => "info",
        Standing::Expired => "warn",
        Standing::Cancelled | Standing::Superseded => "",
    }
}

/// One onboarding in a list.
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) at: When,
    pub(super) mobile: String,
    pub(super) email: String,
    pub(super) device: String,
    pub(super) state: &'static str,
    pub(super) class: &'static str,
    pub(super) last_sms: Option<Outcome>,
}

impl Entry {
    pub(super) fn of(row: OnboardingRow, now: Timestamp) -> Entry {
        Entry {
            id: row.onboarding.id.to_string(),
            at: When::new(row.onboarding.request_timestamp, now),
            mobile: row.onboarding.mobile.e164().to_owned(),
            email: row.onboarding.email.unwrap_or_default(),
            device: row.onboarding.device_id.unwrap_or_default(),
            state: words::state(row.onboarding.state),
            class: class(row.onboarding.state),
            last_sms: row
                .last_sms
                .as_deref()
                .map(|last| Outcome::of(Some(last).filter(|word| *word != "passed"))),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/onboardings.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    rows: Vec<Entry>,
    pages: Pages,
    scanned_until: Option<When>,
    /// Code name and words.
    states: Vec<(&'static str, &'static str)>,
}

fn filter(settings: &Settings, asked: &Asked) -> Result<OnboardingFilter, Problem> {
    let state = |word: &str| {
        let wrong = || Problem::field(Code::InvalidRequest, "state", "is no state of an onboarding");
        Standing::from_word(word).ok_or_else(wrong)
    };
    Ok(OnboardingFilter {
        mobile: asked.mobile("mobile", settings)?,
        email: asked.get("email").map(str::to_owned),
        device_id: asked.get("device").map(str::to_owned),
        state: asked.get("state").map(state).transpose()?,
        holds: None,
        from: asked.time("from")?,
        to: asked.time("to")?,
    })
}

/// The list.
pub(crate) async fn list(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let filter = filter(&settings, &asked)?;
    let found = looking::onboardings::search(&app, &filter, asked.before()?, PAGE).await?;
    let now = app.clock.now();
    Ok(render(&Page {
        frame: Frame::by(&app, &settings, visitor, "Onboardings", PATH).await,
        pages: asked.pages(found.next),
        scanned_until: found.scanned_until.map(|at| When::new(at, now)),
        rows: found.rows.into_iter().map(|row| Entry::of(row, now)).collect(),
        states: STATES.map(|state| (state.as_str(), words::state(state))).to_vec(),
        asked,
    }))
}

impl Exported for OnboardingRow {
    fn cells(&self) -> Vec<(&'static str, Value)> {
        let one = &self.onboarding;
        vec![
            ("onboarding_id", json!(one.id)),
            ("mobile_number", json!(one.mobile.e164())),
            ("email", json!(one.email)),
            ("device_id", json!(one.device_id)),
            ("request_timestamp", json!(zone::written(one.request_timestamp))),
            ("user_deadline", json!(zone::written(one.user_deadline))),
            ("expires_at", json!(zone::written(one.expires_at))),
            ("status", json!(one.state.as_str())),
            ("validated_at", json!(one.validated_at.map(zone::written))),
            ("last_sms", json!(self.last_sms)),
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
    Ok(export::file(kind, "onboardings", looking::onboardings::all(app, filter)))
}

#[derive(Template)]
#[template(path = "desk/onboarding.html")]
struct OnePage {
    frame: Frame,
    mobile: String,
    email: String,
    device: String,
    hash: String,
    state: &'static str,
    class: &'static str,
    registered: When,
    deadline: When,
    expires: When,
    validated: Option<(When, String)>,
    sms: Vec<Line>,
}

/// One onboarding with its SMS.
pub(crate) async fn one(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Failed> {
    let nothing = || Problem::new(Code::NotFound, "nothing is kept of such an onboarding");
    let id: Uuid = id.parse().map_err(|_| nothing())?;
    let (row, sms) = looking::onboardings::story(&app, id).await?.ok_or_else(nothing)?;
    let now = app.clock.now();
    let one = &row.onboarding;
    Ok(render(&OnePage {
        frame: Frame::new(&app, visitor, "One onboarding", PATH).await,
        mobile: one.mobile.e164().to_owned(),
        email: one.email.clone().unwrap_or_default(),
        device: one.device_id.clone().unwrap_or_default(),
        hash: one.hash.chars().take(HASH_DIGITS_SHOWN).collect(),
        state: words::state(one.state),
        class: class(one.state),
        registered: When::new(one.request_timestamp, now),
        deadline: When::new(one.user_deadline, now),
        expires: When::new(one.expires_at, now),
        validated: one.validated_at.map(|at| (When::new(at, now), lasting(at - one.request_timestamp))),
        sms: sms.into_iter().map(|row| Line::of(row, &app)).collect(),
    }))
}
