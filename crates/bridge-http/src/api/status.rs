//! `GET /status`: may a user begin now? For apps and pages, without a key.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Shared;
use bridge_app::registration::{doubt, paused, paused_in_words};

/// Whether registrations are taken.
#[derive(Serialize, ToSchema)]
pub struct BridgeStatus {
    /// `accepting` or `paused`.
    onboarding: &'static str,
    /// For the user.
    message: &'static str,
    /// Since when it is paused.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Why it is paused.
    reason: Option<&'static str>,
    /// The same as a stable word: `maintenance`, `store_away`, `disk_nearly_full`, `receivers_silent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    /// What is odd, though registrations are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    /// True in a sandbox: what is validated there proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<bool>,
}

/// Is the bridge taking registrations?
#[utoipa::path(get, path = "/status", tag = "onboarding", responses((status = 200, body = BridgeStatus)))]
pub async fn status(State(app): State<Shared>) -> Json<BridgeStatus> {
    Json(BridgeStatus::of(&app))
}

impl BridgeStatus {
    pub(super) fn of(app: &Shared) -> BridgeStatus {
        let sandbox = app.sandbox.is_on().then_some(true);
        match paused(app, &app.live.snapshot()) {
            Some(pause) => BridgeStatus {
                onboarding: "paused",
                message: paused_in_words(),
                since: pause.since.map(|at| at.to_string()),
                reason: Some(pause.why),
                cause: Some(pause.cause),
                warning: None,
                sandbox,
            },
            None => BridgeStatus {
                onboarding: "accepting",
                message: "Mobile onboarding is open",
                since: None,
                reason: None,
                cause: None,
                warning: doubt(app),
                sandbox,
            },
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.cause.is_some()
    }
}
