//! `GET /admin/registration-attempts`: what was refused, by the bridge and by an edge in front of it.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use bridge_app::looking::refused;
use bridge_store::desk::RefusalRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Operator, query_value};
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::state::Shared;

const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 500;

/// A refused registration.
#[derive(Serialize, ToSchema)]
pub struct RegistrationAttempt {
    /// When it was refused.
    #[schema(format = DateTime)]
    at: String,
    /// The code that was answered.
    reason: String,
    /// The number as it was given.
    mobile_number: String,
    /// A keyed hash of the client's address, where it is known: the same for the same address.
    address_hash: Option<String>,
    /// The country that the edge saw it come from.
    place: Option<String>,
    /// How many refusals this one stands for.
    stands_for: i64,
}

impl From<RefusalRow> for RegistrationAttempt {
    fn from(RefusalRow { refusal, .. }: RefusalRow) -> RegistrationAttempt {
        RegistrationAttempt {
            at: refusal.at.to_string(),
            reason: refusal.reason,
            mobile_number: refusal.mobile_number,
            address_hash: refusal.address_hash,
            place: refusal.place,
            stands_for: refusal.stands_for,
        }
    }
}

/// Refused registrations.
#[derive(Serialize, ToSchema)]
pub struct RegistrationAttempts {
    items: Vec<RegistrationAttempt>,
    /// To be given as `before` for the next page.
    next: Option<String>,
}

/// Registrations that were refused, newest first.
#[utoipa::path(
    get, path = "/admin/registration-attempts", operation_id = "registration_attempts", tag = "admin",
    security(("admin_token" = [])),
    params(
        ("reason" = Option<String>, Query, description = "Only those with this code"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "At most 500"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of them", body = RegistrationAttempts),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<RegistrationAttempts>, Failed> {
    let asked = parts.uri.query();
    let limit = query::limit(asked, PAGE_DEFAULT, PAGE_MAX)?;
    let (reason, before) = (query_value(asked, "reason"), query_value(asked, "before"));
    let page = refused::page(&app, reason, before.as_deref(), limit).await?;
    Ok(Json(RegistrationAttempts {
        next: page.next.map(refused::written),
        items: page.rows.into_iter().map(RegistrationAttempt::from).collect(),
    }))
}
