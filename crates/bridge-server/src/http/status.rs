//! `GET /status`: may a user begin now? For apps and pages, without a key.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use crate::registration::PAUSED;

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
}

/// Is the bridge taking registrations?
#[utoipa::path(get, path = "/status", tag = "onboarding", responses((status = 200, body = BridgeStatus)))]
pub async fn status(State(app): State<Shared>) -> Json<BridgeStatus> {
    Json(if app.live.now().maintenance_mode {
        let since = app.live.updated_at("maintenance_mode").map(|at| at.to_string());
        BridgeStatus { onboarding: "paused", message: PAUSED, since }
    } else {
        BridgeStatus { onboarding: "accepting", message: "Mobile onboarding is open", since: None }
    })
}
