//! `GET /status`: may a user begin now? For apps and pages, without a key.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Shared;
use bridge_app::registration::{paused, paused_in_words};

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
}

/// Is the bridge taking registrations?
#[utoipa::path(get, path = "/status", tag = "onboarding", responses((status = 200, body = BridgeStatus)))]
pub async fn status(State(app): State<Shared>) -> Json<BridgeStatus> {
    Json(BridgeStatus::of(&app))
}

impl BridgeStatus {
    pub(super) fn of(app: &Shared) -> BridgeStatus {
        match paused(app, &app.live.snapshot()) {
            Some(pause) => BridgeStatus {
                onboarding: "paused",
                message: paused_in_words(),
                since: pause.since.map(|at| at.to_string()),
                reason: Some(pause.why),
            },
            None => BridgeStatus {
                onboarding: "accepting",
                message: "Mobile onboarding is open",
                since: None,
                reason: None,
            },
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.since.is_some() || self.reason.is_some()
    }
}
