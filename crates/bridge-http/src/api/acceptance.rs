//! An operator accepts an SMS whose time alone was in doubt (D48).

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use crate::view::SmsAnswer;
use bridge_app::admin::{acceptance, rejudge};
use bridge_app::base::fields;

/// Why an SMS is accepted.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct AcceptBody {
    /// Why, for the admin log: at most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    reason: String,
}

/// An SMS as it was accepted.
#[derive(Serialize, ToSchema)]
pub struct AcceptedView {
    /// The SMS that failed. It stays as it was judged.
    accepts: Uuid,
    /// The row that passed in its place: `message_id` is its identity.
    #[serde(flatten)]
    answer: SmsAnswer,
}

/// Accept an SMS that failed only at time_window_check.
///
/// It is judged once more without that check (code 3) and recorded as a row of its own with the reason
/// `accepted_by_operator`; its number is validated, and the app is told so. Only where its text holds the hash that the
/// number was given, header_hash_check was on, and the onboarding can still be validated.
#[utoipa::path(
    post, path = "/admin/sms/{sms_id}/accept", operation_id = "accept_sms", tag = "admin",
    security(("admin_token" = [])), request_body = AcceptBody,
    params(("sms_id" = String, Path, description = "The bridge's own identity of the SMS")),
    responses(
        (status = 200, body = AcceptedView),
        (status = 400, description = "`invalid_request`: names the field", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`: no such SMS", body = ProblemBody),
        (status = 409, description = "`not_acceptable` or `onboarding_final`: says why", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is judged right now", body = ProblemBody),
    )
)]
pub async fn accept(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(sms_id): Segment,
    request: Request,
) -> Result<Json<AcceptedView>, Failed> {
    let sms_id = rejudge::sms_id(&sms_id)?;
    let (parts, body) = request.into_parts();
    let given = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let reason = fields::text(&given, "reason")?.unwrap_or_default();
    let answer = acceptance::accept(&app, &actor, sms_id, &reason).await?;
    Ok(Json(AcceptedView { accepts: sms_id, answer: SmsAnswer::of(&answer, false) }))
}
